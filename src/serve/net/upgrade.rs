//! Upgrades a connection from HTTP to a WebSocket: the server's side of the opening handshake (RFC 6455, 4.2).

use axum::extract::FromRequestParts;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1_smol::Sha1;

use crate::serve::error::Fault;

/// The text that a server appends to a client's key (RFC 6455, 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The bytes of a connection that has left HTTP.
pub(crate) type Stream = TokioIo<Upgraded>;

/// A request to leave HTTP.
pub(crate) struct Handshake {
    /// The proof that the request was understood.
    accept: String,
    upgraded: OnUpgrade,
}

impl Handshake {
    /// Agrees, and hands the connection over as soon as the answer has left.
    pub(crate) fn then<F: Future<Output = ()> + Send + 'static>(
        self,
        live: impl FnOnce(Stream) -> F + Send + 'static,
    ) -> Response {
        let Self { accept, upgraded } = self;
        tokio::spawn(async move {
            // A client that left before the answer did leaves nothing to do.
            if let Ok(stream) = upgraded.await {
                live(TokioIo::new(stream)).await;
            }
        });
        let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, &accept)];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Handshake {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let headers = &parts.headers;
        let is_asked = parts.method == Method::GET
            && has_word(headers, &CONNECTION, "upgrade")
            && has_word(headers, &UPGRADE, "websocket")
            && has_word(headers, &SEC_WEBSOCKET_VERSION, "13");
        let accept = headers.get(SEC_WEBSOCKET_KEY).map(|key| accept(key.as_bytes()));
        match (is_asked, accept, parts.extensions.remove::<OnUpgrade>()) {
            (true, Some(accept), Some(upgraded)) => Ok(Self { accept, upgraded }),
            _ => Err(Fault::Upgrade),
        }
    }
}

/// Computes the proof for a key (RFC 6455, 4.2.2).
fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID.as_bytes());
    STANDARD.encode(hash.digest().bytes())
}

/// Returns whether a list in headers holds this word.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// Checks the example of RFC 6455, 1.3.
    #[test]
    fn proof() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn words_of_lists() {
        let request = Request::builder().header("connection", "keep-alive, Upgrade").header("connection", "x");
        let headers = request.body(()).unwrap().into_parts().0.headers;
        assert!(has_word(&headers, &CONNECTION, "upgrade") && has_word(&headers, &CONNECTION, "x"));
        assert!(!has_word(&headers, &CONNECTION, "keep") && !has_word(&headers, &UPGRADE, "websocket"));
    }
}
