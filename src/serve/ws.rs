//! `/ws`: one isolated episode a connection, in the messages of OpenEnv; and `/mcp` as a socket, in those of MCP.
//!
//! A message is answered before the next one is read, so answers come in order and a client cannot pile up work. The
//! WebSocket layer answers pings whenever a frame is awaited.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::answer::json;
use super::app::{App, Play};
use super::choice::Choice;
use super::error::{Fault, Misfit, excerpt};
use super::guard::Peer;
use super::idle::Idle;
use super::mcp;
use super::seats::{Held, at_capacity};
use crate::env::Action;

/// The largest message that is taken.
const MOST_BYTES: usize = 16 << 20;
/// What a connection reads into as long as it is open; longer messages make it grow. The default of 128 KiB would be
/// most of what a session costs.
const READ_BUFFER: usize = 4 << 10;
/// How long a refused client may take to say its first word: some lose a refusal that comes with the close.
const LINGER: Duration = Duration::from_secs(2);
/// How long a client may take to answer a close.
const CLOSING: Duration = Duration::from_secs(2);
/// How long a client may take to read an answer.
const SENDING: Duration = Duration::from_secs(5 * 60);

/// The query of `/ws`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Attach {
    session_id: Option<String>,
}

/// `GET /ws`.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    query: Result<Query<Attach>, QueryRejection>,
    peer: Option<Extension<Peer>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return Fault::Upgrade.into_response() };
    let attach = query.ok().and_then(|Query(attach)| attach.session_id).filter(|id| !id.is_empty());
    accept(app, upgrade, peer, attach, &OPENENV)
}

/// `GET /mcp` with an upgrade.
pub(super) fn speak_mcp(app: Arc<App>, upgrade: WebSocketUpgrade, peer: Option<Extension<Peer>>) -> Response {
    accept(app, upgrade, peer, None, &MCP)
}

/// What is said on a connection.
struct Dialect {
    /// The answer to a text.
    answer: fn(&App, &Held, &str) -> Next,
    /// Why there is no session.
    refuse: fn(Fault) -> String,
    /// The answer to a frame that is no text.
    binary: fn() -> String,
}

const NO_TEXT: &str = "binary frames are not understood; send JSON as text";

static OPENENV: Dialect = Dialect { answer, refuse: refused, binary: || error("SESSION_ERROR", NO_TEXT) };

static MCP: Dialect = Dialect {
    answer: |app, held, text| {
        mcp::answer(app, held, text.as_bytes()).map_or(Next::Listen, |reply| Next::Answer(reply.get().to_owned()))
    },
    refuse: |fault| mcp::refused(fault).get().to_owned(),
    binary: || mcp::invalid(NO_TEXT).get().to_owned(),
};

/// Serves a connection: the session to attach to, or one of its own.
fn accept(
    app: Arc<App>,
    upgrade: WebSocketUpgrade,
    peer: Option<Extension<Peer>>,
    attach: Option<String>,
    dialect: &'static Dialect,
) -> Response {
    let client = peer.map(|Extension(Peer(client))| client);
    let upgrade = upgrade.max_message_size(MOST_BYTES).max_frame_size(MOST_BYTES).read_buffer_size(READ_BUFFER);
    upgrade.on_upgrade(move |socket| async move {
        let mut connection = Connection { socket, stop: app.stop.child_token(), client };
        let held = match attach {
            Some(id) => Held::attach(&app, &id).map_err(|no_seat| error("SESSION_ERROR", &no_seat.to_string())),
            None => Held::own(&app).map_err(dialect.refuse),
        };
        let ending = match held {
            Err(message) => connection.refuse(message).await,
            Ok(held) => {
                app.metrics.socket();
                Box::pin(connection.serve(&app, &held, dialect)).await
            }
        };
        connection.close(ending).await;
    })
}

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// The other side is gone already.
    Gone,
    /// With this code and reason.
    Close(u16, &'static str),
}

