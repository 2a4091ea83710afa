//! The classic graders: one deterministic grader for each task.

mod remediation;
mod root_cause;
mod severity;

use crate::grade::Grade;
use crate::scripted::truth::{Answer, Truth};
use crate::trajectory::Trajectory;

/// Grades the steps of an episode by the grader of its task.
pub(in crate::scripted) fn grade(steps: Trajectory<'_>, truth: &Truth) -> Grade {
    match &truth.answer {
        Answer::Severity(right) => severity::grade(steps, *right),
        Answer::RootCause(right) => root_cause::grade(steps, right, truth),
        Answer::Repair(right) => remediation::grade(steps, right, truth),
    }
}
