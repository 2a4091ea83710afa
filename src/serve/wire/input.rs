//! Reads a request: its body within limits, its query, and the names by which it may refer to an episode.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::check_id;
use crate::escape::whole_surrogates;
use crate::serve::error::{Fault, Misfit, excerpt};

/// The header that names an episode.
pub(crate) const EPISODE_HEADER: &str = "x-episode-id";
/// The cookie that names the episode that its client reset last.
const EPISODE_COOKIE: &str = "bench_episode";
/// The time within which a body must arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The number of bytes of a body that are read only to be refused, since a client that still sends would not see an
/// answer.
const MOST_DISCARDED: u64 = 4 << 20;

/// The variable part of a path. A part that is not valid UTF-8 names nothing.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment.map(|Path(text)| Self(text)).map_err(|_| Fault::path(&parts.uri))
    }
}

/// Both variable parts of a path that has two.
#[derive(Debug)]
pub(crate) struct TwoSegments(pub(crate) String, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for TwoSegments {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let segments = Path::<(String, String)>::from_request_parts(parts, state).await;
        segments.map(|Path((one, two))| Self(one, two)).map_err(|_| Fault::path(&parts.uri))
    }
}

/// A request whose body has arrived.
#[derive(Debug)]
pub(crate) struct Input {
    parts: Parts,
    body: Bytes,
}

impl Input {
    /// Waits for the body, of which at most `most` bytes are accepted.
    pub(crate) async fn read(request: Request, most: usize) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        let mut body = pin!(collect(body, most));
        // Most bodies arrive with their head. Only the others need a timer, which would make every request larger.
        let body = match poll_fn(|cx| Poll::Ready(body.as_mut().poll(cx))).await {
            Poll::Ready(body) => body,
            Poll::Pending => {
                let late = Box::pin(tokio::time::timeout(BODY_TIME, body));
                late.await.map_err(|_| Fault::Slow(BODY_TIME.as_secs()))?
            }
        }?;
        Ok(Self { parts, body: whole(body) })
    }

    /// Reads the body as JSON. Returns `None` if the body is empty.
    pub(crate) fn json(&self) -> Result<Option<Value>, Fault> {
        self.read_as()
    }

    fn read_as<'a, T: Deserialize<'a>>(&'a self) -> Result<Option<T>, Fault> {
        if self.body.is_empty() {
            return Ok(None);
        }
        if let Some(kind) = self.parts.headers.get(CONTENT_TYPE)
            && !is_json(kind)
        {
            return Err(Fault::MediaType(excerpt(&String::from_utf8_lossy(kind.as_bytes())).into_owned()));
        }
        serde_json::from_slice(&self.body).map(Some).map_err(|error| Fault::Json(error.to_string()))
    }

    /// Reads the keys of a body that must be an object. Returns `None` if the body is empty.
    pub(crate) fn keys<'a, T: Deserialize<'a>>(&'a self, expected: &str) -> Result<Option<T>, Fault> {
        if self.body.trim_ascii_start().first().is_some_and(|first| *first != b'{')
            && let Some(other) = self.json()?
        {
            return Err(Misfit::new("body", expected, &other).into());
        }
        self.read_as()
    }

    /// Reads the body as a JSON object. An empty body counts as an empty object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Fault> {
        match self.json()? {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(other) => Err(Misfit::new("body", "an object", &other).into()),
        }
    }

    /// Reads the parameters of the query, which are all texts.
    pub(crate) fn query(&self) -> Result<Map<String, Value>, Fault> {
        if self.parts.uri.query().is_none() {
            return Ok(Map::new());
        }
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri);
        let Query(pairs) = pairs.map_err(|error| Misfit {
            place: "query".to_owned(),
            problem: format!("expected name=value pairs: {}", error.body_text()),
        })?;
        Ok(pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect())
    }

    /// Returns the episode that the header names.
    pub(crate) fn header_id(&self) -> Result<Option<String>, Fault> {
        let Some(value) = self.parts.headers.get(EPISODE_HEADER) else { return Ok(None) };
        let id = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Misfit { place: EPISODE_HEADER.to_owned(), problem: "expected text in UTF-8".to_owned() })?;
        check_id(EPISODE_HEADER, id).map(|()| Some(id.to_owned())).map_err(Fault::from)
    }

    /// Returns the episode that the client's cookie names.
    pub(crate) fn cookie_id(&self) -> Option<String> {
        cookie(&self.parts.headers)
    }
}

/// Makes the cookie that a reset sets.
pub(crate) fn set_cookie(id: &str) -> Option<HeaderValue> {
    let value = utf8_percent_encode(id, NON_ALPHANUMERIC);
    HeaderValue::try_from(format!("{EPISODE_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax")).ok()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let mut pairs =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(EPISODE_COOKIE)?.strip_prefix('='))?;
    let id = percent_decode_str(value.trim_matches('"')).decode_utf8().ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

fn is_json(kind: &HeaderValue) -> bool {
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads all of a body. The rest of a body that is too large is read for a while and discarded.
async fn collect(mut body: Body, most: usize) -> Result<Bytes, Fault> {
    let announced = body.size_hint().lower();
    if announced > MOST_DISCARDED {
        return Err(Fault::TooLarge(most));
    }
    // Usually one frame holds the whole body, which then stays where it was read.
    let (mut first, mut all, mut seen) = (Bytes::new(), Vec::new(), 0_u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len() as u64;
        if seen > MOST_DISCARDED {
            break;
        }
        if seen > most as u64 {
            continue;
        }
        if first.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    if seen > most as u64 { Err(Fault::TooLarge(most)) } else { Ok(if all.is_empty() { first } else { all.into() }) }
}
/// Replaces halves of surrogate pairs in a body. One that is no text stays as it is, and is refused when it is read.
fn whole(body: Bytes) -> Bytes {
    match std::str::from_utf8(&body).map(whole_surrogates) {
        Ok(Cow::Owned(text)) => text.into(),
        _ => body,
    }
}
