//! Removes keys from events, as the last thing before anybody gets one. Pure.
//!
//! Clients clean what they are told where it comes in. This is for what they do not see: the words of a program, the name of a
//! model, a field that comes later.

use crate::chat::wire::Secrets;
use crate::log::EventKind;

/// The event without the secrets; none if it could not be read back without them.
pub(super) fn cleaned(event: EventKind, secrets: &Secrets) -> Option<EventKind> {
    if secrets.is_empty() {
        return Some(event);
    }
    // An escape may stand where JSON needs none, so the text is looked at as it would be written.
    let text = serde_json::to_string(&event).ok()?;
    if matches!(secrets.clean(&text), std::borrow::Cow::Borrowed(_)) {
        return Some(event);
    }
    let mut value = serde_json::to_value(&event).ok()?;
    secrets.value(&mut value);
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatReply, ErrorKind, FinishReason, Message, Retry};

    const KEY: &str = "sk-secret/123\"x";

    #[test]
    fn no_field_of_an_event_keeps_a_key() {
        let secrets = Secrets::new([KEY.to_owned()]);
        let key = || KEY.to_owned();
        let reply = ChatReply::of_text(r#"{"a": "\u0073k-secret\/123\"x"}"#.to_owned(), FinishReason::Stop);
        for event in [
            EventKind::ModelFailed {
                step: 1,
                error: ErrorKind::Server,
                message: key(),
                status: None,
                request_id: Some(key()),
                retries: vec![Retry { error: ErrorKind::Server, status: None, delay_ms: 1 }],
                latency_ms: 1,
                prompt_tokens: None,
                context_limit: None,
                stderr: Some(format!("a\n{KEY}\nb")),
            },
            EventKind::ModelCalled {
                step: 1,
                new_messages: vec![Message::User { content: format!("x {KEY} y") }],
                dropped_evidence: 0,
                reply,
                cost_usd: Some(0.1),
            },
            EventKind::unscored(crate::log::Outcome::Crashed, key()),
            EventKind::RunCancelled { reason: key() },
        ] {
            let clean = cleaned(event.clone(), &secrets).unwrap();
            let text = serde_json::to_string(&clean).unwrap();
            assert!(!text.contains("secret") && text.contains("[key]"), "{text}");
            assert_eq!(cleaned(clean.clone(), &secrets), Some(clean));
        }
        let plain = EventKind::RunCancelled { reason: "sk-secret".to_owned() };
        assert_eq!(cleaned(plain.clone(), &secrets), Some(plain));
        let word = Secrets::new(["run.cancelled".to_owned()]);
        assert_eq!(cleaned(EventKind::RunCancelled { reason: String::new() }, &word), None);
    }
}
