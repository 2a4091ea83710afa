//! Measures the server under load: the number of sessions that it holds, their cost, its rate of steps, and its
//! latency.
//!
//! ```text
//! cargo bench --bench server                           sessions, throughput, latency
//! cargo bench --bench server -- throughput             one of them
//! cargo bench --bench server -- --sessions 16000       the server takes 16 384 connections unless told otherwise
//! cargo bench --bench server -- --test                 a moment of each, to see that it works
//! tests/perf/server.sh                                 everything, also beside OpenEnv's server in Python
//! ```
//!
//! It starts the real `bench serve` and speaks to it over the loopback, so client and server share the machine's
//! processors. Both sides of a ratio are spoken to by the same client in alternating rounds; the median is printed
//! first, the minimum and maximum in brackets. Since the client's own work is part of both rates, the ratio of
//! processor time is printed beside the ratio of rates. If a condition that must hold on any machine does not hold, the
//! program ends with 1; conditions on times do so only with `--strict`, because machines are shared.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]
#![expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::process::Command;

use process::Process;
use table::Table;
use wire::Problem;

mod latency;
#[path = "../long_play.rs"]
mod long_play;
mod peer;
mod process;
mod sessions;
mod table;
mod throughput;
mod traffic;
mod wire;

/// Puts `bench serve` under load.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure [default: all]
    sections: Vec<Section>,
    /// Sessions that are open at once
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Connections where steps a second are measured
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Rounds of each server
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of a round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Sessions where latencies are measured, and the more of the two numbers beside OpenEnv's server
    #[arg(long, default_value_t = 1000)]
    paced: usize,
    /// Messages a second of all of them
    #[arg(long, default_value_t = 2000)]
    rate: u32,
    /// The server [default: the one that cargo built]
    #[arg(long, value_name = "FILE")]
    bench_binary: Option<PathBuf>,
    /// A Python with openenv, to measure its server too
    #[arg(long, value_name = "FILE")]
    echo_python: Option<PathBuf>,
    /// End with 1 also where a time is not as it should be
    #[arg(long)]
    strict: bool,
    /// Everything small and short; its numbers mean nothing
    #[arg(long)]
    test: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    /// Be the server that the throughput is measured beside, with answers of this size
    #[arg(long, hide = true)]
    peer: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    Sessions,
    Throughput,
    Latency,
    Openenv,
}

impl Arguments {
    fn read() -> Self {
        let given = Self::parse();
        if !given.test {
            return given;
        }
        Self { sessions: 50, connections: 8, rounds: 1, seconds: 0.2, paced: 20, rate: 200, ..given }
    }

    /// Returns the duration of a round.
    fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn wants(&self, section: Section) -> bool {
        self.sections.is_empty() || self.sections.contains(&section)
    }
}

/// Starts the server under test, on a free port.
async fn bench_serve(arguments: &Arguments) -> Result<Process, Problem> {
    let built = || PathBuf::from(env!("CARGO_BIN_EXE_bench"));
    let binary = arguments.bench_binary.clone().map_or_else(|| Ok(built()), std::path::absolute)?;
    Process::start(Command::new(binary).args(["serve", "--openenv", "--host", "127.0.0.1", "--port", "0"])).await
}

#[tokio::main]
async fn main() -> Result<ExitCode, Problem> {
    let arguments = Arguments::read();
    if let Some(size) = arguments.peer {
        return peer::serve(size).await.map(|()| ExitCode::SUCCESS);
    }
    let mut table = Table::new(arguments.strict);
    if arguments.wants(Section::Sessions) {
        sessions::run(&mut table, &arguments).await?;
    }
    if arguments.wants(Section::Throughput) {
        throughput::run(&mut table, &arguments).await?;
    }
    if arguments.wants(Section::Latency) {
        latency::run(&mut table, &arguments).await?;
    }
    if arguments.wants(Section::Openenv) {
        throughput::beside_python(&mut table, &arguments).await?;
    }
    Ok(table.code())
}
