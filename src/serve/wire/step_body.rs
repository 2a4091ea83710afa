//! Reads the body of `POST /step` by the keys that a step has. Nothing is built only to be dropped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The keys of a step, each as it was sent. Other keys are ignored, and if a key is repeated, the last one counts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct StepBody {
    pub(crate) action_type: Option<Value>,
    pub(crate) parameters: Option<Value>,
    pub(crate) action: Option<Value>,
    pub(crate) episode_id: Option<Value>,
    pub(crate) timeout_s: Option<Value>,
    pub(crate) request_id: Option<Value>,
}

impl<'de> Deserialize<'de> for StepBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Key {
            ActionType,
            Parameters,
            Action,
            EpisodeId,
            TimeoutS,
            RequestId,
            #[serde(other)]
            Other,
        }

        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = StepBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StepBody, A::Error> {
                let mut body = StepBody::default();
                while let Some(key) = map.next_key()? {
                    let value = match key {
                        Key::ActionType => &mut body.action_type,
                        Key::Parameters => &mut body.parameters,
                        Key::Action => &mut body.action,
                        Key::EpisodeId => &mut body.episode_id,
                        Key::TimeoutS => &mut body.timeout_s,
                        Key::RequestId => &mut body.request_id,
                        Key::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *value = Some(map.next_value()?);
                }
                Ok(body)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Makes any JSON, with the keys that matter more often than others.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-z_ é\"\\\\]{0,9}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            let key = prop_oneof![
                Just("action_type".to_owned()),
                Just("parameters".to_owned()),
                Just("action".to_owned()),
                Just("episode_id".to_owned()),
                Just("timeout_s".to_owned()),
                Just("request_id".to_owned()),
                "[a-z]{0,4}",
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Checks that a body read by its keys holds what an object with all keys would hold.
        #[test]
        fn keys_are_those_of_the_object(value in any_json()) {
            let read = serde_json::from_str::<StepBody>(&value.to_string()).ok();
            let Value::Object(mut object) = value else {
                prop_assert_eq!(read, None);
                return Ok(());
            };
            let mut take = |key: &str| object.remove(key);
            let expected = StepBody {
                action_type: take("action_type"),
                parameters: take("parameters"),
                action: take("action"),
                episode_id: take("episode_id"),
                timeout_s: take("timeout_s"),
                request_id: take("request_id"),
            };
            prop_assert_eq!(read, Some(expected));
        }
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let body: StepBody = serde_json::from_str(r#"{"action_type":"a","x":[{}],"action_type":null}"#).unwrap();
        assert_eq!(body, StepBody { action_type: Some(Value::Null), ..StepBody::default() });
    }
}
