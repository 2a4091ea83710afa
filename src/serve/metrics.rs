//! Counters, and their text for Prometheus. None of them tells how well anybody plays.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 8] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

/// What the server has done so far.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// By method, route and status.
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    latency: [AtomicU64; BOUNDS.len()],
    latency_count: AtomicU64,
    latency_micros: AtomicU64,
    episodes: AtomicU64,
    steps: AtomicU64,
    sockets: AtomicU64,
}

impl Metrics {
    pub(super) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method.to_owned(), route.to_owned(), status)).or_default() += 1;
        drop(requests);
        for (bound, count) in BOUNDS.iter().zip(&self.latency) {
            if took.as_secs_f64() <= *bound {
                add(count, 1);
            }
        }
        add(&self.latency_count, 1);
        add(&self.latency_micros, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn episode(&self) {
        add(&self.episodes, 1);
    }

    pub(super) fn step(&self) {
        add(&self.steps, 1);
    }

    pub(super) fn socket(&self) {
        add(&self.sockets, 1);
    }

    /// The text that Prometheus reads.
    pub(super) fn text(&self, live: usize) -> String {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(out, "# HELP bench_{name} {help}\n# TYPE bench_{name} {kind}");
        };
        head(&mut out, "http_requests_total", "counter", "Answered requests.");
        for ((method, route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(
                out,
                "bench_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            );
        }
        head(&mut out, "http_request_seconds", "histogram", "Time from the head of a request to its answer.");
        for (bound, count) in BOUNDS.iter().zip(&self.latency) {
            let _ = writeln!(out, "bench_http_request_seconds_bucket{{le=\"{bound}\"}} {}", read(count));
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
        ] {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "bench_{name} {value}");
        }
        out
    }
}

fn add(count: &AtomicU64, n: u64) {
    count.fetch_add(n, Ordering::Relaxed);
}
