//! Carries out the requests of MCP clients, each on the session that it names.
//!
//! Two dialects share one address. OpenEnv's clients make a session by `openenv/session/create` and name it in
//! `params`; ordinary MCP clients send `initialize` and name it in a header. Results have the keys of both.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::protocol::{
    INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Outcome, Request, RpcError, SERVER_ERROR, misfit, reply, result,
    too_large,
};
use super::tools::{self, CallFault, CallResult};
use crate::serve::app::App;
use crate::serve::episodes::play::Play;
use crate::serve::episodes::session::{Closed, HeldSession, at_capacity};
use crate::serve::error::{Fault, Misfit, excerpt};

/// The supported versions of MCP, the newest last.
pub(super) const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

const INSTRUCTIONS: &str = "Cloud incidents to respond to. show_incident tells the alert and which actions its task \
offers; start_incident chooses another incident. Every other tool is one step: it is counted and earns or costs points. \
Investigate with few steps, repair where the task asks for it, and answer with the task's submit_ tool, which ends the \
episode.";

/// Answers a text of a client that holds a session. A notification has no answer.
pub(crate) fn answer(app: &App, held: &HeldSession, text: &[u8]) -> Option<Box<RawValue>> {
    if text.len() > app.options.max_body {
        return Some(answer_too_large(app));
    }
    answer_request(app, held, Request::parse(text))
}

/// Answers a message that came inside another one, whose sender always waits for an answer.
pub(crate) fn answer_value(app: &App, held: &HeldSession, message: Value) -> Box<RawValue> {
    let heard = || reply(&Value::Null, &result(&json!({})));
    answer_request(app, held, Request::read(message)).unwrap_or_else(heard)
}

fn answer_request(
    app: &App,
    held: &HeldSession,
    request: Result<Option<Request>, (Value, RpcError)>,
) -> Option<Box<RawValue>> {
    match request {
        Ok(None) => None,
        Ok(Some(request)) => {
            let id = request.id.clone();
            Some(reply(&id, &of_held(app, held, request)))
        }
        Err((id, error)) => Some(reply(&id, &Err(error))),
    }
}

/// Answers a text that is too large and was not read.
pub(super) fn answer_too_large(app: &App) -> Box<RawValue> {
    reply(&Value::Null, &Err(too_large(app.options.max_body)))
}

/// Carries out a request of a client that holds a session, which is the session that the request means.
fn of_held(app: &App, held: &HeldSession, request: Request) -> Outcome {
    match request.method.as_str() {
        "openenv/session/create" => result(&json!({ "session_id": held.id() })),
        "openenv/session/close" if named_session(&request.params).is_some_and(|id| id == *held.id()) => {
            Err(RpcError::new(INVALID_REQUEST, "Cannot close active WebSocket-managed session via MCP method"))
        }
        "openenv/session/close" => close(app, &request.params),
        _ => of_episode(app, &mut held.lock().play, request),
    }
}

/// Returns the session that a request names in its parameters. A value that is not a text names a session that does not
/// exist.
pub(super) fn named_session(params: &Map<String, Value>) -> Option<String> {
    match params.get("session_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.clone()).filter(|id| !id.is_empty()),
        Some(other) => Some(other.to_string()),
    }
}

/// Carries out `openenv/session/create`.
pub(super) fn create(app: &App) -> Outcome {
    let (id, _) = app.open_session().map_err(no_session)?;
    result(&json!({ "session_id": id }))
}

/// Makes the error that says why a client gets no session.
pub(super) fn no_session(fault: Fault) -> RpcError {
    match fault {
        Fault::Full(full) => RpcError::new(SERVER_ERROR, at_capacity(full))
            .with(json!({ "active_sessions": full.active, "max_sessions": full.most })),
        other => RpcError::new(SERVER_ERROR, other.to_string()),
    }
}

/// Carries out `openenv/session/close`.
pub(super) fn close(app: &App, params: &Map<String, Value>) -> Outcome {
    let Some(id) = named_session(params) else {
        return Err(RpcError::new(INVALID_PARAMS, "Invalid params - 'session_id' is required"));
    };
    match app.sessions.close(&id) {
        Closed::Now => result(&json!({ "session_id": id, "closed": true })),
        Closed::Later => result(&json!({ "session_id": id, "closed": false, "closing": true })),
        Closed::Unknown => Err(unknown_session(&id)),
    }
}

/// Makes the error that says that a session does not exist.
pub(super) fn unknown_session(id: &str) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Unknown session_id: {}", excerpt(id)))
}

/// Carries out a request about an episode, or one that needs no episode.
pub(super) fn of_episode(app: &App, play: &mut Play, mut request: Request) -> Outcome {
    match request.method.as_str() {
        "initialize" => result(&initialized(&request.params)),
        "ping" => result(&json!({})),
        "tools/list" => result(&tools::listed(app.catalog.tasks())),
        "tools/call" => {
            let name = match request.params.remove("name") {
                Some(Value::String(name)) if !name.is_empty() => name,
                None | Some(Value::Null | Value::String(_)) => {
                    return Err(RpcError::new(INVALID_PARAMS, "Missing 'name' in params"));
                }
                Some(other) => return Err(misfit(&Misfit::new("name", "a string", &other))),
            };
            let arguments = arguments(request.params.remove("arguments")).map_err(|problem| misfit(&problem))?;
            match tools::call(app, play, &name, arguments) {
                Ok(tool_result) => result(&CallResult::good(&tool_result)),
                Err(fault @ CallFault::Unknown(_)) => Err(RpcError::new(INVALID_PARAMS, fault.to_string())),
                Err(fault) => result(&CallResult::bad(&fault.to_string())),
            }
        }
        other => Err(RpcError::new(METHOD_NOT_FOUND, format!("Method not found: {}", excerpt(other)))),
    }
}

/// Reads the arguments of a call. Missing arguments count as an empty object.
pub(super) fn arguments(value: Option<Value>) -> Result<Map<String, Value>, Misfit> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments),
        Some(other) => Err(Misfit::new("arguments", "an object", &other)),
    }
}

/// Answers `initialize` with the version that was asked for, or with the newest supported one.
fn initialized(params: &Map<String, Value>) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let version = VERSIONS.into_iter().find(|version| asked == Some(version)).unwrap_or(VERSIONS[VERSIONS.len() - 1]);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": { "listChanged": false } },
        "serverInfo": { "name": "incident-bench", "version": env!("CARGO_PKG_VERSION") },
        "instructions": INSTRUCTIONS,
    })
}
