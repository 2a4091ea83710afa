//! Reads the content of an error body: its message, its code, the parameter that it names, and its token counts. Pure.

use serde_json::Value;

use super::problems::{named_parameter, problems};

/// The words with which an endpoint says that it serves a model by Responses alone.
pub const ONLY_BY_RESPONSES: [&str; 6] = [
    "only supported in v1/responses",
    "use /v1/responses",
    "use v1/responses",
    "use the responses api",
    "only available in the responses api",
    "not a chat model",
];

/// The content of an error body.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The message.
    pub(super) message: String,
    /// The codes, types and statuses, in lower case.
    pub(super) code: String,
    /// The parameter that is named, as a path with dots.
    pub(super) param: Option<String>,
    /// The tokens of the prompt.
    pub(super) prompt_tokens: Option<u64>,
    /// The tokens that the prompt may have.
    pub(super) context_limit: Option<u64>,
}

/// Reads `{"error": {…}}`, `{"error": "…"}`, `{"error": "…", "message": …}`, `{"message": …}`, `{"detail": …}`,
/// `{"title": …, "errors": …}` and `[{"error": …}]`.
pub(super) fn said(value: Option<&Value>, text: &str) -> Said {
    let value = match value {
        Some(Value::Array(items)) => items.first(),
        other => other,
    };
    let error = value.map(|value| value.get("error").filter(|error| !error.is_null()).unwrap_or(value));
    // Where the error is a word, what else is said stands beside it.
    let title = error.and_then(Value::as_str);
    let error = if title.is_some() { value } else { error };
    let field = |name: &str| error.and_then(|error| error.get(name)).filter(|value| !value.is_null());
    let problems = error.map(problems).unwrap_or_default();
    let mut message = Vec::from_iter(title.map(str::to_owned));
    message.extend(MESSAGES.iter().find_map(|name| field(name).map(words)));
    message.extend(problems.iter().filter_map(|problem| problem.message.clone()));
    // A router puts what the provider behind it says beside its own words, which say little.
    message.extend(field("metadata").and_then(|metadata| metadata.get("raw")).map(words));
    let message = joined(message).unwrap_or_else(|| text.to_owned());
    let codes: Vec<_> = ["code", "type", "status"].iter().filter_map(|name| field(name).map(words)).collect();
    let counts = counts(&message);
    Said {
        code: codes.join(" ").to_lowercase(),
        param: error.and_then(|error| named_parameter(error, problems)),
        prompt_tokens: field("n_prompt_tokens")
            .and_then(Value::as_u64)
            .or(counts.prompt.filter(|_| counts.context.is_some())),
        context_limit: field("n_ctx").and_then(Value::as_u64).or(counts.left_for_prompt()),
        message,
    }
}

/// The fields that hold the message, the best first.
const MESSAGES: [&str; 7] = ["message", "detail", "msg", "description", "error_description", "reason", "title"];

/// A value as text. A list of texts is one text.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if !all.is_empty() && all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// The texts as one, without those that another one repeats; none if there are none.
fn joined(texts: Vec<String>) -> Option<String> {
    let mut all: Option<String> = None;
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        all = Some(match all {
            None => text,
            Some(all) if all.contains(&text) => all,
            Some(all) => format!("{all}: {text}"),
        });
    }
    all
}

impl Said {
    /// Whether the code or the message has one of these words.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| self.code.contains(word) || message.contains(word))
    }

    /// Whether the request alone has more tokens than a minute allows.
    pub(super) fn is_tokens_per_minute(&self) -> bool {
        let message = self.message.to_lowercase();
        message.contains("request too large") && (message.contains("tokens per min") || message.contains("tpm"))
    }
}

/// What the words of a refusal count.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The tokens of the model's context.
    pub context: Option<u64>,
    /// The tokens of the prompt.
    pub prompt: Option<u64>,
    /// The limit on the answer, if it was counted together with the prompt.
    pub limit: Option<u64>,
}