const NORMAL: Ending = Ending::Close(close_code::NORMAL, "");

/// What follows a message.
enum Next {
    /// An answer, and the next message.
    Answer(String),
    /// The next message.
    Listen,
    /// An answer, and the end.
    Last(String),
    /// The end.
    End,
}

struct Connection {
    socket: WebSocket,
    /// Cancelled when the server stops. Its own, so that connections do not wait for each other's look at it.
    stop: CancellationToken,
    client: Option<IpAddr>,
}

impl Connection {
    /// Answers messages until there are no more.
    async fn serve(&mut self, app: &App, held: &Held, dialect: &Dialect) -> Ending {
        let idle = Idle::new();
        let mut rested = pin!(idle.rested(app.options.socket_idle));
        loop {
            idle.touch();
            let next = match self.receive(rested.as_mut()).await {
                Ok(Message::Text(text)) => {
                    pace(app, self.client).await;
                    (dialect.answer)(app, held, text.as_str())
                }
                Ok(Message::Binary(_)) => Next::Last((dialect.binary)()),
                Ok(Message::Ping(_) | Message::Pong(_)) => continue,
                Ok(Message::Close(_)) => return Ending::Gone,
                Err(ending) => return ending,
            };
            let (text, more) = match next {
                Next::Answer(text) => (text, true),
                Next::Last(text) => (text, false),
                Next::Listen => continue,
                Next::End => return NORMAL,
            };
            if self.send(text).await.is_err() {
                return Ending::Gone;
            }
            if !more {
                return NORMAL;
            }
        }
    }

    /// The next frame, unless the server stops or nothing comes for long.
    async fn receive(&mut self, rested: Pin<&mut impl Future<Output = ()>>) -> Result<Message, Ending> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ending::Close(close_code::AWAY, "the server is stopping")),
            frame = self.socket.recv() => match frame {
                None => Err(Ending::Gone),
                Some(Ok(frame)) => Ok(frame),
                Some(Err(error)) => Err(broken(&error)),
            },
            () = rested => Err(Ending::Close(close_code::AWAY, "nothing was sent for too long")),
        }
    }

    async fn send(&mut self, text: String) -> Result<(), ()> {
        let sent = tokio::time::timeout(SENDING, self.socket.send(Message::Text(text.into()))).await;
        sent.map_err(drop)?.map_err(drop)
    }

    /// Says why there is no session, and waits for the client to have a chance to read it.
    async fn refuse(&mut self, message: String) -> Ending {
        if self.send(message).await.is_ok() {
            let _ = tokio::time::timeout(LINGER, self.socket.recv()).await;
        }
        NORMAL
    }

    /// Closes, and lets the other side close too, so that no bytes of it meet a socket that is gone.
    async fn close(mut self, ending: Ending) {
        let closing = async {
            if let Ending::Close(code, reason) = ending {
                let frame = CloseFrame { code, reason: reason.into() };
                let _ = self.socket.send(Message::Close(Some(frame))).await;
            }
            // An answer to the client's own close leaves with the next read.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _ = tokio::time::timeout(CLOSING, closing).await;
    }
}

/// Waits until a client's rate allows an answer.
async fn pace(app: &App, client: Option<IpAddr>) {
    let Some((rates, client)) = app.rates.as_ref().zip(client) else { return };
    while let Err(wait) = rates.take(client, app.now()) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.stop.cancelled() => return,
        }
    }
}

/// What a broken stream of frames ends with.
fn broken(error: &axum::Error) -> Ending {
    let text = error.to_string().to_lowercase();
    if text.contains("too long") || text.contains("too large") {
        Ending::Close(close_code::SIZE, "the message is larger than 16 MiB")
    } else if text.contains("utf-8") || text.contains("utf8") {
        Ending::Close(close_code::INVALID, "text must be UTF-8")
    } else {
        Ending::Gone
    }
}

