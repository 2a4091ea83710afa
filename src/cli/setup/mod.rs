//! Makes what a command works with from its settings: scenarios, prompts, clients, players, and the folder of a run.

use std::path::{Path, PathBuf};
use std::sync::Once;

use super::exit::Failure;
use super::out;
use crate::config::{ConfigError, ConfigFile, Environment, Options, Settings};
use crate::log::RunRecord;
use crate::log::salvage::Salvaged;
use crate::log::store::{RunFolder, RunLock};
use crate::report::score_table::plural;

pub(super) mod client;
pub(super) mod manifest;
pub(super) mod players;
pub(super) mod prompts;
pub(super) mod suite;

/// Reads the environment, and says once what is wrong with `.env`.
pub(super) fn environment() -> Result<Environment, Failure> {
    static SAID: Once = Once::new();
    let environment = Environment::read(Path::new(".")).map_err(ConfigError::DotEnv)?;
    SAID.call_once(|| environment.warnings().iter().for_each(|warning| out::say("warning", warning)));
    Ok(environment)
}

/// Locks a run for writing, and says so where the disk has no locks.
pub(super) fn lock(folder: &RunFolder) -> Result<RunLock, Failure> {
    let lock = folder.lock()?;
    if let Some(why) = &lock.void {
        out::say("warning", &format!("{why}, so that nothing keeps a second process from writing this run"));
    }
    Ok(lock)
}

/// Reads the environment and `bench.toml`, and resolves the options.
pub(super) fn settings(options: &Options, config: Option<&Path>) -> Result<Settings, Failure> {
    let environment = environment()?;
    let file = ConfigFile::read(Path::new("."), config)?;
    Ok(Settings::resolve(options, &environment, &file)?)
}

/// Returns the results folder: the one of the command line, or else of `bench.toml`, or else `results`.
pub(super) fn results(out: Option<&Path>) -> Result<PathBuf, Failure> {
    let given = out.map(Path::to_owned);
    let from_file = || ConfigFile::read(Path::new("."), None).map(|file| file.options.out);
    Ok(given.map_or_else(from_file, |out| Ok(Some(out)))?.unwrap_or_else(|| PathBuf::from("results")))
}

/// Reads a kept run, and prints a warning if its log is torn.
pub(super) fn record(folder: RunFolder) -> Result<RunRecord, Failure> {
    let record = RunRecord::open(folder)?;
    if record.torn_bytes > 0 {
        let (path, torn) = (record.folder.events(), record.torn_bytes);
        out::say("warning", &format!("{}: the last line is torn; {torn} bytes are left out", path.display()));
    }
    Ok(record)
}

/// Reads a kept run although its log may be damaged, and says what that costs.
pub(super) fn salvaged(folder: RunFolder) -> Result<(RunRecord, Salvaged), Failure> {
    let (record, salvaged) = RunRecord::salvage(folder)?;
    let path = record.folder.events();
    for (line, problem) in salvaged.damaged.iter().take(MOST_SHOWN) {
        out::say("warning", &format!("{}: line {line} is damaged: {problem}", path.display()));
    }
    if !salvaged.lost.is_empty() {
        let lost: Vec<_> = salvaged.lost.iter().take(MOST_SHOWN).map(ToString::to_string).collect();
        let more = if salvaged.lost.len() > MOST_SHOWN { ", …" } else { "" };
        let what = plural(salvaged.lost.len(), "episode");
        out::say("warning", &format!("{what} may lack an event and count as not played: {}{more}", lost.join(", ")));
    }
    Ok((record, salvaged))
}

/// The largest number of damaged places, and of lost episodes, that are named.
const MOST_SHOWN: usize = 10;
