//! The episodes of a run as a list with one line for each, built from the event log as it grows.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::manifest::Manifest;
use super::{EpisodeKey, Event, EventKind, Outcome};
use incident_env::Points;

/// One episode as a line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The number of the episode in the run, which never changes. Contestants come in the order of the plan, for each
    /// of them the scenarios, and for each of these the epochs.
    pub n: usize,
    /// The index of the contestant in the plan.
    pub contestant: usize,
    /// The index of the scenario in the plan.
    pub scenario: usize,
    /// The number of the repetition, from 0.
    pub epoch: u32,
    /// The outcome: `completed`, `step_limit`, `given_up`, `void`, `crashed` or `cancelled`; none while the episode is being
    /// played.
    pub outcome: Option<&'static str>,
    /// The reason why there is no score.
    pub reason: Option<String>,
    /// The score from 0 to 1.
    pub score: Option<Points>,
    /// The total of the strict grade, if the score comes from another grader.
    pub strict: Option<f64>,
    /// The number of steps that were taken.
    pub steps: u32,
    /// The number of model calls that succeeded.
    pub calls: u32,
    /// The tokens of prompts and answers, as far as endpoints count them.
    pub tokens: u64,
    /// The cost of the calls in USD; none if a price is not known.
    pub cost_usd: Option<f64>,
    /// The time from the beginning of the episode to its end in seconds.
    pub seconds: Option<f64>,
    #[serde(skip)]
    began: Timestamp,
}

/// The episodes of a run that have begun.
#[derive(Debug, Clone)]
pub struct Listing {
    contestants: HashMap<String, usize>,
    scenarios: HashMap<String, usize>,
    epochs: u32,
    /// The number of episodes in the plan, or in this run's share of it.
    pub planned: usize,
    lines: HashMap<usize, Line>,
}

impl Listing {
    /// Makes an empty list for the run that a manifest describes.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        let numbered = |names: Vec<&String>| names.into_iter().cloned().zip(0..).collect::<HashMap<_, _>>();
        let mut listing = Self {
            contestants: numbered(manifest.contestants.iter().map(|contestant| &contestant.label).collect()),
            scenarios: numbered(manifest.scenarios.iter().map(|scenario| &scenario.id).collect()),
            epochs: manifest.epochs,
            planned: manifest.contestants.len() * manifest.scenarios.len() * manifest.epochs as usize,
            lines: HashMap::new(),
        };
        if let Some(shard) = manifest.shard {
            listing.planned =
                (0..listing.planned).filter(|n| key(manifest, *n).is_some_and(|key| shard.includes(&key))).count();
        }
        listing
    }

    /// Takes one event into account.
    pub fn apply(&mut self, event: &Event) {
        let Some(key) = &event.episode else { return };
        let places = self.contestants.get(&key.contestant).zip(self.scenarios.get(&key.scenario));
        let Some((contestant, scenario)) = places.map(|(one, other)| (*one, *other)) else { return };
        let n = (contestant * self.scenarios.len() + scenario) * self.epochs as usize + key.epoch as usize;
        if matches!(event.event, EventKind::EpisodeStarted { .. }) {
            // An episode may begin a second time after a run was cut off; its earlier events count no more.
            let line = Line {
                n,
                contestant,
                scenario,
                epoch: key.epoch,
                outcome: None,
                reason: None,
                score: None,
                strict: None,
                steps: 0,
                calls: 0,
                tokens: 0,
                cost_usd: None,
                seconds: None,
                began: event.at,
            };
            self.lines.insert(n, line);
        } else if let Some(line) = self.lines.get_mut(&n) {
            line.apply(event);
        }
    }

    /// The lines in the order of their numbers.
    #[must_use]
    pub fn lines(&self) -> Vec<&Line> {
        let mut lines: Vec<_> = self.lines.values().collect();
        lines.sort_unstable_by_key(|line| line.n);
        lines
    }

    /// The number of episodes that have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.lines.values().filter(|line| line.outcome.is_some_and(|outcome| outcome != "cancelled")).count()
    }
}

impl Line {
    fn apply(&mut self, event: &Event) {
        match &event.event {
            EventKind::ModelCalled { reply, cost_usd, .. } => {
                self.calls += 1;
                let usage = reply.usage.unwrap_or_default();
                self.tokens += usage.prompt_tokens + usage.completion_tokens;
                self.cost_usd = cost_usd.map_or(self.cost_usd, |cost| Some(self.cost_usd.unwrap_or(0.0) + cost));
            }
            EventKind::StepTaken(step) => self.steps = step.step,
            EventKind::EpisodeFinished { outcome, score, strict, message, .. } => {
                self.outcome = Some(word(*outcome));
                self.reason.clone_from(message);
                self.score = *score;
                self.strict = total(strict.as_ref());
                self.seconds = Some(seconds_between(self.began, event.at));
            }
            EventKind::EpisodeRegraded { score, strict, .. } => {
                self.score = Some(*score);
                self.strict = total(strict.as_ref());
            }
            _ => {}
        }
    }
}

/// The key of the episode with a given number; none if the plan has no such episode.
#[must_use]
pub fn key(manifest: &Manifest, n: usize) -> Option<EpisodeKey> {
    let epochs = manifest.epochs as usize;
    let (place, epoch) = (n.checked_div(epochs)?, n.checked_rem(epochs)?);
    let contestant = manifest.contestants.get(place.checked_div(manifest.scenarios.len())?)?;
    let scenario = manifest.scenarios.get(place.checked_rem(manifest.scenarios.len())?)?;
    let epoch = u32::try_from(epoch).ok()?;
    Some(EpisodeKey { contestant: contestant.label.clone(), scenario: scenario.id.clone(), epoch })
}

/// The seconds between two times of a log. Logs of earlier versions go back where the clock did.
#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::StepLimit => "step_limit",
        Outcome::GivenUp => "given_up",
        Outcome::Void(_) => "void",
        Outcome::Crashed => "crashed",
        Outcome::Cancelled => "cancelled",
    }
}

fn total(strict: Option<&serde_json::Value>) -> Option<f64> {
    strict?.get("total")?.as_f64()
}
