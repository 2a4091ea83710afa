//! The strict grade: what an answer and the state of the world at the end are worth, part by part. The rules stand with each
//! grader, that of written scenarios in `written` and that of generated incidents beside their simulator; here is what they
//! give.

pub mod assertion;
pub(in crate::env) mod truth;
pub(in crate::env) mod written;

use serde::Serialize;
use serde_json::{Value, json};

use super::Grade;

use crate::env::points::Points;

/// The version of the strict graders; it stands in every run, and a change of any rule changes it.
pub const VERSION: &str = "strict/1";

/// A strict grade as it is kept beside another one, with the version of its grader.
#[must_use]
pub fn record(grade: &Grade) -> Value {
    json!({ "grader": VERSION, "total": grade.total, "breakdown": grade.breakdown, "feedback": grade.feedback })
}

/// The parts of a strict grade, by task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Strict {
    /// Of a severity.
    Severity(Severity),
    /// Of a root cause.
    RootCause(RootCause),
    /// Of a repair.
    Remediation(Remediation),
    /// Of a root cause in a written scenario.
    WrittenCause(WrittenCause),
    /// Of a repair in a written scenario.
    WrittenRepair(WrittenRepair),
}

/// A severity, and whether it was more than a guess.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Severity {
    /// What was answered.
    pub submitted_severity: Option<String>,
    /// What is right; none where that must not be told.
    pub correct_severity: Option<String>,
    /// What the answer is worth by itself.
    pub severity_match: Points,
    /// Whether anything was read that says what users lose. Else at most a quarter is given.
    pub impact_seen: bool,
}

/// A root cause, part by part, each from 0 to 1 before it is weighed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RootCause {
    /// Whether it is the entity at the root. Without it nothing counts.
    pub service_match: bool,
    /// The mechanism: all of it, or a third for one that is of the same group.
    pub mechanism_match: Points,
    /// Whether the change is the one that set it off.
    pub trigger_match: bool,
    /// Whether the path is one along which it acts.
    pub path_valid: bool,
    /// How far the cited evidence rules out everything else, times the square of the share of it that helps. Below a quarter, no more than
    /// a quarter is given for everything.
    pub grounding: Points,
    /// How well the stated confidence fits, better than a coin.
    pub calibration: Points,
    /// How far everything that was read rules out everything else.
    pub ruled_out: Points,
    /// The other faults that are left by what was read.
    pub left_open: u32,
    /// Bits of what was open that each look ruled out.
    pub bits_per_query: f64,
    /// Looks after nothing else was left.
    pub idle_queries: u32,
    /// The confidence that was stated.
    pub confidence: Option<f64>,
    /// What was answered.
    pub submitted_service: Option<String>,
    /// What is right; none where that must not be told.
    pub correct_service: Option<String>,
    /// The same of the mechanism.
    pub correct_mechanism: Option<String>,
    /// The same of the change.
    pub correct_trigger: Option<String>,
}

/// A repair, by the state that it left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct Remediation {
    /// The share of what users lost that they have again.
    pub recovery: Points,
    /// Whether there was an incident, and not a wrong alert.
    pub incident: bool,
    /// Whether nothing is left that does harm, and no measure in force.
    pub clean: bool,
    /// Whether what set it off is gone.
    pub durable: bool,
    /// Whether it was looked at again after the last step that helped.
    pub verified: bool,
    /// Whether what was read before the first change leaves little else.
    pub diagnosed: bool,
    /// What the agent itself cost the users.
    pub harm: Points,
    /// Whether no repair makes that good.
    pub catastrophic: bool,
    /// Whether the answer says that it is resolved.
    pub claims_resolved: bool,
    /// The minute after the alert from which users lose a tenth of what they lost at first, or less; none where it never came.
    pub minutes_to_mitigate: Option<u32>,
    /// What users lost since the alert, and until the world had settled: minutes, weighed by the share that they lost.
    pub customer_minutes: f64,
    /// How much more that is than where the oracle plays, over the same minutes.
    pub customer_minutes_over_oracle: f64,
    /// Parts that failed more at the end than if nobody had done anything.
    pub worse_off: u32,
    /// Changes that were made.
    pub changes: u32,
    /// Those among them that were steps of a repair.
    pub helpful_changes: u32,
}

/// A root cause in a written scenario. What an answer left out is none, and counts neither way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenCause {
    /// Whether it is the service at the root, by its exact name. Without it nothing counts.
    pub service_match: bool,
    /// The mechanism: all of it, or a third for one that is of the same group.
    pub mechanism_match: Points,
    /// The mechanisms that the answer names or asserts; more than two count as none.
    pub mechanisms: Vec<String>,
    /// Whether the change is the one that set it off.
    pub trigger_match: Option<bool>,
    /// Whether the path is one along which it acts.
    pub path_valid: Option<bool>,
    /// The share of the clues that were seen. Below a quarter, no more than a quarter is given for everything.
    pub grounding: Points,
    /// How well the stated confidence fits, better than a coin.
    pub calibration: Option<Points>,
    /// What was answered.
    pub submitted_service: Option<String>,
    /// What is right.
    pub correct_service: String,
    /// What is right.
    pub correct_mechanism: Option<String>,
}

/// A repair in a written scenario, by the state that it left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct WrittenRepair {
    /// The share of the goal's facts that were wrong and are right now.
    pub recovery: Points,
    /// Whether the whole goal is reached.
    pub clean: bool,
    /// Whether what set it off is gone.
    pub durable: bool,
    /// Whether it was looked at again after the last step that helped.
    pub verified: bool,
    /// Whether the clues were seen before the first change.
    pub diagnosed: bool,
    /// What the changes cost that were wrong or did not help.
    pub harm: Points,
    /// Changes that were made.
    pub changes: u32,
    /// Those among them that were steps of a repair.
    pub helpful_changes: u32,
}

impl Strict {
    /// The same without what is right.
    #[must_use]
    pub fn sealed(&self) -> Self {
        match self.clone() {
            Self::Severity(parts) => Self::Severity(Severity { correct_severity: None, ..parts }),
            Self::RootCause(parts) => Self::RootCause(RootCause {
                correct_service: None,
                correct_mechanism: None,
                correct_trigger: None,
                ..parts
            }),
            // No server shows the strict grade of a written scenario.
            parts @ (Self::Remediation(_) | Self::WrittenCause(_) | Self::WrittenRepair(_)) => parts,
        }
    }
}
