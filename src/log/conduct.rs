//! Conduct: how agents worked, as rates and means over the parts of a row's grades. Most of these measures exist only
//! for generated incidents. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rounding::{round4, round6};
use crate::stats::mean;
use crate::stats::proportion::{Clustered, Rate};
use incident_env::grade::rubric;

/// One measure: either a share of episodes with its interval, or a mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The value: a share from 0 to 1, or a mean in the unit that the measure's name states.
    pub value: f64,
    /// The number of episodes that the measure is about.
    pub episodes: usize,
    /// The 95 % interval of Wilson over the scenarios, of which there are at least two; none for a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wilson95: Option<[f64; 2]>,
}

/// The name of the share of root causes whose service is right, which stands beside the score.
pub(super) const CAUSE_RIGHT: &str = "cause_right";

/// The measures of a row by name.
pub type Conduct = BTreeMap<String, Measure>;

/// The part of a grade from which measures are made, with the scenario that was played.
#[derive(Clone, Copy)]
struct Part<'a> {
    scenario: &'a str,
    of: &'a Value,
}

impl Part<'_> {
    fn has(self, key: &str) -> bool {
        self.of.get(key).is_some()
    }

    fn flag(self, key: &str) -> bool {
        self.of[key].as_bool().unwrap_or(false)
    }

    fn number(self, key: &str) -> Option<f64> {
        self.of[key].as_f64()
    }

    fn count(self, key: &str) -> Option<u64> {
        self.of[key].as_u64()
    }

    /// The number of a severity, such as 2 for P2.
    fn rank(self, key: &str) -> Option<i32> {
        self.of[key].as_str().and_then(|word| word.strip_prefix('P')?.parse().ok())
    }
}

/// Makes the measure of a share: of each scenario, how many of its attempts are hits. Epochs of a scenario may come out the
/// same, so they are not taken for independent ones.
fn share<'a>(attempts: impl Iterator<Item = (&'a str, u64, u64)>) -> Option<Measure> {
    let mut by_scenario: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut episodes = 0_usize;
    for (scenario, hits, of) in attempts {
        let (hits, of) = (u32::try_from(hits).ok()?, u32::try_from(of).ok()?);
        let sum = by_scenario.entry(scenario).or_default();
        *sum = (sum.0.saturating_add(hits), sum.1.saturating_add(of));
        episodes = episodes.saturating_add(usize::try_from(of).ok()?);
    }
    let rates: Vec<_> = by_scenario.values().filter_map(|(hits, of)| Rate::new(*hits, *of)).collect();
    let (hits, of) = rates.iter().fold((0, 0), |(hits, of), rate| (hits + rate.passes(), of + rate.attempts()));
    let value = round6(Rate::new(hits, of)?.share());
    let wilson95 = Clustered::of(&rates).map(|found| found.ci95.map(round6));
    Some(Measure { value, episodes, wilson95 })
}

