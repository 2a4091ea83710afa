//! The agents of kept runs, and the spread of their scores.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::question::Assumptions;
use crate::log::{Row, RunId, Summary};
use crate::stats::components::Scored;
use crate::stats::spread::{Components, PairSpread};
use incident_env::TaskId;

/// The reason why two runs cannot give one spread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("runs {first} and {second} have different suites: one plan cannot take its spread from both")]
pub struct OtherSuite {
    /// The first run.
    pub first: RunId,
    /// The run that played another suite.
    pub second: RunId,
}

/// What the spread of an agent's scores comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It was measured over scenarios and epochs.
    Measured,
    /// The agent is known to play the same in every epoch.
    Deterministic,
    /// All epochs of each scenario had the same score; the variance of the posterior pass rate is used, as in the gate.
    NoSpreadSeen,
    /// A single epoch was played, so each part of the spread is taken to be the whole.
    OneEpoch,
    /// Nothing was measured.
    Assumed,
}

/// An agent whose scores are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) name: String,
    /// The most epochs with a score of a scenario.
    pub(super) epochs: usize,
    /// Whether it is a model, a program or a client, and no agent of this program.
    pub(super) measured: bool,
    deterministic: bool,
    /// The scores of the epochs, by scenario.
    scores: BTreeMap<(TaskId, String), Vec<f64>>,
}

impl Subject {
    fn new(row: &Row) -> Option<Self> {
        let mut scores = BTreeMap::new();
        for (task, of_task) in &row.tasks {
            for (scenario, found) in &of_task.scenarios {
                let known: Vec<_> = found.epochs.iter().flatten().copied().collect();
                if !known.is_empty() {
                    scores.insert((*task, scenario.clone()), known);
                }
            }
        }
        Some(Self {
            name: row.contestant.clone(),
            epochs: scores.values().map(Vec::len).max()?,
            measured: row.is_measured(),
            deterministic: !row.is_measured() && !row.is_by_chance(),
            scores,
        })
    }

    /// The number of scenarios with a score.
    pub(super) fn scenarios(&self) -> usize {
        self.scores.len()
    }

    /// The components of the spread, with given parts in their place, and what they come from.
    pub(super) fn components(&self, given: &Assumptions) -> (Components, Basis) {
        match self.scored(|_| true).components() {
            None => (given.components(), Basis::Assumed),
            Some(found) => (given.over(found), self.basis()),
        }
    }

    fn basis(&self) -> Basis {
        let constant = |cell: &Vec<f64>| cell.iter().all(|score| score.to_bits() == cell[0].to_bits());
        match self.epochs {
            _ if self.deterministic => Basis::Deterministic,
            1 => Basis::OneEpoch,
            _ if self.scores.values().all(constant) => Basis::NoSpreadSeen,
            _ => Basis::Measured,
        }
    }

    /// The spread of the difference from another agent over the scenarios that both have scores of, and what it comes
    /// from.
    pub(super) fn against(&self, other: &Self) -> Option<(PairSpread, Basis)> {
        let of = |subject: &Self, other: &Self| subject.scored(|scenario| other.scores.contains_key(scenario));
        let spread = of(self, other).against(&of(other, self))?;
        Some((spread, self.basis().max(other.basis())))
    }

    fn scored(&self, chosen: impl Fn(&(TaskId, String)) -> bool) -> Scored<TaskId> {
        let (tasks, cells) = self
            .scores
            .iter()
            .filter(|(scenario, _)| chosen(scenario))
            .map(|((task, _), cell)| (*task, cell.clone()))
            .unzip();
        Scored { tasks, cells, deterministic: self.deterministic }
    }
}

/// The agents of kept runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subjects {
    /// The runs from which they come.
    pub(super) runs: Vec<RunId>,
    /// The name of the suite that the runs played.
    pub(super) suite: String,
    /// The most epochs of a run.
    pub(super) epochs: u32,
    pub(super) all: Vec<Subject>,
}

impl Subjects {
    /// Reads the agents of some runs. Agents without any score are left out. An agent of several runs is named with the run.
    ///
    /// # Errors
    /// The function returns an error if two runs have different suites.
    pub fn of(summaries: &[Summary]) -> Result<Self, OtherSuite> {
        let Some(first) = summaries.first() else { return Ok(Self::default()) };
        let mut all: Vec<(&RunId, Subject)> = Vec::new();
        for summary in summaries {
            if summary.run.suite_digest != first.run.suite_digest {
                return Err(OtherSuite { first: first.run.id.clone(), second: summary.run.id.clone() });
            }
            for subject in summary.rows.iter().filter_map(Subject::new) {
                // A built-in agent plays the same in every run.
                if subject.measured || all.iter().all(|(_, other)| *other != subject) {
                    all.push((&summary.run.id, subject));
                }
            }
        }
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<_> =
            all.iter().map(|(_, subject)| subject.name.clone()).filter(|name| !seen.insert(name.clone())).collect();
        let named = |(run, mut subject): (&RunId, Subject)| {
            if twice.contains(&subject.name) {
                subject.name = format!("{} ({run})", subject.name);
            }
            subject
        };
        Ok(Self {
            runs: summaries.iter().map(|summary| summary.run.id.clone()).collect(),
            suite: first.run.suite.clone(),
            epochs: summaries.iter().map(|summary| summary.run.epochs).max().unwrap_or(1),
            all: all.into_iter().map(named).collect(),
        })
    }

    /// The number of scenarios with scores, and the number of epochs; none without an agent.
    #[must_use]
    pub fn size(&self) -> Option<(usize, u32)> {
        Some((self.all.iter().map(Subject::scenarios).max()?, self.epochs))
    }

    /// The names of the agents.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.all.iter().map(|subject| subject.name.as_str()).collect()
    }

    /// Keeps the agents with these names. Without names it keeps the models, programs and clients if there are any.
    pub fn keep(&mut self, names: &[String]) {
        let any = self.all.iter().any(|subject| subject.measured);
        self.all
            .retain(|subject| if names.is_empty() { subject.measured || !any } else { names.contains(&subject.name) });
    }
}
