//! The boundary to the network: the trait that every way to reach a model implements.

use std::future::Future;
use std::pin::Pin;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{ChatReply, ChatRequest};
use super::error::ChatError;

/// A boxed future, as returned by the object-safe [`ChatClient`].
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The circumstances of a call, which are not part of the request.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// When the call must be over, retries included.
    pub deadline: Option<Instant>,
    /// Seeds the jitter of the retry delays.
    pub jitter_seed: u64,
    /// Which repetition of the request it is, from 0: a recording has an answer for each.
    pub repeat: u32,
    /// Once it is cancelled, no further attempt is begun; one that is under way goes on.
    pub stop: CancellationToken,
    /// Whether faults on purpose leave it alone, as they do the question before a run.
    pub spared: bool,
}

/// A way to reach a model. The one asynchronous boundary below the runner.
pub trait ChatClient: Send + Sync {
    /// Asks for one completion. Dropping the future abandons the call.
    ///
    /// # Errors
    /// A [`ChatError`] that says what kind of fault it was and after how many attempts.
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>>;

    /// Ends a conversation, with a last message that needs no answer where there is one. For clients that keep something
    /// open; an endpoint is told nothing.
    fn close<'a>(&'a self, last: Option<&'a str>) -> BoxFuture<'a, ()> {
        let _ = last;
        Box::pin(std::future::ready(()))
    }
}
