//! Trajectories: the steps of an episode as worlds and graders read them.

use crate::action::{Action, Diagnostic, Submission};

/// The meaning of an action in its scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// A diagnostic that the task offers, with its service as an index into the known services. `None` if the action
    /// named no service or an unknown one.
    Diagnostic(Diagnostic, Option<u16>),
    /// A remediation, with its index among those that the scenario knows. `None` if it is not one of them, or if it was
    /// refused.
    Remediation(Option<u16>),
    /// The task's own submission.
    Answer,
    /// The submission of another task.
    WrongSubmission(Submission),
    /// An action that does not exist, that the task does not offer, or that was refused.
    Refused,
}

/// One step of an episode.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// The action of the agent.
    pub action: Action,
    /// The meaning of the action in the scenario.
    pub resolved: Resolved,
}

/// The place of a diagnostic among those that were taken before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// Nothing of this service was looked at before.
    NewService,
    /// This service was looked at before, with other diagnostics.
    NewDiagnostic,
    /// This diagnostic of this service was taken before.
    Repeat,
}

/// The steps of an episode, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Trajectory<'a>(pub &'a [StepRecord]);

impl<'a> Trajectory<'a> {
    /// Returns the task's own submission, if there was one.
    #[must_use]
    pub fn answer(&self) -> Option<&'a Action> {
        self.0.iter().find(|step| step.resolved == Resolved::Answer).map(|step| &step.action)
    }

    /// Returns whether anything was looked at or changed.
    #[must_use]
    pub fn has_investigated(&self) -> bool {
        self.0.iter().any(|step| matches!(step.resolved, Resolved::Diagnostic(..) | Resolved::Remediation(_)))
    }

    /// Returns how new this diagnostic of this service would be after these steps.
    #[must_use]
    pub fn novelty(&self, kind: Diagnostic, service: u16) -> Novelty {
        let mut novelty = Novelty::NewService;
        for step in self.0 {
            match step.resolved {
                Resolved::Diagnostic(taken, Some(of)) if of == service && taken == kind => return Novelty::Repeat,
                Resolved::Diagnostic(_, Some(of)) if of == service => novelty = Novelty::NewDiagnostic,
                _ => {}
            }
        }
        novelty
    }

    /// Returns the remediations that were executed, by their index in the scenario, with repeats.
    pub fn executed(&self) -> impl Iterator<Item = u16> + 'a {
        self.0.iter().filter_map(|step| match step.resolved {
            Resolved::Remediation(remedy) => remedy,
            _ => None,
        })
    }

    /// Returns the service of each diagnostic that was taken, `None` for a diagnostic that named no known service.
    pub fn diagnostics(&self) -> impl Iterator<Item = Option<u16>> + 'a {
        self.0.iter().filter_map(|step| match step.resolved {
            Resolved::Diagnostic(_, service) => Some(service),
            _ => None,
        })
    }
}
