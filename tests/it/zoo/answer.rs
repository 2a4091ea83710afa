//! What the model says, before an endpoint puts it into its own form.

use serde_json::Value;

/// A call of a function.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The incident; none in the check before a run.
    pub(super) incident: Option<String>,
    /// The number of answers before this one.
    pub(super) step: usize,
    pub(super) thoughts: String,
    pub(super) text: String,
    pub(super) call: Option<Call>,
}

impl Answer {
    /// A name of this answer that no other answer has.
    pub(super) fn tag(&self) -> String {
        format!("{}-{}", self.incident.as_deref().unwrap_or("check"), self.step)
    }

    /// A signature of this answer, with the signs that such signatures have.
    pub(super) fn signature(&self) -> String {
        format!("EqQB+{}/{}==", self.tag(), self.id(24))
    }

    /// An id of this many letters and digits.
    pub(super) fn id(&self, length: usize) -> String {
        let mut state = self
            .tag()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(state >> 33) as usize % 56])
        };
        (0..length).map(|_| next()).collect()
    }

    /// The text and the call with its arguments, as one text, for the number of its tokens.
    pub(super) fn visible(&self) -> usize {
        let call = self.call.as_ref().map_or(0, |call| call.name.len() + call.arguments.to_string().len());
        self.text.len() + call
    }
}
