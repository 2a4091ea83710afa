//! The conversation with a model. It is append-only, so that a provider's prompt cache works, and it is cut only if a
//! context limit requires it.

use serde_json::Value;

use super::played_back::{shortened, with_text, without_blank_text, without_thoughts};
use crate::chat::{ChatReply, Message, ToolCall};

/// The text that takes the place of dropped evidence.
const DROPPED: &str = "[older evidence was dropped to fit the context limit]";

/// The text that takes the place of an empty reply.
const NOTHING: &str = "(no answer)";

/// The text after the beginning of a reply that was cut.
const CUT: &str = " [cut to fit the context limit]";
/// The most bytes of an old reply that remain when the context is short.
const LONGEST_OLD_REPLY: usize = 300;

/// The messages so far. The first two, which are the instructions and the incident, are never dropped.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    messages: Vec<Message>,
    /// The tool calls of the last reply that no message has answered yet.
    open_calls: Vec<ToolCall>,
    dropped: usize,
}

impl Conversation {
    /// Makes a conversation with its first two messages.
    #[must_use]
    pub fn new(system: String, first: String) -> Self {
        Self {
            messages: vec![Message::System { content: system }, Message::User { content: first }],
            ..Self::default()
        }
    }

    /// Appends a reply of the model, as it came if that can be played back.
    pub fn push_reply(&mut self, reply: &ChatReply) {
        self.open_calls.clone_from(&reply.tool_calls);
        let text = reply.content.clone().filter(|text| !text.trim().is_empty());
        let says_nothing = text.is_none() && reply.tool_calls.is_empty();
        self.messages.push(Message::Assistant {
            // Some servers refuse an assistant message with neither text nor calls, and some refuse an empty text.
            content: text.or_else(|| says_nothing.then(|| NOTHING.to_owned())),
            tool_calls: reply.tool_calls.clone(),
            as_it_came: reply
                .as_it_came
                .as_ref()
                .and_then(|came| if says_nothing { with_text(came, NOTHING) } else { Some(without_blank_text(came)) }),
        });
    }

    /// Says something to the model: as the result of its tool call if one is open, and otherwise as the user.
    pub fn say(&mut self, content: String) {
        let mut calls = std::mem::take(&mut self.open_calls).into_iter();
        match calls.next() {
            None => self.messages.push(Message::User { content }),
            Some(call) => {
                self.messages.push(Message::Tool { call_id: call.id, content });
                // Every call needs an answer, even a call that is not carried out.
                self.messages.extend(calls.map(|call| Message::Tool {
                    call_id: call.id,
                    content: "Not carried out: one action a step.".to_owned(),
                }));
            }
        }
    }

    /// The place of the newest reply. It and what follows stay whole.
    fn newest_reply(&self) -> usize {
        self.messages.iter().rposition(|message| matches!(message, Message::Assistant { .. })).unwrap_or(0)
    }

    /// Drops the thoughts of the oldest reply that has any which are not part of its text, but not those of the newest reply.
    /// Returns whether there were any.
    fn drop_oldest_thoughts(&mut self) -> bool {
        let newest = self.newest_reply();
        let shorter = self.messages.iter_mut().take(newest).find_map(|message| match message {
            Message::Assistant { as_it_came, .. } => {
                let without = without_thoughts(as_it_came.as_ref()?);
                (length(without.as_ref()) < length(as_it_came.as_ref())).then_some((as_it_came, without))
            }
            _ => None,
        });
        let found = shorter.is_some();
        if let Some((as_it_came, without)) = shorter {
            *as_it_came = without;
            self.dropped += 1;
        }
        found
    }

    /// Drops the oldest evidence that is left, but nothing since the last reply. Returns whether there was any.
    pub fn drop_oldest_evidence(&mut self) -> bool {
        let newest = self.newest_reply();
        let candidate = self.messages.iter_mut().enumerate().skip(2).find_map(|(index, message)| match message {
            Message::User { content } | Message::Tool { content, .. } if index < newest && content != DROPPED => {
                Some(content)
            }
            _ => None,
        });
        let found = candidate.is_some();
        if let Some(content) = candidate {
            DROPPED.clone_into(content);
            self.dropped += 1;
        }
        found
    }

    /// Cuts the oldest long reply of the model to its beginning, but not the newest reply. Returns whether there was
    /// any. The model's own words are dropped last, because they are its answers.
    fn cut_oldest_reply(&mut self) -> bool {
        let newest = self.newest_reply();
        let candidate = self.messages.iter_mut().take(newest).find_map(|message| match message {
            Message::Assistant { content: Some(content), as_it_came, .. } if content.len() > LONGEST_OLD_REPLY => {
                Some((content, as_it_came))
            }
            _ => None,
        });
        let found = candidate.is_some();
        if let Some((content, as_it_came)) = candidate {
            *content = beginning(content);
            *as_it_came = as_it_came.as_ref().and_then(|came| shortened(came, beginning));
            self.dropped += 1;
        }
        found
    }

    /// Drops the oldest evidence. Where none is left, drops the oldest thoughts that an endpoint gets back, and then cuts old
    /// replies: what a model said goes back as it came as long as that fits. Goes on until the conversation has about this
    /// share of its former length. Returns whether anything was dropped.
    pub fn shrink_to(&mut self, share: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let target = self.characters() as f64 * share;
        let mut any = false;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        while (!any || self.characters() as f64 > target)
            && (self.drop_oldest_evidence() || self.drop_oldest_thoughts() || self.cut_oldest_reply())
        {
            any = true;
        }
        any
    }

    fn characters(&self) -> usize {
        let of = |message: &Message| match message {
            Message::Assistant { content, tool_calls, as_it_came } => {
                let arguments: usize = tool_calls.iter().map(|call| call.arguments.len()).sum();
                let written = content.as_deref().map_or(0, str::len) + arguments;
                written.max(length(as_it_came.as_ref()))
            }
            other => other.content().len(),
        };
        self.messages.iter().map(of).sum()
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The number of pieces of evidence, thoughts and replies that were dropped or cut so far.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }
}

/// The beginning of an old reply, with a remark that it is one.
fn beginning(text: &str) -> String {
    let end = (0..=LONGEST_OLD_REPLY - CUT.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{CUT}", &text[..end])
}

/// The length of a reply as it came; 0 without one.
fn length(came: Option<&Value>) -> usize {
    came.map_or(0, |came| came.to_string().len())
}
