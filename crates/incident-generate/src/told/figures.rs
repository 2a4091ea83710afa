//! The figures of the rules, taken from the constants that the graders use, so that no figure is written twice.

use crate::play::limits::{CHAIN, FREE_REFUSALS, MOST_CITED, PLAYED_OUT_AFTER, SETTLED_AFTER, SHOWN_FROM};
use incident_env::Severity;
use incident_env::grade::rubric;

/// Returns the figure, or the text of the grader, that stands for a name in a rule.
#[must_use]
pub(crate) fn figure(name: &str) -> Option<String> {
    let share = match name {
        "severity_rule" => return Some(Severity::RULE.to_owned()),
        "most_cited" => return Some(MOST_CITED.to_string()),
        "played_out" => return Some(PLAYED_OUT_AFTER.to_string()),
        "settle" => return Some(SETTLED_AFTER.to_string()),
        "chain" => return Some(CHAIN.to_string()),
        "free_refusals" => return Some(FREE_REFUSALS.to_string()),
        "too_severe" => rubric::severity(Severity::P2, Severity::P1),
        "too_mild" => rubric::severity(Severity::P2, Severity::P3),
        "cap" => rubric::GUESS_CAP,
        "diagnosed" => rubric::DIAGNOSED,
        "shown" => SHOWN_FROM,
        "service" => rubric::SERVICE,
        "mechanism" => rubric::MECHANISM,
        "near" => rubric::MechanismMatch::SameGroup.share(),
        "trigger" => rubric::TRIGGER,
        "path" => rubric::PATH,
        "citations" => rubric::CITATIONS,
        "recovery" => rubric::RECOVERY,
        "unclean" => rubric::UNCLEAN,
        "durable" => rubric::DURABLE,
        "verified" => rubric::VERIFIED,
        "diagnosed_weight" => rubric::FOUND,
        "repair_mechanism" => rubric::NAMED,
        "undiagnosed" => rubric::UNDIAGNOSED_CAP,
        "harm" => rubric::HARM,
        _ => return None,
    };
    Some(format!("{share:.2}"))
}
