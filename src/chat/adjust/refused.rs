//! What an endpoint says that it refuses, as far as the request had it. Pure.

use super::names::NAMES;
use super::sent::Sent;
use super::text::{Text, Word, has_word, parts};
use crate::chat::wire::{Optional, is_page};
use crate::chat::{Api, ChatError};

/// A refusal, beside the request that was refused.
pub(super) struct Refused<'a> {
    /// The parts of the path of the parameter that the endpoint names, which is empty if it names none.
    path: Vec<String>,
    text: Text,
    sent: &'a Sent,
}

/// What is named by a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A parameter of the request.
    Part(Optional),
    /// A field of earlier messages.
    Field(String),
}

/// The words by which a text says that it refuses something.
const REFUSING: [&str; 22] = [
    "support",
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "extra",
    "additional",
    "permitted",
    "invalid",
    "allowed",
    "deprecated",
    "unavailable",
    "not available",
    "must",
    "may only",
    "may not",
    "can not",
    "cannot",
    "verified",
    "not compatible",
    "incompatible",
    "cannot find",
];

/// What says that something is missing, which cannot be left out.
const MISSING: [&str; 4] = ["passed back", "must include", "field required", "missing required"];

/// What says that the request was not refused for its form, but for what is in it or for when it came.
const OF_OTHER_THINGS: [&str; 15] = [
    "content filter",
    "content_filter",
    "content management policy",
    "content policy",
    "usage policy",
    "usage policies",
    "responsible ai",
    "responsibleai",
    "safety system",
    "moderation",
    "was flagged",
    "rate limit",
    "too many requests",
    "overloaded",
    "try again later",
];

/// What says that streaming is refused, without its being called a parameter.
const REFUSES_STREAM: [&str; 1] = ["verified to stream"];

/// The marks before the name of a field that messages may not have.
const FIELD_MARKS: [&str; 10] = [
    "property '",
    "property \"",
    "property `",
    "unknown field \"",
    "unknown field `",
    "unknown field '",
    "unknown name \"",
    "unexpected field '",
    "not allowed ('",
    "in object: '",
];

/// The fields of a message without which it says nothing.
const ESSENTIAL: [&str; 16] = [
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "function",
    "name",
    "arguments",
    "type",
    "id",
    "call_id",
    "input",
    "output",
    "text",
    "assistant",
    "user",
    "system",
];

impl<'a> Refused<'a> {
    pub(super) fn of(error: &ChatError, sent: &'a Sent) -> Self {
        let path = error.param.as_deref().map(parts).unwrap_or_default();
        Self { path, text: Text::of(&error.message), sent }
    }

    pub(super) fn text(&self) -> &Text {
        &self.text
    }

