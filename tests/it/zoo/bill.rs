//! The tokens of a call and what they cost by the documented rule of every provider here: fresh, cached and written parts of
//! the prompt and the answer with its thoughts, each at its price.

use serde_json::{Value, json};

/// The tokens of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// The part of the prompt that no cache holds.
    pub(super) fresh: u64,
    /// The part of the prompt that was read from a cache.
    pub(super) read: u64,
    /// The part of the prompt that was written into a cache.
    pub(super) written: u64,
    /// The answer without thoughts.
    pub(super) visible: u64,
    pub(super) thoughts: u64,
}

impl Counts {
    pub(super) fn prompt(&self) -> u64 {
        self.fresh + self.read + self.written
    }

    pub(super) fn answer(&self) -> u64 {
        self.visible + self.thoughts
    }
}

/// Whether an endpoint caches prompts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caches {
    No,
    /// What is read is cheaper.
    Reads,
    /// What is read is cheaper, and what is written is dearer.
    ReadsAndWrites,
    /// As before, but only with marks in the request.
    Marked,
}

/// The prices in USD for a million tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) input: f64,
    pub(super) read: f64,
    pub(super) written: f64,
    pub(super) output: f64,
}

impl Price {
    pub(super) const fn new(input: f64, read: f64, written: f64, output: f64) -> Self {
        Self { input, read, written, output }
    }

    #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
    pub(super) fn of(&self, counts: &Counts) -> f64 {
        let parts = [
            (counts.fresh, self.input),
            (counts.read, self.read),
            (counts.written, self.written),
            (counts.answer(), self.output),
        ];
        parts.iter().map(|(tokens, price)| *tokens as f64 * price / 1e6).sum()
    }
}

/// The usual form of usage, without details.
pub(super) fn bare(counts: &Counts) -> Value {
    json!({
        "prompt_tokens": counts.prompt(), "completion_tokens": counts.answer(),
        "total_tokens": counts.prompt() + counts.answer(),
    })
}

/// `OpenAI`'s form: cached, written and reasoning tokens are parts of the prompt and the answer.
pub(super) fn detailed(counts: &Counts) -> Value {
    let mut usage = bare(counts);
    usage["prompt_tokens_details"] = json!({"cached_tokens": counts.read, "audio_tokens": 0});
    usage["completion_tokens_details"] = json!({
        "reasoning_tokens": counts.thoughts, "audio_tokens": 0,
        "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
    });
    if counts.written > 0 {
        usage["prompt_tokens_details"]["cache_write_tokens"] = counts.written.into();
    }
    usage
}

/// The form of Responses.
pub(super) fn of_responses(counts: &Counts) -> Value {
    json!({
        "input_tokens": counts.prompt(),
        "input_tokens_details": {"cached_tokens": counts.read, "cache_write_tokens": counts.written},
        "output_tokens": counts.answer(), "output_tokens_details": {"reasoning_tokens": counts.thoughts},
        "total_tokens": counts.prompt() + counts.answer(),
    })
}

/// The form of Messages, whose input leaves out what a cache holds.
pub(super) fn of_messages(counts: &Counts) -> Value {
    json!({
        "input_tokens": counts.fresh, "cache_creation_input_tokens": counts.written,
        "cache_read_input_tokens": counts.read,
        "cache_creation": {"ephemeral_5m_input_tokens": counts.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": counts.answer(), "service_tier": "standard",
    })
}
