//! The classic grade of `root_cause_analysis`: the right service and failure mode, and how direct the search was.

use super::super::terms;
use crate::grade::{Breakdown, Grade};
use crate::points::Points;
use crate::scripted::truth::{RootCause, Truth};
use crate::trajectory::Trajectory;

/// Grades the submitted root cause: 0.6 for service and failure mode, 0.35 for the service alone, 0.1 for another
/// service, and up to 0.4 for a direct search that ended at the right service.
pub(super) fn grade(steps: Trajectory<'_>, right: &RootCause, truth: &Truth) -> Grade {
    let answer = steps.answer();
    let service = answer.and_then(|answer| answer.text("service"));
    let mode = answer.and_then(|answer| answer.text("failure_mode")).unwrap_or_default();
    let service_match = service.is_some_and(|service| truth.names(service, &right.service));
    let mode_match = terms::count(&right.failure_mode_terms, mode) > 0;

    let (base, feedback) = match service {
        None => (Points::ZERO, "no root cause was submitted".to_owned()),
        Some(_) if service_match && mode_match => (Points::new(6_000), "right service and failure mode".to_owned()),
        Some(_) if service_match => (Points::new(3_500), "right service, but not how it failed".to_owned()),
        Some(_) => (Points::new(1_000), format!("wrong service; it began in {}", right.service)),
    };
    let efficiency_bonus = if service_match { efficiency(steps) } else { Points::ZERO };
    Grade {
        total: (base + efficiency_bonus).min(Points::ONE),
        breakdown: Breakdown::RootCause {
            base,
            efficiency_bonus,
            service_match,
            mode_match,
            submitted_service: service.map(str::to_owned),
            correct_service: right.service.clone(),
        },
        feedback,
    }
}

/// Returns the bonus for a direct search: min(0.4, 0.4·K/Q + 0.05·min(K, 3)) for Q diagnostics of K different known
/// services.
fn efficiency(steps: Trajectory<'_>) -> Points {
    let queries = steps.diagnostics().count();
    let mut services: Vec<_> = steps.diagnostics().flatten().collect();
    services.sort_unstable();
    services.dedup();
    let known = services.len();
    if queries == 0 {
        return Points::ZERO;
    }
    #[expect(clippy::cast_precision_loss, reason = "an episode has few steps")]
    let bonus = 0.4 * known as f64 / queries as f64 + 0.05 * known.min(3) as f64;
    Points::round(bonus.min(0.4))
}
