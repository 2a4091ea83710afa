//! The arguments of the command line. They are parsed here and resolved by [`crate::config`].

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use self::kept::{CompareArgs, ListArgs, PowerArgs, RegradeArgs, ReportArgs, VerifyRunArgs};
use self::run::{DoctorArgs, MergeArgs, ResumeArgs, RunArgs, WorkerArgs};
use self::serve::{McpArgs, ServeArgs};
use self::suite::{ExplainArgs, GenerateArgs, VerifyArgs};

pub(super) mod common;
pub(super) mod kept;
pub(super) mod run;
pub(super) mod serve;
mod spread;
pub(super) mod suite;

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
  bench --model gpt-oss-120b                         a model beside them (needs the key of one that serves it)
  bench --model qwen --base-url http://127.0.0.1:8080/v1 --protocol json
  bench --agent \"exec:python3 agent.py\" --agent random    a program of your own beside one of ours
  bench --model 'gpt-6.2-sol?effort=low,gpt-6.2-sol?effort=high' --epochs 3 --dry-run
  bench list scenarios
  bench doctor --model gpt-oss-120b

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
    /// Plan a run: how many epochs and incidents show a difference of scores
    Power(PowerArgs),
    /// Play every kept trajectory through the engine again; every score must come out
    VerifyRun(VerifyRunArgs),
    /// Grade kept trajectories again with the present graders, without a model call
    Regrade(RegradeArgs),
    /// Write the reports of a kept run again; several runs make one table
    Report(ReportArgs),
    /// Write generated incidents: what agents are shown, and the sealed truth apart
    Generate(GenerateArgs),
    /// Print a new secret, from which private suites are made (`BENCH_SUITE_SECRET`)
    NewSecret,
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
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

/// The choice of colours in the output.
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
    /// Applies the choice to everything that is printed.
    pub(super) fn write_global(&self) {
        let choice = match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
