//! Quantiles and tails of the distributions behind the intervals. A quantile that does not exist is none.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::ln_gamma;

/// The most steps of Newton's method before a bracket is only halved.
const NEWTON_STEPS: u32 = 50;

/// The quantile of the standard normal distribution; none unless 0 < p < 1.
#[must_use]
pub fn normal_quantile(p: f64) -> Option<f64> {
    inside(p).then(|| Normal::standard().inverse_cdf(p))
}

/// The upper tail P(Z > z) of the standard normal distribution.
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    Normal::standard().sf(z)
}

/// The quantile of Student's t; none unless 0 < p < 1 and the degrees of freedom are positive.
///
/// It is √(ν(1 − y)/y), where y is the quantile of Beta(ν/2, ½) at twice the smaller tail. From 10⁵ degrees of freedom
/// on it is the normal quantile, with which it then agrees to five digits.
#[must_use]
pub fn t_quantile(p: f64, df: f64) -> Option<f64> {
    if df >= 1e5 {
        return normal_quantile(p);
    }
    let tail = 2.0 * p.min(1.0 - p);
    if tail >= 1.0 {
        return (df > 0.0).then_some(0.0);
    }
    let y = beta_quantile(tail, df / 2.0, 0.5)?;
    let quantile = (df * (1.0 - y) / y).sqrt();
    quantile.is_finite().then_some(if p < 0.5 { -quantile } else { quantile })
}

/// The upper tail P(T > t) of Student's t with positive degrees of freedom; not a number for others.
///
/// For t > 0 it is half of the incomplete beta function of (ν/2, ½) at ν/(ν + t²). From 10⁵ degrees of freedom on it is
/// the normal tail, as in [`t_quantile`].
#[must_use]
pub fn t_tail(t: f64, df: f64) -> f64 {
    if df >= 1e5 {
        return normal_tail(t);
    }
    let smaller = 0.5 * checked_beta_reg(df / 2.0, 0.5, df / (df + t * t)).unwrap_or(f64::NAN);
    if t > 0.0 { smaller } else { 1.0 - smaller }
}

/// The quantile of Beta(a, b); none unless 0 < p < 1 and both shapes are positive.
///
/// Newton's method on the regularised incomplete beta function finds it in a few steps. Each step keeps a bracket of the
/// quantile; where a step would leave it, or all of them do not end, the bracket is halved, which always ends.
#[must_use]
pub fn beta_quantile(p: f64, a: f64, b: f64) -> Option<f64> {
    let usable = inside(p) && a.is_finite() && b.is_finite();
    if !usable {
        return None;
    }
    let positive = a > 0.0 && b > 0.0;
    let scale = if positive { ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) } else { 0.0 };
    let (mut low, mut high) = (0.0, 1.0);
    let (mut at, mut steps) = (0.5, 0);
    loop {
        let excess = checked_beta_reg(a, b, at).ok()? - p;
        if excess < 0.0 {
            low = at;
        } else {
            high = at;
        }
        let density = ((a - 1.0) * at.ln() + (b - 1.0) * (-at).ln_1p() + scale).exp();
        let newton = at - excess / density;
        let middle = f64::midpoint(low, high);
        steps += 1;
        let next = if steps <= NEWTON_STEPS && newton > low && newton < high { newton } else { middle };
        if middle <= low || middle >= high || (next - at).abs() <= f64::EPSILON * at {
            return Some(next);
        }
        at = next;
    }
}

fn inside(p: f64) -> bool {
    p > 0.0 && p < 1.0
}

/// Converts a count to a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "counts of scenarios and epochs are small")]
pub(crate) const fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn quantiles_are_those_of_scipy() {
        for (p, df, expected) in [
            (0.975, 1.0, 12.706_204_736),
            (0.975, 5.9, 2.457_000_3),
            (0.95, 8.0, 1.859_548_037),
            (0.25, 3.0, -0.764_892_3),
            (0.5, 3.0, 0.0),
            (0.975, 5e4, 1.960_011_4),
            (0.975, 1e6, 1.959_964),
            (0.975, 1e9, 1.959_964),
        ] {
            near(t_quantile(p, df), expected, 1e-5);
        }
        near(t_quantile(0.975, f64::INFINITY), 1.959_963_984_5, 1e-9);
        near(normal_quantile(0.95), 1.644_853_626_9, 1e-9);
        near(beta_quantile(0.025, 7.0, 4.0), 0.347_547_1, 1e-6);
        near(beta_quantile(0.95, 1.0, 9.0), 1.0 - 0.05_f64.powf(1.0 / 9.0), 1e-12);
    }

    #[test]
    fn tails_are_those_of_scipy() {
        for (t, df, expected) in [
            (0.0, 3.0, 0.5),
            (1.859_548_037, 8.0, 0.05),
            (-0.894_427_191, 8.0, 0.801_398_1),
            (12.706_204_736, 1.0, 0.025),
            (1.959_964, 1e6, 0.025),
        ] {
            near(t_tail(t, df), expected, 1e-6);
        }
        assert!(t_tail(1.0, 0.0).is_nan());
    }

    #[test]
    fn nothing_where_there_is_no_quantile() {
        for p in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None);
            assert_eq!(t_quantile(p, 3.0), None);
            assert_eq!(beta_quantile(p, 2.0, 3.0), None);
        }
        for df in [0.0, -1.0, f64::NAN] {
            assert_eq!(t_quantile(0.9, df), None);
        }
        assert_eq!(beta_quantile(0.5, 0.0, 1.0), None);
        assert_eq!(beta_quantile(0.5, f64::NAN, 1.0), None);
    }

    proptest::proptest! {
        #[test]
        fn the_beta_quantile_inverts_the_distribution(p in 0.001_f64..0.999, a in 1_u32..300, b in 1_u32..300) {
            let (a, b) = (f64::from(a), f64::from(b));
            let at = beta_quantile(p, a, b).unwrap();
            proptest::prop_assert!((checked_beta_reg(a, b, at).unwrap() - p).abs() < 1e-9);
        }
    }
}
