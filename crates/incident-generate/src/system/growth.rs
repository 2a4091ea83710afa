//! Growth: a fault that nobody ends gets worse after the alert, until it has reached its end.

use crate::draws::{Draws, Stream};
use crate::system::strength::Strength;

/// How strongly a fault acts in the end, in thousandths of how strongly it acts at the alert, at least and at most.
const BY: [u32; 2] = [1200, 2200];
/// The least and the greatest number of minutes from the alert until a fault has grown in full.
const MINUTES: [u32; 2] = [10, 45];

/// How a fault grows after the alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// How strongly its facts act in the end, in thousandths of how strongly they act at the alert.
    pub by: u32,
    /// The minutes from the alert until it has grown in full.
    pub minutes: u32,
}

impl Growth {
    /// Draws how a fault grows.
    #[must_use]
    pub(crate) fn drawn(draws: Draws) -> Self {
        let within = |salt, [low, high]: [u32; 2]| draws.within(Stream::Growth, salt, 0, low, high);
        Self { by: within(0, BY), minutes: within(1, MINUTES) }
    }

    /// Returns one by which a fault grows by a fifth as much.
    #[must_use]
    pub(crate) const fn gentle(self) -> Self {
        Self { by: 1000 + (self.by - 1000) / 5, ..self }
    }

    /// Returns how strongly a fact acts in a minute after the alert, given how strongly it acts at the alert. It never acts
    /// more strongly than the strongest that is drawn.
    #[must_use]
    pub(crate) fn strength(self, at_alert: Strength, minute: i32) -> Strength {
        let minute = minute.max(0).unsigned_abs().min(self.minutes);
        at_alert.grown(1000 + (self.by - 1000) * minute / self.minutes.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_grows_by_the_minute_and_not_beyond_the_strongest() {
        let growth = Growth { by: 2000, minutes: 20 };
        let at = |minute| growth.strength(Strength::USUAL, minute);
        assert_eq!((at(-5), at(0)), (Strength::USUAL, Strength::USUAL));
        assert!(at(1) > at(0) && at(10) > at(1) && at(20) > at(10));
        assert_eq!(at(20), at(500));
        assert_eq!(growth.strength(Strength::STRONGEST, 20), Strength::STRONGEST);
    }
}
