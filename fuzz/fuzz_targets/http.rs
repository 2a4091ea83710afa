//! Fuzzes the server with requests of any path, header and body: it always answers, and never with an internal error.
#![no_main]

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::Request;
use incident_env::Catalog;
use incident_bench::serve::{App, Options, service};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const PATHS: [&str; 12] = [
    "/reset",
    "/step",
    "/state",
    "/grader",
    "/mcp",
    "/baseline",
    "/cloud_incident_env/task",
    "/cloud_incident_env/task_range",
    "/runs",
    "/compare",
    "/tasks",
    "/web/lib/dom.js",
];

struct World {
    runtime: Runtime,
    app: Arc<App>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = {
        let _guard = runtime.enter();
        App::new(Catalog::embedded().unwrap(), Options::default(), CancellationToken::new())
    };
    World { runtime, app }
});

// The first line has a number for the path, one for the method and the header, and a query. The rest is the body.
fuzz_target!(|data: &[u8]| {
    let [path, shape, rest @ ..] = data else { return };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (query, body) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
    let query = std::str::from_utf8(query).unwrap_or_default();
    let uri = format!("{}?{query}", PATHS[usize::from(*path) % PATHS.len()]);
    let method = if shape & 1 == 0 { "POST" } else { "GET" };
    let mut request = Request::builder().method(method).uri(uri);
    if shape & 2 == 0 {
        request = request.header("content-type", "application/json");
    }
    if shape & 4 != 0 {
        request = request.header("x-episode-id", query);
    }
    // A request that no client can send is not tried.
    let Ok(request) = request.body(Body::from(body.to_vec())) else { return };
    WORLD.runtime.block_on(async {
        let response = service(&WORLD.app).oneshot(request).await.unwrap();
        assert!(response.status().as_u16() < 500 || response.status().as_u16() == 503, "{}", response.status());
    });
});
