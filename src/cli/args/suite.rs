//! The arguments of `generate`, `verify` and `explain`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::common::FamilyOverlay;
use crate::config::paths::path_parser;

#[derive(Debug, Args)]
pub(in crate::cli) struct GenerateArgs {
    /// easy, medium, hard, expert; or a whole suite: smoke, lite, full
    #[arg(long, value_name = "LEVEL")]
    pub(in crate::cli) level: String,
    /// How many incidents of a level [default: 30]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) count: Option<u64>,
    /// The seed; the same one gives the same incidents on every machine [default: 0]
    #[arg(long, value_name = "SEED")]
    pub(in crate::cli) seed: Option<u64>,
    /// Make it from the secret in `BENCH_SUITE_SECRET` for this epoch, and commit to the secret in the manifest
    #[arg(long, value_name = "EPOCH", conflicts_with = "seed")]
    pub(in crate::cli) private: Option<u64>,
    /// Turn a knob of the level, such as decoys=0 or second=100; repeat for more (docs/GENERATED.md lists them)
    #[arg(long = "knob", value_name = "NAME=N")]
    pub(in crate::cli) knobs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) families: FamilyOverlay,
    /// The folder to write to; it must hold no suite yet
    #[arg(short, long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) out: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The folder that `bench generate` wrote
    #[arg(value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) suite: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) families: FamilyOverlay,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The seed
    #[arg(value_name = "SEED")]
    pub(in crate::cli) seed: u64,
    /// Its number in the suite of that seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) number: u64,
    /// easy, medium, hard, expert
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    pub(in crate::cli) level: String,
    /// Turn a knob of the level, as it was when the incident was made; repeat for more
    #[arg(long = "knob", value_name = "NAME=N")]
    pub(in crate::cli) knobs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) families: FamilyOverlay,
    /// Add every record that can be read at the alert
    #[arg(long)]
    pub(in crate::cli) records: bool,
}
