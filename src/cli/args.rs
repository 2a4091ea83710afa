//! What can be written on the command line. Parsed, not yet resolved: [`crate::config::Settings`] does that.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::Options;
use crate::config::options::{Concurrency, Format, LogFormat, ProgressChoice};

/// The environment in which language models respond to cloud incidents, and the harness that scores them.
///
/// Without a command it runs the agents: `bench` alone plays the built-in ones, needs no key and no network, and ends
/// in the score table.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  bench                                              the built-in agents on all scenarios
  bench --model llama-3.3-70b                        a model beside them (needs GROQ_API_KEY)
  bench --model qwen --base-url http://127.0.0.1:8080/v1 --protocol json
  bench --agent \"exec:python3 agent.py\" --agent random    a program of your own beside one of ours
  bench --model openai/gpt-4o-mini --epochs 3 --assist off --dry-run
  bench list scenarios
  bench doctor --model llama-3.3-70b

Exit codes: 0 done, 1 a gate failed, 2 wrong usage or configuration, 3 a comparison is undecided, 4 void episodes,
5 a budget is spent, 70 the disk or the system failed, 130 interrupted";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run agents and models over a suite (may be left out)
    Run(Box<RunArgs>),
    /// What there is: tasks, scenarios, models, agents, providers, runs
    List(ListArgs),
    /// One tiny call: reachability, key, JSON, tools, usage, latency; says what to fix
    Doctor(Box<DoctorArgs>),
    /// Go on where a run was stopped or broke
    Resume(ResumeArgs),
    /// Take episodes of any run from a queue, play them, and put what became of them back
    Worker(WorkerArgs),
    /// Join the shards of one run
    Merge(MergeArgs),
    /// Compare two runs, and say whether the new one is worse: the gate
    Compare(CompareArgs),
    /// Play every kept trajectory through the engine again; every score must come out
    VerifyRun(VerifyRunArgs),
    /// Grade kept trajectories again with the present graders, without a model call
    Regrade(RegradeArgs),
    /// Write the reports of a kept run again; several runs make one table
    Report(ReportArgs),
    /// Write generated incidents: what agents are shown, and the sealed truth apart
    Generate(GenerateArgs),
    /// Prove every incident of a written suite: solvable, unique, non-trivial, severity right
    Verify(VerifyArgs),
    /// Tell all about one generated incident: graph, timeline, proof. It names every answer
    Explain(ExplainArgs),
    /// Serve episodes over HTTP and WebSocket, to many clients at once
    Serve(ServeArgs),
    /// Offer the actions as tools to one MCP client, on stdin and stdout
    Mcp(McpArgs),
    /// Shell completions
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) options: Options,
    /// Bring the newest run of the results folder to its end instead, if it was begun with this plan: for jobs that
    /// are started again and again
    #[arg(long, help_heading = "What comes out")]
    pub(super) or_resume: bool,
    /// Show the plan, calls, tokens and cost to expect; make no call. Estimated; exact with --replay
    #[arg(long, help_heading = "What comes out")]
    pub(super) dry_run: bool,
    /// Print nothing but the result
    #[arg(short, long, help_heading = "What comes out")]
    pub(super) quiet: bool,
    /// Say more on stderr
    #[arg(short, long, conflicts_with = "quiet", help_heading = "What comes out")]
    pub(super) verbose: bool,
    /// Read this file instead of ./bench.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Listed {
    Tasks,
    Scenarios,
    Models,
    Agents,
    Providers,
    Runs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// What to list; everything but runs without it
    pub(super) what: Option<Listed>,
    /// table or json
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    pub(super) format: String,
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Read this file instead of ./bench.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    pub(super) options: Options,
    /// Read this file instead of ./bench.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// The shards: all of `--shard 1/N` to `--shard N/N`
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<String>,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(super) format: Format,
}

