//! The right answers of a scripted world. Only graders and proofs read them; no observation can reach them.

use std::sync::Arc;

use super::facts::Guard;
use crate::names::Aliases;
use crate::severity::Severity;

/// The sealed answers, and the remediations that do harm.
#[derive(Debug)]
pub(super) struct Truth {
    /// The answer of the task.
    pub(super) answer: Answer,
    /// Remediations that do harm, as indices into the script's remedies.
    pub(super) wrong: Vec<u16>,
    /// Short names that an answer may use for a service.
    pub(super) aliases: Arc<Aliases>,
}

/// The right answer, by task.
#[derive(Debug)]
pub(super) enum Answer {
    /// The severity of the incident.
    Severity(Severity),
    /// The service and the way in which the incident began.
    RootCause(RootCause),
    /// The steps and the goal of the repair.
    Repair(Repair),
}

/// The right root cause.
#[derive(Debug)]
pub(super) struct RootCause {
    /// The service in which the incident began.
    pub(super) service: String,
    /// The terms of a right failure mode, which contains at least one of them.
    pub(super) failure_mode_terms: Vec<String>,
}

/// The right repair.
#[derive(Debug)]
pub(super) struct Repair {
    /// The steps in their order, as indices into the script's remedies.
    pub(super) sequence: Vec<u16>,
    /// Terms that a good summary contains.
    pub(super) resolution_terms: Vec<String>,
    /// The facts that hold when the incident is over.
    pub(super) goal: Guard,
}

impl Truth {
    /// Returns whether a submitted service is this one, by its name or by an alias.
    pub(super) fn names(&self, submitted: &str, service: &str) -> bool {
        self.aliases.names(submitted, service)
    }

    /// Returns the steps of the right repair; the list is empty for tasks without one.
    pub(super) fn sequence(&self) -> &[u16] {
        match &self.answer {
            Answer::Repair(repair) => &repair.sequence,
            Answer::Severity(_) | Answer::RootCause(_) => &[],
        }
    }

    /// Returns the facts that hold when the incident is over, as a guard without conditions for tasks without a repair.
    pub(super) fn goal(&self) -> Guard {
        match &self.answer {
            Answer::Repair(repair) => repair.goal,
            Answer::Severity(_) | Answer::RootCause(_) => Guard::default(),
        }
    }
}
