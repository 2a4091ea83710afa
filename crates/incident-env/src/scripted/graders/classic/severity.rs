//! The classic grade of `alert_classification`: how far the submitted severity is from the right one.

use crate::grade::{Breakdown, Grade};
use crate::points::Points;
use crate::severity::Severity;
use crate::trajectory::Trajectory;

/// Grades the submitted severity: 1.0 if it is right, 0.5 one level off, 0.25 two levels off, and otherwise 0. Case is
/// ignored.
pub(super) fn grade(steps: Trajectory<'_>, right: Severity) -> Grade {
    let submitted = steps.answer().and_then(|answer| answer.text("severity")).map(str::to_uppercase);
    let distance =
        submitted.as_deref().and_then(Severity::from_name).map(|severity| right.overstated_by(severity).unsigned_abs());
    let total = match distance {
        Some(0) => Points::ONE,
        Some(1) => Points::new(5_000),
        Some(2) => Points::new(2_500),
        _ => Points::ZERO,
    };
    let feedback = match (&submitted, distance) {
        (None, _) => "no severity was submitted".to_owned(),
        (Some(severity), None) => {
            format!("'{}' is no severity", severity.chars().take(40).collect::<String>())
        }
        (Some(severity), Some(0)) => format!("{severity} is right"),
        (Some(severity), Some(n)) => {
            format!("{severity} is {n} level{} off; right is {right}", if n == 1 { "" } else { "s" })
        }
    };
    let breakdown = Breakdown::Severity {
        submitted_severity: submitted,
        correct_severity: right.as_str().to_owned(),
        severity_match: total,
    };
    Grade { total, breakdown, feedback }
}
