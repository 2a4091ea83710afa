//! MCP: the actions of an episode as tools, over `/mcp`, in sockets, and on stdio.
//!
//! Two dialects meet at one address. OpenEnv's clients make a session by `openenv/session/create` and name it in
//! `params`; ordinary MCP clients say `initialize` and name it in a header. Results have the keys of both.


use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::protocol::{
    INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Outcome, Request, RpcError, SERVER_ERROR, reply,
    result,
};
use super::tools::{Brought, CallFault, CallResult, Parts};
use crate::serve::app::{App, Play};
use crate::serve::error::{Fault, Misfit, excerpt};
use crate::serve::episodes::session::{Closed, Held, at_capacity};


/// The versions of MCP that are spoken, newest last.
pub(super) const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

const INSTRUCTIONS: &str = "Cloud incidents to respond to. show_incident tells the alert and which actions its task \
offers; start_incident chooses another incident. Every other tool is one step: it is counted and earns or costs points. \
Investigate with few steps, repair where the task asks for it, and answer with the task's submit_ tool, which ends the \
episode.";

/// Answers a text from whoever holds a seat; nothing to a notification.
pub(crate) fn answer(app: &App, held: &Held, text: &[u8]) -> Option<Box<RawValue>> {
    if text.len() > app.options.max_body {
        return Some(too_large(app));
    }
    answer_request(app, held, Request::parse(text))
}

/// Answers a message that came within another, whose sender waits for an answer in any case.
pub(crate) fn answer_value(app: &App, held: &Held, message: Value) -> Box<RawValue> {
    let heard = || reply(&Value::Null, &result(&json!({})));
    answer_request(app, held, Request::read(message)).unwrap_or_else(heard)
}

fn answer_request(app: &App, held: &Held, request: Result<Request, (Value, RpcError)>) -> Option<Box<RawValue>> {
    match request {
        Ok(request) if request.is_notification() => None,
        Ok(request) => {
            let id = request.id.clone();
            Some(reply(&id, &of_held(app, held, request)))
        }
        Err((id, error)) => Some(reply(&id, &Err(error))),
    }
}

/// What is answered to a text of which only the size is known.
fn too_large(app: &App) -> Box<RawValue> {
    reply(&Value::Null, &Err(protocol::too_large(app.options.max_body)))
}

/// What is answered to what cannot be a request.
pub(crate) fn invalid(problem: &str) -> Box<RawValue> {
    reply(&Value::Null, &Err(RpcError::invalid(problem)))
}

/// What is answered where there is no room.
pub(crate) fn refused(fault: Fault) -> Box<RawValue> {
    reply(&Value::Null, &Err(no_session(fault)))
}

/// A request of who holds a seat, which is then the session that is meant.
fn of_held(app: &App, held: &Held, request: Request) -> Outcome {
    match request.method.as_str() {
        "openenv/session/create" => result(&json!({ "session_id": held.id() })),
        "openenv/session/close" if named_session(&request.params).is_some_and(|id| id == *held.id()) => {
            Err(RpcError::new(INVALID_REQUEST, "Cannot close active WebSocket-managed session via MCP method"))
        }
        "openenv/session/close" => close(app, &request.params),
        _ => of_episode(app, &mut held.lock().play, request),
    }
}

/// The session that a request names in its parameters. What is no text names none that there is.
pub(super) fn named_session(params: &Map<String, Value>) -> Option<String> {
    match params.get("session_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.clone()).filter(|id| !id.is_empty()),
        Some(other) => Some(other.to_string()),
    }
}

/// `openenv/session/create`.
pub(super) fn create(app: &App) -> Outcome {
    let (id, _) = app.open_seat().map_err(no_session)?;
    result(&json!({ "session_id": id }))
}

pub(super) fn no_session(fault: Fault) -> RpcError {
    match fault {
        Fault::Full(full) => RpcError::new(SERVER_ERROR, at_capacity(full))
            .with(json!({ "active_sessions": full.active, "max_sessions": full.most })),
        other => RpcError::new(SERVER_ERROR, other.to_string()),
    }
}

/// `openenv/session/close`.
pub(super) fn close(app: &App, params: &Map<String, Value>) -> Outcome {
    let Some(id) = named_session(params) else {
        return Err(RpcError::new(INVALID_PARAMS, "Invalid params - 'session_id' is required"));
    };
    match app.close_seat(&id) {
        Closed::Now => result(&json!({ "session_id": id, "closed": true })),
        Closed::Later => result(&json!({ "session_id": id, "closed": false, "closing": true })),
        Closed::Unknown => Err(unknown_session(&id)),
    }
}

