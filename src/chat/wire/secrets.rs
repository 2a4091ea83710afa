//! Removes what must not be kept or printed from what an endpoint says: keys, and the values of secret headers. Pure.
//!
//! Endpoints repeat a key that they refuse, some return the whole request, and a model may repeat what a gateway told
//! it. A secret is also found where JSON wrote it with escapes, once or more than once.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::chat::{ChatError, ChatReply, ServedBy, ToolCall};

/// The fewest bytes of a text that is worth hiding. A shorter key is not a secret but a placeholder, such as `none`, and
/// may be any word.
const SHORTEST_SECRET: usize = 8;
/// What stands in the place of a secret.
const HIDDEN: &str = "[key]";

/// The texts that are to be hidden.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Hides these texts, but for those that are too short to be secret.
    #[must_use]
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut texts: Vec<_> = texts.into_iter().filter(|text| text.len() >= SHORTEST_SECRET).collect();
        // A longer one may have a shorter one in it.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let mut seen = std::collections::BTreeSet::new();
        texts.retain(|text| seen.insert(text.clone()));
        Self(texts)
    }

    /// Hides these texts besides.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        Self::new(self.0)
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the secrets from a text.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.0 {
            if let Some(without) = without(&clean, secret) {
                clean = Cow::Owned(without);
            }
        }
        clean
    }

    fn text(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.clean(text) {
            *text = clean;
        }
    }

    fn some(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// Removes the secrets from all strings and names of a value.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.value(entry)),
            Value::Object(fields) => {
                if fields.keys().any(|name| matches!(self.clean(name), Cow::Owned(_))) {
                    let old = std::mem::take(fields);
                    let renamed = old.into_iter().map(|(name, value)| (self.clean(&name).into_owned(), value));
                    *fields = renamed.collect::<Map<_, _>>();
                }
                fields.values_mut().for_each(|value| self.value(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Removes the secrets from a reply.
    #[must_use]
    pub fn reply(&self, mut reply: ChatReply) -> ChatReply {
        if self.0.is_empty() {
            return reply;
        }
        if let crate::chat::FinishReason::Other(word) = &mut reply.finish {
            self.text(word);
        }
        for text in [&mut reply.content, &mut reply.reasoning, &mut reply.model, &mut reply.request_id] {
            self.some(text);
        }
        for ToolCall { id, name, arguments } in &mut reply.tool_calls {
            for text in [id, name, arguments] {
                self.text(text);
            }
        }
        let ServedBy { provider, service_tier, system_fingerprint } = &mut reply.served;
        for text in [provider, service_tier, system_fingerprint] {
            self.some(text);
        }
        if let Some(raw) = &mut reply.as_it_came {
            self.value(raw);
        }
        reply
    }

    /// Removes the secrets from an error.
    #[must_use]
    pub fn error(&self, mut error: ChatError) -> ChatError {
        self.text(&mut error.message);
        self.some(&mut error.request_id);
        self.some(&mut error.param);
        self.some(&mut error.stderr);
        error
    }
}

/// The text without a secret; none if the secret is not in it.
fn without(text: &str, secret: &str) -> Option<String> {
    let first = secret.chars().next()?;
    if !text.contains('\\') {
        return text.contains(secret).then(|| text.replace(secret, HIDDEN));
    }
    let mut out = String::new();
    let (mut kept, mut place) = (0, 0);
    while let Some(step) = text[place..].find([first, '\\']) {
        let start = place + step;
        if let Some(length) = begins_with(&text[start..], secret) {
            out.push_str(&text[kept..start]);
            out.push_str(HIDDEN);
            kept = start + length;
            place = kept;
        } else {
            place = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
    (kept > 0).then(|| {
        out.push_str(&text[kept..]);
        out
    })
}

/// The length of the beginning of a text that is this secret, each character of which may be written with an escape.
fn begins_with(text: &str, secret: &str) -> Option<usize> {
    let mut rest = text;
    for wanted in secret.chars() {
        rest = rest.strip_prefix(wanted).or_else(|| {
            let escape = rest.trim_start_matches('\\');
            if escape.len() == rest.len() {
                return None;
            }
            if let Some(digits) = escape.strip_prefix('u').and_then(|digits| digits.get(..4))
                && u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) == Some(wanted)
            {
                return escape.get(5..);
            }
            escape.strip_prefix(wanted)
        })?;
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_in_every_spelling() {
        let secrets = Secrets::new(["sk-secret/123".to_owned(), "none".to_owned(), "sk-secret/123-long".to_owned()]);
        for (text, clean) in [
            ("none of this", "none of this"),
            ("sk-secret/123", "[key]"),
            ("a sk-secret/123 b sk-secret/123!", "a [key] b [key]!"),
            ("sk-secret/123-long", "[key]"),
            (r"sk-secret\/123", "[key]"),
            (r"\u0073k\u002Dsecret/123", "[key]"),
            (r#"{\"a\": \"sk\\u002dsecret\\\/123\"}"#, r#"{\"a\": \"[key]\"}"#),
            (r"\sk-secret/12 ssk-secret/123", r"\sk-secret/12 s[key]"),
            (r"\n\u00", r"\n\u00"),
            ("ä\\ü", "ä\\ü"),
        ] {
            assert_eq!(secrets.clean(text), clean, "{text}");
        }
        let mut value = json!({"a": ["x sk-secret/123"], "sk-secret/123": {"b": r"sk\u002dsecret/123"}, "n": 1});
        secrets.value(&mut value);
        assert_eq!(value, json!({"a": ["x [key]"], "[key]": {"b": "[key]"}, "n": 1}));
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
    }
}
