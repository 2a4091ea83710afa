//! Trajectories: the steps of an episode as worlds and graders read them.

use crate::action::{Action, Diagnostic, Submission};
use crate::question::Question;

/// The meaning of an action in its scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// A diagnostic that the task offers, with its service as an index into the known services. `None` if the action
    /// named no service or an unknown one, also where it asks about the whole system.
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
    /// What a diagnostic that was carried out asked; `None` for every other step.
    pub question: Option<Box<Question>>,
}

/// The place of a diagnostic among those that were taken before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// Nothing of this service was looked at before.
    NewService,
    /// This service was looked at before, with other diagnostics or other parameters.
    NewDiagnostic,
    /// The same was asked before.
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

    /// Returns how new the answer to a question would be after these steps.
    #[must_use]
    pub fn novelty(&self, question: &Question) -> Novelty {
        let mut novelty = Novelty::NewService;
        for asked in self.0.iter().filter_map(|step| step.question.as_deref()) {
            if asked == question {
                return Novelty::Repeat;
            }
            if asked.service == question.service {
                novelty = Novelty::NewDiagnostic;
            }
        }
        novelty
    }

    /// Returns the steps since the last remediation that was carried out.
    #[must_use]
    pub fn since_remediation(&self) -> Trajectory<'a> {
        let last = self.0.iter().rposition(|step| matches!(step.resolved, Resolved::Remediation(_)));
        Trajectory(&self.0[last.map_or(0, |last| last + 1)..])
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
