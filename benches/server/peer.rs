//! The peer of the server: axum alone, which reads the same requests and sends as many bytes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::wire::Problem;

/// The answer to every message.
#[derive(Debug, Clone)]
struct Stored {
    body: Bytes,
    text: Utf8Bytes,
}

/// Serves answers of this size until the process is ended.
pub(crate) async fn serve(size: usize) -> Result<(), Problem> {
    let head = r#"{"type":"observation","data":""#;
    let text = format!("{head}{}\"}}", "x".repeat(size.saturating_sub(head.len() + 2)));
    let stored = Stored { body: Bytes::from(text.clone()), text: text.into() };
    let router = Router::new().route("/reset", post(answer)).route("/step", post(answer)).route("/ws", get(upgrade));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router.with_state(stored)).await?)
}

async fn answer(State(stored): State<Stored>, _: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], stored.body)
}

async fn upgrade(State(stored): State<Stored>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |mut socket| async move {
        while let Some(Ok(Message::Text(_))) = socket.recv().await {
            if socket.send(Message::Text(stored.text.clone())).await.is_err() {
                break;
            }
        }
    })
}
