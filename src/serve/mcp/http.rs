//! Serves `/mcp` over HTTP: a POST carries a message, and its answer carries the reply. Streams are not offered.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::protocol::{self, INVALID_PARAMS, INVALID_REQUEST, Outcome, RpcError, reply};
use super::requests::{VERSIONS, close, create, named_session, no_session, of_episode, unknown_session};
use super::socket;
use crate::serve::app::App;
use crate::serve::episodes::session::{Closed, locked};
use crate::serve::error::{Fault, excerpt};
use crate::serve::net::buffer::written;
use crate::serve::net::rates::Peer;
use crate::serve::net::upgrade::Handshake;
use crate::serve::wire::input::Input;

/// The header that names the session of an ordinary MCP client.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The header that names the protocol version of such a client.
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Serves `POST /mcp`. The status is 200, except where the protocol promises another one to ordinary MCP clients.
pub(crate) async fn post(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let headers = request.headers().clone();
    let input = Input::read(request, app.options.max_body).await?;
    let message = match input.json() {
        Ok(Some(message)) => message,
        Ok(None) => return Ok(refuse(StatusCode::OK, protocol::unreadable("the body is empty".to_owned()))),
        Err(Fault::Json(why)) => return Ok(refuse(StatusCode::OK, protocol::unreadable(why))),
        Err(other) => return Err(other),
    };
    let request = match protocol::Request::read(message) {
        Ok(request) => request,
        Err((id, error)) => return Ok(answered(&id, &Err(error))),
    };
    let request_id = request.as_ref().map(|request| request.id.clone()).unwrap_or_default();
    if let Some(error) = wrong_version(&headers) {
        return Ok((StatusCode::BAD_REQUEST, answered(&request_id, &Err(error))).into_response());
    }
    let session = lossy_text(&headers, &SESSION);
    if let Some(id) = &session
        && app.sessions.find(id).is_none()
    {
        // This status tells the client that it must initialize a new session.
        return Ok((StatusCode::NOT_FOUND, answered(&request_id, &Err(unknown_session(id)))).into_response());
    }
    let Some(request) = request else {
        return Ok(StatusCode::ACCEPTED.into_response());
    };
    if request.method == "initialize" && session.is_none() && named_session(&request.params).is_none() {
        return Ok(begin(&app, request));
    }
    Ok(answered(&request_id, &carry_out(&app, session, request)))
}

/// Opens a session for an ordinary MCP client, and names it in a header.
fn begin(app: &App, request: protocol::Request) -> Response {
    let id = request.id.clone();
    let (name, session) = match app.open_session() {
        Ok(opened) => opened,
        Err(fault) => return answered(&id, &Err(no_session(fault))),
    };
    let mut response = answered(&id, &of_episode(app, &mut locked(&session).play, request));
    response.headers_mut().extend(HeaderValue::try_from(&*name).ok().map(|name| (SESSION, name)));
    response
}

/// Carries out a request on the session that it names in its parameters, or else in the header. Without a session it is
/// carried out on a temporary episode.
fn carry_out(app: &App, header: Option<String>, request: protocol::Request) -> Outcome {
    match request.method.as_str() {
        "openenv/session/create" => return create(app),
        "openenv/session/close" => return close(app, &request.params),
        _ => {}
    }
    if let Some(id) = named_session(&request.params).or(header) {
        let session = app.sessions.find(&id).ok_or_else(|| unknown_session(&id))?;
        return of_episode(app, &mut locked(&session).play, request);
    }
    if app.options.visibility.exam && request.method == "tools/call" {
        let message = format!(
            "In an exam a call names its session: send 'initialize', and its {SESSION} with each request, or \
             'openenv/session/create', and its session_id in params"
        );
        return Err(RpcError::new(INVALID_REQUEST, message));
    }
    of_episode(app, &mut app.first_play().map_err(no_session)?, request)
}

/// Serves `GET /mcp`: a socket with messages of MCP as texts. A stream of events is not offered, which the protocol
/// allows.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    handshake: Result<Handshake, Fault>,
) -> Response {
    let Ok(handshake) = handshake else {
        let fault = Fault::Method { path: "/mcp".to_owned(), method: "GET without an upgrade".to_owned() };
        let mut response = fault.into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST,DELETE"));
        return response;
    };
    socket::speak(app, handshake, peer)
}

/// Serves `DELETE /mcp`, which ends the session that the header names.
pub(crate) async fn delete(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(id) = lossy_text(request.headers(), &SESSION) else {
        let message = format!("the header {SESSION} is missing; it names the session to end");
        return refuse(StatusCode::BAD_REQUEST, RpcError::new(INVALID_PARAMS, message));
    };
    match app.sessions.close(&id) {
        Closed::Now | Closed::Later => StatusCode::NO_CONTENT.into_response(),
        Closed::Unknown => refuse(StatusCode::NOT_FOUND, unknown_session(&id)),
    }
}

/// Returns what is wrong with the version that the header names. A missing header is not an error.
fn wrong_version(headers: &HeaderMap) -> Option<RpcError> {
    let version = lossy_text(headers, &VERSION)?;
    (!VERSIONS.contains(&version.as_str())).then(|| {
        let message =
            format!("{VERSION}: '{}' is not spoken here; versions: {}", excerpt(&version), VERSIONS.join(", "));
        RpcError::new(INVALID_REQUEST, message)
    })
}

/// Reads a header as text, whatever its encoding.
fn lossy_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn answered(id: &Value, outcome: &Outcome) -> Response {
    written(String::from(Box::<str>::from(reply(id, outcome))))
}

fn refuse(status: StatusCode, error: RpcError) -> Response {
    (status, answered(&Value::Null, &Err(error))).into_response()
}
