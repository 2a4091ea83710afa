//! A client of the server in this process: without a socket, and with a cookie jar if one is wanted.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use incident_bench::serve::{App, Limits, Options, Reveal, Visibility};
use incident_env::Catalog;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// Makes a server with these options.
pub(crate) fn service(options: Options) -> Service {
    serving(&app(options))
}

/// The service that answers requests.
pub(crate) type Service = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// Makes the service over an application.
pub(crate) fn serving(app: &Arc<App>) -> Service {
    BoxCloneSyncService::new(incident_bench::serve::service(app))
}

/// Returns the suite, which is read once for all servers.
pub(crate) fn catalog() -> Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::embedded().unwrap()).clone()
}

pub(crate) fn app(options: Options) -> Arc<App> {
    App::new(catalog(), options, CancellationToken::new())
}

pub(crate) fn limited(ttl: u64, most: usize) -> Options {
    Options { limits: Limits { ttl: Duration::from_secs(ttl), most }, ..Options::default() }
}

pub(crate) fn exam() -> Options {
    Options { visibility: Visibility { reveal: Reveal::Always, exam: true }, ..Options::default() }
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the JSON value of an answer that must be good.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }
}

/// A client with or without a cookie jar.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    service: Service,
    jar: Option<String>,
    keeps_cookies: bool,
}

impl Client {
    pub(crate) fn of(service: &Service) -> Self {
        Self { service: service.clone(), jar: None, keeps_cookies: false }
    }

    pub(crate) fn with_jar(service: &Service) -> Self {
        Self { keeps_cookies: true, ..Self::of(service) }
    }

    /// Sends a request unchanged.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.jar {
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let answer =
            Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() };
        if let (true, Some(cookie)) = (self.keeps_cookies, answer.header("set-cookie")) {
            self.jar = Some(format!("other=1; {}", cookie.split(';').next().unwrap()));
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn empty_post(&mut self, path: &str) -> Answer {
        self.send(Request::post(path).body(Body::empty()).unwrap()).await
    }
}
