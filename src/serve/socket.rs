//! `/ws`: one isolated episode a connection, in the messages of OpenEnv; and `/mcp` as a socket, in those of MCP.
//!
//! A message is answered before the next one is read, so answers come in order and a client cannot pile up work. The
//! WebSocket layer answers pings whenever a frame is awaited.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{CloseCode, Error, Limits, ServerBuilder, WebSocketStream};

use super::net::buffer::json;
use super::app::{App, Play};
use super::episodes::choice::Choice;
use super::error::{Fault, Misfit, excerpt};
use super::net::guard::Peer;
use super::net::idle::Idle;
use super::mcp::requests as mcp;
use super::wire::message::{Message, Unread};
use super::episodes::session::{Held, at_capacity};
use super::net::upgrade::{Handshake, Stream};
use crate::env::Action;

/// The largest message that is taken.
const MOST_BYTES: usize = 16 << 20;
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
    handshake: Result<Handshake, Fault>,
) -> Response {
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(fault) => return fault.into_response(),
    };
    let attach = query.ok().and_then(|Query(attach)| attach.session_id).filter(|id| !id.is_empty());
    accept(app, handshake, peer, attach, &OPENENV)
}

/// `GET /mcp` with an upgrade.
pub(super) fn speak_mcp(app: Arc<App>, handshake: Handshake, peer: Option<Extension<Peer>>) -> Response {
    accept(app, handshake, peer, None, &MCP)
}

/// What is said on a connection.
struct Dialect {
    /// The answer to a text.
    answer: fn(&App, &Held, &str) -> Next,
    /// Why there is no session.
    refuse: fn(Fault) -> Bytes,
    /// The answer to a frame that is no text.
    binary: fn() -> Bytes,
}

const NO_TEXT: &str = "binary frames are not understood; send JSON as text";

static OPENENV: Dialect = Dialect { answer, refuse: refused, binary: || error("SESSION_ERROR", NO_TEXT) };

static MCP: Dialect = Dialect {
    answer: |app, held, text| {
        mcp::answer(app, held, text.as_bytes()).map_or(Next::Listen, |reply| Next::Answer(bytes(reply)))
    },
    refuse: |fault| bytes(mcp::refused(fault)),
    binary: || bytes(mcp::invalid(NO_TEXT)),
};

/// Serves a connection: the session to attach to, or one of its own.
fn accept(
    app: Arc<App>,
    handshake: Handshake,
    peer: Option<Extension<Peer>>,
    attach: Option<String>,
    dialect: &'static Dialect,
) -> Response {
    let client = peer.map(|Extension(Peer(client))| client);
    handshake.then(move |stream| async move {
        let limits = Limits::default().max_payload_len(Some(MOST_BYTES));
        let socket = ServerBuilder::new().limits(limits).serve(stream);
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
    /// The other side is gone already, or was told why it must go.
    Gone,
    /// With this code and reason.
    Close(CloseCode, &'static str),
}

const NORMAL: Ending = Ending::Close(CloseCode::NORMAL_CLOSURE, "");

/// What follows a message.
enum Next {
    /// An answer, and the next message.
    Answer(Bytes),
    /// The next message.
    Listen,
    /// An answer, and the end.
    Last(Bytes),
    /// The end.
    End,
}

struct Connection {
    socket: WebSocketStream<Stream>,
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
            let message = match self.receive(rested.as_mut()).await {
                Ok(message) => message,
                Err(ending) => return ending,
            };
            let next = if let Some(text) = message.as_text() {
                pace(app, self.client).await;
                (dialect.answer)(app, held, text)
            } else if message.is_binary() {
                Next::Last((dialect.binary)())
            } else if message.is_close() {
                return Ending::Gone;
            } else if self.flush().await.is_ok() {
                // The answer to a ping has left: who only ever asks cannot make answers pile up.
                continue;
            } else {
                return Ending::Gone;
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
    async fn receive(
        &mut self,
        rested: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<tokio_websockets::Message, Ending> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ending::Close(CloseCode::GOING_AWAY, "the server is stopping")),
            message = self.socket.next() => match message {
                Some(Ok(message)) => Ok(message),
                Some(Err(Error::PayloadTooLong { .. })) => {
                    Err(Ending::Close(CloseCode::MESSAGE_TOO_BIG, "the message is larger than 16 MiB"))
                }
                // What breaks the protocol is answered by a close that says so, which leaves with the next read.
                Some(Err(_)) | None => Err(Ending::Gone),
            },
            () = rested => Err(Ending::Close(CloseCode::GOING_AWAY, "nothing was sent for too long")),
        }
    }

    async fn send(&mut self, text: Bytes) -> Result<(), ()> {
        self.socket.feed(tokio_websockets::Message::text(text)).await.map_err(drop)?;
        self.flush().await
    }

    /// Waits until all answers have left.
    async fn flush(&mut self) -> Result<(), ()> {
        let sent = tokio::time::timeout(SENDING, self.socket.flush()).await;
        sent.map_err(drop)?.map_err(drop)
    }

    /// Says why there is no session, and waits for the client to have a chance to read it.
    async fn refuse(&mut self, message: Bytes) -> Ending {
        if self.send(message).await.is_ok() {
            let _ = tokio::time::timeout(LINGER, self.socket.next()).await;
        }
        NORMAL
    }

    /// Closes, and lets the other side close too, so that no bytes of it meet a socket that is gone.
    async fn close(mut self, ending: Ending) {
        let closing = async {
            if let Ending::Close(code, reason) = ending {
                let _ = self.socket.send(tokio_websockets::Message::close(Some(code), reason)).await;
            }
            // An answer to the client's own close leaves with the next read.
            while self.socket.next().await.is_some() {}
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

/// Answers a message.
fn answer(app: &App, held: &Held, text: &str) -> Next {
    let message = match Message::read(text) {
        Ok(message) => message,
        Err(Unread::Form) => {
            return Next::Last(error("SESSION_ERROR", "a message is an object such as {\"type\": \"reset\"}"));
        }
        Err(Unread::Json(problem)) => return Next::Answer(error("INVALID_JSON", &format!("Invalid JSON: {problem}"))),
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

fn dispatch(app: &App, held: &Held, message: Message, size: usize) -> Result<Next, Refusal> {
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
            let scenario = app.scenario(&choice).map_err(Refusal::Execution)?;
            let play = &mut held.lock().play;
            *play = Play::start(&scenario, choice.episode_id.as_deref());
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

/// Bytes of JSON that is written already.
fn bytes(reply: Box<RawValue>) -> Bytes {
    String::from(Box::<str>::from(reply)).into()
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
        // Clients show the message and often nothing else.
        "message": format!("Invalid message: {}{}{message}", loc.join("."), if loc.is_empty() { "" } else { ": " }),
        "code": "VALIDATION_ERROR",
        "errors": [{ "type": kind, "loc": loc, "msg": message, "input": input }],
    } }))
}

fn refused(fault: Fault) -> Bytes {
    match fault {
        Fault::Full(full) => json(&json!({ "type": "error", "data": {
            "message": at_capacity(full), "code": "CAPACITY_REACHED",
            "active_sessions": full.active, "max_sessions": full.most,
        } })),
        other => error("FACTORY_ERROR", &other.to_string()),
    }
}
