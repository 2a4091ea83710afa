//! Counts what the server does, and writes the counters for Prometheus. No counter tells the score of an episode.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::serve::ports::Spent;

/// The label of requests that no route takes.
const OTHER: &str = "other";

/// The upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 8] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

/// The number of requests by method and status. The map is written to once for each pair, and then only its counters
/// change.
type Counts = RwLock<BTreeMap<(&'static str, u16), AtomicU64>>;

/// The counted requests of a route.
#[derive(Debug)]
pub(crate) struct RouteCounts {
    path: &'static str,
    counts: Counts,
}

impl RouteCounts {
    fn new(path: &'static str) -> Self {
        Self { path, counts: Counts::default() }
    }
}

/// The counters of a server since its start.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// The routes with a fixed path, by that path.
    routes: HashMap<&'static str, RouteCounts>,
    /// The routes with a variable part.
    patterns: Vec<RouteCounts>,
    /// The counters of all paths that no route takes.
    other: RouteCounts,
    /// The number of requests in each interval of latency: a request counts under the least bound that it keeps.
    latency: [AtomicU64; BOUNDS.len()],
    latency_count: AtomicU64,
    latency_micros: AtomicU64,
    episodes: AtomicU64,
    steps: AtomicU64,
    sockets: AtomicU64,
}

impl Metrics {
    /// Makes counters for the routes with these paths.
    pub(crate) fn new(routes: impl IntoIterator<Item = &'static str>) -> Self {
        let routes: BTreeSet<_> = routes.into_iter().collect();
        let (patterns, whole): (Vec<_>, Vec<_>) = routes.into_iter().partition(|path| path.contains('{'));
        Self {
            routes: whole.into_iter().map(|path| (path, RouteCounts::new(path))).collect(),
            patterns: patterns.into_iter().map(RouteCounts::new).collect(),
            other: RouteCounts::new(OTHER),
            latency: Default::default(),
            latency_count: AtomicU64::default(),
            latency_micros: AtomicU64::default(),
            episodes: AtomicU64::default(),
            steps: AtomicU64::default(),
            sockets: AtomicU64::default(),
        }
    }

    /// Finds the counters for a path. A path that no route takes counts under [`OTHER`].
    pub(crate) fn route(&self, path: &str) -> &RouteCounts {
        let known = self.routes.get(path);
        known.or_else(|| self.patterns.iter().find(|route| fits(route.path, path))).unwrap_or(&self.other)
    }

    /// Counts a request.
    pub(crate) fn request(&self, method: &'static str, route: &RouteCounts, status: u16, took: Duration) {
        let key = (method, status);
        let read = route.counts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = read.get(&key) {
            add(count, 1);
        } else {
            drop(read);
            add(route.counts.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default(), 1);
        }
        let seconds = took.as_secs_f64();
        if let Some(count) =
            BOUNDS.iter().zip(&self.latency).find_map(|(bound, count)| (seconds <= *bound).then_some(count))
        {
            add(count, 1);
        }
        add(&self.latency_count, 1);
        add(&self.latency_micros, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts an episode that was started.
    pub(crate) fn episode(&self) {
        add(&self.episodes, 1);
    }

    /// Counts a step.
    pub(crate) fn step(&self) {
        add(&self.steps, 1);
    }

    /// Counts a session on a WebSocket.
    pub(crate) fn socket(&self) {
        add(&self.sockets, 1);
    }

    /// Writes the text that Prometheus reads.
    pub(crate) fn text(&self, live: usize, spent: Spent) -> String {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(out, "# HELP bench_{name} {help}\n# TYPE bench_{name} {kind}");
        };
        head(&mut out, "http_requests_total", "counter", "Answered requests.");
        let mut all: Vec<_> = self.routes.values().chain(&self.patterns).chain([&self.other]).collect();
        all.sort_by_key(|route| route.path);
        for RouteCounts { path: route, counts } in all {
            for ((method, status), count) in &*counts.read().unwrap_or_else(PoisonError::into_inner) {
                let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
                let _ = writeln!(out, "bench_http_requests_total{{{labels}}} {}", read(count));
            }
        }
        head(&mut out, "http_request_seconds", "histogram", "Time from the head of a request to its answer.");
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(&self.latency) {
            below += read(count);
            let _ = writeln!(out, "bench_http_request_seconds_bucket{{le=\"{bound}\"}} {below}");
        }
        let count = read(&self.latency_count);
        let seconds = Duration::from_micros(read(&self.latency_micros)).as_secs_f64();
        let _ = writeln!(out, "bench_http_request_seconds_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "bench_http_request_seconds_sum {seconds}\nbench_http_request_seconds_count {count}");
        for (name, kind, help, value) in [
            ("episodes_total", "counter", "Episodes that were started.", read(&self.episodes)),
            ("steps_total", "counter", "Steps that were taken.", read(&self.steps)),
            ("sockets_total", "counter", "WebSocket sessions that were opened.", read(&self.sockets)),
            ("sessions", "gauge", "Episodes that are alive.", live as u64),
            ("model_calls_total", "counter", "Model calls of runs by POST /baseline that succeeded.", spent.calls),
        ] {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "bench_{name} {value}");
        }
        head(&mut out, "model_cost_usd_total", "counter", "What they cost, where prices are known.");
        let _ = writeln!(out, "bench_model_cost_usd_total {}", spent.cost_usd);
        out
    }
}

/// Returns whether a path matches a route with variable parts.
fn fits(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(variable), Some(part)) if variable.starts_with('{') => {
                if part.is_empty() {
                    return false;
                }
            }
            (Some(fixed), Some(part)) if fixed == part => {}
            _ => return false,
        }
    }
}

fn add(count: &AtomicU64, n: u64) {
    count.fetch_add(n, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_for_their_routes() {
        let metrics = Metrics::new(["/step", "/{env}/tasks", "/baseline/{run_id}"]);
        for (path, route) in [
            ("/step", "/step"),
            ("/step/", OTHER),
            ("/incidents/tasks", "/{env}/tasks"),
            ("/baseline/run-7", "/baseline/{run_id}"),
            ("/baseline/", OTHER),
            ("/baseline", OTHER),
            ("//tasks", OTHER),
            ("/a/tasks/b", OTHER),
            ("/{env}/tasks", "/{env}/tasks"),
            ("", OTHER),
            ("other", OTHER),
        ] {
            assert_eq!(metrics.route(path).path, route, "{path}");
        }
    }
}
