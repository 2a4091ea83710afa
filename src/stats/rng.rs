//! A random number generator whose sequences stay the same for ever, so that a seed means the same in every release.

/// The generator `SplitMix64` (Steele, Lea, Flood 2014). It has 64 bits of state and the full period, which is good
/// enough to choose actions and to vary delays.
#[derive(Debug, Clone)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// Makes a generator with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A random number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
        let unit = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        unit
    }

    /// A random index below `len`; 0 if `len` is 0. The bias is below `len` / 2⁶⁴.
    pub fn below(&mut self, len: usize) -> usize {
        let wide = u128::from(self.next_u64()) * len as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_fixed_for_ever() {
        // These are the first outputs for seed 1234567, as published with the algorithm.
        let mut rng = SplitMix64::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    proptest::proptest! {
        #[test]
        fn stays_in_range(seed: u64, len in 1_usize..1000) {
            let mut rng = SplitMix64::new(seed);
            proptest::prop_assert!(rng.below(len) < len);
            proptest::prop_assert!((0.0..1.0).contains(&rng.unit()));
        }
    }
}