/// The forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For a terminal
    Table,
    /// For a pull request
    Markdown,
    /// Markdown, and annotations for a GitHub Actions log
    Github,
    /// incident-bench/compare/1
    Json,
    /// For other CI systems
    Junit,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The run to compare with: an id, a folder, `latest`, or a summary.json
    pub(super) base: String,
    /// The new run
    pub(super) new: String,
    /// The drop of a score that is tolerated
    #[arg(long, value_name = "SCORE", default_value_t = 0.02)]
    pub(super) margin: f64,
    /// The error of each one-sided bound
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub(super) alpha: f64,
    /// Compare also where suite, prompts or graders differ
    #[arg(long)]
    pub(super) allow_drift: bool,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(super) format: CompareFormat,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyRunArgs {
    /// The run: an id, the beginning of one, a folder, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(super) run: String,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RegradeArgs {
    /// The run: an id, the beginning of one, a folder, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(super) run: String,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The run: an id, the beginning of one, a folder, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(super) run: String,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// What is printed on stdout [default: as the run was started]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Stop where the run's calls, earlier ones included, have cost this much, in USD [default: as the run was started]
    #[arg(long, value_name = "USD")]
    pub(super) max_cost: Option<f64>,
    /// Stop where the run's calls, earlier ones included, have used this many tokens [default: as the run was started]
    #[arg(long, value_name = "N")]
    pub(super) max_total_tokens: Option<u64>,
    /// Stop after so many seconds from now [default: as the run was started]
    #[arg(long, value_name = "SECONDS")]
    pub(super) time_limit: Option<f64>,
    /// Have workers of this queue play what is left [default: as the run was started]
    #[arg(long, value_name = "URL")]
    pub(super) queue: Option<String>,
    /// Play what is left in this process, without a queue
    #[arg(long, conflicts_with = "queue")]
    pub(super) here: bool,
    /// Write the episodes for other programs into the run's logs/ [default: as the run was started]
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Progress on stderr [default: as the run was started]
    #[arg(long, value_name = "HOW")]
    pub(super) progress: Option<ProgressChoice>,
    /// Print nothing but the result
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Read this file instead of ./bench.toml for providers of your own
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

const WORKER_HELP: &str = "\
It needs what the runs need: the keys of their endpoints, their prompts and suites under the same paths, and the same
version of bench. The first interrupt lets it end what it has begun; the second gives that back to the queue.

Examples:
  bench run --model llama-3.3-70b --epochs 8 --queue nats://queue:4222       one of these, anywhere
  bench worker --queue nats://queue:4222                                     and any number of these";

#[derive(Debug, Args)]
#[command(after_help = WORKER_HELP)]
pub(super) struct WorkerArgs {
    /// The NATS server, such as `nats://HOST:4222`; also `BENCH_QUEUE`. It may hold a user and a password
    #[arg(long, value_name = "URL")]
    pub(super) queue: Option<String>,
    /// The credentials file for it; also `BENCH_QUEUE_CREDS`
    #[arg(long, value_name = "FILE")]
    pub(super) queue_creds: Option<PathBuf>,
    /// Certificates of authorities that are trusted for it, in PEM; TLS is used then; also `BENCH_QUEUE_CA`
    #[arg(long, value_name = "FILE")]
    pub(super) queue_ca: Option<PathBuf>,
    /// Episodes that are played at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) episodes: u16,
    /// Calls of one model at once from here, or auto [default: as the run was started]
    #[arg(long, value_name = "N|auto")]
    pub(super) concurrency: Option<Concurrency>,
    /// Also play runs with exec:COMMAND, which start whatever program their coordinator names
    #[arg(long)]
    pub(super) allow_exec: bool,
    /// End after so many seconds without an episode
    #[arg(long, value_name = "SECONDS")]
    pub(super) idle: Option<u32>,
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Read this file instead of ./bench.toml for providers of your own
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Runs: an id, the beginning of one, a folder, or `latest`
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<String>,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(super) format: Format,
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write the episodes for other programs into the run's logs/
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Write the joined table as the results folder's README.md, reference.json and scores.csv, to be committed
    #[arg(long)]
    pub(super) publish: bool,
}

/// When breakdowns name right answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RevealChoice {
    /// Never
    Never,
    /// Once the episode is over
    Done,
    /// From the start
    Always,
}

const SERVE_HELP: &str = "\
Each option can also be set by a variable named after it: --max-sessions by BENCH_MAX_SESSIONS, and so on.

Examples:
  bench serve
  curl -X POST localhost:7860/reset
  curl localhost:7860/step -H 'content-type: application/json' \\
       -d '{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"api-gateway\"}}'
  bench serve --openenv --host 0.0.0.0      for clients, trainers and hosts of OpenEnv";

