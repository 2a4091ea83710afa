//! The arguments of `list`, `compare`, `power`, `verify-run`, `regrade` and `report`.

use clap::{Args, ValueEnum};

use super::common::{ConfigFile, Overlay, PrintedFormat, ResultsFolder, RunName};
use crate::config::options::LogFormat;
use crate::config::paths::name_or_path;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Listed {
    Tasks,
    Scenarios,
    Models,
    Agents,
    Providers,
    Runs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// What to list; everything but runs without it
    pub(in crate::cli) what: Option<Listed>,
    /// table or json
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    pub(in crate::cli) format: String,
    #[command(flatten)]
    pub(in crate::cli) overlay: Overlay,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

/// The formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CompareFormat {
    /// For a terminal
    Table,
    /// For a pull request
    Markdown,
    /// Markdown, and annotations for a GitHub Actions log
    Github,
    /// incident-bench/compare/2
    Json,
    /// For other CI systems
    Junit,
}

const COMPARE_HELP: &str = "\
Verdicts, one error for the whole command:
  better             surely better
  same               surely not worse by more than the margin
  worse              surely worse, and measured as worse than the margin      exit 1
  worse_than_margin  surely worse by more than the margin                     exit 1
  not_decided        none of these, or the new run lacks what the base has    exit 3

Examples:
  bench compare base.json latest                        the last run against a kept summary
  bench compare latest:gpt-oss-120b latest:heuristic    two contestants of one run";

#[derive(Debug, Args)]
#[command(after_help = COMPARE_HELP)]
pub(in crate::cli) struct CompareArgs {
    /// The run to compare with: an id, a folder, `latest`, or a summary.json
    #[arg(value_name = "RUN[:CONTESTANT]")]
    pub(in crate::cli) base: String,
    /// The new run. With a contestant after a colon, any two are compared, also of one run
    #[arg(value_name = "RUN[:CONTESTANT]")]
    pub(in crate::cli) new: String,
    /// The drop of a score that is tolerated
    #[arg(long, value_name = "SCORE", default_value_t = 0.02)]
    pub(in crate::cli) margin: f64,
    /// The chance that an unchanged command is called worse, and the error of each one-sided bound
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub(in crate::cli) alpha: f64,
    /// Compare also where suite, prompts, graders or requests differ
    #[arg(long)]
    pub(in crate::cli) allow_drift: bool,
    /// Compare what both have where the new run lacks contestants, tasks, scenarios or epochs of the base
    #[arg(long)]
    pub(in crate::cli) allow_missing: bool,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(in crate::cli) format: CompareFormat,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
}

const POWER_HELP: &str = "\
Two questions need two numbers.
These scenarios, for gates: is the agent worse than before, on the same scenarios? Epochs help.
Incidents like these, for leaderboards: which of two agents is better, on incidents of this kind?
Epochs help only until the spread between incidents is all that is left.

