//! The classic grade of `remediation_planning`: the steps that were executed, the harm that was done, and the summary.

use super::super::terms;
use crate::grade::{Breakdown, Grade};
use crate::points::Points;
use crate::scripted::truth::{Repair, Truth};
use crate::trajectory::Trajectory;

/// Grades a repair: 0.6 for a submission after an investigation, up to 0.3 for the executed share of the right steps,
/// up to 0.1 for terms in the summary, and 0.05 less for each of at most three harmful remediations.
pub(super) fn grade(steps: Trajectory<'_>, right: &Repair, truth: &Truth) -> Grade {
    let summary = steps.answer().and_then(|answer| answer.text("summary")).filter(|_| steps.has_investigated());
    let matched = right.sequence.iter().filter(|step| steps.executed().any(|done| done == **step)).count();
    let wrong = steps.executed().filter(|done| truth.wrong.contains(done)).count();
    let Some(summary) = summary else {
        return Grade {
            total: Points::ZERO,
            breakdown: breakdown([Points::ZERO; 4], matched, right.sequence.len(), wrong, 0),
            feedback: "no resolution was submitted, or nothing was looked at or done before it".to_owned(),
        };
    };
    let hits = terms::count(&right.resolution_terms, summary);

    let base = Points::new(6_000);
    #[expect(clippy::cast_precision_loss, reason = "a sequence has few steps")]
    let efficiency = Points::round(0.3 * matched as f64 / right.sequence.len().max(1) as f64);
    let penalty = Points::new(-500 * i32::try_from(wrong.min(3)).unwrap_or(3));
    let bonus = match hits {
        0 => Points::ZERO,
        1 | 2 => Points::new(500),
        _ => Points::new(1_000),
    };
    Grade {
        total: (base + efficiency + penalty + bonus).clamp(Points::ZERO, Points::ONE),
        breakdown: breakdown([base, efficiency, penalty, bonus], matched, right.sequence.len(), wrong, hits),
        feedback: format!(
            "{matched} of {} repair steps executed, {wrong} harmful actions, {hits} terms in the summary",
            right.sequence.len()
        ),
    }
}

fn breakdown(
    [base, efficiency_bonus, wrong_action_penalty, summary_bonus]: [Points; 4],
    correct_actions_matched: usize,
    correct_actions_total: usize,
    wrong_actions_count: usize,
    summary_keywords_hit: usize,
) -> Breakdown {
    Breakdown::Remediation {
        base,
        efficiency_bonus,
        wrong_action_penalty,
        summary_bonus,
        correct_actions_matched,
        correct_actions_total,
        wrong_actions_count,
        summary_keywords_hit,
    }
}
