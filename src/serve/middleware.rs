//! Handles every request before its route: it refuses web pages that may not use the server, and clients that send too
//! many requests, sets the headers of every answer, and counts.
//!
//! It is outside the router and not a layer in it, since there it would be a boxed service in front of each route.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::Instant;
use tower::util::option_layer;
use tower::{Layer, Service, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::api::routes::router;
use super::app::{Access, App};
use super::error::Fault;
use super::mcp::http::SESSION;
use super::net::origins::Origins;
use super::net::rates::Peer;

/// Makes the whole service over HTTP.
pub fn service(
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static {
    let (app, router) = (Arc::clone(app), router(app));
    let origins = &app.options.origins;
    let cross_origin = (!origins.allowed.is_empty()).then(|| cross_origin(origins.clone()));
    option_layer(cross_origin).layer(service_fn(move |request| observe(Arc::clone(&app), router.clone(), request)))
}

/// Tells browsers which pages of another origin may read an answer.
fn cross_origin(origins: Origins) -> CorsLayer {
    let listed = move |origin: &HeaderValue, _: &_| origin.to_str().is_ok_and(|origin| origins.lists(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(listed))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([SESSION, RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}

/// Returns the reason for which a request is refused whatever it asks for, if there is one.
fn unwelcome(app: &App, request: &Request) -> Option<Fault> {
    if !app.options.origins.admit(request.headers()) {
        return Some(Fault::Foreign);
    }
    let Peer(client) = request.extensions().get::<Peer>()?;
    let after = app.rates.as_ref()?.take(*client, app.now()).err()?;
    Some(Fault::TooOften { rate: app.options.rate.unwrap_or_default(), after })
}

/// Counts a request, and sets the headers that every answer carries.
async fn observe(app: Arc<App>, mut router: Router, mut request: Request) -> Result<Response, Infallible> {
    let root = &app.options.root_path;
    let is_bare = root.is_bare(request.uri());
    if let Some(uri) = root.without(request.uri()) {
        *request.uri_mut() = uri;
    }
    let began = Instant::now();
    let route = app.metrics.route(request.uri().path());
    let method = request.method().clone();
    let noted = app.options.access_log.map(|log| {
        let client = request.extensions().get::<Peer>().map(|Peer(client)| *client);
        (log, request.uri().path().to_owned(), client)
    });
    let mut response = match unwelcome(&app, &request) {
        None if is_bare => Redirect::temporary(&app.options.root_path.page()).into_response(),
        None => router.call(request).await?,
        Some(fault) => fault.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);

    let (status, took) = (response.status().as_u16(), began.elapsed());
    // Labels are a closed list: a client must not be able to add to it.
    let label = match method.as_str() {
        "GET" | "HEAD" => "GET",
        "POST" => "POST",
        _ => "other",
    };
    app.metrics.request(label, route, status, took);
    if let Some((log, path, client)) = noted {
        log(&Access { method: method.as_str(), path: &path, client, status, took });
    }
    Ok(response)
}
