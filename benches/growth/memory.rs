//! Measures the memory of this process, and how fast the machine finds a place in as much memory.

use std::hint::black_box;
use std::time::Duration;

use incident_bench::stats::rng::SplitMix64;

use crate::Problem;
use crate::figures::{median, rate_of};

/// Returns the resident memory of this process, in bytes.
pub(crate) fn resident() -> Result<u64, Problem> {
    kilobytes("/proc/self/status", "VmRSS:").map(|kilobytes| kilobytes << 10)
}

/// Returns the memory that the machine can still give, in bytes.
pub(crate) fn available() -> Result<u64, Problem> {
    kilobytes("/proc/meminfo", "MemAvailable:").map(|kilobytes| kilobytes << 10)
}

fn kilobytes(path: &str, name: &str) -> Result<u64, Problem> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}; memory is read on Linux only"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("{path} has no {name}"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// A cache line of the processor.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line(u64);

/// Returns the nanoseconds to change a random line among this many bytes, or among half of the bytes that the machine
/// can give. The index of the next line depends on the content of the present one, so that the processor cannot fetch
/// several at once.
pub(crate) fn line(bytes: u64, rounds: usize, time: Duration) -> Result<f64, Problem> {
    let lines = usize::try_from(bytes.min(available()? / 2) / 64)?.max(64);
    // The lines are not zero, because the system would map all of them to one page.
    let mut array = vec![Line(1); lines];
    let (mut at, mut turn) = (0, 0_u64);
    let mut batch = || {
        for _ in 0..1024 {
            let Line(value) = &mut array[at];
            *value += 1;
            turn += 1;
            at = SplitMix64::new(turn ^ (*value << 32)).below(lines);
        }
        black_box(at);
        1024
    };
    Ok(median((0..rounds).map(|_| 1e9 / rate_of(time, &mut batch)).collect()))
}
