//! The exact p-value of a sign flip, which also holds for few scenarios.

use super::distribution::count;
use super::rng::SplitMix64;

/// The most differences for which all choices of signs are tried. With more, choices are drawn at random.
pub const MOST_ENUMERATED: usize = 20;

/// The number of choices of signs that [`sign_flip`] draws if there are too many to try.
const DRAWS: u32 = 100_000;

/// The two-sided sign-flip p-value of a weighted mean of differences: the share of all 2ⁿ choices of signs for which |Σ
/// ±xᵢ| is at least the observed one. The `contributions` are xᵢ = wᵢdᵢ; a factor that all of them have does not
/// matter.
///
/// Differences of 0 change no sum and do not count. None without any difference, with more than [`MOST_ENUMERATED`]
/// that are not 0, or if one is not finite.
#[must_use]
pub fn sign_flip_exact(contributions: &[f64]) -> Option<f64> {
    let moved = moved(contributions)?;
    if moved.len() > MOST_ENUMERATED {
        return None;
    }
    // Turning all signs leaves every absolute value as it is, so the first sign may be fixed.
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

/// The sign-flip p-value from `draws` random choices of signs, (1 + hits)/(1 + draws), which is never 0 and on average
/// never too small (Phipson and Smyth 2010). The seed fixes the result for ever.
///
/// None without any difference, or if one is not finite.
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

/// The p-value of [`sign_flip_exact`] if it exists, otherwise that of [`sign_flip_sampled`] with 100 000 draws.
#[must_use]
pub fn sign_flip(contributions: &[f64], seed: u64) -> Option<f64> {
    sign_flip_exact(contributions).or_else(|| sign_flip_sampled(contributions, DRAWS, seed))
}

fn moved(contributions: &[f64]) -> Option<Vec<f64>> {
    let usable = !contributions.is_empty() && contributions.iter().all(|x| x.is_finite());
    usable.then(|| contributions.iter().copied().filter(|x| x.abs() > 0.0).collect())
}

/// The value that a sum must reach, less what rounding may have taken from it.
fn bar(moved: &[f64]) -> f64 {
    let reach: f64 = moved.iter().map(|x| x.abs()).sum();
    moved.iter().sum::<f64>().abs() - 1e-9 * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, B, means, near};

    #[test]
    fn worked_example() {
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
        // One choice of signs in four keeps the sum at 2, and one makes it −2.
        assert_eq!(sign_flip(&[1.0, 1.0], 1), Some(0.5));
        // All 20 differences have one direction, so 2 of 2²⁰ choices reach the sum.
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
            // The observed choice is one of all choices, and so is its mirror.
            proptest::prop_assert!(p >= 2.0_f64.powi(1 - i32::try_from(x.len()).unwrap()) && p <= 1.0);
        }
    }
}