    /// Whether the text has one of these words.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        self.text.says(words)
    }

    /// Whether a change of a parameter cannot help: something is missing, the model or what guards it did not want to
    /// answer, the endpoint has too much to do, or a page answered that is no JSON.
    pub(super) fn is_about_other_things(&self) -> bool {
        let text = self.text.lower();
        is_page(text) || text.trim_start().starts_with("<?xml") || self.says(&MISSING) || self.says(&OF_OTHER_THINGS)
    }

    /// Whether the request had this part.
    pub(super) fn had(&self, part: Optional) -> bool {
        self.sent.has(part)
    }

    /// What is refused, if the request had it.
    pub(super) fn named(&self) -> Option<Named> {
        if is_in_messages(&self.path) {
            return self.in_messages(&self.path);
        }
        if let Some(part) = self.part_of(&self.path) {
            return Some(Named::Part(part));
        }
        let words: Vec<_> = self.text.words().filter(|word| word.is_code).collect();
        let of_messages = || words.iter().find_map(|word| self.in_messages(&word.path));
        // What stands at a place in the messages is about them, whatever else it names.
        let is_about_messages = words.first().is_some_and(|word| is_in_messages(&word.path));
        if is_about_messages || self.says(&REFUSING) {
            let field = of_messages().or_else(|| is_about_messages.then(|| self.marked_field()).flatten());
            if field.is_some() || is_about_messages {
                return field;
            }
        }
        let part = self.by_code(&words).map(Named::Part);
        part.or_else(|| self.marked_field()).or_else(|| self.by_words().map(Named::Part))
    }

    /// The only parameter of the request that is named in code, or the one of several that is said to be refused.
    fn by_code(&self, words: &[Word]) -> Option<Optional> {
        let named: Vec<_> = words.iter().filter_map(|word| Some((word, self.part_of(&word.path)?))).collect();
        let (_, first) = named.first()?;
        if named.iter().all(|(_, part)| part == first) {
            return Some(*first);
        }
        let is_refused = |word: &Word| self.text.refuses_at(word.start, word.end);
        let in_refusal = |word: &Word| {
            let sentence = self.text.sentence(word.start);
            REFUSING.iter().any(|refusing| sentence.contains(refusing))
        };
        let found = named.iter().find(|(word, _)| is_refused(word));
        found.or_else(|| named.iter().find(|(word, _)| in_refusal(word))).map(|(_, part)| *part)
    }

    /// The first parameter of the request that is named in ordinary words and said to be refused.
    fn by_words(&self) -> Option<Optional> {
        if self.says(&REFUSES_STREAM) && self.had(Optional::Stream) {
            return Some(Optional::Stream);
        }
        let refused = NAMES.iter().filter(|names| self.had(names.part)).flat_map(|names| {
            let places = names.words.iter().flat_map(|words| self.text.places(words));
            let refused = places.filter(|(start, end)| self.text.refuses_at(*start, *end));
            refused.map(|(start, end)| (start, std::cmp::Reverse(end), names.part))
        });
        refused.min().map(|(_, _, part)| part)
    }

    /// Whether the limit on the tokens of an answer is named, in code or in ordinary words.
    pub(super) fn names_limit(&self) -> bool {
        let is_limit = |path: &[String]| self.part_of(path) == Some(Optional::AnswerLimit);
        is_limit(&self.path)
            || self.text.words().any(|word| is_limit(&word.path))
            || NAMES
                .iter()
                .filter(|names| names.part == Optional::AnswerLimit)
                .any(|names| names.words.iter().any(|words| has_word(self.text.lower(), words)))
    }

    /// The parameter of the request that a path names: by its last part that is a name.
    fn part_of(&self, path: &[String]) -> Option<Optional> {
        if is_in_messages(path) {
            return None;
        }
        (1..=path.len()).rev().find_map(|length| {
            let fits = |name: &&str| {
                let name = parts(name);
                let start = length.checked_sub(name.len());
                start
                    .is_some_and(|start| name.iter().zip(&path[start..length]).all(|(a, b)| squeezed(a) == squeezed(b)))
            };
            let by_this_api = NAMES
                .iter()
                .filter(|names| self.had(names.part) && names.of.is_none_or(|api: Api| api == self.sent.api));
            let fitting = by_this_api.filter_map(|names| {
                let longest = names.code.iter().filter(|name| fits(name)).map(|name| parts(name).len()).max()?;
                Some((longest, names.part))
            });
            fitting.max_by_key(|(longest, _)| *longest).map(|(_, part)| part)
        })
    }

    /// The field of earlier messages that a path names. The mark of a cache is ours and not of the model's message.
    fn in_messages(&self, path: &[String]) -> Option<Named> {
        let name = path.last().filter(|_| is_in_messages(path))?;
        if name == Optional::CacheControl.as_str() {
            return self.had(Optional::CacheControl).then_some(Named::Part(Optional::CacheControl));
        }
        self.field(name)
    }

    /// The field of earlier messages that stands behind words that say that it is not known.
    fn marked_field(&self) -> Option<Named> {
        FIELD_MARKS.iter().find_map(|mark| {
            let rest = &self.text.lower()[self.text.lower().find(mark)? + mark.len()..];
            let path = parts(rest.split(['\'', '"', '`']).next()?);
            self.field(path.last()?)
        })
    }

    fn field(&self, name: &str) -> Option<Named> {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_own = is_name && !ESSENTIAL.contains(&name);
        self.sent.field(name).filter(|_| is_own).map(|field| Named::Field(field.to_owned()))
    }
}

/// Whether a path leads into the messages.
fn is_in_messages(path: &[String]) -> bool {
    path.len() > 1 && path.first().is_some_and(|first| matches!(first.as_str(), "messages" | "input"))
}

/// A name without underscores and capitals.
fn squeezed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
