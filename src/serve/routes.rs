//! The routes: one list, from which both the router and the OpenAPI document are made.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};

use super::app::{Access, App};
use super::error::Fault;
use super::{rest, ws};

/// What is served at a path with a method.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) handler: MethodRouter<Arc<App>>,
}

/// All of them.
pub(super) fn routes() -> Vec<Route> {
    let route = |method, path, summary, handler| Route { method, path, summary, handler };
    vec![
        route("post", "/reset", "Start an episode", post(rest::reset)),
        route("post", "/step", "Take a step", post(rest::step)),
        route("get", "/state", "The state of an episode", get(rest::state)),
        route("get", "/grader", "The grade of an episode as it stands", get(rest::grader)),
        route("get", "/tasks", "The tasks, their scenarios and their actions", get(rest::tasks)),
        route("get", "/ws", "One isolated episode over WebSocket", get(ws::upgrade)),
        route("get", "/health", "Whether the server is well", get(rest::health)),
        route("get", "/metrics", "Counters for Prometheus", get(rest::metrics)),
    ]
}

/// The service: all routes, and an answer in JSON wherever there is none.
pub fn router(app: &Arc<App>) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    router
        .fallback(|request: Request| async move { Fault::Path(request.uri().path().to_owned()) })
        .method_not_allowed_fallback(|request: Request| async move {
            Fault::Method { path: request.uri().path().to_owned(), method: request.method().to_string() }
        })
        .layer(middleware::from_fn_with_state(Arc::clone(app), observe))
        .with_state(Arc::clone(app))
}

/// Counts a request, and sets what every answer carries.
async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = tokio::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);

    let (status, took) = (response.status().as_u16(), began.elapsed());
    // Labels are a closed list: a client must not be able to add to it.
    let label = match method.as_str() {
        "GET" | "HEAD" => "GET",
        "POST" => "POST",
        _ => "other",
    };
    app.metrics.request(label, route.as_ref().map_or("other", MatchedPath::as_str), status, took);
    if let Some(log) = app.options.access_log {
        log(&Access { method: method.as_str(), path: uri.path(), status, took });
    }
    response
}
