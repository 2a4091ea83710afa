//! Upgrades a connection from HTTP to a WebSocket: the server's side of the opening handshake (RFC 6455, 4.2).

use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
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
    /// The first of the subprotocols that the client offers. Browsers, and clients of MCP, end a connection if none of theirs
    /// is agreed to. All of them carry texts of JSON here.
    subprotocol: Option<HeaderValue>,
    upgraded: OnUpgrade,
}

impl Handshake {
    /// Agrees, and hands the connection over as soon as the answer has left.
    pub(crate) fn then<F: Future<Output = ()> + Send + 'static>(
        self,
        live: impl FnOnce(Stream) -> F + Send + 'static,
    ) -> Response {
        let Self { accept, subprotocol, upgraded } = self;
        tokio::spawn(async move {
            // A client that left before the answer did leaves nothing to do.
            if let Ok(stream) = upgraded.await {
                live(TokioIo::new(stream)).await;
            }
        });
        let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, &accept)];
        let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
        response.headers_mut().extend(subprotocol.map(|name| (SEC_WEBSOCKET_PROTOCOL, name)));
        response
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
            (true, Some(accept), Some(upgraded)) => {
                let subprotocol = words(&parts.headers, &SEC_WEBSOCKET_PROTOCOL).find(|name| is_token(name));
                let subprotocol = subprotocol.and_then(|name| HeaderValue::from_str(name).ok());
                Ok(Self { accept, subprotocol, upgraded })
            }
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
    words(headers, name).any(|found| found.eq_ignore_ascii_case(word))
}

/// Goes through the words of a list in headers.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// Returns whether a text is a token of HTTP (RFC 9110, 5.6.2), as the name of a subprotocol has to be.
fn is_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_token)
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
