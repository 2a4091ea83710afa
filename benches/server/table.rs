//! Prints the results: a row as soon as it is known, and at the end the conditions that do not hold.

use std::process::ExitCode;
use std::time::Duration;

/// The kind of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The condition must hold on every machine.
    Always,
    /// The condition is about a time or a ratio of times, which other work of the machine can break.
    Time,
}

/// The rows so far, with the results of their conditions.
#[derive(Debug)]
pub(crate) struct Table {
    section: &'static str,
    /// Whether conditions on times decide too.
    strict: bool,
    failed: bool,
}

impl Table {
    pub(crate) fn new(strict: bool) -> Self {
        Self { section: "", strict, failed: false }
    }

    /// Prints a heading, and begins the section of the rows that follow.
    pub(crate) fn section(&mut self, name: &'static str, says: &str) {
        self.section = name;
        println!("\n{name}: {says}");
    }

    pub(crate) fn row(&mut self, what: &str, value: &str) {
        println!("  {:<10}  {what:<52}  {value}", self.section);
    }

    /// Prints a row about a condition, and notes whether it holds.
    pub(crate) fn holds(&mut self, bound: Bound, what: &str, holds: bool, found: &str) {
        let verdict = if holds { "PASS" } else { "FAIL" };
        self.row(what, &format!("{verdict}  {found}"));
        self.failed |= !holds && (bound == Bound::Always || self.strict);
    }

    /// Returns the exit code of the program.
    pub(crate) fn code(&self) -> ExitCode {
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Durations, sorted.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// Returns this percentile of the durations.
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

/// Returns the rate of a number of events in a time.
pub(crate) fn rate(events: usize, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}
