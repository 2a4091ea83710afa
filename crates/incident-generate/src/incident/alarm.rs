//! Alerts: the rules that fire, for true and for false alarms alike. Both print the same, so nothing tells them apart
//! but what records show.

use crate::data::kinds::Symptom;
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::{ClassSet, EntityId};
use crate::incident::incident::{AlertRule, Decoy, Refutation};
use crate::system::strength::Strength;

/// The share of alerts for which a rule that watches response times is looked for first, in hundredths. Only where
/// there is one is it taken.
pub(super) const LATENCY_RULES: u32 = 25;
/// The shares of failed requests above which rules fire, in thousandths. All are below what a fault brings about, and
/// the least is within the noise.
const SHARES: [u32; 5] = [2, 5, 10, 15, 20];
/// The share that noise alone comes above now and then, in thousandths.
const WITHIN_NOISE: u32 = 2;
/// The factors over the usual response time above which rules fire, in hundredths.
const FACTORS: [u32; 3] = [105, 130, 150];
/// The factor that noise alone comes above now and then, in hundredths.
const FACTOR_WITHIN_NOISE: u32 = 105;
/// The minutes over which rules average.
const WINDOWS: [u32; 3] = [5, 10, 15];
/// The least and the greatest number of minutes from an onset until a rule fires.
pub(crate) const DELAY: [u32; 2] = [2, 7];

/// Returns what made a false alarm fire, unless it was noise: a rise that is over.
pub(super) fn passing(library: &Library, draws: Draws, rule: AlertRule, duration: u32) -> Option<Decoy> {
    let is_noise = match rule.symptom {
        Symptom::Errors => rule.threshold <= WITHIN_NOISE,
        Symptom::Latency => rule.threshold <= FACTOR_WITHIN_NOISE,
    };
    let from = -duration.cast_signed();
    (!is_noise).then(|| Decoy {
        at: rule.at,
        shows: ClassSet::EMPTY,
        predicate: library.vocabulary.passing(rule.symptom),
        strength: Strength::drawn(draws, u64::from(rule.at), 902),
        refutation: Refutation::Over,
        from,
        to: from + draws.within(Stream::Alert, 0, 3, 10, 13).cast_signed(),
    })
}

/// Draws a rule that fired at an entity, with the time since then.
pub(super) fn rule(draws: Draws, at: EntityId, symptom: Symptom, duration: u32) -> AlertRule {
    let thresholds: &[u32] = match symptom {
        Symptom::Errors => &SHARES,
        Symptom::Latency => &FACTORS,
    };
    AlertRule {
        at,
        symptom,
        threshold: *draws.pick(Stream::Threshold, 0, 0, thresholds),
        window: *draws.pick(Stream::Threshold, 1, 0, &WINDOWS),
        since: duration - draws.within(Stream::Threshold, 2, 0, DELAY[0], DELAY[1]),
    }
}
