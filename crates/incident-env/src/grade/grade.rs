//! The grade of an episode: its score, the parts of the score, and the reasons.

use serde::Serialize;
use serde_json::{Value, json};

use super::rubric::STRICT_VERSION;
use super::strict;
use crate::points::Points;

/// The version of the classic graders. It is kept with every run, and it changes with every change of a rule.
pub const CLASSIC_VERSION: &str = "classic/1";

/// The grade of an episode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grade {
    /// The score, 0 to 1.
    pub total: Points,
    /// The parts of the score. They name right answers, so no agent may see them before the end.
    pub breakdown: Breakdown,
    /// The reasons for the score, in a sentence.
    pub feedback: String,
}

/// The parts of a grade, by task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Breakdown {
    /// The classic grade of a severity.
    Severity {
        /// The answer in upper case, if there was one.
        submitted_severity: Option<String>,
        /// The right severity.
        correct_severity: String,
        /// The points for the answer: 1, 0.5 or 0.25 if it is zero, one or two levels off, and otherwise 0.
        severity_match: Points,
    },
    /// The classic grade of a root cause.
    RootCause {
        /// The points for service and failure mode.
        base: Points,
        /// The points for a direct search.
        efficiency_bonus: Points,
        /// Whether the service is right, by its name or an alias.
        service_match: bool,
        /// Whether the failure mode contains one of the expected terms.
        mode_match: bool,
        /// The submitted service, if there was one.
        submitted_service: Option<String>,
        /// The right service.
        correct_service: String,
    },
    /// The classic grade of a repair.
    Remediation {
        /// The points for a submission after an investigation.
        base: Points,
        /// The points for the executed share of the right steps.
        efficiency_bonus: Points,
        /// The points that harmful remediations cost, as a negative number.
        wrong_action_penalty: Points,
        /// The points for terms in the summary.
        summary_bonus: Points,
        /// The number of right steps that were executed.
        correct_actions_matched: usize,
        /// The number of right steps.
        correct_actions_total: usize,
        /// The number of harmful remediations that were executed.
        wrong_actions_count: usize,
        /// The number of expected terms in the summary.
        summary_keywords_hit: usize,
    },
    /// A strict grade.
    Strict(Box<strict::Strict>),
}

/// Returns a strict grade in the form in which it is logged beside a classic one, with the version of its grader.
#[must_use]
pub fn strict_record(grade: &Grade) -> Value {
    json!({ "grader": STRICT_VERSION, "total": grade.total, "breakdown": grade.breakdown, "feedback": grade.feedback })
}
