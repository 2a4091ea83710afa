//! Texts that are kept together with their JSON form.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A text that is kept with its JSON form, so that an observation is written without escaping the text again.
/// Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct Text(Arc<Forms>);

#[derive(Debug)]
struct Forms {
    plain: String,
    json: Box<RawValue>,
}

impl Text {
    /// Keeps a text and escapes it once.
    #[must_use]
    pub fn new(plain: impl Into<String>) -> Self {
        let plain = plain.into();
        let json = raw(&plain);
        Self(Arc::new(Forms { plain, json }))
    }

    /// Returns the text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.plain
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0.plain == other.0.plain
    }
}

/// Writes the JSON form of a value of this crate: a text, a list of texts or kinds, or an alert.
#[expect(clippy::expect_used, reason = "texts, lists and structs with text keys always have a JSON form")]
pub(crate) fn raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("texts, lists and structs with text keys always have a JSON form")
}
