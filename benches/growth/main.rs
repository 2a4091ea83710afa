//! Measures how the number of live episodes affects memory and speed: one to a million of them in one process.
//!
//! ```text
//! cargo bench --bench growth                           engine, generated, server
//! cargo bench --bench growth -- server                 one of them
//! cargo bench --bench growth -- --episodes 100000      the largest number [default: 1 000 000]
//! cargo bench --bench growth -- --test                 a moment of each, to see that it works
//! ```
//!
//! Each number is measured in its own process, since memory that an earlier one gave back would serve the next. All
//! episodes are reset and take a step, which gives the memory of a new episode. Then each is played to a random place
//! of a long play, and from there on a randomly chosen episode takes its next step, and begins another play if it has
//! ended. So the mix of steps is the same at every number; what changes is whether the episodes are found in the cache.
//!
//! Each result is printed beside a limit of the machine: the time to change one random cache line in an array as large
//! as the episodes, where each line is found by the content of the one before. A step has to find more lines than one;
//! the ratio says how many more. Memory is `VmRSS` in /proc/self/status, before and after, so this program runs on
//! Linux only; the client, if there is one, is in the same process and has its memory before. If the episodes add less
//! than 64 MB, no memory per episode is printed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]
#![expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use sample::Sample;
use table::{Bound, Table};

mod engine;
mod figures;
#[path = "../long_play.rs"]
mod long_play;
mod memory;
mod sample;
mod server;
#[path = "../server/table.rs"]
#[expect(dead_code, reason = "the other benchmark prints milliseconds, too")]
mod table;

/// The allocator of the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An error that is only printed.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The largest ratio of the memory of an episode at the largest number of episodes to that at the smallest number at
/// which it can be measured.
const LEEWAY: f64 = 1.25;
/// The largest number of cache lines that a step may have to fetch from memory in addition to a step that finds all of
/// them in the cache.
const LINES: f64 = 100.0;
/// Measures one to a million live episodes.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure [default: all]
    sections: Vec<Section>,
    /// The largest number of live episodes; smaller powers of ten come before it
    #[arg(long, default_value_t = 1_000_000)]
    episodes: usize,
    /// Rounds of each number; their median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of a round
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// End with 1 also where a time is not as it should be
    #[arg(long)]
    strict: bool,
    /// Everything small and short; its numbers mean nothing
    #[arg(long)]
    test: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    /// Measure just the largest number of this, and say it as JSON
    #[arg(long, hide = true)]
    alone: Option<Section>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// The engine with the nine written scenarios
    Engine,
    /// The engine with generated incidents at medium
    Generated,
    /// The server's service, without sockets
    Server,
}

impl Section {
    const ALL: [Self; 3] = [Self::Engine, Self::Generated, Self::Server];

    fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Generated => "generated",
            Self::Server => "server",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Engine => "steps of the engine alone, the nine written scenarios by turns",
            Self::Generated => "steps of the engine alone, generated incidents at medium by turns",
            Self::Server => "POST /step to the server's service in this process: no socket, but all that is above one",
        }
    }
}

impl Arguments {
    fn read() -> Self {
        let given = Self::parse();
        if !given.test {
            return given;
        }
        Self { episodes: given.episodes.min(100), rounds: 1, seconds: 0.02, ..given }
    }

    /// Returns the numbers of episodes: powers of ten, and the largest number.
    fn numbers(&self) -> Vec<usize> {
        let powers = (0..).map(|power| 10_usize.pow(power)).take_while(|number| *number < self.episodes);
        powers.chain([self.episodes]).collect()
    }

    fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Measures one number of episodes in a separate process.
    fn measure(&self, section: Section, episodes: usize) -> Result<Sample, Problem> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--alone", section.name()]).args(["--episodes", &episodes.to_string()]);
        command.args(["--rounds", &self.rounds.to_string()]).args(["--seconds", &self.seconds.to_string()]);
        let ended = command.stderr(Stdio::inherit()).output()?;
        if !ended.status.success() {
            return Err(format!("{episodes} episodes: the process ended with {}", ended.status).into());
        }
        Ok(serde_json::from_slice(&ended.stdout)?)
    }

    /// Does the work of such a process.
    fn alone(&self, section: Section) -> Result<(), Problem> {
        let sample = match section {
            Section::Engine => engine::written(self)?,
            Section::Generated => engine::generated(self)?,
            Section::Server => server::run(self)?,
        };
        println!("{}", serde_json::to_string(&sample)?);
        Ok(())
    }
}

fn main() -> Result<ExitCode, Problem> {
    let arguments = Arguments::read();
    if let Some(section) = arguments.alone {
        return arguments.alone(section).map(|()| ExitCode::SUCCESS);
    }
    let mut table = Table::new(arguments.strict);
    for section in Section::ALL {
        if arguments.sections.is_empty() || arguments.sections.contains(&section) {
            run(&mut table, &arguments, section)?;
        }
    }
    Ok(table.code())
}

fn run(table: &mut Table, arguments: &Arguments, section: Section) -> Result<(), Problem> {
    table.section(section.name(), section.says());
    table.row("live episodes", Sample::HEAD);
    let (mut samples, mut each) = (Vec::<Sample>::new(), 0.0);
    for number in arguments.numbers() {
        // A machine without enough memory must say so instead of running out of it.
        let (needed, free) = (each * number as f64 * 1.3 / 1e9, memory::available()? as f64 / 1e9);
        if needed > free {
            table.row(&number.to_string(), &format!("left out: {needed:.1} GB needed, {free:.1} GB free"));
            break;
        }
        let sample = arguments.measure(section, number)?;
        table.row(&number.to_string(), &sample.text());
        each = if sample.tells() { sample.each() } else { each };
        samples.push(sample);
    }
    let told: Vec<&Sample> = samples.iter().filter(|sample| sample.tells()).collect();
    if let [first, .., last] = told.as_slice() {
        let found = format!("{:.2}", last.each() / first.each());
        let what = format!("memory an episode, {} over {}, at most {LEEWAY}", last.episodes, first.episodes);
        table.holds(Bound::Always, &what, last.each() <= first.each() * LEEWAY, &found);
        // With few episodes all lines are in the cache, so the number of episodes tells nothing.
        let (one, more) = (samples[0].step, last.step - samples[0].step);
        let found = format!("{:.1} × the time: {more:.0} ns more, {:.1} lines", last.step / one, more / last.line);
        let what = format!("a step among {}, at most {LINES} lines above 1", last.episodes);
        table.holds(Bound::Time, &what, more <= LINES * last.line, &found);
    }
    Ok(())
}
