//! The episodes of a run as a list: a line each, made from the event log as it grows.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::manifest::Manifest;
use super::{EpisodeKey, Event, EventKind, Outcome};
use crate::env::Points;

/// An episode in a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its number in the run, which stays: contestants in the order of the plan, in each the scenarios, in each the epochs.
    pub n: usize,
    /// The contestant, by its place in the plan.
    pub contestant: usize,
    /// The scenario, by its place in the plan.
    pub scenario: usize,
    /// The repetition, from 0.
    pub epoch: u32,
    /// How it ended: `completed`, `step_limit`, `void`, `crashed` or `cancelled`; none while it goes on.
    pub outcome: Option<&'static str>,
    /// What happened, where there is no score.
    pub reason: Option<String>,
    /// The score, 0 to 1.
    pub score: Option<Points>,
    /// The total of the strict grade, where that is another one.
    pub strict: Option<f64>,
    /// Steps taken.
    pub steps: u32,
    /// Model calls that succeeded.
    pub calls: u32,
    /// Tokens of prompts and answers, as far as endpoints count them.
    pub tokens: u64,
    /// What its calls cost in USD; none where no price is known.
    pub cost_usd: Option<f64>,
    /// Seconds from its beginning to its end.
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
    /// Episodes that the plan has; fewer where the run is a share.
    pub planned: usize,
    lines: HashMap<usize, Line>,
}

impl Listing {
    /// A list for the run that a manifest describes.
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
        let places = self.contestants.get(&key.model).zip(self.scenarios.get(&key.scenario));
        let Some((contestant, scenario)) = places.map(|(one, other)| (*one, *other)) else { return };
        let n = (contestant * self.scenarios.len() + scenario) * self.epochs as usize + key.epoch as usize;
        if matches!(event.event, EventKind::EpisodeStarted { .. }) {
            // Also where it begins anew: what was cut off counts no more.
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

    /// The lines, by number.
    #[must_use]
    pub fn lines(&self) -> Vec<&Line> {
        let mut lines: Vec<_> = self.lines.values().collect();
        lines.sort_unstable_by_key(|line| line.n);
        lines
    }

    /// How many episodes have ended.
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
                self.seconds = Some(event.at.duration_since(self.began).as_secs_f64());
            }
            EventKind::EpisodeRegraded { score, strict, .. } => {
                self.score = Some(*score);
                self.strict = total(strict.as_ref());
            }
            _ => {}
        }
    }
}

/// The episode of a number.
#[must_use]
pub fn key(manifest: &Manifest, n: usize) -> Option<EpisodeKey> {
    let epochs = manifest.epochs as usize;
    let (place, epoch) = (n.checked_div(epochs)?, n.checked_rem(epochs)?);
    let contestant = manifest.contestants.get(place.checked_div(manifest.scenarios.len())?)?;
    let scenario = manifest.scenarios.get(place.checked_rem(manifest.scenarios.len())?)?;
    let epoch = u32::try_from(epoch).ok()?;
    Some(EpisodeKey { model: contestant.label.clone(), scenario: scenario.id.clone(), epoch })
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::StepLimit => "step_limit",
        Outcome::Void(_) => "void",
        Outcome::Crashed => "crashed",
        Outcome::Cancelled => "cancelled",
    }
}

fn total(strict: Option<&serde_json::Value>) -> Option<f64> {
    strict?.get("total")?.as_f64()
}
