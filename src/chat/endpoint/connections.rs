//! Connections to an endpoint, which are kept for further requests.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response, Url};
use tokio::time::Instant;

use super::config::SetupError;
use super::proxy::Way;
use crate::chat::error::with_causes;

/// The limit on the time for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time within which a kept connection that the endpoint had closed before the request shows it.
const TIME_TO_SHOW: Duration = Duration::from_secs(1);

/// The connections to an endpoint.
#[derive(Debug)]
pub(super) struct Connections {
    /// Keeps connections for further requests.
    keeping: Client,
    /// Opens a connection for every request.
    opening: Client,
    /// Whether a request was answered, so that connections may have been kept.
    was_answered: AtomicBool,
}

impl Connections {
    /// Prepares connections by this way, and connects to nothing yet.
    pub(super) fn new(way: &Way) -> Result<Self, SetupError> {
        // The TLS provider is a choice of the whole process; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |kept: usize| {
            let builder = match way {
                Way::Excepted => Client::builder().no_proxy(),
                // The HTTP library reads the environment itself.
                Way::Straight | Way::Through(_) => Client::builder(),
            };
            builder
                .user_agent(concat!("incident-bench/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(kept)
                .build()
                .map_err(|error| SetupError::Client(with_causes(&error)))
        };
        Ok(Self { keeping: client(usize::MAX)?, opening: client(0)?, was_answered: AtomicBool::new(false) })
    }

    /// Sends a request. An endpoint may close a connection after an answer without saying so, as llama.cpp's server does
    /// after every stream. Nobody reads a request that meets such a connection, so it is sent again by a new one. The same is
    /// done where the endpoint did read it and broke the connection at once, which cannot be told apart.
    pub(super) async fn post(
        &self,
        url: &Url,
        headers: Option<&HeaderMap>,
        body: Bytes,
    ) -> Result<Response, reqwest::Error> {
        let request = |client: &Client, body: Bytes| {
            let request = client.post(url.clone()).headers(headers.cloned().unwrap_or_default());
            request.header(CONTENT_TYPE, "application/json").body(body).send()
        };
        let may_be_kept = self.was_answered.load(Ordering::Relaxed);
        let again = may_be_kept.then(|| body.clone());
        let start = Instant::now();
        let mut answer = request(&self.keeping, body).await;
        if let (Err(error), Some(body)) = (&answer, again)
            && is_closed(error)
            && start.elapsed() < TIME_TO_SHOW
        {
            answer = request(&self.opening, body).await;
        }
        if answer.is_ok() {
            self.was_answered.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// Whether the connection was closed before any byte of an answer.
fn is_closed(error: &reqwest::Error) -> bool {
    if error.is_connect() {
        return false;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return true;
        }
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionAborted, io::ErrorKind::BrokenPipe];
            return kinds.contains(&error.kind());
        }
        cause = inner.source();
    }
    false
}
