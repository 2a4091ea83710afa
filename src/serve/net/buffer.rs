//! Writes the JSON of answers into buffers that are reused.

use std::cell::RefCell;

use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The number of bytes into which most answers fit.
const USUAL_SIZE: usize = 12 << 10;
/// The size in bytes above which a buffer is not kept.
const LARGEST: usize = 64 << 10;
/// The number of buffers that a thread keeps. An answer is mostly sent before the thread writes the next one.
const BUFFERS_PER_THREAD: usize = 16;

thread_local! {
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Writes the JSON of a view. No view can fail, since the keys of all of them are texts.
pub(crate) fn json<T: Serialize>(view: &T) -> Bytes {
    // A buffer that was sent just now is still in the processor's cache; fresh memory of this size never is.
    let buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(USUAL_SIZE));
    Bytes::from_owner(Lent(write(buffer, view)))
}

/// Answers with the JSON of a view.
pub(crate) fn respond<T: Serialize>(view: &T) -> Response {
    written(json(view))
}

/// Answers with JSON that is already written.
pub(crate) fn written(body: impl Into<Bytes>) -> Response {
    const JSON: (HeaderName, &str) = (CONTENT_TYPE, "application/json");
    ([JSON], body.into()).into_response()
}

fn write<T: Serialize>(mut buffer: Vec<u8>, view: &T) -> Vec<u8> {
    if serde_json::to_writer(&mut buffer, view).is_err() {
        buffer.clear();
    }
    buffer
}

/// A buffer that goes back to a thread when its bytes have been sent.
struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() > LARGEST {
            return;
        }
        buffer.clear();
        // A thread that is ending keeps nothing.
        let _ = BUFFERS.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < BUFFERS_PER_THREAD {
                kept.push(buffer);
            }
        });
    }
}
