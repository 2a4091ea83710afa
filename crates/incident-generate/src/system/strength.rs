//! Strengths: how strongly a fact acts. They are drawn for each incident, so that no number of a family is a constant
//! by which it could be recognized.

use crate::data::vocabulary::Predicate;
use crate::draws::{Draws, Stream};

/// How strongly a fact acts, in thousandths of what its predicate says.
///
/// A share (such as the share of failed requests) is scaled by its odds p / (1 − p), so it stays between 0 and 1, and
/// 0 and 1 stay what they are. A factor f is scaled by its excess f − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(u16);

impl Strength {
    /// The least strength that is drawn.
    pub(crate) const WEAKEST: Self = Self(400);
    /// The strength at which a fact acts as its predicate says.
    pub(crate) const USUAL: Self = Self(1000);
    /// The greatest strength that is drawn.
    pub(crate) const STRONGEST: Self = Self(2500);

    /// Draws a strength. Halving and doubling are equally likely, because its logarithm is spread evenly.
    #[must_use]
    pub(crate) fn drawn(draws: Draws, place: u64, label: u64) -> Self {
        /// The powers of 2^(1/8) from the weakest to the strongest, in thousandths.
        const STEPS: [u16; 22] = [
            400, 436, 476, 519, 566, 617, 673, 734, 800, 872, 951, 1037, 1131, 1234, 1345, 1467, 1600, 1745, 1903,
            2075, 2263, 2468,
        ];
        Self(*draws.pick(Stream::Strength, place, label, &STEPS))
    }

    /// Returns how strongly it acts once so much of the time is over that it takes until it acts in full.
    #[must_use]
    pub(crate) fn ramped(self, over: i32, of: i32) -> Self {
        if over >= of {
            return self;
        }
        let share = i64::from(over.max(0)) * i64::from(self.0) / i64::from(of.max(1));
        Self(u16::try_from(share).unwrap_or(self.0))
    }

    /// Returns a strength that is so many thousandths of the way from this one to a stronger one.
    #[must_use]
    pub(crate) fn between(self, stronger: Self, share: u32) -> Self {
        let more = u32::from(stronger.0.saturating_sub(self.0)) * share / 1000;
        Self(self.0.saturating_add(u16::try_from(more).unwrap_or_default()))
    }

    /// Returns a strength that is so many thousandths of this one, and the strongest that is drawn at most.
    #[must_use]
    pub(crate) fn grown(self, by: u32) -> Self {
        let grown = u32::from(self.0) * by / 1000;
        Self(u16::try_from(grown).unwrap_or(u16::MAX)).min(Self::STRONGEST.max(self))
    }

    /// Scales a share, given in thousandths.
    fn share(self, share: i32) -> i32 {
        if share <= 0 || share >= 1000 {
            return share;
        }
        let odds = i64::from(share) * i64::from(self.0);
        i32::try_from(odds * 1000 / (odds + i64::from(1000 - share) * 1000)).unwrap_or(1000)
    }

    /// Scales a factor of at least 1, given in thousandths.
    fn factor(self, factor: i32) -> i32 {
        1000 + self.amount((factor - 1000).max(0))
    }

    fn amount(self, amount: i32) -> i32 {
        i32::try_from(i64::from(amount) * i64::from(self.0) / 1000).unwrap_or(i32::MAX)
    }
}

/// What a predicate does at some strength. Shares and factors are in thousandths, as in [`Predicate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub error: i32,
    pub capacity: i32,
    pub latency: i32,
    pub load: i32,
    pub retries: i32,
    pub miss: i32,
}

impl Effect {
    /// Returns what a predicate does at a strength.
    #[must_use]
    pub(crate) fn of(predicate: &Predicate, strength: Strength) -> Self {
        Self {
            error: strength.share(predicate.error),
            // The share of the capacity that is gone is what grows with the strength.
            capacity: (1000 - strength.share(1000 - predicate.capacity)).max(1),
            latency: strength.factor(predicate.latency),
            load: strength.amount(predicate.load),
            retries: strength.amount(predicate.retries),
            miss: strength.share(predicate.miss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_shares_and_the_usual_strength_changes_nothing() {
        for share in [0, 1, 220, 500, 999, 1000] {
            assert_eq!(Strength::USUAL.share(share), share);
            let [weak, strong] = [Strength::WEAKEST, Strength::STRONGEST].map(|strength| strength.share(share));
            assert!((0..=share).contains(&weak) && (share..=1000).contains(&strong), "{weak} {share} {strong}");
        }
        assert_eq!(Strength::STRONGEST.share(500), 714);
        assert_eq!((Strength::USUAL.factor(2500), Strength::STRONGEST.factor(2000)), (2500, 3500));
    }

    #[test]
    fn draws_are_within_the_bounds() {
        let all: Vec<_> = (0..400).map(|n| Strength::drawn(Draws::new(1), n, 0)).collect();
        assert!(all.iter().all(|one| (Strength::WEAKEST..=Strength::STRONGEST).contains(one)));
        assert!(all.iter().any(|one| *one < Strength::USUAL) && all.iter().any(|one| *one > Strength::USUAL));
    }
}
