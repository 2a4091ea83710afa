//! What is printed: a row as soon as it is known, and at the end what does not hold.

use std::process::ExitCode;
use std::time::Duration;

/// What a bound is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Must hold wherever this runs.
    Always,
    /// A time or a ratio of times: what else the machine does can break it.
    Time,
}

/// The rows so far, and the verdicts among them.
#[derive(Debug)]
pub(crate) struct Table {
    section: &'static str,
    /// Whether times decide too.
    strict: bool,
    failed: bool,
}

impl Table {
    pub(crate) fn new(strict: bool) -> Self {
        Self { section: "", strict, failed: false }
    }

    /// A heading, and the section of the rows that follow.
    pub(crate) fn section(&mut self, name: &'static str, says: &str) {
        self.section = name;
        println!("\n{name}: {says}");
    }

    pub(crate) fn row(&mut self, what: &str, value: &str) {
        println!("  {:<10}  {what:<52}  {value}", self.section);
    }

    /// A row about what should hold.
    pub(crate) fn holds(&mut self, bound: Bound, what: &str, holds: bool, found: &str) {
        let verdict = if holds { "PASS" } else { "FAIL" };
        self.row(what, &format!("{verdict}  {found}"));
        self.failed |= !holds && (bound == Bound::Always || self.strict);
    }

    /// How the program ends.
    pub(crate) fn code(&self) -> ExitCode {
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Times in order.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many per cent are not above.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        let [half, most, all] = [50, 99, 100].map(|percent| milliseconds(self.percentile(percent)));
        format!("p50 {half}  p99 {most}  max {all}")
    }
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A count of events in a time, as a rate.
pub(crate) fn rate(events: usize, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}
