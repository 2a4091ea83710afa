//! Alerts: the rules that fire, for true and for false alarms alike. Both print the same, so nothing tells them apart
//! but what records show.

use crate::data::kinds::{Kind, Symptom};
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::{ClassSet, EntityId};
use crate::incident::incident::{AlertRule, Decoy, Refutation};
use crate::system::strength::Strength;
use crate::system::topology::Topology;

/// The share of alerts for which a rule that watches response times is looked for first, in hundredths. Only where
/// there is one is it taken.
pub(super) const LATENCY_RULES: u32 = 25;
/// The share of false alarms by rules that watch response times, in hundredths: as many as of true alarms.
const FALSE_LATENCY: u32 = 9;
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
const DELAY: [u32; 2] = [2, 7];

/// Returns the rule that a fault made fire.
pub(super) fn true_alarm(draws: Draws, at: EntityId, symptom: Symptom, duration: u32) -> AlertRule {
    rule(draws, at, symptom, duration)
}

/// Returns the rule that fired without a fault, and adds what made it fire to the decoys, unless it was noise: a rise
/// that was over soon.
pub(super) fn false_alarm(
    library: &Library,
    topology: &Topology,
    draws: Draws,
    decoys: &mut Vec<Decoy>,
    duration: u32,
) -> AlertRule {
    let watches_latency = draws.below(Stream::Alert, 0, 2, 100) < FALSE_LATENCY;
    let symptom = if watches_latency { Symptom::Latency } else { Symptom::Errors };
    let is_free = |at: &EntityId| !decoys.iter().any(|decoy| decoy.at == *at);
    let apis: Vec<_> = topology.of(Kind::Api).filter(is_free).collect();
    let at = if apis.is_empty() { topology.gateway } else { *draws.pick(Stream::Alert, 0, 0, &apis) };
    let rule = rule(draws, at, symptom, duration);
    let is_noise = match symptom {
        Symptom::Errors => rule.threshold <= WITHIN_NOISE,
        Symptom::Latency => rule.threshold <= FACTOR_WITHIN_NOISE,
    };
    if !is_noise {
        let from = -duration.cast_signed();
        decoys.push(Decoy {
            at,
            shows: ClassSet::EMPTY,
            predicate: library.vocabulary.passing(symptom),
            strength: Strength::drawn(draws, u64::from(at), 902),
            refutation: Refutation::Over,
            from,
            to: from + draws.within(Stream::Alert, 0, 3, 10, 13).cast_signed(),
        });
    }
    rule
}

fn rule(draws: Draws, at: EntityId, symptom: Symptom, duration: u32) -> AlertRule {
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
