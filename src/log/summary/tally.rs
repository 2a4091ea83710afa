//! The tally of one contestant: what is counted while events are folded. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::agent::{StepSource, exec};
use crate::chat::adjust::Adjusted;
use crate::chat::{ChatReply, ErrorKind, Retry, Usage};
use crate::log::event::StepTaken;
use crate::log::{CLIENT, Contestant, EpisodeKey, EventKind, Outcome};
use incident_env::Signal;

/// The counts of one contestant.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) contestant: Contestant,
    pub(super) protocol: Option<String>,
    /// What was learnt of the endpoint during the run.
    pub(super) adjusted_later: Adjusted,
    pub(super) answered_by: Option<String>,
    pub(super) episodes: BTreeMap<(String, u32), EpisodeTally>,
    pub(super) usage: Usage,
    pub(super) check_usage: Usage,
    pub(super) calls_without_usage: usize,
    pub(super) calls: usize,
    pub(super) failed_calls: usize,
    pub(super) retries: usize,
    pub(super) waited_ms: u64,
    pub(super) cost: Option<f64>,
    pub(super) latencies: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct EpisodeTally {
    pub(super) finished: Option<(Outcome, Option<f64>)>,
    pub(super) steps: usize,
    pub(super) by_source: BTreeMap<StepSource, usize>,
    pub(super) problems: usize,
    /// The number of replies by which the model, or what guards it, refused to answer.
    pub(super) refusals: usize,
    /// The steps for which it refused at least once.
    pub(super) refused_steps: BTreeSet<u32>,
    pub(super) dropped: usize,
    pub(super) message: Option<String>,
    pub(super) actions: Sha256,
    pub(super) repeats: usize,
    pub(super) last_source: Option<StepSource>,
    pub(super) grade: Option<Value>,
    /// The total of the strict grade, if the score comes from another grader.
    pub(super) strict: Option<f64>,
    /// The fault of the last call, if it failed. In an episode with a score it means that the agent was gone.
    pub(super) failed: Option<(ErrorKind, String)>,
}

/// The protocol by which a contestant is asked; none for built-in agents, which nobody asks.
fn protocol(contestant: &Contestant) -> Option<String> {
    let of_model = contestant.settings.as_ref().map(|settings| settings.protocol.clone());
    let others = [exec::NAME, CLIENT].into_iter().find(|name| contestant.agent == *name);
    of_model.or_else(|| others.map(str::to_owned))
}

/// The total of a grade as the log has it.
fn total(grade: Option<&Value>) -> Option<f64> {
    grade?.get("total")?.as_f64()
}

impl Tally {
    /// Makes the tally of a contestant for its planned episodes, each given by scenario and epoch.
    pub(super) fn new(contestant: &Contestant, planned: impl Iterator<Item = (String, u32)>) -> Self {
        Self {
            protocol: protocol(contestant),
            contestant: contestant.clone(),
            adjusted_later: Adjusted::default(),
            answered_by: None,
            episodes: planned.map(|key| (key, EpisodeTally::default())).collect(),
            usage: Usage::default(),
            check_usage: Usage::default(),
            calls_without_usage: 0,
            calls: 0,
            failed_calls: 0,
            retries: 0,
            waited_ms: 0,
            cost: Some(0.0),
            latencies: Vec::new(),
        }
    }

    /// Takes the check of an endpoint before the run into account.
    pub(super) fn note_check(
        &mut self,
        protocol: &str,
        answered_by: Option<&str>,
        replies: &[ChatReply],
        cost_usd: Option<f64>,
    ) {
        self.protocol = Some(protocol.to_owned());
        self.note_model(answered_by);
        for usage in replies.iter().filter_map(|reply| reply.usage) {
            self.check_usage += usage;
        }
        self.cost = self.cost.map(|sum| sum + cost_usd.unwrap_or(0.0));
    }

    /// Returns the tally with these episodes only, and the number of ended episodes that are left out.
    pub(super) fn only(&self, common: &BTreeSet<(String, u32)>) -> (Self, usize) {
        let mut fair = self.clone();
        let mut set_aside = 0;
        for (_, episode) in fair.episodes.iter_mut().filter(|(key, _)| !common.contains(key)) {
            set_aside += usize::from(std::mem::take(episode).has_ended());
        }
        (fair, set_aside)
    }

    fn note_retries(&mut self, retries: &[Retry]) {
        self.retries += retries.len();
        self.waited_ms += retries.iter().map(|retry| retry.delay_ms).sum::<u64>();
    }

    pub(super) fn note_model(&mut self, answered_by: Option<&str>) {
        let name = self.contestant.settings.as_ref().map(|settings| settings.name.as_str());
        if let Some(model) = answered_by.filter(|model| Some(*model) != name) {
            self.answered_by = Some(model.to_owned());
        }
    }

    pub(super) fn apply(&mut self, kind: &EventKind, key: &EpisodeKey) {
        let episode = self.episodes.entry((key.scenario.clone(), key.epoch)).or_default();
        match kind {
            EventKind::StepTaken(step) => episode.note(step),
            EventKind::EpisodeFinished { outcome, score, message, grade, strict, .. } => {
                episode.strict = total(strict.as_ref());
                episode.message.clone_from(message);
                episode.grade.clone_from(grade);
                episode.finished = Some((*outcome, score.map(incident_env::Points::to_f64)));
            }
            EventKind::EpisodeRegraded { score, grade, strict, .. } => {
                episode.strict = total(strict.as_ref());
                episode.grade = Some(grade.clone());
                if let Some((_, kept)) = &mut episode.finished {
                    *kept = Some(score.to_f64());
                }
            }
            EventKind::ModelCalled { step, reply, cost_usd, dropped_evidence, .. } => {
                episode.failed = None;
                if reply.finish.is_refusal() {
                    episode.refusals += 1;
                    episode.refused_steps.insert(*step);
                }
                episode.dropped = episode.dropped.max(*dropped_evidence);
                self.calls += 1;
                self.note_retries(&reply.retries);
                self.latencies.push(reply.latency_ms);
                match reply.usage {
                    Some(usage) => self.usage += usage,
                    None => self.calls_without_usage += 1,
                }
                self.cost = self.cost.zip(*cost_usd).map(|(sum, cost)| sum + cost);
                self.note_model(reply.model.as_deref());
            }
            EventKind::ModelFailed { error, message, retries, .. } => {
                episode.failed = Some((*error, message.clone()));
                self.failed_calls += 1;
                self.note_retries(retries);
            }
            _ => {}
        }
    }
}

impl EpisodeTally {
    /// Whether the episode was played to its end, even if it is void.
    pub(super) fn has_ended(&self) -> bool {
        self.finished.is_some_and(|(outcome, _)| outcome != Outcome::Cancelled)
    }

    /// Whether the episode has a score.
    pub(super) fn is_scored(&self) -> bool {
        self.finished.is_some_and(|(outcome, _)| outcome.is_scored())
    }

    fn note(&mut self, step: &StepTaken) {
        self.steps += 1;
        *self.by_source.entry(step.source).or_insert(0) += 1;
        self.problems += usize::from(step.problem.is_some());
        self.repeats += usize::from(step.reason.contains(Signal::ExactRepeat.as_str()));
        self.last_source = Some(step.source);
        let parameters = serde_json::to_string(&step.parameters).unwrap_or_default();
        self.actions.update(format!("{} {} {parameters}\n", step.step, step.action_type));
    }
}
