//! Reads a message on `/ws` by its keys. Every step is such a message, so nothing is built only to be dropped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::escape::whole_surrogates;

/// A message: an object with a type and its data. If a key is repeated, the last one counts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Message {
    pub(crate) kind: Option<Value>,
    pub(crate) data: Option<Value>,
    /// All other keys, which no type of message allows.
    pub(crate) others: Map<String, Value>,
}

/// The reason for which a text is not a message.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The text is not JSON.
    Json(serde_json::Error),
    /// The text is JSON, but not an object.
    Form,
}

impl Message {
    /// Reads a message from a text.
    pub(crate) fn read(text: &str) -> Result<Self, Unread> {
        let text = &*whole_surrogates(text);
        // The answer depends on whether the rest is JSON, so that is checked before the form.
        if !text.trim_ascii_start().starts_with('{') {
            return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Err(Unread::Form),
                Err(error) => Err(Unread::Json(error)),
            };
        }
        serde_json::from_str(text).map_err(Unread::Json)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Key {
            Type,
            Data,
            Other(String),
        }

        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Message;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
                let mut message = Message::default();
                while let Some(key) = map.next_key()? {
                    let value = map.next_value()?;
                    match key {
                        Key::Type => message.kind = Some(value),
                        Key::Data => message.data = Some(value),
                        Key::Other(key) => {
                            message.others.insert(key, value);
                        }
                    }
                }
                Ok(message)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Checks that a message holds what the object holds, whatever the order of its keys and however often a key
        /// comes.
        #[test]
        fn keys_are_those_of_the_object(pairs in prop::collection::vec(("(type|data|[a-z\"]{0,4})", 0..9), 0..6)) {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
            let text = format!(" {{ {} }} ", pairs.join(", "));
            let mut object: Map<String, Value> = serde_json::from_str(&text).unwrap();
            let expected = Message { kind: object.shift_remove("type"), data: object.shift_remove("data"), others: object };
            prop_assert_eq!(Message::read(&text).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_message() {
        for text in ["[]", " 7", "null", "\"{}\""] {
            assert!(matches!(Message::read(text), Err(Unread::Form)), "{text}");
        }
        for text in ["", "[1,", "{", "{} x", "{\"type\": }", "x"] {
            assert!(matches!(Message::read(text), Err(Unread::Json(_))), "{text}");
        }
    }
}
