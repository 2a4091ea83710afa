//! p-values adjusted for how many were looked at.

use super::distribution::count;

/// Holm's step-down adjustment, which bounds the chance of any false finding: the running maximum over ascending p of
/// min(1, (m − i)·`p_i`), i from 0 (Holm 1979). In the order given; none where a p is not in [0, 1].
#[must_use]
pub fn holm(p: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut highest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        highest = highest.max(count(p.len() - rank) * p[at]).min(1.0);
        adjusted[at] = highest;
    }
    Some(adjusted)
}

/// Benjamini and Hochberg's step-up adjustment, which bounds the expected share of false findings: the running minimum
/// over descending p of m/i·`p_i`, i from 1 (1995). In the order given; none where a p is not in [0, 1].
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut lowest = 1.0_f64;
    for (rank, at) in order.into_iter().enumerate().rev() {
        lowest = lowest.min(count(p.len()) / count(rank + 1) * p[at]);
        adjusted[at] = lowest;
    }
    Some(adjusted)
}

fn ascending(p: &[f64]) -> Option<Vec<usize>> {
    let mut order: Vec<_> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    p.iter().all(|p| (0.0..=1.0).contains(p)).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn vectors_of_the_contract() {
        // Shuffled, so that the order of the answer is seen.
        let p = [0.212, 0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205];
        let expected_holm = [0.41, 0.009, 0.064, 0.273, 0.273, 0.273, 0.273, 0.273, 0.41];
        let expected_bh = [0.212, 0.009, 0.036, 0.0756, 0.0756, 0.0756, 0.09, 0.0951, 0.212];
        for (found, expected) in holm(&p).unwrap().into_iter().zip(expected_holm) {
            near(found, expected, 1e-9);
        }
        for (found, expected) in benjamini_hochberg(&p).unwrap().into_iter().zip(expected_bh) {
            near(found, expected, 5e-5);
        }
    }

    #[test]
    fn edges() {
        for adjust in [holm, benjamini_hochberg] {
            assert_eq!(adjust(&[]), Some(vec![]));
            assert_eq!(adjust(&[0.3]), Some(vec![0.3]));
            assert_eq!(adjust(&[0.3, f64::NAN]), None);
            assert_eq!(adjust(&[1.1]), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_milder_adjustment_is_milder(p in proptest::collection::vec(0.0_f64..=1.0, 0..20)) {
            let (strict, mild) = (holm(&p).unwrap(), benjamini_hochberg(&p).unwrap());
            for at in 0..p.len() {
                proptest::prop_assert!(p[at] <= mild[at] + 1e-12);
                proptest::prop_assert!(mild[at] <= strict[at] + 1e-12 && strict[at] <= 1.0);
            }
        }
    }
}
