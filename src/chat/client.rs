//! The boundary to the network: the trait that every way to reach a model implements.

use std::future::Future;
use std::pin::Pin;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::adjust::Adjusted;
use super::call::{ChatReply, ChatRequest};
use super::error::ChatError;

/// A boxed future, which the object-safe [`ChatClient`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The circumstances of a call, which are not part of the request.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// The time at which the call must be over, including retries.
    pub deadline: Option<Instant>,
    /// The seed of the jitter of retry delays.
    pub jitter_seed: u64,
    /// The number of the repetition of the request, from 0. A recording has an answer for each.
    pub repeat: u32,
    /// Once it is cancelled, no further attempt begins; an attempt that is under way continues.
    pub stop: CancellationToken,
    /// Whether faults on purpose spare this call, as they do for the check before a run.
    pub spared: bool,
}

/// A way to reach a model. It is the only asynchronous boundary below the runner.
pub trait ChatClient: Send + Sync {
    /// Asks for one completion. Dropping the future abandons the call.
    ///
    /// # Errors
    /// Returns a [`ChatError`] that says what kind of fault it was and after how many attempts.
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>>;

    /// What the client changed in its requests so far, because the endpoint refused it.
    fn adjusted(&self) -> Adjusted {
        Adjusted::default()
    }

    /// Ends a conversation, if needed with a last message that gets no answer. This is for clients that keep something
    /// open; an endpoint is told nothing.
    fn close<'a>(&'a self, last: Option<&'a str>) -> BoxFuture<'a, ()> {
        let _ = last;
        Box::pin(std::future::ready(()))
    }
}