Examples:
  bench power                                         the suite classic, with an assumed spread
  bench power latest --difference 0.02                the spread of the last run's contestants
  bench power latest --suite generated:full           the same spread, for a run of another suite
  bench power --within 0.1 --incidents 120 --epochs 2";

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PowerFormat {
    /// For a terminal
    Table,
    /// incident-bench/power/1
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = POWER_HELP)]
pub(in crate::cli) struct PowerArgs {
    /// Kept runs whose spread of scores is used: an id, a folder, `latest`, or a summary.json [default: none; the spread
    /// is assumed]
    #[arg(value_name = "RUN", value_parser = name_or_path)]
    pub(in crate::cli) runs: Vec<String>,
    /// The difference of scores to show, above 0 and up to 1
    #[arg(long, value_name = "SCORE", default_value = "0.05", allow_negative_numbers = true, value_parser = difference)]
    pub(in crate::cli) difference: f64,
    /// The chance of showing it if it exists, from 0.5 to below 1
    #[arg(long, value_name = "P", default_value = "0.8", allow_negative_numbers = true, value_parser = power)]
    pub(in crate::cli) power: f64,
    /// The error: of the one-sided bound of a gate, and of both sides of a comparison together; above 0 and below 0.5
    #[arg(long, value_name = "P", default_value = "0.05", allow_negative_numbers = true, value_parser = alpha)]
    pub(in crate::cli) alpha: f64,
    /// Incidents that you can play [default: as many as the run or the suite has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) incidents: Option<u32>,
    /// Play the incidents of this suite [default: that of the run, or classic]
    #[arg(long, value_name = "SUITE", conflicts_with = "incidents")]
    pub(in crate::cli) suite: Option<String>,
    /// Epochs that you can play [default: as many as the run has, or 1]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) epochs: Option<u32>,
    /// The two agents of a comparison play different incidents
    #[arg(long, conflicts_with = "correlation")]
    pub(in crate::cli) unpaired: bool,
    /// Only this contestant of the runs; may be repeated [default: models and programs, or all without any]
    #[arg(long, value_name = "NAME", requires = "runs")]
    pub(in crate::cli) contestant: Vec<String>,
    /// The standard deviation of an incident's score over epochs, 0 to 0.5 [default: as the run has it, or 0.35]
    #[arg(long, value_name = "SD", allow_negative_numbers = true, value_parser = deviation)]
    pub(in crate::cli) within: Option<f64>,
    /// The standard deviation of the true score over incidents, 0 to 0.5 [default: as the run has it, or 0.35]
    #[arg(long, value_name = "SD", allow_negative_numbers = true, value_parser = deviation)]
    pub(in crate::cli) between: Option<f64>,
    /// The correlation of two agents' true scores over incidents, -1 to 1 [default: 0.5, and measured for pairs of the run]
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = correlation)]
    pub(in crate::cli) correlation: Option<f64>,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(in crate::cli) format: PowerFormat,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
}

fn difference(text: &str) -> Result<f64, String> {
    number(text, "above 0 and at most 1", |value| value > 0.0 && value <= 1.0)
}

fn power(text: &str) -> Result<f64, String> {
    number(text, "at least 0.5 and below 1", |value| (0.5..1.0).contains(&value))
}

fn alpha(text: &str) -> Result<f64, String> {
    number(text, "above 0 and below 0.5", |value| value > 0.0 && value < 0.5)
}

fn deviation(text: &str) -> Result<f64, String> {
    number(text, "from 0 to 0.5, because scores lie between 0 and 1", |value| (0.0..=0.5).contains(&value))
}

fn correlation(text: &str) -> Result<f64, String> {
    number(text, "from -1 to 1", |value| (-1.0..=1.0).contains(&value))
}

/// Reads a number of a range, which the error names.
fn number(text: &str, range: &str, inside: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse().ok().filter(|value| inside(*value)).ok_or_else(|| format!("it must be a number {range}"))
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyRunArgs {
    /// The digest of the log as its table printed it; another one is a difference
    #[arg(long, value_name = "DIGEST")]
    pub(in crate::cli) digest: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) run: RunName,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RegradeArgs {
    #[command(flatten)]
    pub(in crate::cli) run: RunName,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    #[command(flatten)]
    pub(in crate::cli) printed: PrintedFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// Runs: an id, the beginning of one, a folder, or `latest`
    #[arg(required = true, value_name = "RUN", value_parser = name_or_path)]
    pub(in crate::cli) runs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) printed: PrintedFormat,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    /// Leave out the episodes of damaged lines of a log, and say which
    #[arg(long)]
    pub(in crate::cli) skip_damaged: bool,
    /// Write the episodes for other programs into the run's logs/
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) log_format: Option<LogFormat>,
    /// Write the joined table as the results folder's README.md, reference.json and scores.csv, to be committed
    #[arg(long)]
    pub(in crate::cli) publish: bool,
}
