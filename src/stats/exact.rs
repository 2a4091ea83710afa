//! The exact p-value of a sign flip, which holds for few scenarios.

use super::distribution::count;
use super::rng::SplitMix64;

/// The most differences whose signs are all tried; above it they are drawn.
pub const MOST_ENUMERATED: usize = 20;

/// How many signs [`sign_flip`] draws where there are too many to try.
const DRAWS: u32 = 100_000;

/// The two-sided sign-flip p of a weighted mean of differences: the share of all 2ⁿ choices of signs whose |Σ ±xᵢ| is
/// at least the one seen. `contributions` are xᵢ = wᵢdᵢ; a factor common to all does not matter (page 7.2, 6).
///
/// Differences of 0 change no sum and are left out. None without any difference, with more than
/// [`MOST_ENUMERATED`] that are not 0, or where one is not finite.
#[must_use]
pub fn sign_flip_exact(contributions: &[f64]) -> Option<f64> {
    let moved = moved(contributions)?;
    if moved.len() > MOST_ENUMERATED {
        return None;
    }
    // Turning all signs changes no absolute value, so the first may stay.
    let Some((first, rest)) = moved.split_first() else { return Some(1.0) };
    let mut sums = vec![*first];
    for x in rest {
        for at in 0..sums.len() {
            sums.push(sums[at] - x);
            sums[at] += x;
        }
    }
    let bar = bar(&moved);
    Some(count(sums.iter().filter(|sum| sum.abs() >= bar).count()) / count(sums.len()))
}

/// The same from `draws` random choices of signs, (1 + hits)/(1 + draws), which is never 0 and never too small on
/// average (Phipson and Smyth 2010). The seed fixes the result for ever.
///
/// None without any difference or where one is not finite.
#[must_use]
pub fn sign_flip_sampled(contributions: &[f64], draws: u32, seed: u64) -> Option<f64> {
    let moved = moved(contributions)?;
    let (bar, mut rng) = (bar(&moved), SplitMix64::new(seed));
    let mut hits = 0_u32;
    for _ in 0..draws {
        let mut sum = 0.0;
        for part in moved.chunks(64) {
            let signs = rng.next_u64();
            sum += part.iter().enumerate().map(|(at, x)| if signs >> at & 1 == 1 { *x } else { -x }).sum::<f64>();
        }
        hits += u32::from(sum.abs() >= bar);
    }
    Some((f64::from(hits) + 1.0) / (f64::from(draws) + 1.0))
}

/// [`sign_flip_exact`] where it can be had, else [`sign_flip_sampled`] with 100 000 draws.
#[must_use]
pub fn sign_flip(contributions: &[f64], seed: u64) -> Option<f64> {
    sign_flip_exact(contributions).or_else(|| sign_flip_sampled(contributions, DRAWS, seed))
}

fn moved(contributions: &[f64]) -> Option<Vec<f64>> {
    let usable = !contributions.is_empty() && contributions.iter().all(|x| x.is_finite());
    usable.then(|| contributions.iter().copied().filter(|x| x.abs() > 0.0).collect())
}

/// What a sum must reach, less what rounding may have taken from it.
fn bar(moved: &[f64]) -> f64 {
    let reach: f64 = moved.iter().map(|x| x.abs()).sum();
    moved.iter().sum::<f64>().abs() - 1e-9 * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, B, means, near};

    #[test]
    fn vectors_of_the_contract() {
        let differences: Vec<_> = means(A).iter().zip(means(B)).map(|(a, b)| a - b).collect();
        near(sign_flip_exact(&differences), 0.5625, 1e-12);
        near(sign_flip_sampled(&differences, 20_000, 7), 0.5625, 0.015);
    }

    #[test]
    fn edges() {
        assert_eq!(sign_flip(&[], 1), None);
        assert_eq!(sign_flip(&[0.1, f64::NAN], 1), None);
        assert_eq!(sign_flip(&[0.0; 30], 1), Some(1.0));
        assert_eq!(sign_flip(&[0.5], 1), Some(1.0));
        // One sign in four keeps the sum at 2, and its mirror.
        assert_eq!(sign_flip(&[1.0, 1.0], 1), Some(0.5));
        // All of 20 in one direction: 2 of 2²⁰.
        near(sign_flip_exact(&[0.1; 20]), 2.0 / 1_048_576.0, 1e-15);
        assert_eq!(sign_flip_exact(&[0.1; 21]), None);
        near(sign_flip_sampled(&[0.1; 70], 99, 1), 0.01, 1e-12);
    }

    proptest::proptest! {
        #[test]
        fn signs_and_scale_do_not_matter(x in proptest::collection::vec(-1.0_f64..1.0, 1..9), scale in 0.01_f64..9.0) {
            let p = sign_flip_exact(&x).unwrap();
            let turned: Vec<_> = x.iter().map(|x| -x * scale).collect();
            near(sign_flip_exact(&turned), p, 1e-12);
            // What was seen is one of the choices, and so is its mirror.
            proptest::prop_assert!(p >= 2.0_f64.powi(1 - i32::try_from(x.len()).unwrap()) && p <= 1.0);
        }
    }
}
