//! What a request that was refused had in it. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chat::Api;
use crate::chat::wire::{ModelSettings, Optional};

/// The parts of a request that was sent. What is not among them cannot have been refused.
#[derive(Debug)]
pub struct Sent {
    /// The API by which it was asked.
    pub(super) api: Api,
    /// The limit on the tokens of the answer.
    pub(super) limit: Option<u64>,
    parts: BTreeSet<Optional>,
    /// The names of all fields in its messages.
    fields: BTreeSet<String>,
}

/// The fields of a body that hold the messages.
const MESSAGES: [&str; 2] = ["messages", "input"];

/// The names of the limit on the tokens of an answer.
const LIMITS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// The places of parameters in a body. Those of a place with a dot lie in an object.
const PLACES: [(Optional, &[&str]); 12] = [
    (Optional::Temperature, &["temperature"]),
    (Optional::ToolChoice, &["tool_choice"]),
    (Optional::ResponseFormat, &["response_format", "text.format", "output_config.format"]),
    (Optional::ParallelToolCalls, &["parallel_tool_calls", "tool_choice.disable_parallel_tool_use"]),
    (Optional::ReasoningEffort, &["reasoning_effort", "reasoning.effort", "output_config.effort"]),
    (Optional::Thinking, &["thinking"]),
    (Optional::Stream, &["stream"]),
    (Optional::StreamOptions, &["stream_options"]),
    (Optional::EncryptedReasoning, &["include"]),
    (Optional::Store, &["store"]),
    (Optional::OutputConfig, &["output_config"]),
    (Optional::AnswerLimit, &LIMITS),
];

/// The parameters that may lie at several depths of a body.
const ANYWHERE: [Optional; 3] = [Optional::Strict, Optional::MaxLength, Optional::CacheControl];

impl Sent {
    /// Looks through a body that was made with these settings. What the user's own fields replace is not ours to change.
    #[must_use]
    pub fn of(body: &Value, settings: &ModelSettings) -> Self {
        let is_ours = |name: &str| !settings.extra_body.contains_key(name);
        let ours: Vec<(&String, &Value)> =
            body.as_object().into_iter().flatten().filter(|(name, _)| is_ours(name)).collect();
        let at = |place: &str| {
            let (first, rest) = place.split_once('.').map_or((place, None), |(first, rest)| (first, Some(rest)));
            let (_, value) = ours.iter().find(|(name, _)| *name == first)?;
            rest.map_or(Some(*value), |rest| value.get(rest))
        };
        let mut parts: BTreeSet<_> = PLACES
            .iter()
            .filter(|(_, places)| places.iter().any(|place| at(place).is_some()))
            .map(|(part, _)| *part)
            .collect();
        let mut names = BTreeSet::new();
        for (_, value) in ours.iter().filter(|(name, _)| !MESSAGES.contains(&name.as_str())) {
            names_in(value, &mut names);
        }
        let mut fields = BTreeSet::new();
        MESSAGES.iter().filter_map(|name| at(name)).for_each(|messages| names_in(messages, &mut fields));
        let is_there = |part: &&Optional| names.contains(part.as_str()) || is_mark(**part, &fields);
        parts.extend(ANYWHERE.iter().filter(is_there));
        Self { api: settings.spoken(), limit: LIMITS.iter().find_map(|name| at(name)?.as_u64()), parts, fields }
    }

    /// Whether the request had this part.
    pub(super) fn has(&self, part: Optional) -> bool {
        self.parts.contains(&part)
    }

    /// The field of its messages that has this name, whatever its capitals.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let same = self.fields.get(name).or_else(|| self.fields.iter().find(|field| field.eq_ignore_ascii_case(name)));
        same.map(String::as_str)
    }
}

/// The mark of a cache is ours also in messages.
fn is_mark(part: Optional, fields: &BTreeSet<String>) -> bool {
    part == Optional::CacheControl && fields.contains(part.as_str())
}

fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                names_in(value, names);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| names_in(entry, names)),
        _ => {}
    }
}
