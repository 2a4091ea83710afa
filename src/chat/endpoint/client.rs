//! The client for any OpenAI-compatible endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use crate::chat::adjust::Adjusted;
use crate::chat::error::with_causes;
use crate::chat::limit::Limiter;
use crate::chat::wire::{self, ModelSettings, RawReply};
use crate::chat::{BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, ToolCall};

/// The waits for an answer. Comments and pings are no data, but they begin a wait anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest silence before the first data of an answer.
    pub first_data: Duration,
    /// The longest silence after the first data.
    pub between_data: Duration,
    /// The time for one attempt, from connecting to the last byte.
    pub whole: Duration,
}

impl Patience {
    /// The waits for a model that thinks before it answers, which may be silent for long also after its first data.
    #[must_use]
    pub fn with_reasoning() -> Self {
        Self { between_data: Self::default().first_data, ..Self::default() }
    }

    /// The waits of an endpoint that may be silent for this long.
    #[must_use]
    pub fn of_silence(longest: Duration) -> Self {
        Self { first_data: longest, between_data: longest, whole: Self::default().whole.max(longest) }
    }
}

impl Default for Patience {
    fn default() -> Self {
        let [first_data, between_data, whole] = [600, 120, 1_800].map(Duration::from_secs);
        Self { first_data, between_data, whole }
    }
}

/// An endpoint: its address, key, headers and limits.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The URL without its ending `/chat/completions`.
    pub base_url: String,
    /// The key, if one is sent.
    pub key: Option<SecretString>,
    /// Further headers that are sent.
    pub headers: BTreeMap<String, String>,
    /// The waits for an answer.
    pub patience: Patience,
    /// The most bytes of an answer that are read.
    pub max_body: usize,
    /// The limiter that makes calls wait for their turn; none if they need not wait.
    pub limiter: Option<Arc<Limiter>>,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            key: None,
            headers: BTreeMap::new(),
            patience: Patience::default(),
            // This is far more than any completion that a limit on tokens allows.
            max_body: 4 * 1024 * 1024,
            limiter: None,
        }
    }
}

/// The reasons why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The key has bytes that no header can carry. The error does not repeat the key.
    #[error("the API key has characters that cannot be sent, such as a line break; check the variable that holds it")]
    Key,
    /// A header of the provider is wrong.
    #[error("'{0}' is no valid header name or value")]
    Header(String),
    /// The URL is wrong.
    #[error("'{url}' is no URL: {problem}")]
    Url {
        /// The URL that was given.
        url: String,
        /// The problem with the URL.
        problem: String,
    },
    /// TLS or the HTTP client cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

/// The client for one model at one endpoint.
#[derive(Debug)]
pub struct EndpointClient {
    http: reqwest::Client,
    url: reqwest::Url,
    key: Option<SecretString>,
    settings: ModelSettings,
    adjusted: Adjusted,
    patience: Patience,
    max_body: usize,
    limiter: Option<Arc<Limiter>>,
}

/// The limit on the time for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The fewest bytes of a key that is worth hiding.
const SHORTEST_SECRET: usize = 8;
/// The headers in which endpoints give the id of a request.
const REQUEST_ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-amzn-requestid", "cf-ray"];

