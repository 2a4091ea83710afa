//! The figures of the rules, taken from the constants that the graders use, so that no figure is written twice.

use crate::play::limits::{DIAGNOSED_FROM, MOST_CITED, SETTLE};
use incident_env::Severity;
use incident_env::grade::rubric;

/// Returns the figure, or the text of the grader, that stands for a name in a rule.
#[must_use]
pub(crate) fn figure(name: &str) -> Option<String> {
    let share = match name {
        "severity_rule" => return Some(Severity::RULE.to_owned()),
        "most_cited" => return Some(MOST_CITED.to_string()),
        "settle" => return Some(SETTLE.to_string()),
        "too_severe" => rubric::severity(Severity::P2, Severity::P1),
        "too_mild" => rubric::severity(Severity::P2, Severity::P3),
        "cap" => rubric::GUESS_CAP,
        "diagnosed" => DIAGNOSED_FROM,
        "service" => rubric::SERVICE,
        "mechanism" => rubric::MECHANISM,
        "near" => rubric::NEAR_MECHANISM,
        "trigger" => rubric::TRIGGER,
        "path" => rubric::PATH,
        "citations" => 1.0 - rubric::SERVICE - rubric::MECHANISM - rubric::TRIGGER - rubric::PATH,
        "recovery" => rubric::RECOVERY,
        "unclean" => rubric::UNCLEAN,
        "durable" => rubric::DURABLE,
        "verified" => rubric::VERIFIED,
        "diagnosed_weight" => rubric::DIAGNOSED,
        "repair_mechanism" => 1.0 - rubric::RECOVERY - rubric::DURABLE - rubric::VERIFIED - rubric::DIAGNOSED,
        "harm" => rubric::HARM,
        _ => return None,
    };
    Some(format!("{:.2}", share.abs()))
}
