//! The arguments of `run`, `doctor`, `resume`, `worker` and `merge`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::common::{ConfigFile, PrintedFormat, ProvidersFile, ResultsFolder, RunName};
use crate::config::Options;
use crate::config::options::{Concurrency, Format, LogFormat, ProgressChoice};
use crate::config::paths::{name_or_path, path_parser};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct RunArgs {
    #[command(flatten)]
    pub(in crate::cli) options: Options,
    /// Bring the newest run of the results folder to its end instead, if it was begun with this plan: for jobs that
    /// are started again and again
    #[arg(long, help_heading = "What comes out")]
    pub(in crate::cli) or_resume: bool,
    /// More arguments as one text, on one line or several, with quotes as in a shell: for workflow files
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "What comes out")]
    pub(in crate::cli) arguments: Option<String>,
    /// Show the plan, calls, tokens and cost to expect; make no call. Estimated; exact with --replay
    #[arg(long, help_heading = "What comes out")]
    pub(in crate::cli) dry_run: bool,
    /// Print nothing but the result
    #[arg(short, long, help_heading = "What comes out")]
    pub(in crate::cli) quiet: bool,
    /// Say more on stderr
    #[arg(short, long, conflicts_with = "quiet", help_heading = "What comes out")]
    pub(in crate::cli) verbose: bool,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArgs {
    #[command(flatten)]
    pub(in crate::cli) options: Options,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ResumeArgs {
    #[command(flatten)]
    pub(in crate::cli) run: RunName,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    /// What is printed on stdout [default: as the run was started]
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<Format>,
    /// Stop where the run's calls, earlier ones included, have cost this much, in USD [default: as the run was started]
    #[arg(long, value_name = "USD")]
    pub(in crate::cli) max_cost: Option<f64>,
    /// Stop where the run's calls, earlier ones included, have used this many tokens [default: as the run was started]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_total_tokens: Option<u64>,
    /// Stop after so many seconds from now [default: as the run was started]
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) time_limit: Option<f64>,
    /// Have workers of this queue play what is left [default: as the run was started]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) queue: Option<String>,
    /// Play what is left in this process, without a queue
    #[arg(long, conflicts_with = "queue")]
    pub(in crate::cli) here: bool,
    /// Write the episodes for other programs into the run's logs/ [default: as the run was started]
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) log_format: Option<LogFormat>,
    /// Progress on stderr [default: as the run was started]
    #[arg(long, value_name = "HOW")]
    pub(in crate::cli) progress: Option<ProgressChoice>,
    /// Print nothing but the result
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    #[command(flatten)]
    pub(in crate::cli) providers: ProvidersFile,
}

const WORKER_HELP: &str = "\
It needs what the runs need: the keys of their endpoints, their prompts and suites under the same paths, and the same
version of bench. The first interrupt lets it end what it has begun; the second gives that back to the queue.

Examples:
  bench run --model gpt-oss-120b --epochs 8 --queue nats://queue:4222       one of these, anywhere
  bench worker --queue nats://queue:4222                                     and any number of these";

#[derive(Debug, Args)]
#[command(after_help = WORKER_HELP)]
pub(in crate::cli) struct WorkerArgs {
    /// The NATS server, such as `nats://HOST:4222`; also `BENCH_QUEUE`. It may hold a user and a password
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) queue: Option<String>,
    /// The credentials file for it; also `BENCH_QUEUE_CREDS`
    #[arg(long, value_name = "FILE", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) queue_creds: Option<PathBuf>,
    /// Certificates of authorities that are trusted for it, in PEM; TLS is used then; also `BENCH_QUEUE_CA`
    #[arg(long, value_name = "FILE", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) queue_ca: Option<PathBuf>,
    /// Episodes that are played at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) episodes: u16,
    /// Calls of one model at once from here, or auto [default: as the run was started]
    #[arg(long, value_name = "N|auto")]
    pub(in crate::cli) concurrency: Option<Concurrency>,
    /// Also play runs with exec:COMMAND, which start whatever program their coordinator names
    #[arg(long)]
    pub(in crate::cli) allow_exec: bool,
    /// End after so many seconds without an episode
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) idle: Option<u32>,
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    #[command(flatten)]
    pub(in crate::cli) providers: ProvidersFile,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// The shards: all of `--shard 1/N` to `--shard N/N`
    #[arg(required = true, value_name = "RUN", value_parser = name_or_path)]
    pub(in crate::cli) runs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    #[command(flatten)]
    pub(in crate::cli) printed: PrintedFormat,
}
