//! Sends requests, and reads their answers as they come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::address::Addresses;
use super::config::{Endpoint, Patience, SetupError};
use super::connections::Connections;
use super::headers::{headers, secrets};
use super::proxy::Way;
use super::transport::{answered_by, transport};
use crate::chat::error::with_causes;
use crate::chat::limit::Limiter;
use crate::chat::wire::{self, Head, Progress, Reader, Secrets};
use crate::chat::{Api, ChatError, ChatReply, ErrorKind};

/// The time for the end of a body after the last event, so that its connection can be used again.
const TIME_TO_END: Duration = Duration::from_millis(200);
/// The time for the end of a stream whose message and counts have come.
const TIME_FOR_THE_END: Duration = Duration::from_secs(2);
/// The time for the counts of a stream whose message has come.
const TIME_FOR_COUNTS: Duration = Duration::from_secs(10);
/// How much longer a stream may be than the answer in one piece. Each token may be an event of its own, and none is kept.
const STREAM_FACTOR: usize = 16;
/// The headers in which endpoints give the id of a request.
const REQUEST_ID_HEADERS: [&str; 5] = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "cf-ray"];
/// The header in which the `LiteLLM` proxy says what a call cost, in USD.
const COST_HEADER: &str = "x-litellm-response-cost";

/// What asks an endpoint.
#[derive(Debug)]
pub(super) struct Http {
    connections: Connections,
    addresses: Addresses,
    headers: BTreeMap<Api, HeaderMap>,
    secrets: Arc<Secrets>,
    way: Way,
    patience: Patience,
    max_body: usize,
    limiter: Option<Arc<Limiter>>,
}

impl Http {
    /// Prepares connections, and connects to nothing yet.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, SetupError> {
        let addresses = Addresses::of(&endpoint.base_url)?;
        let of_api = |api| headers(endpoint, &addresses, api).map(|headers| (api, headers));
        let headers = Api::ALL.into_iter().map(of_api).collect::<Result<_, _>>()?;
        let way = Way::to(addresses.at(Api::Chat))?;
        Ok(Self {
            connections: Connections::new(&way)?,
            headers,
            way,
            secrets: Arc::new(secrets(endpoint, &addresses)),
            addresses,
            patience: endpoint.patience,
            max_body: endpoint.max_body,
            limiter: endpoint.limiter.clone(),
        })
    }

    /// What must not be shown.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Makes one attempt, which must be over by the deadline.
    pub(super) async fn ask(&self, api: Api, body: &Value, deadline: Option<Instant>) -> Result<ChatReply, ChatError> {
        let start = Instant::now();
        let last = start + self.patience.whole;
        let last = deadline.map_or(last, |deadline| deadline.min(last));
        let mut response = self.send(api, body, start, last).await?;
        let head = self.head(&response);
        let (status, request_id) = (head.status, head.request_id.clone());
        let is_json = head.content_type.as_deref().is_some_and(|kind| kind.contains("json"));
        let with_head = |error: ChatError| ChatError { status: Some(status), request_id: request_id.clone(), ..error };
        let mut reader = Reader::new(api, head, Arc::clone(&self.secrets));
        let mut bytes = 0_usize;
        // Comments and pings prolong the wait for the message, but not for what may follow it.
        let mut ended = (Progress::Open, start);
        loop {
            let (silence, kind) = if reader.has_data() {
                (self.patience.between_data, ErrorKind::Stalled)
            } else {
                (self.patience.first_data, ErrorKind::Timeout)
            };
            let progress = reader.progress();
            let silence = match progress {
                Progress::Open => silence,
                Progress::Ended => silence.min(TIME_FOR_COUNTS),
                Progress::Counted => silence.min(TIME_FOR_THE_END),
            };
            let waited = Instant::now();
            if ended.0 != progress {
                ended = (progress, waited);
            }
            let waited = if progress == Progress::Open { waited } else { ended.1 };
            let chunk = match timeout_at((waited + silence).min(last), response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                // The message is whole, and would have to be paid for again.
                Err(_) | Ok(Err(_)) if progress != Progress::Open => break,
                Err(_) => return Err(with_head(silent(kind, start, waited, silence))),
                Ok(Err(error)) => {
                    return Err(with_head(ChatError::new(ErrorKind::ConnectionLost, &with_causes(&error))));
                }
            };
            bytes += chunk.len();
            let most = if reader.is_stream() { self.max_body.saturating_mul(STREAM_FACTOR) } else { self.max_body };
            if bytes > most {
                let message = format!("more than {most} bytes");
                return Err(with_head(ChatError::new(ErrorKind::BodyTooLarge, &message)));
            }
            if reader.push(&chunk) {
                // A connection whose answer is read to its end can be used again.
                let _ = timeout(TIME_TO_END, async { while let Ok(Some(_)) = response.chunk().await {} }).await;
                break;
            }
        }
        reader.finish().map_err(|error| match self.way.proxy() {
            Some(proxy) => answered_by(proxy, is_json, error),
            None => error,
        })
    }

    async fn send(&self, api: Api, body: &Value, start: Instant, last: Instant) -> Result<Response, ChatError> {
        let bytes = Bytes::from(wire::json_text(body));
        let sent = self.connections.post(self.addresses.at(api), self.headers.get(&api), bytes);
        let silence = self.patience.first_data;
        match timeout_at((start + silence).min(last), sent).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(transport(&error, self.addresses.at(api), self.way.proxy()).await),
            Err(_) => {
                let error = silent(ErrorKind::Timeout, start, start, silence);
                let through =
                    self.way.proxy().map(|proxy| format!("; through the proxy that {} names", proxy.variable));
                Err(ChatError { message: format!("{}{}", error.message, through.unwrap_or_default()), ..error })
            }
        }
    }

    fn head(&self, response: &Response) -> Head {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let now = jiff::Timestamp::now();
        if let Some(limiter) = &self.limiter {
            limiter.told(&wire::rate_limit(header, now));
        }
        let cost = header(COST_HEADER).and_then(|cost| cost.parse::<f64>().ok());
        Head {
            status: response.status().as_u16(),
            content_type: header("content-type").map(str::to_owned),
            request_id: REQUEST_ID_HEADERS.iter().find_map(|name| header(name)).map(str::to_owned),
            retry_after: wire::retry_after(header("retry-after-ms"), header("retry-after"), now),
            // A stream begins before its cost is known, and its header says nothing or zero.
            billed_usd: cost.filter(|cost| *cost > 0.0 && cost.is_finite()),
        }
    }
}

/// The error of an attempt that waited in vain.
fn silent(kind: ErrorKind, start: Instant, waited: Instant, silence: Duration) -> ChatError {
    let now = Instant::now();
    if now < waited + silence {
        let seconds = (now - start).as_secs_f64();
        return ChatError::new(ErrorKind::Timeout, &format!("no whole answer within {seconds:.1} s"));
    }
    let seconds = silence.as_secs_f64();
    let what = if kind == ErrorKind::Stalled { "nothing more came" } else { "no answer began" };
    ChatError::new(kind, &format!("{what} within {seconds:.1} s"))
}