/// Answers a message.
fn answer(app: &App, held: &Held, text: &str) -> Next {
    let message = match serde_json::from_str(text) {
        Ok(Value::Object(message)) => message,
        Ok(_) => return Next::Last(error("SESSION_ERROR", "a message is an object such as {\"type\": \"reset\"}")),
        Err(problem) => return Next::Answer(error("INVALID_JSON", &format!("Invalid JSON: {problem}"))),
    };
    match dispatch(app, held, message, text.len()) {
        Ok(next) => next,
        Err(Refusal::Form(problem)) => Next::Answer(invalid(&problem)),
        Err(Refusal::Execution(fault)) => Next::Answer(error("EXECUTION_ERROR", &fault.to_string())),
    }
}

/// Why a message is not carried out.
enum Refusal {
    Form(Problem),
    Execution(Fault),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Form(problem)
    }
}

/// A place in a message that is wrong, in the form of OpenEnv's server.
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

fn dispatch(app: &App, held: &Held, mut message: Map<String, Value>, size: usize) -> Result<Next, Refusal> {
    let visibility = app.options.visibility;
    let kind = match message.remove("type") {
        Some(Value::String(kind)) => kind,
        other => return Ok(Next::Answer(unknown_type(&other.unwrap_or_default().to_string()))),
    };
    let data = if matches!(kind.as_str(), "reset" | "step" | "mcp") { message.remove("data") } else { None };
    if !matches!(kind.as_str(), "reset" | "step" | "state" | "mcp" | "close") {
        return Ok(Next::Answer(unknown_type(&kind)));
    }
    if let Some((key, value)) = message.into_iter().next() {
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
            let scenario = choice.scenario(&app.catalog).map_err(Refusal::Execution)?;
            let play = &mut held.lock().play;
            *play = Play::start(scenario, choice.episode_id.as_deref());
            app.metrics.episode();
            Ok(said("observation", &visibility.openenv_reset(&play.episode, &play.name)))
        }
        "step" => {
            let Some(mut data) = data else {
                return Err(Problem::data("missing", "missing; expected an action".to_owned(), Value::Null).into());
            };
            // It is kept as long as the episode, as one over HTTP is.
            if size > app.options.max_body {
                return Err(Refusal::Execution(Fault::TooLarge(app.options.max_body)));
            }
            let play = &mut held.lock().play;
            if let Some(answer) = mcp::step(app, play, &mut data) {
                return Ok(said("observation", &answer.map_err(|misfit| Problem::of(misfit, Value::Null))?));
            }
            let action = Action::from_value(data).map_err(|error| Problem::of(error.into(), Value::Null))?;
            let (outcome, name) = app.step(play, &action);
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
                return Err(Refusal::Execution(Fault::TooLarge(app.options.max_body)));
            }
            Ok(said("mcp", &mcp::answer_value(app, held, data)))
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

fn error(code: &str, message: &str) -> String {
    json!({ "type": "error", "data": { "message": message, "code": code } }).to_string()
}

fn unknown_type(kind: &str) -> String {
    let message = format!("Unknown message type: {}; types: reset, step, state, mcp, close", excerpt(kind));
    error("UNKNOWN_TYPE", &message)
}

fn invalid(problem: &Problem) -> String {
    let Problem { kind, loc, message, input } = problem;
    json!({ "type": "error", "data": {
        // Clients show the message and often nothing else.
        "message": format!("Invalid message: {}{}{message}", loc.join("."), if loc.is_empty() { "" } else { ": " }),
        "code": "VALIDATION_ERROR",
        "errors": [{ "type": kind, "loc": loc, "msg": message, "input": input }],
    } })
    .to_string()
}

fn refused(fault: Fault) -> String {
    match fault {
        Fault::Full(full) => json!({ "type": "error", "data": {
            "message": at_capacity(full), "code": "CAPACITY_REACHED",
            "active_sessions": full.active, "max_sessions": full.most,
        } })
        .to_string(),
        other => error("FACTORY_ERROR", &other.to_string()),
    }
}
