//! `alert_classification`: how far the submitted severity is from the right one.

use super::{Breakdown, Grade};
use crate::env::points::Points;
use crate::env::scenario::Truth;
use crate::env::task::SEVERITIES;
use crate::env::trajectory::Trajectory;

pub(super) fn grade(steps: Trajectory<'_>, truth: &Truth) -> Grade {
    let submitted = steps.answer().and_then(|answer| answer.text("severity")).map(str::to_uppercase);
    let level = |name: &str| SEVERITIES.iter().position(|level| *level == name);
    let distance = submitted.as_deref().and_then(level).zip(level(&truth.severity)).map(|(a, b)| a.abs_diff(b));
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
            format!("{severity} is {n} level{} off; right is {}", if n == 1 { "" } else { "s" }, truth.severity)
        }
    };
    let breakdown = Breakdown::Severity {
        submitted_severity: submitted,
        correct_severity: truth.severity.clone(),
        severity_match: total,
    };
    Grade { total, breakdown, feedback }
}
