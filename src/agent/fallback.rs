//! The fallback: a fixed routine that looks at the most obvious evidence and then answers blindly.
//!
//! The LLM agent falls back to it. It also plays alone as a row of the score table, so that points that it earns are
//! never mistaken for a model's.

use std::sync::Arc;

use super::policy::{Decision, Policy, Turn};
use incident_env::{Action, ActionKind, Alert, Diagnostic, Observation, Submission, TaskId};

/// The next action of the routine. It reads the logs of every service, alerted ones first, then the deploys of the
/// alerted services, and then it submits blindly, which it always does in the last step.
#[must_use]
pub fn next(observation: &Observation) -> Action {
    let look = |kind: Diagnostic, services: &[&Arc<str>]| {
        let unread = services.iter().find(|service| observation.reading(kind, service).is_none())?;
        Some(Action::with(ActionKind::Diagnostic(kind), &[("service", unread)]))
    };
    if observation.steps_left() > 1 {
        let alerted = alerted_first(observation);
        let count = observation.briefing.alert.affected_services.len().min(alerted.len());
        let sweep =
            look(Diagnostic::QueryLogs, &alerted).or_else(|| look(Diagnostic::CheckRecentDeploys, &alerted[..count]));
        if let Some(action) = sweep {
            return action;
        }
    }
    submission(observation)
}

/// The services, with those that the alert names first.
fn alerted_first(observation: &Observation) -> Vec<&Arc<str>> {
    let affected = &observation.briefing.alert.affected_services;
    let mut services: Vec<_> = observation.briefing.services.iter().collect();
    services.sort_by_key(|service| affected.iter().position(|name| **name == ***service).unwrap_or(usize::MAX));
    services
}

fn submission(observation: &Observation) -> Action {
    let alert = &observation.briefing.alert;
    let submit = |kind, texts: &[(&str, &str)]| Action::with(ActionKind::Submission(kind), texts);
    match observation.task().id {
        TaskId::AlertClassification => submit(Submission::Severity, &[("severity", severity_by_numbers(alert))]),
        TaskId::RootCauseAnalysis => {
            let first = alert.affected_services.first().map_or("unknown", String::as_str);
            submit(Submission::RootCause, &[("service", first), ("failure_mode", "failing requests, reason not found")])
        }
        TaskId::RemediationPlanning => submit(
            Submission::Resolution,
            &[("summary", "The alerted services were looked at. No change was made and the state is unknown.")],
        ),
    }
}

/// A severity by numbers: P1 from half of the requests or 10 000 $/min, P2 from a fifth or 1 000 $/min, and otherwise
/// P3.
fn severity_by_numbers(alert: &Alert) -> &'static str {
    let errors = alert.error_rate.unwrap_or(0.0);
    let revenue = alert.revenue_impact_per_min.as_ref().and_then(serde_json::Number::as_f64).unwrap_or(0.0);
    if errors >= 0.5 || revenue >= 10_000.0 {
        "P1"
    } else if errors >= 0.2 || revenue >= 1_000.0 {
        "P2"
    } else {
        "P3"
    }
}

/// The fallback as an agent of its own.
#[derive(Debug, Default)]
pub struct Fallback;

impl Policy for Fallback {
    fn turn(&mut self, observation: &Observation) -> Turn {
        Turn::Act(Decision::builtin(next(observation)))
    }
}