/// Reads `maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the
/// completion)`, and the like.
#[must_use]
pub fn counts(message: &str) -> Counts {
    let text = message.to_lowercase();
    // Anthropic writes a sum: exceed context limit: 199855 + 20000 > 200000.
    if let Some((_, sum)) = text.split_once("exceed context limit: ") {
        return Counts {
            prompt: number_after(sum, &[""]),
            limit: number_after(sum, &["+ "]),
            context: number_after(sum, &["> "]),
        };
    }
    Counts {
        context: number_after(
            &text,
            &["context length is ", "context length is only ", "context length of ", "`max_new_tokens` must be <= "],
        ),
        prompt: number_before(
            &text,
            &[" in the messages", " from the input messages", " in your prompt", " of text input", " input tokens"],
        )
        .or_else(|| number_after(&text, &["given: "])),
        limit: number_before(&text, &[" in the completion", " for the completion", " in the output", " output tokens"])
            .or_else(|| number_after(&text, &["is too large: ", "`inputs` tokens and "])),
    }
}

impl Counts {
    /// The tokens that are left for the prompt beside the limit.
    fn left_for_prompt(&self) -> Option<u64> {
        self.prompt?;
        Some(self.context?.saturating_sub(self.limit.unwrap_or(0)))
    }
}

/// The number that follows the first of these words that is there.
#[must_use]
pub fn number_after(text: &str, words: &[&str]) -> Option<u64> {
    words.iter().find_map(|word| {
        let rest = &text[text.find(word)? + word.len()..];
        let rest = rest.trim_start_matches(['`', '\'', '"', '[', ' ', ':', '=']);
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '_').unwrap_or(rest.len());
        rest[..end].chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
    })
}

/// The number that stands before the first of these words that is there.
fn number_before(text: &str, words: &[&str]) -> Option<u64> {
    words.iter().find_map(|word| {
        let before = text[..text.find(word)?].trim_end().trim_end_matches(" tokens").trim_end();
        let digits: String = before.chars().rev().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
        digits.chars().rev().filter(char::is_ascii_digit).collect::<String>().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_prompt_and_its_room_are_read_from_words() {
        for (message, context, prompt, limit) in [
            (
                "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the \
                 messages, 4000 in the completion). Please reduce the length of the messages or completion.",
                Some(8192),
                Some(5000),
                Some(4000),
            ),
            (
                "This model's maximum context length is 4097 tokens, however you requested 4116 tokens (3860 in your \
                 prompt; 256 for  the completion).",
                Some(4097),
                Some(3860),
                None,
            ),
            (
                "This endpoint's maximum context length is 32768 tokens. However, you requested about 33000 tokens \
                 (17000 of text input, 16000 in the output).",
                Some(32768),
                Some(17000),
                Some(16000),
            ),
            (
                "input length and `max_tokens` exceed context limit: 199855 + 20000 > 200000, decrease input length or \
                 `max_tokens` and try again",
                Some(200_000),
                Some(199_855),
                Some(20_000),
            ),
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is \
                 8192 tokens and your request has 500 input tokens (16384 > 8192 - 500).",
                Some(8192),
                Some(500),
                Some(16384),
            ),
            (
                "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 500 `inputs` tokens and 16384 `max_new_tokens`",
                Some(8193),
                Some(500),
                Some(16384),
            ),
            (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
                Some(8192),
                None,
                None,
            ),
            (
                "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of \
                 16915 tokens: 531 tokens from the input messages and 16384 tokens for the completion. Please reduce the \
                 number of tokens in the input messages or the completion to fit within the limit.",
                Some(8192),
                Some(531),
                Some(16384),
            ),
            (
                "You passed 531 input tokens and requested 16384 output tokens. However, the model's context length is \
                 only 8192 tokens, resulting in a maximum input length of 0 tokens. Please reduce the length of the input \
                 prompt. (parameter=input_tokens, value=531)",
                Some(8192),
                Some(531),
                Some(16384),
            ),
            ("no numbers", None, None, None),
        ] {
            assert_eq!(counts(message), Counts { context, prompt, limit }, "{message}");
        }
    }

    #[test]
    fn a_parameter_is_named_in_many_ways() {
        let loc = json!([{"type": "extra_forbidden", "loc": ["body", "messages", 2, "assistant", "x"], "msg": "no"}]);
        for (body, param) in [
            (json!({"error": {"message": "m", "param": "temperature"}}), Some("temperature")),
            (json!({"error": {"message": "m", "param": null}}), None),
            (json!({"detail": loc}), Some("messages.2.assistant.x")),
            (json!({"object": "error", "message": {"detail": loc}, "param": null}), Some("messages.2.assistant.x")),
            (json!({"message": json!({"detail": loc}).to_string()}), Some("messages.2.assistant.x")),
        ] {
            assert_eq!(said(Some(&body), "").param.as_deref(), param, "{body}");
        }
    }
}
