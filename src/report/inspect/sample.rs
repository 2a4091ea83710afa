//! The samples: each is one episode, in full and as the summary that lists show.

use serde_json::{Value, json};

use super::ids;
use super::names::{object, protocol, scorer, seconds, time};
use super::transcript::Transcript;
use super::usage::Spent;
use crate::log::{Contestant, Outcome};
use crate::report::episodes::ExportedRun;
use crate::report::episodes::{self, End, Episode};

/// The most bytes of a text in a summary.
const LONGEST: usize = 1_000;

/// One episode as a sample.
pub(super) struct Sample {
    /// The name of the member in the archive.
    pub(super) name: String,
    pub(super) full: Value,
    pub(super) summary: Value,
    pub(super) spent: Spent,
    /// Whether the episode ended without an error.
    pub(super) completed: bool,
}

/// The episodes of a contestant that have begun, in the order of the plan.
pub(super) fn all(run: &ExportedRun<'_>, contestant: &Contestant) -> Vec<Sample> {
    episodes::of(run, &contestant.label).iter().map(|episode| sample(run, contestant, episode)).collect()
}

fn sample(run: &ExportedRun<'_>, contestant: &Contestant, episode: &Episode<'_>) -> Sample {
    let Episode { key, id, task, started, events, end } = episode;
    let (task, started) = (*task, *started);
    let uuid = ids::sample(&run.manifest.id, key);
    let epoch = key.epoch + 1;
    let input = episode.input(run.incidents);
    let target = task.submission().as_str();
    // Only the kind is given, because the columns of a data frame are texts and numbers.
    let outcome = json!(end.outcome);
    let metadata = object(json!({
        "task": task, "episode_id": id, "outcome": outcome["kind"], "steps": end.steps,
    }));

    let mut transcript = Transcript::new(&uuid, &contestant.label, protocol(contestant), started);
    // Older versions require a state, newer ones do not.
    let init = json!({ "sample": { "id": key.scenario, "input": input, "target": target }, "state": {} });
    transcript.push("sample_init", started, init);
    for event in events {
        transcript.apply(event);
    }
    transcript.close(end.at);
    let error = end.problem().map(|problem| error(&problem));
    let limit = (end.outcome == Some(Outcome::StepLimit)).then(|| {
        // A step is neither a message nor a turn: repairs and built-in agents have other numbers of those.
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
    let score = score(end, transcript.answer());
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
    Sample {
        name: format!("samples/{}_epoch_{epoch}.json", key.scenario),
        full,
        summary: cut(summary),
        spent: played.spent,
        completed: error.is_none(),
    }
}

fn score(end: &End<'_>, answer: Option<&str>) -> Option<Value> {
    let part = |key: &str| end.grade.and_then(|grade| grade.get(key));
    let score = end.score?;
    Some(object(json!({
        "value": score, "answer": answer, "explanation": part("feedback"), "metadata": part("breakdown"),
    })))
}

/// An error in the format's form, which requires two more texts than we have.
pub(super) fn error(message: &str) -> Value {
    json!({ "message": message, "traceback": message, "traceback_ansi": message })
}

/// Cuts the long texts of a value.
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
