//! Reads from a refusal that a filter of the host stopped what was asked or written. Pure.
//!
//! Some hosts answer so with an error where others end an answer with the reason `content_filter`. It says something about
//! the model as it is offered there on either, so it becomes a reply, which is scored and counted as a refusal.

use serde_json::Value;

use super::meta::Meta;
use super::said::said;
use crate::chat::{ChatReply, FinishReason};

/// What is in the codes and types of errors of filters, without regard to case, `_`, `-` and spaces. The wordings are those
/// of `tests/it/fixtures/filters.json`.
const CODES: [&str; 13] = [
    "contentfilter",
    "contentpolicy",
    "responsibleaipolicy",
    "invalidprompt",
    "moderationblocked",
    "contentmoderation",
    "datainspectionfailed",
    "sensitivecontent",
    "safetyviolation",
    "guardrail",
    "promptblocked",
    "cyberpolicy",
    "contentblocked",
];

/// What is in the messages of filters.
const WORDS: [&str; 27] = [
    "contentpolicyviolation",
    "response was filtered",
    "prompt was filtered",
    "content management policy",
    "content filter",
    "content_filter",
    "content policy",
    "content moderation",
    "content safety",
    "flagged as potentially violating",
    "your input was flagged",
    "input was flagged",
    "prompt was flagged",
    "content was flagged",
    "flagged by",
    "content exists risk",
    "considered high risk",
    "inappropriate content",
    "violates usage guidelines",
    "violates our usage",
    "safety system",
    "responsible ai",
    "guardrail",
    "sensitive content",
    "sensitive information",
    "敏感",
    "不安全",
];

/// What an error about the account, and not about a text, speaks of.
const OF_AN_ACCOUNT: [&str; 5] = ["your account", "your organization", "incorrect api key", "suspended", "deactivated"];

/// The statuses with which filters answer. A 5xx is a fault of the host, and a 401 or a 429 is about the caller.
const STATUSES: [u16; 6] = [200, 400, 403, 406, 422, 451];

/// The reply if a filter stopped the call.
pub(super) fn filtered(status: u16, value: &Value) -> Option<ChatReply> {
    if !STATUSES.contains(&status) {
        return None;
    }
    let said = said(Some(value), "");
    let error = value.get("error").filter(|error| error.is_object()).unwrap_or(value);
    let inner = ["innererror", "inner_error"].iter().find_map(|name| error.get(*name)?.get("code")?.as_str());
    let codes = format!("{} {}", said.code, inner.unwrap_or_default());
    let codes: String = codes.to_lowercase().chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).collect();
    let words = said.message.to_lowercase();
    // A router says which words its moderation did not like.
    let moderated = error.get("metadata").is_some_and(|more| more.get("flagged_input").is_some());
    let is_coded = moderated || CODES.iter().any(|code| codes.contains(code));
    let is_worded =
        || WORDS.iter().any(|word| words.contains(word)) && !OF_AN_ACCOUNT.iter().any(|word| words.contains(word));
    (is_coded || is_worded()).then(|| ChatReply { finish: FinishReason::ContentFilter, ..Meta::default().into_reply() })
}
