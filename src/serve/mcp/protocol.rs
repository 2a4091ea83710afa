//! Reads and writes JSON-RPC 2.0 as OpenEnv and MCP use it: each message has one reply, and batches are not supported.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::serve::error::{Misfit, excerpt};

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
pub(super) const INTERNAL_ERROR: i32 = -32603;
pub(super) const SERVER_ERROR: i32 = -32000;

/// A message of the right form.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    /// The id: a string, an integer, or null if none was sent.
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

/// The reason for which a request has no result.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct RpcError {
    code: i32,
    message: String,
    data: Value,
}

impl RpcError {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    /// Adds data for programs.
    pub(super) fn with(self, data: Value) -> Self {
        Self { data, ..self }
    }

    pub(super) fn invalid(problem: impl std::fmt::Display) -> Self {
        Self::new(INVALID_REQUEST, format!("Invalid request: {problem}"))
    }
}

/// The outcome of a request: a result in its JSON form, or an error.
pub(super) type Outcome = Result<Box<RawValue>, RpcError>;

impl Request {
    /// Reads a request from a text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, (Value, RpcError)> {
        let message = serde_json::from_slice(text).map_err(|error| (Value::Null, unreadable(error.to_string())))?;
        Self::read(message)
    }

    /// Reads a request from a message. A refusal carries the id of the message, if that can be read.
    pub(super) fn read(message: Value) -> Result<Self, (Value, RpcError)> {
        let mut message = match message {
            Value::Object(message) => message,
            Value::Array(_) => {
                let problem = "batches are not taken; send one message at a time";
                return Err((Value::Null, RpcError::invalid(problem)));
            }
            other => {
                let problem = Misfit::new("message", "an object", &other);
                return Err((Value::Null, RpcError::invalid(problem)));
            }
        };
        let id = message.remove("id").unwrap_or_default();
        let is_id = match &id {
            Value::Null | Value::String(_) => true,
            Value::Number(number) => !number.is_f64(),
            _ => false,
        };
        if !is_id {
            let problem = Misfit::new("id", "a string or an integer", &id);
            return Err((Value::Null, RpcError::invalid(problem)));
        }
        match read_rest(message) {
            Ok((method, params)) => Ok(Self { id, method, params }),
            Err(problem) => Err((id, RpcError::invalid(problem))),
        }
    }

    /// Returns whether nobody waits for an answer. OpenEnv's clients may leave the id out of a request, so the method
    /// must also be that of a notification.
    pub(super) fn is_notification(&self) -> bool {
        self.id.is_null() && self.method.starts_with("notifications/")
    }
}

/// Reads everything but the id.
fn read_rest(mut message: Map<String, Value>) -> Result<(String, Map<String, Value>), Misfit> {
    match message.remove("jsonrpc") {
        Some(Value::String(version)) if version == "2.0" => {}
        Some(other) => return Err(Misfit::new("jsonrpc", "'2.0'", &other)),
        None => return Err(Misfit::missing("jsonrpc", "'2.0'")),
    }
    let method = match message.remove("method") {
        Some(Value::String(method)) => method,
        Some(other) => return Err(Misfit::new("method", "a string", &other)),
        None => return Err(Misfit::missing("method", "a string such as 'tools/list'")),
    };
    let params = match message.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(other) => return Err(Misfit::new("params", "an object", &other)),
    };
    match message.into_iter().next() {
        None => Ok((method, params)),
        Some((key, _)) => {
            let problem = "a request has only jsonrpc, method, params and id".to_owned();
            Err(Misfit { place: excerpt(&key).into_owned(), problem })
        }
    }
}

/// Refuses a text that is not JSON.
pub(super) fn unreadable(why: String) -> RpcError {
    RpcError::new(PARSE_ERROR, "Parse error").with(why.into())
}

/// Refuses a message that is larger than `most` bytes.
pub(super) fn too_large(most: usize) -> RpcError {
    RpcError::invalid(format!("the message is larger than the {most} bytes that are taken"))
}

/// Writes a result.
pub(super) fn result<T: Serialize>(value: &T) -> Outcome {
    to_raw_value(value).map_err(|error| RpcError::new(INTERNAL_ERROR, error.to_string()))
}

/// Writes a reply.
pub(super) fn reply(id: &Value, outcome: &Outcome) -> Box<RawValue> {
    #[derive(Serialize)]
    struct Reply<'a> {
        jsonrpc: &'static str,
        id: &'a Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a RpcError>,
    }
    let (result, error) = (outcome.as_deref().ok(), outcome.as_ref().err());
    to_raw_value(&Reply { jsonrpc: "2.0", id, result, error }).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_request() {
        for (text, id, code, message) in [
            ("{bad", json!(null), PARSE_ERROR, "Parse error"),
            ("", json!(null), PARSE_ERROR, "Parse error"),
            ("{}", json!(null), INVALID_REQUEST, "Invalid request: jsonrpc: missing; expected '2.0'"),
            ("[]", json!(null), INVALID_REQUEST, "Invalid request: batches are not taken; send one message at a time"),
            ("3", json!(null), INVALID_REQUEST, "Invalid request: message: expected an object, found the number 3"),
            (
                r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#,
                json!(4),
                INVALID_REQUEST,
                "Invalid request: jsonrpc: expected '2.0', found '1.0'",
            ),
            (
                r#"{"jsonrpc":"2.0","id":"a"}"#,
                json!("a"),
                INVALID_REQUEST,
                "Invalid request: method: missing; expected a string such as 'tools/list'",
            ),
            (
                r#"{"jsonrpc":"2.0","method":7}"#,
                json!(null),
                INVALID_REQUEST,
                "Invalid request: method: expected a string, found the number 7",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
                json!(1),
                INVALID_REQUEST,
                "Invalid request: params: expected an object, found an array",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
                json!(1),
                INVALID_REQUEST,
                "Invalid request: params: expected an object, found null",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","more":1}"#,
                json!(1),
                INVALID_REQUEST,
                "Invalid request: more: a request has only jsonrpc, method, params and id",
            ),
            (
                r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
                json!(null),
                INVALID_REQUEST,
                "Invalid request: id: expected a string or an integer, found a boolean",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
                json!(null),
                INVALID_REQUEST,
                "Invalid request: id: expected a string or an integer, found the number 1.5",
            ),
        ] {
            let (told, error) = Request::parse(text.as_bytes()).unwrap_err();
            assert_eq!((told, error.code, error.message.as_str()), (id, code, message), "{text}");
        }
    }

    #[test]
    fn nobody_waits_for_a_notification() {
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, true),
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized","id":null}"#, true),
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized","id":0}"#, false),
            (r#"{"jsonrpc":"2.0","method":"tools/list"}"#, false),
        ] {
            assert_eq!(Request::parse(text.as_bytes()).unwrap().is_notification(), expected, "{text}");
        }
    }

    #[test]
    fn replies_have_a_result_or_an_error() {
        let good = reply(&json!("a"), &result(&json!({"x": 1})));
        assert_eq!(good.get(), r#"{"jsonrpc":"2.0","id":"a","result":{"x":1}}"#);
        let bad = reply(&json!(null), &Err(RpcError::new(PARSE_ERROR, "Parse error")));
        let expected = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error","data":null}}"#;
        assert_eq!(bad.get(), expected);
    }
}
