//! Writes server-sent events, which tell clients about runs in progress.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;

use crate::serve::net::origins::header_text;

/// Returns whether a client accepts events.
pub(super) fn accepted(headers: &HeaderMap) -> bool {
    header_text(headers, ACCEPT).unwrap_or_default().contains("text/event-stream")
}

/// Writes an event with a text of one line.
pub(super) fn event(name: &str, data: impl std::fmt::Display) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// Answers with the events of a listener. `next` returns each event together with the listener, or alone if it is the
/// last event.
pub(super) fn respond<L, F>(listener: L, next: impl FnMut(L) -> F + Send + 'static) -> Response
where
    L: Send + 'static,
    F: Future<Output = Option<(Bytes, Option<L>)>> + Send + 'static,
{
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream(listener, next))).into_response()
}

fn stream<L, F>(listener: L, mut next: impl FnMut(L) -> F) -> impl Stream<Item = Result<Bytes, Infallible>>
where
    F: Future<Output = Option<(Bytes, Option<L>)>>,
{
    futures_util::stream::unfold(Some(listener), move |listener| {
        let event = listener.map(&mut next);
        async move {
            let (event, listener) = event?.await?;
            Some((Ok(event), listener))
        }
    })
}
