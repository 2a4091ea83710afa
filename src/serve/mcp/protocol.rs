//! Reads and writes JSON-RPC 2.0 as OpenEnv and MCP use it: each request has one reply, notifications have none, and batches
//! are not supported. What is read may hold more than it has to, because clients add members of their own.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::escape::whole_surrogates;
use crate::serve::error::Misfit;

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
pub(super) const INTERNAL_ERROR: i32 = -32603;
pub(super) const SERVER_ERROR: i32 = -32000;

/// The methods of requests. OpenEnv's clients may leave the id out of one, and wait for its answer all the same.
const REQUESTS: [&str; 6] =
    ["initialize", "ping", "tools/list", "tools/call", "openenv/session/create", "openenv/session/close"];

/// A message whose sender waits for an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    /// The id: a string, a number, or null if none was sent.
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
    /// Reads a request from a text, as [`Self::read`] does.
    pub(super) fn parse(text: &[u8]) -> Result<Option<Self>, (Value, RpcError)> {
        let message = match std::str::from_utf8(text) {
            Ok(text) => serde_json::from_str(&whole_surrogates(text)),
            // It says at which byte the text ends to be one.
            Err(_) => serde_json::from_slice(text),
        };
        Self::read(message.map_err(|error| (Value::Null, unreadable(error.to_string())))?)
    }

    /// Reads a request from a message. A notification, whatever is wrong with it, and an answer of the client are no requests,
    /// and nobody waits for an answer to them. A refusal carries the id of the message, if that can be read.
    pub(super) fn read(message: Value) -> Result<Option<Self>, (Value, RpcError)> {
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
        if is_unanswered(&message) {
            return Ok(None);
        }
        let id = message.remove("id").unwrap_or_default();
        if !matches!(id, Value::Null | Value::String(_) | Value::Number(_)) {
            let problem = Misfit::new("id", "a string or a number", &id);
            return Err((Value::Null, RpcError::invalid(problem)));
        }
        let method = match read_method(&mut message) {
            Ok(method) => method,
            Err(problem) => return Err((id, RpcError::invalid(problem))),
        };
        match message.remove("params") {
            None | Some(Value::Null) => Ok(Some(Self { id, method, params: Map::new() })),
            Some(Value::Object(params)) => Ok(Some(Self { id, method, params })),
            Some(other) => Err((id, misfit(&Misfit::new("params", "an object", &other)))),
        }
    }
}

/// Returns whether nobody waits for an answer to a message: to a notification, which has no id and is none of the requests
/// that may leave it out, and to an answer of the client, which has a result or an error and no method.
fn is_unanswered(message: &Map<String, Value>) -> bool {
    match message.get("method") {
        Some(Value::String(method)) => {
            message.get("id").is_none_or(Value::is_null) && !REQUESTS.contains(&method.as_str())
        }
        Some(_) => false,
        None => message.contains_key("result") || message.contains_key("error"),
    }
}

/// Reads the method, and whether the message says that it is of JSON-RPC 2.0.
fn read_method(message: &mut Map<String, Value>) -> Result<String, Misfit> {
    match message.remove("jsonrpc") {
        Some(Value::String(version)) if version == "2.0" => {}
        Some(other) => return Err(Misfit::new("jsonrpc", "'2.0'", &other)),
        None => return Err(Misfit::missing("jsonrpc", "'2.0'")),
    }
    match message.remove("method") {
        Some(Value::String(method)) => Ok(method),
        Some(other) => Err(Misfit::new("method", "a string", &other)),
        None => Err(Misfit::missing("method", "a string such as 'tools/list'")),
    }
}

/// Refuses parameters of the wrong form.
pub(super) fn misfit(problem: &Misfit) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Invalid params - {problem}"))
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
                INVALID_PARAMS,
                "Invalid params - params: expected an object, found an array",
            ),
            (
                r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
                json!(null),
                INVALID_REQUEST,
                "Invalid request: id: expected a string or a number, found a boolean",
            ),
        ] {
            let (told, error) = Request::parse(text.as_bytes()).unwrap_err();
            assert_eq!((told, error.code, error.message.as_str()), (id, code, message), "{text}");
        }
    }

    #[test]
    fn half_a_character_costs_no_answer() {
        let text = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a\ud83d"}}"#;
        let request = Request::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!((request.id, &request.params["name"]), (json!(3), &json!("a\u{fffd}")));
    }

    #[test]
    fn nobody_waits_for_a_notification_or_for_an_answer_to_an_answer() {
        for text in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized","id":null}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":null}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":[1]}"#,
            r#"{"method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#,
            r#"{"jsonrpc":"2.0","method":"window/logMessage"}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"no"}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
        ] {
            assert_eq!(Request::parse(text.as_bytes()), Ok(None), "{text}");
        }
    }

    #[test]
    fn a_request_may_hold_more_than_it_has_to_and_leave_out_what_it_need_not() {
        let request = |id: Value, method: &str| Ok(Some(Request { id, method: method.to_owned(), params: Map::new() }));
        for (text, id, method) in [
            (r#"{"jsonrpc":"2.0","method":"tools/list"}"#, json!(null), "tools/list"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, json!(null), "ping"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, json!(1), "ping"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, json!(1.5), "ping"),
            (r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, json!(1.0), "ping"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","more":1,"trace":{"x":[]}}"#, json!(1), "ping"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"$/odd"}"#, json!(1), "$/odd"),
            (r#"{"jsonrpc":"2.0","id":0,"method":"notifications/initialized"}"#, json!(0), "notifications/initialized"),
        ] {
            assert_eq!(Request::parse(text.as_bytes()), request(id, method), "{text}");
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
