//! The rule-based responder: the bar that a model has to beat.
//!
//! It sees observations and nothing else. It reads the logs of the alerted services, follows the names in their trouble to
//! other logs, looks for a change near the onset, and takes the service where the trail ends as the cause. Then it takes the
//! change back, runs the runbooks that the cause's own evidence speaks of, restarts what remains broken, and verifies. Every
//! rule is about the form of evidence, and none is about a scenario.

mod investigation;
mod reading;
mod repair;
mod severity;
mod simulated;

use super::{Decision, Policy, Turn};
use crate::env::{Action, ActionKind, Diagnostic, Observation, Submission, TaskId};

use investigation::Investigation;
use repair::Repair;
use simulated::Trail;

/// The responder in one episode.
#[derive(Debug, Default)]
pub struct Heuristic {
    investigation: Investigation,
    repair: Repair,
    trail: Trail,
}

impl Policy for Heuristic {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let action = match observation.task().id {
            // Only simulated incidents have a closed list of mechanisms.
            _ if !observation.briefing.mechanisms.is_empty() => self.trail.next(observation),
            TaskId::AlertClassification => severity::next(observation),
            TaskId::RootCauseAnalysis => self.find_cause(observation),
            TaskId::RemediationPlanning => self.repair(observation),
        };
        Turn::Act(Decision::builtin(action))
    }
}

impl Heuristic {
    fn find_cause(&mut self, observation: &Observation) -> Action {
        if observation.steps_left() > 1
            && let Some(look) = self.investigation.next(observation)
        {
            return look;
        }
        let (service, failure_mode) = self.investigation.conclusion(observation);
        submit(Submission::RootCause, &[("service", &service), ("failure_mode", &failure_mode)])
    }

    fn repair(&mut self, observation: &Observation) -> Action {
        if observation.steps_left() > 1 {
            if !self.repair.has_begun()
                && let Some(look) = self.investigation.next(observation)
            {
                return look;
            }
            if let Some(action) = self.repair.next(&self.investigation, observation) {
                return action;
            }
        }
        submit(Submission::Resolution, &[("summary", &self.repair.summary(&self.investigation, observation))])
    }
}

fn submit(kind: Submission, texts: &[(&str, &str)]) -> Action {
    Action::with(ActionKind::Submission(kind), texts)
}

fn look(kind: Diagnostic, service: &str) -> Action {
    Action::with(ActionKind::Diagnostic(kind), &[("service", service)])
}
