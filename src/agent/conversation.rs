//! The conversation with a model. It is append-only, so that a provider's prompt cache works, and it is cut only if a
//! context limit requires it.

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

    /// Appends a reply of the model.
    pub fn push_reply(&mut self, reply: &ChatReply) {
        self.open_calls.clone_from(&reply.tool_calls);
        let text = reply.content.clone().filter(|text| !text.trim().is_empty());
        self.messages.push(Message::Assistant {
            // Some servers refuse an assistant message with neither text nor calls, and some refuse an empty text.
            content: text.or_else(|| reply.tool_calls.is_empty().then(|| NOTHING.to_owned())),
            tool_calls: reply.tool_calls.clone(),
            as_it_came: reply.as_it_came.clone(),
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

    /// Drops the oldest evidence that is left, but nothing since the last reply. Returns whether there was any.
    pub fn drop_oldest_evidence(&mut self) -> bool {
        let newest =
            self.messages.iter().rposition(|message| matches!(message, Message::Assistant { .. })).unwrap_or(0);
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
    /// any. The model's own words are dropped last, because they are its thoughts.
    fn cut_oldest_reply(&mut self) -> bool {
        let newest = self.messages.len().saturating_sub(2);
        let candidate = self.messages.iter_mut().take(newest).find_map(|message| match message {
            Message::Assistant { content: Some(content), .. } if content.len() > LONGEST_OLD_REPLY => Some(content),
            _ => None,
        });
        let found = candidate.is_some();
        if let Some(content) = candidate {
            let end = (0..=LONGEST_OLD_REPLY - CUT.len()).rev().find(|end| content.is_char_boundary(*end)).unwrap_or(0);
            content.truncate(end);
            content.push_str(CUT);
            self.dropped += 1;
        }
        found
    }

    /// Drops the oldest evidence, and then cuts old replies, until the text has about this share of its former length.
    /// Returns whether anything was dropped.
    pub fn shrink_to(&mut self, share: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let target = self.characters() as f64 * share;
        let mut any = false;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        while (!any || self.characters() as f64 > target) && (self.drop_oldest_evidence() || self.cut_oldest_reply()) {
            any = true;
        }
        any
    }

    fn characters(&self) -> usize {
        self.messages.iter().map(|message| message.content().len()).sum()
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The number of pieces of evidence and replies that were dropped or cut so far.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }
}
