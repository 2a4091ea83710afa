//! Serves `/mcp` as a socket: messages of MCP as texts, on a session that ends with the connection.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Extension;
use axum::response::Response;
use serde_json::Value;
use serde_json::value::RawValue;

use super::protocol::{RpcError, reply};
use super::requests::{answer, no_session};
use crate::serve::app::App;
use crate::serve::net::rates::Peer;
use crate::serve::net::upgrade::Handshake;
use crate::serve::socket::{Dialect, NO_TEXT, Next, accept};

/// Serves a client that has asked for a socket.
pub(super) fn speak(app: Arc<App>, handshake: Handshake, peer: Option<Extension<Peer>>) -> Response {
    accept(app, handshake, peer, |app| app.hold_session().map_err(|fault| refusal(no_session(fault))), &MCP)
}

static MCP: Dialect = Dialect {
    answer: |app, held, text| {
        answer(app, held, text.as_bytes()).map_or(Next::Listen, |reply| Next::Answer(bytes(reply)))
    },
    binary: || refusal(RpcError::invalid(NO_TEXT)),
};

/// Answers a frame that is not a request.
fn refusal(error: RpcError) -> Bytes {
    bytes(reply(&Value::Null, &Err(error)))
}

/// Returns the bytes of JSON that is already written.
fn bytes(reply: Box<RawValue>) -> Bytes {
    String::from(Box::<str>::from(reply)).into()
}
