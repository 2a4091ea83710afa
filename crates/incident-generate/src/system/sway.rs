//! Sway: nothing acts equally strongly in every minute. How strongly it does follows from the minute alone.

use crate::draws::{Draws, Stream};
use crate::system::strength::Strength;

/// The minutes of a stretch.
const STRETCH: i32 = 8;
/// The weight of what is the same in a stretch, in thousandths. The rest is drawn for each minute.
const SLOW: u32 = 600;
/// The share of what a fault has grown by that it may lose in a minute, in thousandths.
const OF_GROWTH: u32 = 700;

/// How far what something does varies from minute to minute. It is what it is in the minute of the alert, about which proofs
/// reason, and weaker in others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sway {
    draws: Draws,
    place: u64,
    /// How much weaker it is at most, in thousandths.
    most: u32,
}

impl Sway {
    /// Returns that of something with a place of its own in the draws.
    pub(crate) const fn of(draws: Draws, place: u64, most: u32) -> Self {
        Self { draws, place, most }
    }

    /// Returns how far it is from full strength in a minute, in thousandths of how far it can be.
    fn off(self, minute: i32) -> u32 {
        let (stretch, within) = (minute.div_euclid(STRETCH), minute.rem_euclid(STRETCH).unsigned_abs());
        if minute == 0 {
            return 0;
        }
        // One draw is enough: seven of its bits are for the stretch, and seven for each minute of it.
        let drawn = self.draws.bits(Stream::Growth, 2 + self.place, u64::from(stretch.cast_unsigned()), 0);
        let part = |number: u32| u32::try_from(drawn >> (7 * number) & 127).unwrap_or_default();
        (part(0) * SLOW + part(1 + within) * (1000 - SLOW)) / 127
    }

    /// Returns how strongly it acts in a minute, given its full strength.
    pub(crate) fn weaker(self, full: Strength, minute: i32) -> Strength {
        full.grown(1000 - self.most * self.off(minute) / 1000)
    }

    /// Returns how strongly a fault acts in a minute after the alert, given how strongly it acts at the alert and how strongly
    /// it would if it grew evenly. It is never weaker than at the alert, and never stronger than that.
    pub(crate) fn between(self, at_alert: Strength, grown: Strength, minute: i32) -> Strength {
        at_alert.between(grown, 1000 - OF_GROWTH * self.off(minute) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sways_stays_within_its_bounds_and_differs_from_minute_to_minute() {
        let sway = Sway::of(Draws::new(1), 7, 300);
        let (full, grown) = (Strength::USUAL, Strength::STRONGEST);
        assert_eq!((sway.weaker(full, 0), sway.between(full, grown, 0)), (full, grown));
        let mut same = 0;
        for minute in -140..140 {
            let weaker = sway.weaker(full, minute);
            assert!(weaker <= full && weaker >= full.grown(700), "{weaker:?}");
            let between = sway.between(full, grown, minute);
            assert!((full..=grown).contains(&between), "{between:?}");
            same += u32::from(weaker == sway.weaker(full, minute + 1));
        }
        assert!(same < 30, "{same}");
    }
}
