//! The options of `bench serve` and `bench mcp`. Flags and the section `[serve]` share one type, so that both have the
//! same names.

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use super::options::one_or_many;
use super::paths::{some_name_or_path, some_path};

/// The time from which breakdowns name right answers.
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

/// The options of a server that one layer sets. `bench serve --help` describes them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ServerOptions {
    /// The address to listen at.
    pub host: Option<String>,
    /// The port to listen at; 0 takes a free one.
    pub port: Option<u16>,
    /// Whether `/health` and `/state` answer as hosts of `OpenEnv` expect.
    pub openenv: Option<bool>,
    /// The time from which breakdowns of a grade name right answers.
    pub reveal: Option<RevealChoice>,
    /// The token that starts runs by `POST /baseline`.
    #[serde(deserialize_with = "secret")]
    pub token: Option<SecretString>,
    /// Whether an exam is held: answers contain no judgement, and the episodes are kept as a run.
    pub exam: Option<bool>,
    /// The name of the contestant of an exam.
    pub label: Option<String>,
    /// The number of episodes of each scenario that count in an exam.
    pub epochs: Option<u32>,
    /// The results folder of an exam.
    #[serde(deserialize_with = "some_path")]
    pub out: Option<PathBuf>,
    /// The time without use after which an episode is removed, in seconds.
    pub session_ttl: Option<u64>,
    /// The largest number of episodes at once.
    pub max_sessions: Option<usize>,
    /// The largest number of connections at once.
    pub max_connections: Option<usize>,
    /// The largest body, in bytes.
    pub max_body: Option<usize>,
    /// The largest number of requests and messages a second from one address.
    pub rate_limit: Option<u32>,
    /// The origins whose web pages may use the server.
    #[serde(deserialize_with = "one_or_many")]
    pub allow_origin: Vec<String>,
    /// The path under which a proxy shows the server.
    pub root_path: Option<String>,
    /// The suite that is served.
    #[serde(deserialize_with = "some_name_or_path")]
    pub suite: Option<String>,
    /// A folder of scenario files, or of fault families, that are laid over the suite.
    #[serde(deserialize_with = "some_path")]
    pub scenarios: Option<PathBuf>,
    /// The folder whose runs the page shows.
    #[serde(deserialize_with = "some_path")]
    pub results: Option<PathBuf>,
    /// The form of the server's messages on stderr.
    pub log: Option<LogForm>,
}

/// Reads a text that is hidden when the options are printed for debugging.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?.into()))
}
