//! The responder: it chooses the rules for the task of the episode.

use super::actions::submit;
use super::generated::Trail;
use super::investigation::Investigation;
use super::repair::Repair;
use super::severity;
use crate::agent::policy::{Decision, Policy, Turn};
use incident_env::{Action, Observation, Submission, TaskId};

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
            _ if observation.briefing.asks_for_citations() => self.trail.next(observation),
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
