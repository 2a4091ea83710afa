//! Serves `/ws`: one isolated episode for each connection, in the messages of OpenEnv.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::serve::app::App;
use crate::serve::episodes::choice::Choice;
use crate::serve::episodes::session::{HeldSession, at_capacity};
use crate::serve::error::{Fault, Misfit, excerpt};
use crate::serve::mcp::{requests, step};
use crate::serve::net::buffer::json;
use crate::serve::net::rates::Peer;
use crate::serve::net::upgrade::Handshake;
use crate::serve::socket::{Dialect, NO_TEXT, Next, accept};
use crate::serve::wire::message::{Message, Unread};
use incident_env::Action;

/// The query of `/ws`.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct AttachQuery {
    session_id: Option<String>,
}

/// Serves `GET /ws`.
pub(crate) async fn upgrade(
    State(app): State<Arc<App>>,
    query: Result<Query<AttachQuery>, QueryRejection>,
    peer: Option<Extension<Peer>>,
    handshake: Result<Handshake, Fault>,
) -> Response {
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(fault) => return fault.into_response(),
    };
    let attach = query.ok().and_then(|Query(query)| query.session_id).filter(|id| !id.is_empty());
    let session = move |app: &Arc<App>| match attach {
        Some(id) => HeldSession::attach(&app.sessions, &id).map_err(|why| error("SESSION_ERROR", &why.to_string())),
        None => app.hold_session().map_err(no_session),
    };
    accept(app, handshake, peer, session, &OPENENV)
}

static OPENENV: Dialect = Dialect { answer, binary: || error("SESSION_ERROR", NO_TEXT) };

fn answer(app: &App, held: &HeldSession, text: &str) -> Next {
    let message = match Message::read(text) {
        Ok(message) => message,
        Err(Unread::Form) => {
            return Next::Last(error("SESSION_ERROR", "a message is an object such as {\"type\": \"reset\"}"));
        }
        Err(Unread::Json(problem)) => return Next::Answer(error("INVALID_JSON", &format!("Invalid JSON: {problem}"))),
    };
    match dispatch(app, held, message, text.len()) {
        Ok(next) => next,
        Err(Rejection::Form(problem)) => Next::Answer(invalid(&problem)),
        Err(Rejection::Execution(fault)) => Next::Answer(error("EXECUTION_ERROR", &fault.to_string())),
    }
}

/// The reason for which a message is not carried out.
enum Rejection {
    Form(Problem),
    Execution(Fault),
}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        Self::Form(problem)
    }
}

/// A place in a message that is wrong, in the form that OpenEnv's server reports.
struct Problem {
    kind: &'static str,
    loc: Vec<String>,
    message: String,
    input: Value,
}

impl Problem {
    fn of(misfit: Misfit, input: Value) -> Self {
        let kind = if misfit.problem.starts_with("missing") { "missing" } else { "type_error" };
        let loc = match misfit.place.as_str() {
            "action" => Vec::new(),
            place => place.split('.').map(str::to_owned).collect(),
        };
        Self { kind, loc, message: misfit.problem, input }
    }

    fn data(kind: &'static str, message: String, input: Value) -> Self {
        Self { kind, loc: vec!["data".to_owned()], message, input }
    }
}

/// Carries out a message, whose text has this size in bytes.
fn dispatch(app: &App, held: &HeldSession, message: Message, size: usize) -> Result<Next, Rejection> {
    let visibility = app.options.visibility;
    let Message { kind, mut data, others } = message;
    let kind = match kind {
        Some(Value::String(kind)) => kind,
        other => return Ok(Next::Answer(unknown_type(&other.unwrap_or_default().to_string()))),
    };
    let dataless = match kind.as_str() {
        "reset" | "step" | "mcp" => None,
        "state" | "close" => data.take().map(|data| ("data".to_owned(), data)),
        _ => return Ok(Next::Answer(unknown_type(&kind))),
    };
    if let Some((key, value)) = dataless.or_else(|| others.into_iter().next()) {
        let message = format!("a message of type {kind} has no '{key}'", key = excerpt(&key));
        return Err(Problem { kind: "extra_forbidden", loc: vec![key], message, input: value }.into());
    }
    match kind.as_str() {
        "reset" => {
            let data = match data {
                None => Map::new(),
                Some(Value::Object(data)) => data,
                Some(other) => {
                    let message = Misfit::new("data", "an object", &other).problem;
                    return Err(Problem::data("dict_type", message, other).into());
                }
            };
            let choice = Choice::read_any_seed(data).map_err(|misfit| Problem::of(misfit, Value::Null))?;
            let play = &mut held.lock().play;
            *play = app.start(&choice).map_err(Rejection::Execution)?;
            app.metrics.episode();
            Ok(said("observation", &visibility.openenv_reset(&play.episode, &play.name)))
        }
        "step" => {
            let Some(mut data) = data else {
                return Err(Problem::data("missing", "missing; expected an action".to_owned(), Value::Null).into());
            };
            // The episode keeps the action as long as it lives, so the limit is that of HTTP.
            if size > app.options.max_body {
                return Err(Rejection::Execution(Fault::TooLarge(app.options.max_body)));
            }
            let play = &mut held.lock().play;
            if let Some(answer) = step::step(app, play, &mut data) {
                return Ok(said("observation", &answer.map_err(|misfit| Problem::of(misfit, Value::Null))?));
            }
            let action = Action::from_value(data).map_err(|error| Problem::of(error.into(), Value::Null))?;
            let (outcome, name) = app.step(play, &action).map_err(Rejection::Execution)?;
            Ok(said("observation", &visibility.openenv_step(&outcome, name)))
        }
        "state" => {
            let play = &held.lock().play;
            Ok(said("state", &visibility.state(&play.episode, &play.name)))
        }
        "mcp" => {
            let Some(data) = data else {
                let message = "missing; expected a JSON-RPC request".to_owned();
                return Err(Problem::data("missing", message, Value::Null).into());
            };
            if size > app.options.max_body {
                return Err(Rejection::Execution(Fault::TooLarge(app.options.max_body)));
            }
            Ok(said("mcp", &requests::answer_value(app, held, data)))
        }
        _ => Ok(Next::End),
    }
}

#[derive(Serialize)]
struct Said<'a, T> {
    r#type: &'static str,
    data: &'a T,
}

fn said<T: Serialize>(kind: &'static str, data: &T) -> Next {
    Next::Answer(json(&Said { r#type: kind, data }))
}

fn error(code: &str, message: &str) -> Bytes {
    json(&json!({ "type": "error", "data": { "message": message, "code": code } }))
}

fn unknown_type(kind: &str) -> Bytes {
    let message = format!("Unknown message type: {}; types: reset, step, state, mcp, close", excerpt(kind));
    error("UNKNOWN_TYPE", &message)
}

fn invalid(problem: &Problem) -> Bytes {
    let Problem { kind, loc, message, input } = problem;
    json(&json!({ "type": "error", "data": {
        // Clients show this message and often nothing else.
        "message": format!("Invalid message: {}{}{message}", loc.join("."), if loc.is_empty() { "" } else { ": " }),
        "code": "VALIDATION_ERROR",
        "errors": [{ "type": kind, "loc": loc, "msg": message, "input": input }],
    } }))
}

/// Makes the message that says why a client gets no session.
fn no_session(fault: Fault) -> Bytes {
    match fault {
        Fault::Full(full) => json(&json!({ "type": "error", "data": {
            "message": at_capacity(full), "code": "CAPACITY_REACHED",
            "active_sessions": full.active, "max_sessions": full.most,
        } })),
        other => error("FACTORY_ERROR", &other.to_string()),
    }
}
