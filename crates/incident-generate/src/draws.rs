//! Randomness by counter. A draw is a function of the seed and of the place where it is used, so the order in which
//! things are drawn cannot change any of them.

/// What a draw is used for.
///
/// The discriminants are hashed into every published incident. Never renumber a variant; only append new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stream {
    Names = 1,
    Placement = 2,
    Edges = 3,
    Demand = 4,
    Journeys = 5,
    Family = 6,
    Binding = 7,
    Onset = 8,
    Changes = 9,
    Decoys = 10,
    Noise = 11,
    Bursts = 12,
    Phrases = 13,
    Evidence = 14,
    Severity = 15,
    Alert = 16,
    Objects = 17,
    Outage = 18,
    Strength = 19,
    Design = 20,
    Threshold = 21,
}

/// A source of draws, such as that of one attempt at one incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws(u64);

impl Draws {
    /// Returns the source of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(finish(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// Returns an independent source below this one: that of a further attempt, or of an incident of a suite.
    #[must_use]
    pub const fn child(self, number: u64) -> Self {
        Self(finish(self.0 ^ finish(number.wrapping_add(0xd1b5_4a32_d192_ed03))))
    }

    /// Draws 64 bits for a stream at up to three coordinates in it.
    #[must_use]
    pub const fn bits(self, stream: Stream, a: u64, b: u64, c: u64) -> u64 {
        let one = finish(self.0 ^ (stream as u64).wrapping_mul(0xa076_1d64_78bd_642f));
        let two = finish(one ^ a.wrapping_mul(0xe703_7ed1_a0b4_28db));
        let three = finish(two ^ b.wrapping_mul(0x8ebc_6af0_9c88_c6e3));
        finish(three ^ c.wrapping_mul(0x5899_65cc_7537_4cc3))
    }

    /// Draws a number below `n`, which must not be 0. The bias is below 2⁻³².
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the high half of a 128-bit product is below n")]
    pub const fn below(self, stream: Stream, a: u64, b: u64, n: u32) -> u32 {
        ((self.bits(stream, a, b, 0) as u128 * n as u128) >> 64) as u32
    }

    /// Draws a number from `low` to `high`, both included.
    #[must_use]
    pub const fn within(self, stream: Stream, a: u64, b: u64, low: u32, high: u32) -> u32 {
        low + self.below(stream, a, b, high - low + 1)
    }

    /// Picks one of several elements. The slice must not be empty.
    #[must_use]
    pub fn pick<T>(self, stream: Stream, a: u64, b: u64, of: &[T]) -> &T {
        &of[self.below(stream, a, b, u32::try_from(of.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// Draws a permutation of the numbers below `n`.
    #[must_use]
    pub fn shuffled(self, stream: Stream, a: u64, n: usize) -> Vec<usize> {
        let mut order: Vec<_> = (0..n).collect();
        order.sort_by_key(|index| (self.bits(stream, a, *index as u64, 1), *index));
        order
    }
}

/// This is the finalizer of `SplitMix64` (Steele, Lea and Flood 2014): each bit of the input changes about half of
/// the bits of the output.
const fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_what_they_are() {
        let draws = Draws::new(7);
        assert_eq!(draws.bits(Stream::Noise, 1, 2, 3), draws.bits(Stream::Noise, 1, 2, 3));
        let all = [
            draws.bits(Stream::Noise, 1, 2, 3),
            draws.bits(Stream::Noise, 2, 1, 3),
            draws.bits(Stream::Noise, 1, 3, 2),
            draws.bits(Stream::Bursts, 1, 2, 3),
            draws.child(1).bits(Stream::Noise, 1, 2, 3),
            Draws::new(8).bits(Stream::Noise, 1, 2, 3),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        // A changed mixture would change every incident that was ever published.
        assert_eq!(draws.below(Stream::Family, 0, 0, 1000), 654);
    }

    #[test]
    fn they_are_spread_evenly() {
        let draws = Draws::new(1);
        let mut counts = [0_u32; 10];
        for n in 0..10_000 {
            counts[draws.below(Stream::Noise, n, 0, 10) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        let mut order = draws.shuffled(Stream::Names, 0, 50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
}
