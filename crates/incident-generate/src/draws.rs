//! Randomness by counter under a key. A draw is a pseudo-random function of the place where it is used, so the order in
//! which things are drawn cannot change any of them, and whoever sees some draws cannot tell the others.

use std::fmt;

use siphasher::sip::SipHasher24;

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
    Children = 19,
    Strength = 20,
    Design = 21,
    Threshold = 22,
    Technology = 23,
    Sizes = 24,
    Addresses = 25,
    Calls = 26,
    Growth = 27,
    Alerts = 28,
}

/// The sources of one attempt at an incident.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources {
    /// The source of everything that happens.
    pub(crate) draws: Draws,
    /// The source of names and ids. Nothing that happens depends on it.
    pub(crate) names: Draws,
}

/// A source of draws, such as that of one attempt at one incident. Its `Debug` form does not show its key, which tells
/// everything about the incident.
///
/// A draw is SipHash-2-4 (Aumasson and Bernstein 2012) of the stream and three coordinates under a key of 128 bits. It
/// is a keyed function that cannot be inverted: from any number of draws, neither the key nor another draw follows by
/// anything faster than trying all keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Draws([u64; 2]);

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draws")
    }
}

impl Draws {
    /// Returns the source under a key.
    #[must_use]
    pub fn keyed(key: [u8; 16]) -> Self {
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|index| key[from + index]));
        Self([half(0), half(8)])
    }

    /// Returns an independent source below this one. Its key is two draws of this source.
    #[must_use]
    pub fn child(self, number: u64) -> Self {
        Self([0, 1].map(|half| self.bits(Stream::Children, number, half, 0)))
    }

    /// Draws 64 bits for a stream at up to three coordinates in it.
    #[must_use]
    pub fn bits(self, stream: Stream, a: u64, b: u64, c: u64) -> u64 {
        let Self([low, high]) = self;
        let mut place = [0; 25];
        place[..8].copy_from_slice(&a.to_le_bytes());
        place[8..16].copy_from_slice(&b.to_le_bytes());
        place[16..24].copy_from_slice(&c.to_le_bytes());
        place[24] = stream as u8;
        SipHasher24::new_with_keys(low, high).hash(&place)
    }

    /// Draws a number below `n`, which must not be 0. The bias is below 2⁻³².
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the high half of a 128-bit product is below n")]
    pub fn below(self, stream: Stream, a: u64, b: u64, n: u32) -> u32 {
        ((u128::from(self.bits(stream, a, b, 0)) * u128::from(n)) >> 64) as u32
    }

    /// Draws a number from `low` to `high`, both included.
    #[must_use]
    pub fn within(self, stream: Stream, a: u64, b: u64, low: u32, high: u32) -> u32 {
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
        order.sort_by_cached_key(|index| (self.bits(stream, a, *index as u64, 1), *index));
        order
    }
}

#[cfg(test)]
impl Draws {
    /// Returns the source that tests know by a number.
    pub(crate) fn new(number: u64) -> Self {
        Self([number, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_siphash_2_4_of_their_place() {
        // The key and the message of the reference implementation's test vectors: the bytes 0, 1, 2, and so on. The
        // vector of 25 bytes has 0x18, the last of them, as its stream.
        let key = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let place =
            |first: usize| u64::from_le_bytes(std::array::from_fn(|index| u8::try_from(first + index).unwrap()));
        let draws = Draws::keyed(key);
        let reference = SipHasher24::new_with_key(&key);
        assert_eq!(reference.hash(&(0..15).collect::<Vec<u8>>()), 0xa129_ca61_49be_45e5);
        let mut message: Vec<u8> = (0..25).collect();
        message[24] = Stream::Outage as u8;
        assert_eq!(draws.bits(Stream::Outage, place(0), place(8), place(16)), reference.hash(&message));
    }

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
            draws.child(2).bits(Stream::Noise, 1, 2, 3),
            Draws::new(8).bits(Stream::Noise, 1, 2, 3),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(format!("{draws:?}"), "Draws");
        // Another function would change every incident that was ever published.
        assert_eq!(draws.below(Stream::Family, 0, 0, 1000), 26);
    }

    /// Each bit of the key changes about half of the bits of a draw, so no part of the key can be tried alone.
    #[test]
    fn every_bit_of_the_key_counts() {
        let bits = |key: u128| Draws::keyed(key.to_le_bytes()).bits(Stream::Names, 9, 9, 9);
        for key in [0_u128, 1 << 77, u128::MAX / 3] {
            let changed = (0..u128::BITS).map(|bit| (bits(key) ^ bits(key ^ 1 << bit)).count_ones());
            let changed: Vec<_> = changed.collect();
            assert!(changed.iter().all(|count| (12..=52).contains(count)), "{changed:?}");
            let mean = f64::from(changed.iter().sum::<u32>()) / f64::from(u128::BITS);
            assert!((30.0..34.0).contains(&mean), "{mean}");
        }
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
