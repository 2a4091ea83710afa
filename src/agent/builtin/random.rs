//! The agent that acts at random, which is the floor of every task.

use std::sync::Arc;

use crate::agent::policy::{Decision, Policy, Turn};
use crate::stats::rng::SplitMix64;
use incident_env::{Action, ActionKind, Observation, Remediation, Severity, Submission};

/// Chooses uniformly among the valid actions: every offered kind with every target that exists for it.
#[derive(Debug)]
pub struct Random {
    rng: SplitMix64,
}

impl Random {
    /// Makes a player with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { rng: SplitMix64::new(seed) }
    }
}

impl Policy for Random {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let valid = valid_actions(observation);
        let chosen = self.rng.below(valid.len());
        Turn::Act(Decision::builtin(valid[chosen].clone()))
    }
}

/// Every valid action of an observation, in a fixed order. The list is never empty, because a task offers its submission.
#[must_use]
pub fn valid_actions(observation: &Observation) -> Vec<Action> {
    let briefing = &observation.briefing;
    let each = |kind: &ActionKind, parameter: &str, names: &[Arc<str>]| -> Vec<Action> {
        names.iter().map(|name| Action::with(kind.clone(), &[(parameter, name)])).collect()
    };
    let of_kind = |kind: &ActionKind| match kind {
        ActionKind::Remediation(Remediation::DisableFeatureFlag) => each(kind, "flag", &briefing.flags),
        ActionKind::Remediation(Remediation::ExecuteRunbookStep) => each(kind, "runbook_action", &briefing.runbooks),
        ActionKind::Diagnostic(_) | ActionKind::Remediation(_) => each(kind, "service", &briefing.services),
        ActionKind::Submission(Submission::Severity) => {
            Severity::NAMES.map(|level| Action::with(kind.clone(), &[("severity", level)])).to_vec()
        }
        ActionKind::Submission(Submission::RootCause) => briefing
            .services
            .iter()
            .map(|name| Action::with(kind.clone(), &[("service", name), ("failure_mode", "it failed")]))
            .collect(),
        ActionKind::Submission(Submission::Resolution) => {
            vec![Action::with(kind.clone(), &[("summary", "Actions were chosen at random; the outcome is unknown.")])]
        }
        ActionKind::Other(_) => Vec::new(),
    };
    briefing.task.actions.iter().flat_map(of_kind).collect()
}
