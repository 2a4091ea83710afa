//! The memory of this process, and how fast the machine finds something in as much.

use std::hint::black_box;
use std::time::Duration;

use incident_bench::stats::rng::SplitMix64;

use crate::Problem;
use crate::figures::{median, rate_of};

/// Bytes that this process has in memory.
pub(crate) fn resident() -> Result<u64, Problem> {
    kilobytes("/proc/self/status", "VmRSS:").map(|kilobytes| kilobytes << 10)
}

/// Bytes that the machine can still give.
pub(crate) fn available() -> Result<u64, Problem> {
    kilobytes("/proc/meminfo", "MemAvailable:").map(|kilobytes| kilobytes << 10)
}

fn kilobytes(path: &str, name: &str) -> Result<u64, Problem> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}; memory is read on Linux only"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("{path} has no {name}"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// What the processor's caches are made of.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line(u64);

/// Nanoseconds to change a random line among so many bytes, or among half of those that the machine can give. Which line is
/// next depends on what stands in this one, so that the processor cannot look for several at once.
pub(crate) fn line(bytes: u64, rounds: usize, time: Duration) -> Result<f64, Problem> {
    let lines = usize::try_from(bytes.min(available()? / 2) / 64)?.max(64);
    // Not zero: the system would map all of it to one page.
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
