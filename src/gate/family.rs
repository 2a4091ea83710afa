//! One error for the whole command: how much of it each contestant may use (Holm 1979).

/// The number of rows in which a contestant is judged apart: the overall score and each task, which with one task are the
/// same.
#[must_use]
pub fn rows(tasks: usize) -> usize {
    if tasks > 1 { tasks + 1 } else { 1 }
}

/// The p-value of a contestant that is judged in several rows, by Bonferroni: the number of rows times the smallest p-value
/// of one. The overall score depends on those of the tasks, so nothing less strict holds for certain.
#[must_use]
pub fn p_of_rows(p: &[f64]) -> f64 {
    let rows = u32::try_from(p.len()).unwrap_or(u32::MAX);
    (f64::from(rows) * p.iter().copied().fold(1.0, f64::min)).min(1.0)
}

/// The level at which each contestant is judged, for the p-values of all of them and an error that holds for all together.
///
/// From the smallest p-value on, the j-th of C contestants is judged at alpha/(C − j + 1), as long as its p-value is below
/// that. From the first whose p-value is not, all remaining ones are judged at the level of that step.
#[must_use]
pub fn levels(p: &[f64], alpha: f64) -> Vec<f64> {
    let mut order: Vec<_> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut levels = vec![alpha; p.len()];
    let mut stopped = None;
    let mut left = u32::try_from(p.len()).unwrap_or(u32::MAX);
    for contestant in order {
        let level = stopped.unwrap_or(alpha / f64::from(left));
        levels[contestant] = level;
        if p[contestant] >= level {
            stopped = Some(level);
        }
        left -= 1;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_on_while_they_reject() {
        let near = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
            }
        };
        near(levels(&[], 0.05), &[]);
        near(levels(&[0.9], 0.05), &[0.05]);
        // The least p-value is not below .05/3, so that is the level of all.
        near(levels(&[0.9, 0.02, 0.03], 0.05), &[0.05 / 3.0; 3]);
        // .001 is below .05/3 and .02 below .05/2; .9 is judged at .05.
        near(levels(&[0.9, 0.001, 0.02], 0.05), &[0.05, 0.05 / 3.0, 0.025]);
        // The second step does not reject, and the third is judged at its level, whatever its own p-value is.
        near(levels(&[0.04, 0.001, 0.03], 0.05), &[0.025, 0.05 / 3.0, 0.025]);
    }

    #[test]
    fn holm_of_the_worked_example() {
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212];
        // A hypothesis is rejected at alpha exactly if its adjusted p-value, .009, .064, .273 …, is below alpha.
        let rejected = |alpha: f64| levels(&p, alpha).iter().zip(&p).filter(|(level, p)| p < level).count();
        assert_eq!([0.0089, 0.0091, 0.0639, 0.0641, 0.272, 0.274].map(rejected), [0, 1, 1, 2, 2, 7]);
    }

    #[test]
    fn rows_share_the_level() {
        assert!((p_of_rows(&[0.5, 0.01, 0.2, 0.9]) - 0.04).abs() < 1e-12);
        assert_eq!([0, 1, 2, 3].map(rows), [1, 1, 3, 4]);
        assert_eq!((p_of_rows(&[0.5, 0.9]), p_of_rows(&[0.3]), p_of_rows(&[])), (1.0, 0.3, 0.0));
    }

    proptest::proptest! {
        #[test]
        fn a_contestant_is_rejected_at_its_level_exactly_if_holm_rejects_it(
            p in proptest::collection::vec(0.0_f64..0.1, 1..9), alpha in 0.01_f64..0.2,
        ) {
            let mut sorted = p.clone();
            sorted.sort_by(f64::total_cmp);
            let steps = sorted.iter().zip((1..=p.len()).rev());
            let rejections = steps.take_while(|(p, left)| **p < alpha / f64::from(u32::try_from(*left).unwrap())).count();
            let levels = levels(&p, alpha);
            proptest::prop_assert_eq!(levels.iter().zip(&p).filter(|(level, p)| p < level).count(), rejections);
        }
    }
}
