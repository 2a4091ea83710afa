//! The standard error of an estimate together with how well the error itself is known.

use super::distribution::{t_quantile, t_tail};

/// Estimates below this are 0 except for rounding.
const ROUNDING: f64 = 1e-12;

/// A standard error that was estimated from a number of parts, and the degrees of freedom of Student's t that go with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncertainty {
    /// The standard error. It is 0 for what is known exactly.
    pub se: f64,
    /// The degrees of freedom. They do not matter for an error of 0.
    pub df: f64,
}

impl Uncertainty {
    /// Adds variances that were estimated apart, each with its own degrees of freedom, by Satterthwaite (1946): SE² = Σ v
    /// and ν = (Σ v)²/Σ (v²/νᵢ). A part without variance adds nothing to either.
    #[must_use]
    pub fn of_parts(parts: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (mut total, mut denominator) = (0.0, 0.0);
        for (variance, df) in parts {
            total += variance;
            denominator += variance * variance / df;
        }
        Self { se: total.sqrt(), df: if denominator > 0.0 { total * total / denominator } else { 1.0 } }
    }

    /// The one-sided bounds of an estimate, each with error `alpha`: estimate ∓ t₁₋α·SE. None unless 0 < alpha < 1 and the
    /// degrees of freedom are positive.
    #[must_use]
    pub fn bounds(self, estimate: f64, alpha: f64) -> Option<[f64; 2]> {
        let half = if self.se > 0.0 { self.se * t_quantile(1.0 - alpha, self.df)? } else { 0.0 };
        Some([estimate - half, estimate + half])
    }

    /// The one-sided p-value of an estimate that is below 0, P(T < estimate/SE). An estimate without error is surely below
    /// 0 or surely not.
    #[must_use]
    pub fn p_below_zero(self, estimate: f64) -> f64 {
        if self.se > 0.0 { t_tail(-estimate / self.se, self.df) } else { f64::from(u8::from(estimate >= -ROUNDING)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{near, near_both};

    #[test]
    fn degrees_of_freedom_of_a_sum() {
        // Equal parts add their degrees of freedom, and parts without variance add none.
        let equal = Uncertainty::of_parts([(0.5, 3.0), (0.5, 3.0), (0.0, 7.0)]);
        near(equal.se, 1.0, 1e-12);
        near(equal.df, 6.0, 1e-12);
        // (0.9 + 0.1)²/(0.81/2 + 0.01/8) = 2.4615
        near(Uncertainty::of_parts([(0.9, 2.0), (0.1, 8.0)]).df, 2.461_538, 1e-6);
    }

    #[test]
    fn bounds_and_tails_agree() {
        let error = Uncertainty { se: 0.1, df: 8.0 };
        // t₈ at .95 is 1.859548.
        near_both(error.bounds(-0.2, 0.05), [-0.385_954_8, -0.014_045_2], 1e-6);
        near(error.p_below_zero(-0.185_954_8), 0.05, 1e-6);
        near(error.p_below_zero(0.185_954_8), 0.95, 1e-6);
        near(error.p_below_zero(0.0), 0.5, 1e-12);
        assert_eq!(error.bounds(0.0, 0.0), None);
    }

    #[test]
    fn what_is_known_exactly_has_no_width() {
        let exact = Uncertainty::of_parts([(0.0, 3.0)]);
        assert_eq!(exact.bounds(-0.1, 0.05), Some([-0.1, -0.1]));
        for (estimate, p) in [(-0.1, 0.0), (-1e-17, 1.0), (0.0, 1.0), (0.1, 1.0)] {
            near(exact.p_below_zero(estimate), p, 0.0);
        }
    }
}
