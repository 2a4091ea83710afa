//! The fold: it turns the events of a run into a summary. Pure.

use std::collections::BTreeSet;

use super::relative::relate;
use super::shape::{Row, RunHead, SCHEMA, Summary};
use super::tally::Tally;
use crate::log::manifest::{Contestant, PlannedScenario};
use crate::log::{EpisodeKey, Event, EventKind, Manifest};

/// Folds events into a summary. The order of events matters only within an episode.
#[derive(Debug, Clone)]
pub struct Fold {
    head: RunHead,
    scenarios: Vec<PlannedScenario>,
    tallies: Vec<Tally>,
    /// Whether the run is a shard. The contestants of a shard play different episodes by design.
    is_share: bool,
    /// The number of epochs that count, if the comparison with a baseline was decided before all planned epochs were
    /// played.
    decided_after: Option<u32>,
}

impl Fold {
    /// Makes a fold for the run that a manifest describes.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        let head = RunHead {
            id: manifest.id.clone(),
            started_at: manifest.started_at,
            finished_at: None,
            bench_version: manifest.bench_version.clone(),
            suite: manifest.suite.clone(),
            suite_digest: manifest.suite_digest.clone(),
            prompts: manifest.prompts.clone(),
            prompts_digest: manifest.prompts_digest.clone(),
            graders: manifest.graders.clone(),
            epochs: manifest.epochs,
            planned_epochs: None,
            seed: manifest.seed,
            log_digest: None,
            stopped_by: None,
            chaos: manifest.options["chaos"]["value"].as_str().map(str::to_owned),
        };
        let planned = |contestant: &Contestant| {
            let scenarios = manifest.scenarios.iter();
            let all = scenarios.flat_map(|scenario| (0..manifest.epochs).map(|epoch| (scenario.id.clone(), epoch)));
            let keys = all.filter(|(scenario, epoch)| {
                let key =
                    EpisodeKey { contestant: contestant.label.clone(), scenario: scenario.clone(), epoch: *epoch };
                manifest.shard.is_none_or(|shard| shard.includes(&key))
            });
            Tally::new(contestant, keys)
        };
        let tallies = manifest.contestants.iter().map(planned).collect();
        Self {
            head,
            scenarios: manifest.scenarios.clone(),
            tallies,
            is_share: manifest.shard.is_some(),
            decided_after: None,
        }
    }

    /// Takes one event into account.
    pub fn apply(&mut self, event: &Event) {
        match (&event.event, &event.episode) {
            (EventKind::BudgetSpent { option }, _) => self.head.stopped_by = Some(option.clone()),
            (EventKind::RunDecided { epochs }, _) => self.decided_after = Some(*epochs),
            (EventKind::RunResumed, _) => (self.head.stopped_by, self.decided_after) = (None, None),
            (EventKind::RunFinished, _) => {
                self.head.finished_at = self.head.finished_at.max(Some(event.at)).max(Some(self.head.started_at));
            }
            (EventKind::EndpointChecked { model, protocol, answered_by, replies, cost_usd, .. }, _) => {
                if let Some(tally) = self.tally(model) {
                    tally.note_check(protocol, answered_by.as_deref(), replies, *cost_usd);
                }
            }
            (EventKind::EndpointAdjusted { model, adjusted }, _) => {
                if let Some(tally) = self.tally(model) {
                    adjusted.iter().for_each(|one| tally.adjusted_later.add(one.clone()));
                }
            }
            (kind, Some(key)) => {
                if let EventKind::EpisodeRegraded { grader, .. } = kind
                    && !self.head.graders.contains(grader)
                {
                    self.head.graders.push(grader.clone());
                }
                if let Some(tally) = self.tally(&key.contestant) {
                    tally.apply(kind, key);
                }
            }
            (_, None) => {}
        }
    }

    /// Counts only so many epochs, because a comparison with a baseline is made after them.
    pub fn decided_after(&mut self, epochs: u32) {
        self.decided_after = Some(epochs);
    }

    fn tally(&mut self, label: &str) -> Option<&mut Tally> {
        self.tallies.iter_mut().find(|tally| tally.contestant.label == label)
    }

    /// Makes the summary of the events so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        if let Some(epochs) = self.decided_after.filter(|epochs| *epochs < self.head.epochs) {
            let mut whole = self.clone();
            whole.decided_after = None;
            whole.head = RunHead { epochs, planned_epochs: Some(self.head.epochs), ..whole.head };
            whole.tallies.iter_mut().for_each(|tally| tally.episodes.retain(|(_, epoch), _| *epoch < epochs));
            return whole.summary();
        }
        let common = self.head.stopped_by.as_ref().filter(|_| !self.is_share).map(|_| self.common());
        let row = |tally: &Tally| {
            let Some(common) = &common else { return tally.row(&self.scenarios, self.head.epochs) };
            let (fair, set_aside) = tally.only(common);
            let row = fair.row(&self.scenarios, self.head.epochs);
            Row { set_aside, unfinished: row.unfinished - set_aside, ..row }
        };
        // If the strict grader gave all grades, its overall score is the overall score.
        let is_strict = self.head.graders.iter().all(|grader| grader.starts_with("strict/"));
        let row = |tally: &Tally| {
            let row = row(tally);
            let strict_overall = if is_strict { row.overall } else { row.strict_overall };
            Row { strict_overall, ..row }
        };
        let mut rows: Vec<_> = self.tallies.iter().map(row).collect();
        // The contestants of a shard play different episodes.
        if !self.is_share {
            relate(&mut rows);
        }
        Summary { schema: SCHEMA.to_owned(), run: self.head.clone(), rows }
    }

    /// The episodes that every contestant has ended. These are what a run that stopped early can compare.
    fn common(&self) -> BTreeSet<(String, u32)> {
        let ended = |tally: &Tally| -> BTreeSet<_> {
            tally.episodes.iter().filter(|(_, episode)| episode.has_ended()).map(|(key, _)| key.clone()).collect()
        };
        let all = self.tallies.iter().map(ended);
        all.reduce(|common, one| common.intersection(&one).cloned().collect()).unwrap_or_default()
    }
}
