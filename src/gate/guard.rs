//! The guard of single scenarios: which of them got worse almost certainly, judged by themselves, and how many of these
//! flags chance makes. It is a remark and changes no verdict.

use std::collections::BTreeMap;

use super::difference::Pair;
use crate::stats::proportion::{Rate, chance_of_less};

/// The chance of having got worse from which a scenario is named.
const FLAGGED: f64 = 0.99;

/// The chance that the pass rate of a scenario fell, P(`p_new` < `p_base`) of two Beta(1, 1) posteriors, if that is almost
/// certain. An epoch passes with a score of at least `threshold`.
#[must_use]
pub fn p_fell<T>(pair: &Pair<T>, threshold: f64) -> Option<f64> {
    let (base, new) = rates(pair, threshold)?;
    Some(chance_of_less(new, base)).filter(|p| *p > FLAGGED)
}

/// The number of scenarios that would be flagged on average if no pass rate had changed.
///
/// Given how many of all epochs of a scenario passed, every choice of them for the new side is then equally likely, whatever
/// the pass rate is (the hypergeometric distribution, as in Fisher's exact test).
#[must_use]
pub fn flags_by_chance<T>(pairs: &[Pair<T>], threshold: f64) -> f64 {
    let mut known: BTreeMap<(u32, u32, u32), f64> = BTreeMap::new();
    let all = pairs.iter().filter_map(|pair| {
        let (base, new) = rates(pair, threshold)?;
        let key = (base.attempts(), new.attempts(), base.passes() + new.passes());
        Some(*known.entry(key).or_insert_with(|| chance_of_flag(key)))
    });
    all.sum()
}

fn rates<T>(pair: &Pair<T>, threshold: f64) -> Option<(Rate, Rate)> {
    let rate = |scores: &[f64]| {
        let passes = scores.iter().filter(|score| **score >= threshold).count();
        Rate::new(u32::try_from(passes).ok()?, u32::try_from(scores.len()).ok()?)
    };
    Some((rate(&pair.base)?, rate(&pair.new)?))
}

/// The chance of a flag for so many epochs of the base and of the new side, of which so many passed together.
fn chance_of_flag((base, new, passed): (u32, u32, u32)) -> f64 {
    let mut chance = 0.0;
    // The probability of each split is made of the last one by their ratio, and divided by the sum of all in the end.
    let (mut weight, mut total) = (1.0, 0.0);
    let least = passed.saturating_sub(base);
    for of_new in least..=passed.min(new) {
        total += weight;
        let split = Rate::new(passed - of_new, base).zip(Rate::new(of_new, new));
        if split.is_some_and(|(base, new)| chance_of_less(new, base) > FLAGGED) {
            chance += weight;
        }
        let ahead = f64::from(new - of_new) / f64::from(of_new + 1);
        weight *= ahead * f64::from(passed - of_new) / (f64::from(base) - f64::from(passed - of_new) + 1.0);
    }
    chance / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;
    use crate::stats::rng::SplitMix64;

    fn pair(base: usize, new: usize) -> Pair<u8> {
        let passes = |passes: usize| (0..4).map(|epoch| if epoch < passes { 1.0 } else { 0.0 }).collect();
        Pair { task: 0, base: passes(base), new: passes(new) }
    }

    #[test]
    fn a_single_scenario_is_guarded() {
        for (base, new, flagged) in [(4, 4, false), (4, 0, true), (4, 1, false), (0, 4, false)] {
            assert_eq!(p_fell(&pair(base, new), 0.8).is_some(), flagged, "{base} {new}");
        }
        near(p_fell(&pair(4, 0), 0.8), 0.996, 5e-4);
    }

    #[test]
    fn chance_makes_flags_too() {
        // Of eight epochs of which four passed, one choice in 70 has all four in the base.
        near(flags_by_chance(&[pair(2, 2)], 0.8), 1.0 / 70.0, 1e-12);
        near(flags_by_chance(&[pair(2, 2), pair(4, 0), pair(4, 4), pair(1, 0)], 0.8), 2.0 / 70.0, 1e-12);
        near(flags_by_chance::<u8>(&[], 0.8), 0.0, 0.0);
    }

    #[test]
    fn as_many_as_simulated() {
        let mut rng = SplitMix64::new(3);
        let mut epochs =
            |rate: f64, n: usize| (0..n).map(|_| f64::from(u8::from(rng.unit() < rate))).collect::<Vec<_>>();
        let pairs: Vec<_> = (0..20_000)
            .map(|at| Pair {
                task: 0,
                base: epochs(0.2 + 0.6 * f64::from(at % 2), 8),
                new: epochs(0.2 + 0.6 * f64::from(at % 2), 6),
            })
            .collect();
        let found = pairs.iter().filter(|pair| p_fell(pair, 0.8).is_some()).count();
        let expected = flags_by_chance(&pairs, 0.8);
        near(f64::from(u32::try_from(found).unwrap()), expected, 4.0 * expected.sqrt());
    }
}
