//! The rules for joining runs: which of them may share a table, and which are the shards of one run.

use std::collections::BTreeMap;

use super::event::Event;
use super::learnt::learnt;
use super::manifest::{Manifest, RunId};
use super::shard::Shard;
use super::summary::{Row, Summary, relate};
use crate::chat::adjust::Adjusted;

/// Why runs cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// There is nothing to join.
    #[error("no run was named")]
    NoRun,
    /// The suites or the prompts of two runs differ.
    #[error("runs {first} and {second} have different {what}: one table would compare what cannot be compared")]
    Material {
        /// The first run or runs.
        first: RunId,
        /// The run that differs from it.
        second: RunId,
        /// `suite` or `prompts`.
        what: &'static str,
    },
    /// Two runs were graded by other graders, or planned with other epochs or another seed.
    #[error("runs {first} and {second} have different graders, epochs or seeds")]
    Rules {
        /// The first run or runs.
        first: RunId,
        /// The run that differs from it.
        second: RunId,
    },
    /// Two runs played other scenarios.
    #[error("runs {first} and {second} played different scenarios")]
    Scenarios {
        /// The first run or runs.
        first: RunId,
        /// The run that differs from it.
        second: RunId,
    },
    /// A run is not a shard.
    #[error("run {0} is no shard: it was made without --shard")]
    NotAShard(RunId),
    /// Two runs are the same shard.
    #[error("runs {first} and {second} are both shard {shard}")]
    Twice {
        /// The run that was added first.
        first: RunId,
        /// The run that was added next.
        second: RunId,
        /// The shard that both of them are.
        shard: Shard,
    },
    /// Two shards belong to different runs.
    #[error("runs {first} and {second} are not shards of one run")]
    Strangers {
        /// The run with the lowest shard.
        first: RunId,
        /// The run that does not belong to it.
        second: RunId,
    },
    /// The endpoint of a model refused other parameters of one shard than of another.
    #[error(
        "runs {first} and {second} asked {model} in different ways, because its endpoint refused other parameters: one table would compare what cannot be compared"
    )]
    Adjusted {
        /// The run with the lowest shard.
        first: RunId,
        /// The run that differs from it.
        second: RunId,
        /// The label of the model.
        model: String,
    },
    /// Some shards are not there.
    #[error("shards are missing: {0}")]
    Missing(String),
}

/// Puts the rows of several runs into one table. A built-in agent that has the same scores in each of them gets one row.
///
/// # Errors
/// The function returns an error if the runs did not play the same scenarios by the same rules.
pub fn join(summaries: Vec<Summary>) -> Result<Summary, JoinError> {
    let mut summaries = summaries.into_iter();
    let Some(mut joined) = summaries.next() else { return Err(JoinError::NoRun) };
    for summary in summaries {
        comparable(&joined, &summary)?;
        for row in summary.rows {
            if row.is_measured() || !joined.rows.iter().any(|other| is_same(other, &row)) {
                joined.rows.push(row);
            }
        }
        let head = &mut joined.run;
        head.log_digest = None;
        head.id = RunId(format!("{} {}", head.id, summary.run.id));
        head.started_at = head.started_at.min(summary.run.started_at);
        // If one of them did not finish, the joined table is not finished either.
        head.finished_at = head.finished_at.zip(summary.run.finished_at).map(|(a, b)| a.max(b));
    }
    // Models come first and built-in agents below them, as in a single run.
    joined.rows.sort_by_key(|row| row.protocol.is_none());
    // One run may have the programs that another one lacks.
    relate(&mut joined.rows);
    Ok(joined)
}

/// Whether two rows are of the same contestant and have the same scores.
fn is_same(one: &Row, other: &Row) -> bool {
    let scores = |row: &Row| row.tasks.values().map(|task| task.scenarios.clone()).collect::<Vec<_>>();
    one.contestant == other.contestant && scores(one) == scores(other)
}

