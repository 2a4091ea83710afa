//! The options of `bench serve` and `bench mcp`. One type for flags and the section `[serve]`, so that both have the
//! same names.

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use super::options::one_or_many;

/// When breakdowns name right answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealChoice {
    /// Never
    Never,
    /// Once the episode is over
    Done,
    /// From the start
    Always,
}

/// The form of what a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogForm {
    /// For people
    Text,
    /// An object a line, for programs
    Json,
}

/// The options of a server, as far as one layer has them. `bench serve --help` describes them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the help of the command describes each option under the same name")]
pub struct ServerOptions {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub openenv: Option<bool>,
    pub reveal: Option<RevealChoice>,
    #[serde(deserialize_with = "secret")]
    pub token: Option<SecretString>,
    pub exam: Option<bool>,
    pub label: Option<String>,
    pub epochs: Option<u32>,
    pub out: Option<PathBuf>,
    pub session_ttl: Option<u64>,
    pub max_sessions: Option<usize>,
    pub max_connections: Option<usize>,
    pub max_body: Option<usize>,
    pub rate_limit: Option<u32>,
    #[serde(deserialize_with = "one_or_many")]
    pub allow_origin: Vec<String>,
    pub suite: Option<String>,
    pub scenarios: Option<PathBuf>,
    pub results: Option<PathBuf>,
    pub log: Option<LogForm>,
}

/// A text that is not shown when the options are printed for debugging.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?.into()))
}
