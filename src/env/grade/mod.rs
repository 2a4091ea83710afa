//! The classic grade: one deterministic grader a task (page 1.5 of the contract).

mod remediation;
mod root_cause;
mod severity;
pub mod strict;
pub mod terms;

use serde::Serialize;

use super::points::Points;
use super::scenario::Scenario;
use super::task::TaskId;
use super::trajectory::Trajectory;

/// The version of these graders; it stands in every run, and a change of any rule changes it.
pub const VERSION: &str = "classic/1";

/// What an episode is worth, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grade {
    /// The score.
    pub total: Points,
    /// How it comes about.
    pub breakdown: Breakdown,
    /// The same in a sentence.
    pub feedback: String,
}

/// The parts of a grade, by task. It names right answers: not for agents before the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the keys are those of the contract, page 1.5")]
pub enum Breakdown {
    Severity {
        submitted_severity: Option<String>,
        correct_severity: String,
        severity_match: Points,
    },
    RootCause {
        base: Points,
        efficiency_bonus: Points,
        service_match: bool,
        mode_match: bool,
        submitted_service: Option<String>,
        correct_service: String,
    },
    Remediation {
        base: Points,
        efficiency_bonus: Points,
        wrong_action_penalty: Points,
        summary_bonus: Points,
        correct_actions_matched: usize,
        correct_actions_total: usize,
        wrong_actions_count: usize,
        summary_keywords_hit: usize,
    },
    Strict(Box<strict::Strict>),
}

/// Grades the steps of an episode by its task's grader.
pub(super) fn grade(steps: Trajectory<'_>, scenario: &Scenario) -> Grade {
    match scenario.briefing.task.id {
        TaskId::AlertClassification => severity::grade(steps, &scenario.truth),
        TaskId::RootCauseAnalysis => root_cause::grade(steps, &scenario.truth),
        TaskId::RemediationPlanning => remediation::grade(steps, &scenario.truth),
    }
}