impl EndpointClient {
    /// Makes a client, which does not connect yet. Its requests begin with what was learnt before, as an earlier run kept
    /// it.
    ///
    /// # Errors
    /// Says what is wrong with the key, a header or the URL. The error never repeats the key.
    pub fn new(endpoint: &Endpoint, settings: ModelSettings, adjusted: Adjusted) -> Result<Self, SetupError> {
        // The TLS provider is a choice of the whole process; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}/chat/completions", endpoint.base_url.trim_end_matches('/'));
        let url =
            reqwest::Url::parse(&url).map_err(|e| SetupError::Url { url: url.clone(), problem: e.to_string() })?;
        let mut headers = HeaderMap::new();
        for (name, value) in &endpoint.headers {
            let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value).ok());
            let (name, value) = parsed.ok_or_else(|| SetupError::Header(name.clone()))?;
            headers.insert(name, value);
        }
        if let Some(key) = &endpoint.key {
            let text = format!("Bearer {}", key.expose_secret());
            let mut value = HeaderValue::from_str(&text).map_err(|_| SetupError::Key)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("incident-bench/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| SetupError::Client(with_causes(&e)))?;
        let key = endpoint.key.clone();
        Ok(Self {
            http,
            url,
            key,
            settings,
            adjusted,
            patience: endpoint.patience,
            max_body: endpoint.max_body,
            limiter: endpoint.limiter.clone(),
        })
    }

    /// Makes one attempt when it is its turn.
    async fn in_turn(&self, request: &ChatRequest, context: &CallContext) -> Result<ChatReply, ChatError> {
        let Some(limiter) = &self.limiter else { return self.attempt(request, context).await };
        let turn = limiter.turn(context).await?;
        let result = self.attempt(request, context).await;
        turn.end(&result);
        result
    }

    async fn attempt(&self, request: &ChatRequest, context: &CallContext) -> Result<ChatReply, ChatError> {
        let start = Instant::now();
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let limit = start + self.patience.first_data;
        let deadline = context.deadline.map_or(limit, |deadline| deadline.min(limit));
        let answer = timeout_at(deadline, self.exchange(request)).await.map_err(|_| {
            let seconds = (deadline - start).as_secs_f64();
            ChatError::new(ErrorKind::Timeout, &format!("no whole answer within {seconds:.1} s"))
        });
        match answer.flatten() {
            Ok(reply) => Ok(self.reply_without_key(ChatReply { latency_ms: elapsed(), ..reply })),
            Err(error) => {
                let message = self.text_without_key(error.message);
                Err(ChatError { latency_ms: elapsed(), message, ..error })
            }
        }
    }

    fn secret(&self) -> Option<&str> {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        // A shorter key is not a secret but a placeholder, such as `none`, and may be any word.
        key.filter(|key| key.len() >= SHORTEST_SECRET)
    }

    fn text_without_key(&self, text: String) -> String {
        match self.secret() {
            Some(key) if text.contains(key) => text.replace(key, "[key]"),
            _ => text,
        }
    }

    /// Removes the key from the reply. It may have been written with escapes, which only parsing undoes.
    fn reply_without_key(&self, reply: ChatReply) -> ChatReply {
        let clean = |text: Option<String>| text.map(|text| self.text_without_key(text));
        let call = |call: ToolCall| ToolCall { arguments: self.text_without_key(call.arguments), ..call };
        ChatReply {
            content: clean(reply.content),
            reasoning: clean(reply.reasoning),
            model: clean(reply.model),
            request_id: clean(reply.request_id),
            tool_calls: reply.tool_calls.into_iter().map(call).collect(),
            ..reply
        }
    }

    /// Removes the key from a body. Endpoints repeat a key that they refuse, some return the whole request, and these
    /// messages are printed and kept. The body must be complete here: the message of an error is cut, and half a key
    /// would not be found.
    fn without_key(&self, body: Vec<u8>) -> Vec<u8> {
        let Some(key) = self.secret() else { return body };
        match String::from_utf8(body) {
            Ok(text) => text.replace(key, "[key]").into_bytes(),
            Err(other) => String::from_utf8_lossy(other.as_bytes()).replace(key, "[key]").into_bytes(),
        }
    }

    async fn exchange(&self, request: &ChatRequest) -> Result<ChatReply, ChatError> {
        let body = wire::request_body(request, &self.adjusted.apply(&self.settings))
            .and_then(|body| serde_json::to_vec(&body))
            .map_err(|e| ChatError::new(ErrorKind::BadRequest, &e.to_string()))?;
        let sent = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body).send();
        let mut response = sent.await.map_err(|error| transport(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = REQUEST_ID_HEADERS.iter().find_map(|name| header(name));
        if let Some(limiter) = &self.limiter {
            limiter.told(&wire::rate_limit(header, jiff::Timestamp::now()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| ChatError {
            status: Some(status),
            request_id: request_id.map(str::to_owned),
            ..ChatError::new(ErrorKind::ConnectionLost, &with_causes(&error))
        })? {
            if body.len() + chunk.len() > self.max_body {
                let message = format!("more than {} bytes", self.max_body);
                return Err(ChatError {
                    status: Some(status),
                    request_id: request_id.map(str::to_owned),
                    ..ChatError::new(ErrorKind::BodyTooLarge, &message)
                });
            }
            body.extend_from_slice(&chunk);
        }
        let body = self.without_key(body);
        wire::parse_reply(&RawReply {
            status,
            content_type: header("content-type"),
            request_id,
            retry_after: wire::retry_after(header("retry-after-ms"), header("retry-after"), jiff::Timestamp::now()),
            body: &body,
        })
    }
}

/// Makes the error for a fault below HTTP, where there was no complete answer.
fn transport(error: &reqwest::Error) -> ChatError {
    let kind = if error.is_connect() {
        ErrorKind::Connect
    } else if error.is_timeout() {
        ErrorKind::Timeout
    } else {
        ErrorKind::ConnectionLost
    };
    ChatError::new(kind, &with_causes(error))
}

impl ChatClient for EndpointClient {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(self.in_turn(request, context))
    }

    fn adjusted(&self) -> Adjusted {
        self.adjusted.clone()
    }
}
