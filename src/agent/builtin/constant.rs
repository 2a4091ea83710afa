//! The agent that always gives the same answer. A score must be read against what it earns.

use super::blind::answer;
use crate::agent::policy::{Decision, Policy, Turn};
use incident_env::Observation;

/// Submits at once P2 as the severity and the first alerted service as the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constant;

impl Policy for Constant {
    fn turn(&mut self, observation: &Observation) -> Turn {
        Turn::Act(Decision::builtin(answer(observation, "it failed")))
    }
}
