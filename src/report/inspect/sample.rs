//! Samples: an episode each, in full and as the summary that lists show.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::transcript::Transcript;
use super::usage::Spent;
use super::{Kept, ids, object, protocol, scorer, seconds, time};
use crate::chat::Message;
use crate::env::{Points, TaskId};
use crate::log::{Contestant, EpisodeKey, Event, EventKind, Outcome};

/// The most bytes of a text in a summary.
const LONGEST: usize = 1_000;

/// One episode as a sample.
pub(super) struct Sample {
    /// The member of the archive.
    pub(super) name: String,
    pub(super) full: Value,
    pub(super) summary: Value,
    pub(super) spent: Spent,
    /// Whether it ended without an error.
    pub(super) completed: bool,
}

/// How an episode ended.
struct End<'a> {
    at: Timestamp,
    outcome: Option<Outcome>,
    score: Option<Points>,
    steps: u32,
    grade: Option<&'a Value>,
    message: Option<&'a str>,
}

/// The episodes of a contestant that have begun, in the order of the plan.
pub(super) fn all(run: &Kept<'_>, contestant: &Contestant) -> Vec<Sample> {
    let mut by_episode: BTreeMap<&EpisodeKey, Vec<&Event>> = BTreeMap::new();
    for event in run.events {
        if let Some(key) = event.episode.as_ref().filter(|key| key.model == contestant.label) {
            by_episode.entry(key).or_default().push(event);
        }
    }
    let place = |key: &EpisodeKey| run.manifest.scenarios.iter().position(|scenario| scenario.id == key.scenario);
    let mut episodes: Vec<_> = by_episode.into_iter().collect();
    episodes.sort_by_key(|(key, _)| (place(key), key.epoch));
    episodes.into_iter().filter_map(|(key, events)| sample(run, contestant, key, &events)).collect()
}

fn sample(run: &Kept<'_>, contestant: &Contestant, key: &EpisodeKey, events: &[&Event]) -> Option<Sample> {
    let (started, episode_id, task) = events.iter().find_map(|event| match &event.event {
        EventKind::EpisodeStarted { episode_id, task } => Some((event.at, episode_id, *task)),
        _ => None,
    })?;
    let end = end(events)?;
    let uuid = ids::sample(&run.manifest.id, key);
    let epoch = key.epoch + 1;
    let input = input(run, key, events, task);
    let target = task.submission().as_str();
    // By its kind alone: the columns of a data frame are texts and numbers.
    let outcome = json!(end.outcome);
    let metadata = object(json!({
        "task": task, "episode_id": episode_id, "outcome": outcome["kind"], "steps": end.steps,
    }));

    let mut transcript = Transcript::new(&uuid, &contestant.label, protocol(contestant), started);
    // Older versions insist on a state, newer ones do not.
    let init = json!({ "sample": { "id": key.scenario, "input": input, "target": target }, "state": {} });
    transcript.push("sample_init", started, init);
    for event in events {
        transcript.apply(event);
    }
    transcript.close(end.at);
    let error = end.error();
    let limit = (end.outcome == Some(Outcome::StepLimit)).then(|| {
        // A step is neither a message nor a turn: repairs and built-in agents make other numbers of those.
        let reason = format!("the {} steps of {task} were used up without a submission", end.steps);
        json!({ "type": "custom", "limit": end.steps, "reason": reason })
    });
    if let Some(limit) = &limit {
        let fields = json!({ "type": limit["type"], "limit": limit["limit"], "message": limit["reason"] });
        transcript.push("sample_limit", end.at, fields);
    }
    if let Some(error) = &error {
        transcript.push("error", end.at, json!({ "error": error }));
    }
    let grader = scorer(run.manifest);
    let score = end.score(transcript.answer());
    if let Some(score) = &score {
        transcript.push("score", end.at, json!({ "score": score, "target": target, "scorer": grader }));
    }
    let played = transcript.finish();

    let total = seconds(started, end.at);
    let scores = score.map(|score| json!({ grader: score }));
    let usage = played.spent.by_model(&contestant.label);
    let message = error.as_ref().map(|error| error["message"].clone());
    let summary = object(json!({
        "id": key.scenario, "epoch": epoch, "input": input, "target": target, "metadata": metadata, "scores": scores,
        "model_usage": usage, "started_at": time(started), "completed_at": time(end.at), "total_time": total,
        "working_time": (total - played.waited).max(0.0), "uuid": uuid, "error": message,
        "limit": limit.as_ref().map(|limit| limit["type"].clone()),
        "limit_reason": limit.as_ref().map(|limit| limit["reason"].clone()),
        "completed": true, "message_count": played.messages.len(), "turn_count": played.turns,
    }));
    let full = object(json!({
        "id": key.scenario, "epoch": epoch, "input": input, "target": target, "messages": played.messages,
        "output": played.output, "scores": scores, "metadata": metadata, "events": played.events,
        "model_usage": usage, "started_at": time(started), "completed_at": time(end.at), "total_time": total,
        "working_time": (total - played.waited).max(0.0), "uuid": uuid, "error": error, "limit": limit,
        "events_data": { "messages": played.messages, "calls": [] },
    }));
    Some(Sample {
        name: format!("samples/{}_epoch_{epoch}.json", key.scenario),
        full,
        summary: cut(summary),
        spent: played.spent,
        completed: error.is_none(),
    })
}