#[derive(Debug, Args)]
#[command(after_help = SERVE_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct ServeArgs {
    /// The address to listen at [default: 127.0.0.1]
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,
    /// The port; 0 takes a free one [default: 7860; with --openenv PORT, or 8000]
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Answer /health, and /state before a reset, as hosts of OpenEnv expect
    #[arg(long)]
    pub(super) openenv: bool,
    /// When breakdowns of a grade name right answers [default: done]
    #[arg(long, value_name = "WHEN")]
    pub(super) reveal: Option<RevealChoice>,
    /// Who may start runs by POST /baseline [default: none needed on this machine alone, else made and printed]
    #[arg(long, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// Let no answer, no score and no judgement of a step leave the server, and keep what is played as a run
    #[arg(long)]
    pub(super) exam: bool,
    #[command(flatten)]
    pub(super) kept: KeptArgs,
    /// Seconds without use after which an episode is gone [default: 1800]
    #[arg(long, value_name = "SECONDS")]
    pub(super) session_ttl: Option<u64>,
    /// The most episodes at once; the oldest idle one makes room [default: 100000]
    #[arg(long, value_name = "N")]
    pub(super) max_sessions: Option<usize>,
    /// The most connections at once; others wait [default: 16384]
    #[arg(long, value_name = "N")]
    pub(super) max_connections: Option<usize>,
    /// The largest body, in bytes [default: 65536]
    #[arg(long, value_name = "BYTES")]
    pub(super) max_body: Option<usize>,
    /// The most requests and messages a second from one address; more are refused, or wait [default: any number]
    #[arg(long, value_name = "N")]
    pub(super) rate_limit: Option<u32>,
    /// An origin whose web pages may use the server, or '*'; repeat for more [default: its own alone]
    #[arg(long, value_name = "ORIGIN")]
    pub(super) allow_origin: Vec<String>,
    /// The suite: classic; generated:NAME,seed=N with easy, medium, hard, expert (then also count=N) or smoke, lite,
    /// full; a scenario file, or a folder of them [default: classic]
    #[arg(long, value_name = "SUITE")]
    pub(super) suite: Option<String>,
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// The folder whose runs the page shows [default: results, or `out` of bench.toml, if only this machine can look]
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// A line on stderr for every request
    #[arg(short, long, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// The form of what is said on stderr; json also says every request
    #[arg(long, value_name = "FORM", conflicts_with = "quiet")]
    pub(super) log: Option<LogForm>,
}

/// The form of what a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    /// For people
    Text,
    /// An object a line, for programs
    Json,
}

/// How an exam is kept.
#[derive(Debug, Args)]
pub(super) struct KeptArgs {
    /// With --exam: the name of who plays, in the tables of the run [default: client]
    #[arg(long, value_name = "NAME")]
    pub(super) label: Option<String>,
    /// With --exam: how many episodes of each scenario count, from the first that takes a step [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<u32>,
    /// With --exam: the folder of results [default: results]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

const MCP_HELP: &str = "\
Each option can also be set by a variable named after it: --exam by BENCH_EXAM=1, and so on.

An entry in a client's configuration:
  {\"mcpServers\": {\"incidents\": {\"command\": \"bench\", \"args\": [\"mcp\"]}}}

`bench serve` offers the same to many clients, by HTTP at /mcp.";

#[derive(Debug, Args)]
#[command(after_help = MCP_HELP)]
pub(super) struct McpArgs {
    /// When breakdowns of a grade name right answers [default: done]
    #[arg(long, value_name = "WHEN")]
    pub(super) reveal: Option<RevealChoice>,
    /// Show no answer, no score and no judgement of a step, and keep what is played as a run
    #[arg(long)]
    pub(super) exam: bool,
    #[command(flatten)]
    pub(super) kept: KeptArgs,
    /// The suite: classic; generated:NAME,seed=N with easy, medium, hard, expert (then also count=N) or smoke, lite,
    /// full; a scenario file, or a folder of them [default: classic]
    #[arg(long, value_name = "SUITE")]
    pub(super) suite: Option<String>,
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// easy, medium, hard, expert; or a whole suite: smoke, lite, full
    #[arg(long, value_name = "LEVEL")]
    pub(super) level: String,
    /// How many incidents of a level [default: 30]
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,
    /// The seed; the same one gives the same incidents on every machine [default: 0]
    #[arg(long, value_name = "SEED")]
    pub(super) seed: Option<u64>,
    /// Make it from the secret in `BENCH_SUITE_SECRET` for this epoch, and commit to the secret in the manifest
    #[arg(long, value_name = "EPOCH", conflicts_with = "seed")]
    pub(super) private: Option<u64>,
    /// Turn a knob of the level, such as decoys=0 or faults=2; repeat for more (docs/GENERATED.md lists them)
    #[arg(long = "knob", value_name = "NAME=N")]
    pub(super) knobs: Vec<String>,
    /// A folder of fault families that are laid over those of this program
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// The folder to write to; it must hold no suite yet
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The folder that `bench generate` wrote
    #[arg(value_name = "DIR")]
    pub(super) suite: PathBuf,
    /// A folder of fault families that are laid over those of this program
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The seed
    #[arg(value_name = "SEED")]
    pub(super) seed: u64,
    /// Its number in the suite of that seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) number: u64,
    /// easy, medium, hard, expert
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    pub(super) level: String,
    /// Turn a knob of the level, as it was when the incident was made; repeat for more
    #[arg(long = "knob", value_name = "NAME=N")]
    pub(super) knobs: Vec<String>,
    /// A folder of fault families that are laid over those of this program
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Add every record that can be read at the alert
    #[arg(long)]
    pub(super) records: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Args)]
pub(super) struct ColorArgs {
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub(super) color: ColorChoice,
}

impl ColorArgs {
    /// Makes the choice hold for everything that is printed.
    pub(super) fn write_global(&self) {
        let choice = match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