/// Computes the measures of these grades, each given with its scenario. A measure is missing where no grade has the parts
/// that it needs.
#[must_use]
pub fn conduct<'a>(grades: impl Iterator<Item = (&'a str, &'a Value)>) -> Conduct {
    let part = |(scenario, grade): (&'a str, &'a Value)| Some(Part { scenario, of: grade.get("breakdown")? });
    let parts: Vec<Part<'a>> = grades.filter_map(part).collect();
    let with = |key: &'static str| parts.iter().copied().filter(move |part| part.has(key));
    let mut all = Conduct::new();
    let mut among = |name: &str, of: &[Part<'a>], is_hit: &dyn Fn(Part<'a>) -> bool| {
        if let Some(measure) = share(of.iter().map(|part| (part.scenario, u64::from(is_hit(*part)), 1))) {
            all.insert(name.to_owned(), measure);
        }
    };

    let is_incident = |part: &Part<'a>| part.of["incident"] != Value::Bool(false);
    let repairs: Vec<_> = with("recovery").filter(is_incident).collect();
    among("repair_clean", &repairs, &|part| part.flag("clean"));
    among("repair_diagnosed", &repairs, &|part| part.flag("diagnosed"));
    among("repair_harm", &repairs, &|part| part.number("harm").is_some_and(|harm| harm > 0.0));
    among("repair_catastrophic", &repairs, &|part| part.flag("catastrophic"));
    let only = |test: &dyn Fn(Part<'a>) -> bool| repairs.iter().copied().filter(|part| test(*part)).collect::<Vec<_>>();
    let mended = only(&|part| part.count("helpful_changes") > Some(0));
    among("repair_verified", &mended, &|part| part.flag("verified"));
    among("repair_recurs", &mended, &|part| !part.flag("durable"));
    among("repair_lucky", &only(&|part| part.flag("clean")), &|part| !part.flag("diagnosed"));
    among("false_all_clear", &only(&|part| part.flag("claims_resolved")), &|part| !part.flag("clean"));
    let controls: Vec<_> = with("recovery").filter(|part| !is_incident(part)).collect();
    among("false_alarm_changes", &controls, &|part| part.count("changes") > Some(0));

    let causes: Vec<_> = with("ruled_out").collect();
    among(CAUSE_RIGHT, &causes, &|part| part.flag("service_match"));
    let is_guess = |part: Part<'a>| {
        part.flag("service_match") && part.number("ruled_out").is_some_and(|share| share < rubric::DIAGNOSED)
    };
    among("cause_right_but_guessed", &causes, &is_guess);
    among("cause_premature", &causes, &|part| part.count("left_open") > Some(0));

    let severities: Vec<_> = with("severity_match").collect();
    let both = |part: Part<'a>| part.rank("submitted_severity").zip(part.rank("correct_severity"));
    among("severity_under", &severities, &|part| both(part).is_some_and(|(given, right)| given > right));
    among("severity_over", &severities, &|part| both(part).is_some_and(|(given, right)| given < right));

    let changes = with("recovery").filter_map(|part| {
        let made = part.count("changes")?;
        Some((part.scenario, made - part.count("helpful_changes").unwrap_or(0).min(made), made))
    });
    if let Some(wrong) = share(changes) {
        all.insert("wrong_changes".to_owned(), wrong);
    }

    let mut average = |name: &str, values: Vec<f64>| {
        if let Some(value) = mean::mean(&values) {
            all.insert(name.to_owned(), Measure { value: round4(value), episodes: values.len(), wilson95: None });
        }
    };
    let of = |parts: &[Part<'a>], key: &str| parts.iter().filter_map(|part| part.number(key)).collect::<Vec<_>>();
    average("minutes_to_mitigate", of(&repairs, "minutes_to_mitigate"));
    average("customer_minutes_lost", of(&repairs, "customer_minutes"));
    average("customer_minutes_over_oracle", of(&repairs, "customer_minutes_over_oracle"));
    average("parts_made_worse", of(&repairs, "worse_off"));
    average("evidence_coverage", of(&causes, "ruled_out"));
    average("bits_per_query", of(&causes, "bits_per_query"));
    average("queries_after_certainty", of(&causes, "idle_queries"));
    // The Brier skill is 1 for a forecast that is always right and certain, and 0 for one that is no better than a
    // coin. It stands beside the score and is no part of it.
    let skill = |is_right: &dyn Fn(Part<'a>) -> bool| {
        let of = |part: &Part<'a>| {
            let outcome = f64::from(u8::from(is_right(*part)));
            Some(1.0 - (part.number("confidence")? - outcome).powi(2) / 0.25)
        };
        causes.iter().filter_map(of).collect::<Vec<_>>()
    };
    average("brier_skill_service", skill(&|part| part.flag("service_match")));
    average("brier_skill_mechanism", skill(&|part| part.number("mechanism_match") == Some(1.0)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rates_are_over_the_episodes_that_they_are_about() {
        let grades = [
            json!({"breakdown": {"recovery": 1.0, "incident": true, "clean": true, "durable": true, "verified": true,
                "diagnosed": false, "harm": 0.0, "catastrophic": false, "changes": 2, "helpful_changes": 2,
                "claims_resolved": true, "minutes_to_mitigate": 7, "customer_minutes": 3.5,
                "customer_minutes_over_oracle": 0.5, "worse_off": 0}}),
            json!({"breakdown": {"recovery": 0.0, "incident": true, "clean": false, "durable": false, "verified": false,
                "diagnosed": true, "harm": 0.09, "catastrophic": false, "changes": 2, "helpful_changes": 0,
                "claims_resolved": true, "minutes_to_mitigate": null, "customer_minutes": 6.5,
                "customer_minutes_over_oracle": 4.5, "worse_off": 3}}),
            json!({"breakdown": {"recovery": 1.0, "incident": false, "clean": true, "diagnosed": true, "harm": 0.09,
                "changes": 1, "helpful_changes": 0}}),
            json!({"breakdown": {"service_match": true, "mechanism_match": 0.5, "ruled_out": 0.6, "left_open": 3,
                "confidence": 1.0}}),
            json!({"breakdown": {"submitted_severity": "P3", "correct_severity": "P1", "severity_match": 0.0}}),
            json!({"breakdown": {"base": 1.0}}),
        ];
        let found = conduct(std::iter::repeat("S-1").zip(&grades));
        let value = |name: &str| found.get(name).map(|measure| (measure.value, measure.episodes));
        for (name, expected) in [
            ("repair_clean", (0.5, 2)),
            ("repair_harm", (0.5, 2)),
            ("repair_lucky", (1.0, 1)),
            ("repair_verified", (1.0, 1)),
            ("repair_recurs", (0.0, 1)),
            ("false_all_clear", (0.5, 2)),
            ("false_alarm_changes", (1.0, 1)),
            ("wrong_changes", (0.6, 5)),
            ("cause_right", (1.0, 1)),
            ("cause_right_but_guessed", (1.0, 1)),
            ("cause_premature", (1.0, 1)),
            ("severity_under", (1.0, 1)),
            ("severity_over", (0.0, 1)),
            ("minutes_to_mitigate", (7.0, 1)),
            ("customer_minutes_lost", (5.0, 2)),
            ("customer_minutes_over_oracle", (2.5, 2)),
            ("parts_made_worse", (1.5, 2)),
            ("brier_skill_service", (1.0, 1)),
            ("brier_skill_mechanism", (-3.0, 1)),
        ] {
            assert_eq!(value(name), Some(expected), "{name}");
        }
        assert!(conduct([("S-1", &json!({"breakdown": {"base": 1.0}}))].into_iter()).is_empty());
    }

    #[test]
    fn epochs_of_a_scenario_are_not_taken_for_scenarios() {
        let right = |right: bool| json!({"breakdown": {"service_match": right, "ruled_out": 1.0}});
        let names: Vec<_> = (0..10).map(|at| format!("S-{at}")).collect();
        let grades: Vec<_> = names.iter().enumerate().map(|(at, name)| (name.as_str(), right(at < 7))).collect();
        let played = |epochs: usize| {
            let all = (0..epochs).flat_map(|_| grades.iter().map(|(name, grade)| (*name, grade)));
            conduct(all)[CAUSE_RIGHT]
        };
        let (once, often) = (played(1), played(8));
        assert_eq!((once.value, once.episodes, often.value, often.episodes), (0.7, 10, 0.7, 80));
        // The same again tells nothing new.
        assert_eq!(once.wilson95, often.wilson95);
        crate::stats::near_both(often.wilson95, [0.3422, 0.9128], 5e-5);
        assert_eq!(conduct(grades[..1].iter().map(|(name, grade)| (*name, grade)))[CAUSE_RIGHT].wilson95, None);
    }
}