/// What the agent was told first: by us to a model, or by the environment where no model was asked.
fn input(run: &Kept<'_>, key: &EpisodeKey, events: &[&Event], task: TaskId) -> String {
    let said = events.iter().find_map(|event| match &event.event {
        EventKind::ModelCalled { new_messages, .. } => new_messages.iter().find_map(|message| match message {
            Message::User { content } => Some(content),
            _ => None,
        }),
        _ => None,
    });
    let known = said.or_else(|| run.incidents.get(&key.scenario));
    known.cloned().unwrap_or_else(|| format!("{task}: incident {}", key.scenario))
}

/// The end is the last event, or else there is none: an episode that ended without a score may have gone on.
fn end<'a>(events: &[&'a Event]) -> Option<End<'a>> {
    let last = events.last()?;
    if let EventKind::EpisodeFinished { outcome, score, steps, grade, message } = &last.event {
        return Some(End {
            at: last.at,
            outcome: Some(*outcome),
            score: score.filter(|_| outcome.is_scored()),
            steps: *steps,
            grade: grade.as_ref(),
            message: message.as_deref(),
        });
    }
    let steps = events.iter().filter(|event| matches!(event.event, EventKind::StepTaken(_))).count();
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    Some(End { at: last.at, outcome: None, score: None, steps, grade: None, message: None })
}

impl End<'_> {
    /// Why there is no score, if there is none.
    fn error(&self) -> Option<Value> {
        let message = match self.outcome {
            Some(Outcome::Completed | Outcome::StepLimit) => return None,
            Some(Outcome::Void(kind)) => self.message.map_or_else(|| kind.to_string(), str::to_owned),
            Some(Outcome::Crashed) => format!("the harness failed: {}", self.message.unwrap_or("no message")),
            Some(Outcome::Cancelled) => self.message.unwrap_or("the run was stopped").to_owned(),
            None => "the log ends before the episode does".to_owned(),
        };
        Some(error(&message))
    }

    fn score(&self, answer: Option<&str>) -> Option<Value> {
        let part = |key: &str| self.grade.and_then(|grade| grade.get(key));
        let score = self.score?;
        Some(object(json!({
            "value": score, "answer": answer, "explanation": part("feedback"), "metadata": part("breakdown"),
        })))
    }
}

/// An error in the form that asks for two more texts than we have.
pub(super) fn error(message: &str) -> Value {
    json!({ "message": message, "traceback": message, "traceback_ansi": message })
}

/// The same with its long texts cut.
fn cut(value: Value) -> Value {
    match value {
        Value::String(mut text) if text.len() > LONGEST => {
            let end = (0..=LONGEST - '…'.len_utf8()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
            Value::String(text)
        }
        Value::Array(values) => values.into_iter().map(cut).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, cut(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, bytes) in
            [("a".repeat(1_000), 1_000), ("a".repeat(1_001), 1_000), (format!("a{}", "é".repeat(600)), 998 + 2)]
        {
            let Value::String(shown) = cut(text.clone().into()) else { panic!() };
            assert_eq!(shown.len(), bytes, "{shown}");
            assert!(shown == text || text.starts_with(shown.strip_suffix('…').unwrap()));
        }
        assert_eq!(cut(json!({ "a": ["x".repeat(2_000), 1] }))["a"][0].as_str().unwrap().len(), 1_000);
    }
}
