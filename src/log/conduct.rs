//! Conduct: how agents worked, as rates and means over the parts of a row's grades. Most of these measures exist only
//! for generated incidents. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rounding::round4;
use crate::stats::mean;
use crate::stats::proportion::{Rate, wilson_of};
use incident_env::grade::rubric;

/// One measure: either a share of episodes with its interval, or a mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The value: a share from 0 to 1, or a mean in the unit that the measure's name states.
    pub value: f64,
    /// The number of episodes that the measure is about.
    pub episodes: usize,
    /// The 95 % interval of Wilson; none for a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wilson95: Option<[f64; 2]>,
}

/// The name of the share of root causes whose service is right, which stands beside the score.
pub(super) const CAUSE_RIGHT: &str = "cause_right";

/// The measures of a row by name.
pub type Conduct = BTreeMap<String, Measure>;

/// Computes the measures of these grades. A measure is missing where no grade has the parts that it needs.
#[must_use]
pub fn conduct<'a>(grades: impl Iterator<Item = &'a Value>) -> Conduct {
    let parts: Vec<&Value> = grades.filter_map(|grade| grade.get("breakdown")).collect();
    let with = |key: &'static str| parts.iter().copied().filter(move |part| part.get(key).is_some());
    let flag = |part: &Value, key: &str| part[key].as_bool().unwrap_or(false);
    let number = |part: &Value, key: &str| part[key].as_f64();
    let mut all = Conduct::new();
    let mut share = |name: &str, hits: usize, of: usize| {
        let counts = u32::try_from(hits).ok().zip(u32::try_from(of).ok());
        if let Some(rate) = counts.and_then(|(hits, of)| Rate::new(hits, of)) {
            let wilson95 = wilson_of(rate, 0.05).map(|ends| ends.map(round4));
            all.insert(name.to_owned(), Measure { value: round4(rate.share()), episodes: of, wilson95 });
        }
    };

    let repairs: Vec<_> = with("recovery").filter(|part| part["incident"] != Value::Bool(false)).collect();
    let count = |test: &dyn Fn(&Value) -> bool| repairs.iter().filter(|part| test(part)).count();
    let n = repairs.len();
    share("repair_clean", count(&|part| flag(part, "clean")), n);
    share("repair_diagnosed", count(&|part| flag(part, "diagnosed")), n);
    share("repair_harm", count(&|part| number(part, "harm").is_some_and(|harm| harm > 0.0)), n);
    share("repair_catastrophic", count(&|part| flag(part, "catastrophic")), n);
    let mended = count(&|part| part["helpful_changes"].as_u64() > Some(0));
    share("repair_verified", count(&|part| flag(part, "verified")), mended);
    share("repair_recurs", count(&|part| part["helpful_changes"].as_u64() > Some(0) && !flag(part, "durable")), mended);
    share("repair_lucky", count(&|part| flag(part, "clean") && !flag(part, "diagnosed")), count(&|p| flag(p, "clean")));
    let claims = count(&|part| flag(part, "claims_resolved"));
    share("false_all_clear", count(&|part| flag(part, "claims_resolved") && !flag(part, "clean")), claims);
    let changes = |key: &str| with("recovery").filter_map(|part| part[key].as_u64()).sum::<u64>();
    let (made, helped) = (changes("changes"), changes("helpful_changes"));
    let as_count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    share("wrong_changes", as_count(made - helped.min(made)), as_count(made));
    let controls: Vec<_> = with("recovery").filter(|part| part["incident"] == Value::Bool(false)).collect();
    let disturbed = controls.iter().filter(|part| part["changes"].as_u64() > Some(0)).count();
    share("false_alarm_changes", disturbed, controls.len());

    let causes: Vec<_> = with("ruled_out").collect();
    let right = causes.iter().filter(|part| flag(part, "service_match")).count();
    let is_guess = |part: &&&Value| {
        flag(part, "service_match") && number(part, "ruled_out").is_some_and(|share| share < rubric::DIAGNOSED)
    };
    share(CAUSE_RIGHT, right, causes.len());
    share("cause_right_but_guessed", causes.iter().filter(is_guess).count(), causes.len());
    let premature = causes.iter().filter(|part| part["left_open"].as_u64() > Some(0)).count();
    share("cause_premature", premature, causes.len());

    let severities: Vec<_> = with("severity_match").collect();
    let rank =
        |part: &Value, key: &str| part[key].as_str().and_then(|word| word.strip_prefix('P')?.parse::<i32>().ok());
    let both = |part: &&Value| rank(part, "submitted_severity").zip(rank(part, "correct_severity"));
    let answered: Vec<_> = severities.iter().filter_map(both).collect();
    share("severity_under", answered.iter().filter(|(given, right)| given > right).count(), severities.len());
    share("severity_over", answered.iter().filter(|(given, right)| given < right).count(), severities.len());

    let mut average = |name: &str, values: Vec<f64>| {
        if let Some(value) = mean::mean(&values) {
            all.insert(name.to_owned(), Measure { value: round4(value), episodes: values.len(), wilson95: None });
        }
    };
    let of = |parts: &[&Value], key: &str| parts.iter().filter_map(|part| number(part, key)).collect::<Vec<_>>();
    average("minutes_to_mitigate", of(&repairs, "minutes_to_mitigate"));
    average("customer_minutes_lost", of(&repairs, "customer_minutes"));
    average("customer_minutes_over_oracle", of(&repairs, "customer_minutes_over_oracle"));
    average("parts_made_worse", of(&repairs, "worse_off"));
    average("evidence_coverage", of(&causes, "ruled_out"));
    average("bits_per_query", of(&causes, "bits_per_query"));
    average("queries_after_certainty", of(&causes, "idle_queries"));
    // The Brier skill is 1 for a forecast that is always right and certain, and 0 for one that is no better than a
    // coin. It stands beside the score and is no part of it.
    let skill = |is_right: &dyn Fn(&Value) -> bool| {
        let of = |part: &&Value| {
            let outcome = f64::from(u8::from(is_right(part)));
            Some(1.0 - (number(part, "confidence")? - outcome).powi(2) / 0.25)
        };
        causes.iter().filter_map(of).collect::<Vec<_>>()
    };
    average("brier_skill_service", skill(&|part| flag(part, "service_match")));
    average("brier_skill_mechanism", skill(&|part| number(part, "mechanism_match") == Some(1.0)));
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
        let found = conduct(grades.iter());
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
        assert!(conduct([json!({"breakdown": {"base": 1.0}})].iter()).is_empty());
    }
}
