//! The arguments of `list`, `compare`, `verify-run`, `regrade` and `report`.

use clap::{Args, ValueEnum};

use super::common::{ConfigFile, Overlay, PrintedFormat, ResultsFolder, RunName};
use crate::config::options::LogFormat;

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
    /// incident-bench/compare/1
    Json,
    /// For other CI systems
    Junit,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// The run to compare with: an id, a folder, `latest`, or a summary.json
    pub(in crate::cli) base: String,
    /// The new run
    pub(in crate::cli) new: String,
    /// The drop of a score that is tolerated
    #[arg(long, value_name = "SCORE", default_value_t = 0.02)]
    pub(in crate::cli) margin: f64,
    /// The error of each one-sided bound
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub(in crate::cli) alpha: f64,
    /// Compare also where suite, prompts or graders differ
    #[arg(long)]
    pub(in crate::cli) allow_drift: bool,
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(in crate::cli) format: CompareFormat,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyRunArgs {
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
    #[arg(required = true, value_name = "RUN")]
    pub(in crate::cli) runs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) printed: PrintedFormat,
    #[command(flatten)]
    pub(in crate::cli) results: ResultsFolder,
    /// Write the episodes for other programs into the run's logs/
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) log_format: Option<LogFormat>,
    /// Write the joined table as the results folder's README.md, reference.json and scores.csv, to be committed
    #[arg(long)]
    pub(in crate::cli) publish: bool,
}
