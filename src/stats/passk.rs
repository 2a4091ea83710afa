//! The rates pass@k and pass^k: how often an agent passes if it may, or must, try k times (Chen et al. 2021, Yao et al.
//! 2024).

/// The value of pass@k: the chance that at least one of k epochs passes, 1 − C(n−c, k)/C(n, k), for c passes in n
/// epochs.
///
/// None if k is 0 or more than n, because the unbiased estimator does not exist there.
#[must_use]
pub fn pass_at(k: u32, passes: u32, epochs: u32) -> Option<f64> {
    Some(1.0 - ratio(k, epochs.checked_sub(passes)?, epochs)?)
}

/// The value of pass^k: the chance that all of k epochs pass, C(c, k)/C(n, k). It is never computed as p^k, which is
/// biased.
#[must_use]
pub fn pass_hat(k: u32, passes: u32, epochs: u32) -> Option<f64> {
    ratio(k, passes.min(epochs), epochs)
}

/// The ratio C(a, k)/C(n, k) as a product, which neither overflows nor cancels.
fn ratio(k: u32, a: u32, n: u32) -> Option<f64> {
    if k == 0 || k > n {
        return None;
    }
    Some((0..k).map(|i| f64::from(a.saturating_sub(i)) / f64::from(n - i)).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_example() {
        let passes = [4, 4, 2, 4, 2, 3, 0, 2, 0];
        let mean =
            |f: fn(u32, u32, u32) -> Option<f64>, k| passes.iter().map(|c| f(k, *c, 4).unwrap()).sum::<f64>() / 9.0;
        for (k, hat, at) in [(1, 0.5833, 0.5833), (2, 0.4444, 0.7222), (3, 0.3611, 0.7778), (4, 0.3333, 0.7778)] {
            assert!((mean(pass_hat, k) - hat).abs() < 1e-4, "pass^{k}");
            assert!((mean(pass_at, k) - at).abs() < 1e-4, "pass@{k}");
        }
        // The biased value p^k would be .316.
        assert_eq!(pass_hat(4, 3, 4), Some(0.0));
        assert_eq!(pass_hat(5, 3, 4), None);
    }
}
