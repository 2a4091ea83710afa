//! Options that several commands share, each written once.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use crate::config::options::Format;
use crate::config::paths::{name_or_path, path_parser};

/// The option that names the folder of kept runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct ResultsFolder {
    /// The results folder [default: results, or `out` of bench.toml]
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// The argument that names the kept run of a command.
#[derive(Debug, Args)]
pub(in crate::cli) struct RunName {
    /// The run: an id, the beginning of one, a folder, or `latest`
    #[arg(value_name = "RUN", default_value = "latest", value_parser = name_or_path)]
    pub(in crate::cli) run: String,
}

/// The option that chooses the form of the score table on stdout.
#[derive(Debug, Args)]
pub(in crate::cli) struct PrintedFormat {
    /// What is printed on stdout
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}

/// The option that lays scenarios, or fault families, over a suite.
#[derive(Debug, Args)]
pub(in crate::cli) struct Overlay {
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) scenarios: Option<PathBuf>,
}

/// The option that lays fault families over the embedded ones.
#[derive(Debug, Args)]
pub(in crate::cli) struct FamilyOverlay {
    /// A folder of fault families that are laid over those of this program
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) scenarios: Option<PathBuf>,
}

/// The option that names the configuration file.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigFile {
    /// Read this file instead of ./bench.toml
    #[arg(long, value_name = "FILE", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) config: Option<PathBuf>,
}

impl ConfigFile {
    /// Returns the path that was given, if any.
    pub(in crate::cli) fn path(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

/// The option that names the configuration file of a command that takes only providers from it.
#[derive(Debug, Args)]
pub(in crate::cli) struct ProvidersFile {
    /// Read this file instead of ./bench.toml for providers of your own
    #[arg(long, value_name = "FILE", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) config: Option<PathBuf>,
}

impl ProvidersFile {
    /// Returns the path that was given, if any.
    pub(in crate::cli) fn path(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}