/// Whether the scores of two runs may be compared.
fn comparable(first: &Summary, second: &Summary) -> Result<(), JoinError> {
    let (a, b) = (&first.run, &second.run);
    let runs = || (a.id.clone(), b.id.clone());
    let material = [("suite", &a.suite_digest, &b.suite_digest), ("prompts", &a.prompts_digest, &b.prompts_digest)];
    if let Some((what, ..)) = material.into_iter().find(|(_, a, b)| a != b) {
        let (first, second) = runs();
        return Err(JoinError::Material { first, second, what });
    }
    if (&a.graders, a.epochs, a.seed) != (&b.graders, b.epochs, b.seed) {
        let (first, second) = runs();
        return Err(JoinError::Rules { first, second });
    }
    if scenarios(first) != scenarios(second) {
        let (first, second) = runs();
        return Err(JoinError::Scenarios { first, second });
    }
    Ok(())
}

/// The scenarios of a run. Every row has all of them, so the first one is enough.
fn scenarios(summary: &Summary) -> Vec<&String> {
    let tasks = summary.rows.first().map(|row| row.tasks.values());
    tasks.into_iter().flatten().flat_map(|task| task.scenarios.keys()).collect()
}

/// Whether two runs have the same contestants, whatever their endpoints refused.
fn same_contestants(one: &Manifest, other: &Manifest) -> bool {
    let plain = |manifest: &Manifest| {
        let mut contestants = manifest.contestants.clone();
        for settings in contestants.iter_mut().filter_map(|contestant| contestant.settings.as_mut()) {
            settings.adjusted = Adjusted::default();
        }
        contestants
    };
    plain(one) == plain(other)
}

/// The shards of one run, each with what its log says.
#[derive(Debug, Default)]
pub struct Shards(BTreeMap<Shard, (Manifest, Vec<Event>)>);

impl Shards {
    /// Adds a run.
    ///
    /// # Errors
    /// The function returns an error if the run is not a shard, or if its shard was added before.
    pub fn add(&mut self, manifest: Manifest, events: Vec<Event>) -> Result<(), JoinError> {
        let Some(shard) = manifest.shard else { return Err(JoinError::NotAShard(manifest.id)) };
        if let Some((other, _)) = self.0.get(&shard) {
            return Err(JoinError::Twice { first: other.id.clone(), second: manifest.id, shard });
        }
        self.0.insert(shard, (manifest, events));
        Ok(())
    }

    /// The manifest of the whole run under a new id.
    ///
    /// # Errors
    /// The function returns an error if the shards belong to different runs, or if one of them is missing.
    pub fn whole(&self, id: RunId) -> Result<Manifest, JoinError> {
        let Some((first, (manifest, _))) = self.0.first_key_value() else { return Err(JoinError::NoRun) };
        for (shard, (other, _)) in &self.0 {
            if shard.of != first.of || !other.plays_as(manifest) || !same_contestants(other, manifest) {
                return Err(JoinError::Strangers { first: manifest.id.clone(), second: other.id.clone() });
            }
            if let Some(model) = self.adjusted_otherwise(*shard, *first) {
                return Err(JoinError::Adjusted { first: manifest.id.clone(), second: other.id.clone(), model });
            }
        }
        let all = (1..=first.of).map(|index| Shard { index, of: first.of });
        let missing: Vec<_> = all.filter(|shard| !self.0.contains_key(shard)).map(|shard| shard.to_string()).collect();
        if !missing.is_empty() {
            return Err(JoinError::Missing(missing.join(", ")));
        }
        let started_at = self.0.values().map(|(manifest, _)| manifest.started_at).min().unwrap_or(manifest.started_at);
        let merged = self.0.values().map(|(manifest, _)| manifest.id.clone()).collect();
        Ok(Manifest { id, started_at, shard: None, merged, ..manifest.clone() })
    }

    /// The label of a model whose requests were changed in different ways in two shards. The words of the endpoint do not
    /// count.
    fn adjusted_otherwise(&self, one: Shard, other: Shard) -> Option<String> {
        let (one, other) = (self.0.get(&one)?, self.0.get(&other)?);
        let (one, other) = (learnt(&one.0, &one.1), learnt(&other.0, &other.1));
        let differs = |(label, adjusted): &(&String, &Adjusted)| {
            other.get(*label).is_none_or(|other| other.changes() != adjusted.changes())
        };
        one.iter().find(differs).map(|(label, _)| label.clone())
    }

    /// The events of all shards, shard by shard.
    pub fn into_events(self) -> impl Iterator<Item = Event> {
        self.0.into_values().flat_map(|(_, events)| events)
    }
}