pub(super) fn unknown_session(id: &str) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Unknown session_id: {}", excerpt(id)))
}

/// A request that is about an episode, or about none.
pub(super) fn of_episode(app: &App, play: &mut Play, mut request: Request) -> Outcome {
    match request.method.as_str() {
        "initialize" => result(&initialized(&request.params)),
        "ping" => result(&json!({})),
        "tools/list" => result(&*tools::LISTED),
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
                Ok(brought) => result(&CallResult::good(&brought)),
                Err(fault @ CallFault::Unknown(_)) => Err(RpcError::new(INTERNAL_ERROR, fault.to_string())),
                Err(fault) => result(&CallResult::bad(&fault.to_string())),
            }
        }
        other => Err(RpcError::new(METHOD_NOT_FOUND, format!("Method not found: {}", excerpt(other)))),
    }
}

fn misfit(problem: &Misfit) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Invalid params - {problem}"))
}

fn arguments(value: Option<Value>) -> Result<Map<String, Value>, Misfit> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments),
        Some(other) => Err(Misfit::new("arguments", "an object", &other)),
    }
}

/// The answer to `initialize`: the version that was asked for, or the newest that is spoken.
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

// ---- tools as actions of a step ----

/// The answer to a step whose action is `list_tools` or `call_tool`; none if it is another.
///
/// # Errors
/// When the action has the wrong form.
pub(crate) fn step(app: &App, play: &mut Play, action: &mut Value) -> Option<Result<Box<RawValue>, Misfit>> {
    let action = action.as_object_mut().filter(|action| !action.contains_key("action_type"))?;
    match action.get("type").and_then(Value::as_str) {
        Some("list_tools") => {
            let done = play.episode.is_done();
            Some(written(&StepView { observation: &*tools::LISTED_BY_STEP, reward: None, done, metadata: None }))
        }
        Some("call_tool") => Some(step_call(app, play, action)),
        _ => None,
    }
}

fn step_call(app: &App, play: &mut Play, action: &mut Map<String, Value>) -> Result<Box<RawValue>, Misfit> {
    let name = match action.remove("tool_name") {
        Some(Value::String(name)) => name,
        Some(other) => return Err(Misfit::new("tool_name", "a string", &other)),
        None => return Err(Misfit::missing("tool_name", "the name of a tool")),
    };
    let arguments = arguments(action.remove("arguments"))?;
    match tools::call(app, play, &name, arguments) {
        Ok(brought) => {
            let Parts { reward, done, metadata } = brought.parts();
            written(&StepView { observation: called(&name, &brought), reward: Some(reward), done, metadata })
        }
        Err(fault) => {
            let error = json!({ "error_type": fault.kind(), "message": fault.to_string() });
            let observation = json!({ "tool_name": name, "result": null, "error": error });
            written(&StepView { observation, reward: None, done: play.episode.is_done(), metadata: None })
        }
    }
}

#[derive(Serialize)]
struct StepView<'a, O: Serialize> {
    observation: O,
    reward: Option<&'a RawValue>,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct CalledView<'a> {
    tool_name: &'a str,
    result: CallResult<'a>,
    error: (),
}

fn called<'a>(name: &'a str, brought: &'a Brought) -> CalledView<'a> {
    CalledView { tool_name: name, result: CallResult::good(brought), error: () }
}

fn written<T: Serialize>(view: &T) -> Result<Box<RawValue>, Misfit> {
    to_raw_value(view).map_err(|error| Misfit { place: "observation".to_owned(), problem: error.to_string() })
}

// ---- on a pipe ----

/// One client on a pipe, a message a line, with a session of its own.
#[derive(Debug)]
pub struct Stdio {
    app: Arc<App>,
    held: Held,
}

impl Stdio {
    /// Takes a session.
    ///
    /// # Errors
    /// When the suite has no scenario.
    pub fn new(app: &Arc<App>) -> Result<Self, Fault> {
        Ok(Self { app: Arc::clone(app), held: Held::own(app)? })
    }

    /// The longest line that is taken, in bytes.
    #[must_use]
    pub fn longest_line(&self) -> usize {
        self.app.options.max_body
    }

    /// The answer to a line; none to a blank one or a notification.
    #[must_use]
    pub fn answer(&self, line: &[u8]) -> Option<String> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        answer(&self.app, &self.held, line).map(|reply| reply.get().to_owned())
    }

    /// The answer to a line of which only its being too long is known.
    #[must_use]
    pub fn answer_too_long(&self) -> String {
        too_large(&self.app).get().to_owned()
    }
}
