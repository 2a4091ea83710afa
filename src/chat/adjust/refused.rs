//! What an endpoint says that it refuses. Pure.

use crate::chat::ChatError;

/// The words of a refusal, in lower case.
pub(super) struct Refused {
    /// The parts of the path of the parameter that the endpoint names, which is empty if it names none.
    path: Vec<String>,
    text: String,
}

/// The words by which a text says that it refuses something.
const REFUSING: [&str; 20] = [
    "support",
    "unknown",
    "unrecognized",
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

impl Refused {
    pub(super) fn of(error: &ChatError) -> Self {
        let path = error.param.as_deref().map(parts).unwrap_or_default();
        Self { path, text: error.message.to_lowercase() }
    }

    /// Whether the text has one of these words.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// Whether the parameter that the endpoint names is one of these.
    pub(super) fn names_as_param(&self, names: &[&str]) -> bool {
        self.path.first().is_some_and(|first| !is_list(first))
            && self.path.iter().any(|part| names.iter().any(|name| name == part))
    }

    /// Whether the text refuses one of these parameters by its name.
    pub(super) fn names_in_text(&self, names: &[&str]) -> bool {
        self.says(&REFUSING) && names.iter().any(|name| has_word(&self.text, name))
    }

    /// The field of earlier messages that is refused, if there is one.
    pub(super) fn message_field(&self) -> Option<String> {
        let of_path = |path: &[String]| {
            let field = path.last().filter(|_| path.first().is_some_and(|first| is_list(first)) && path.len() > 1)?;
            is_field(field).then(|| field.clone())
        };
        if let Some(field) = of_path(&self.path) {
            return Some(field);
        }
        if !self.says(&REFUSING) {
            return None;
        }
        let words = self.text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-')));
        let of_words = words.filter(|word| word.len() > 1).find_map(|word| of_path(&parts(word)));
        of_words.or_else(|| {
            let after = ["property '", "unknown field \"", "unknown field `", "unknown field '", "not allowed ('"];
            let field = after.iter().find_map(|start| {
                let rest = &self.text[self.text.find(start)? + start.len()..];
                rest.split(['\'', '"', '`']).next()
            })?;
            is_field(field).then(|| field.to_owned())
        })
    }
}

/// The parts of a path such as `messages[2].content.0.x`.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// Whether this is the parameter that holds the messages.
fn is_list(name: &str) -> bool {
    matches!(name, "messages" | "input")
}

fn is_field(name: &str) -> bool {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !ESSENTIAL.contains(&name)
}

/// Whether a text has a word that is not a part of a longer name.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(start, _)| !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part))
}
