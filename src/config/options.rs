//! The options of a run. Flags and `bench.toml` share one type, so that both have the same names.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::agents::AgentValues;
use super::paths::{name_or_path, path_parser, some_name_or_path, some_path};
use crate::agent::llm::Assist;
use crate::agent::prompt::Protocol;
use crate::agent::think::Think;
use crate::chat::Api;

/// The form in which a model is asked to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtocolChoice {
    /// Free text that holds a JSON object
    Text,
    /// `response_format`: `json_schema`
    Json,
    /// One function a kind of action
    Tools,
    /// json if the endpoint can, else tools, else text
    Auto,
}

impl ProtocolChoice {
    /// Returns the protocol, or `None` for `auto`, which the endpoint decides.
    #[must_use]
    pub const fn fixed(self) -> Option<Protocol> {
        match self {
            Self::Text => Some(Protocol::Text),
            Self::Json => Some(Protocol::Json),
            Self::Tools => Some(Protocol::Tools),
            Self::Auto => None,
        }
    }
}

/// The help that a model gets when its reply cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssistChoice {
    /// The fallback chooses
    Fallback,
    /// One message with the error, then the fallback
    Repair,
    /// The step is spent as it stands
    Off,
}

impl From<AssistChoice> for Assist {
    fn from(choice: AssistChoice) -> Self {
        match choice {
            AssistChoice::Fallback => Self::Fallback,
            AssistChoice::Repair => Self::Repair,
            AssistChoice::Off => Self::Off,
        }
    }
}

/// Whether a model may think before it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkChoice {
    /// It may think first; the last action of an answer counts
    On,
    /// It is told to answer with an action only; the first one counts
    Off,
}

impl From<ThinkChoice> for Think {
    fn from(choice: ThinkChoice) -> Self {
        match choice {
            ThinkChoice::On => Self::On,
            ThinkChoice::Off => Self::Off,
        }
    }
}

/// The form in which a model is asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiChoice {
    /// What the endpoint is found to take
    Auto,
    /// Chat Completions, at /chat/completions
    Chat,
    /// `OpenAI`'s Responses, at /responses
    Responses,
    /// Anthropic's Messages, at /messages
    Messages,
}

impl ApiChoice {
    /// Returns the API, or `None` if it has to be found out.
    #[must_use]
    pub const fn fixed(self) -> Option<Api> {
        match self {
            Self::Auto => None,
            Self::Chat => Some(Api::Chat),
            Self::Responses => Some(Api::Responses),
            Self::Messages => Some(Api::Messages),
        }
    }
}

/// The number of calls of a model that may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// A fixed number, at least 1.
    Fixed(usize),
    /// As many as the endpoint can handle, which is measured during the run.
    Auto,
}

impl FromStr for Concurrency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            number => match number.parse() {
                Ok(calls) if calls >= 1 => Ok(Self::Fixed(calls)),
                _ => Err(format!("'{text}' is neither a number from 1 nor auto")),
            },
        }
    }
}

impl Serialize for Concurrency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(calls) => serializer.serialize_u64(*calls as u64),
            Self::Auto => serializer.serialize_str("auto"),
        }
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The format of the result on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The score table for a terminal
    Table,
    /// The score table in Markdown
    Markdown,
    /// summary.json
    Json,
    /// The scores in long form
    Csv,
    /// The line protocol of `OpenEnv` inference scripts
    Openenv,
}

/// The format in which the episodes are written for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For Inspect (`inspect view`): an archive a row, read in part
    Eval,
    /// For Inspect: one JSON object a row
    Json,
    /// For Harbor: a trajectory an episode, in the Agent Trajectory Interchange Format
    Atif,
}

/// The form in which progress is shown on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressChoice {
    /// Bars on a terminal, lines elsewhere
    Auto,
    /// Bars
    Bar,
    /// A line for each episode of a model
    Lines,
    /// Nothing
    None,
}

/// The options of `bench run`. In `bench.toml` they have the same names without the dashes before them.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// A model: provider/name, an alias, or any name with --base-url; with settings of its own as in
    /// `NAME?effort=high&max_tokens=8000`; repeat or separate with commas
    #[arg(long, value_delimiter = ',', value_name = "MODEL")]
    #[serde(deserialize_with = "one_or_many")]
    pub model: Vec<String>,
    /// Exactly these agents play [default: llm for each model, and the built-in agents]
    #[arg(long, value_name = "AGENT", value_parser = AgentValues)]
    #[serde(deserialize_with = "one_or_many")]
    pub agent: Vec<String>,
    /// Variables that exec:COMMAND gets although they hold a key or are bench's own; repeat or separate with commas
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    #[serde(deserialize_with = "one_or_many")]
    pub exec_env: Vec<String>,
    /// Only these tasks
    #[arg(long, value_delimiter = ',', value_name = "TASK", help_heading = "What is played")]
    #[serde(deserialize_with = "one_or_many")]
    pub task: Vec<String>,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "What is played")]
    #[serde(deserialize_with = "one_or_many")]
    pub scenario: Vec<String>,
    /// classic; generated:NAME,seed=N with easy, medium, hard, expert (then also count=N) or smoke, lite, full; or a
    /// scenario file or folder [default: classic]
    #[arg(long, value_name = "SUITE", help_heading = "What is played", value_parser = name_or_path)]
    #[serde(deserialize_with = "some_name_or_path")]
    pub suite: Option<String>,
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR", help_heading = "What is played", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub scenarios: Option<PathBuf>,
    /// Repetitions of each scenario [default: 1]
    #[arg(long, value_name = "N", help_heading = "What is played")]
    pub epochs: Option<u32>,
    /// Play only this share of the episodes, such as 2/3; `bench merge` joins the shares
    #[arg(long, value_name = "I/N", help_heading = "What is played")]
    pub shard: Option<String>,
    /// The seed of everything random [default: 0]
    #[arg(long, value_name = "N", help_heading = "What is played")]
    pub seed: Option<u64>,
    /// Calls of one model at once, or auto: as many as its endpoint bears [default: 4]
    #[arg(long, value_name = "N|auto", help_heading = "How models are asked")]
    pub concurrency: Option<Concurrency>,
    /// How a model answers [default: text]
    #[arg(long, value_name = "PROTOCOL", help_heading = "How models are asked")]
    pub protocol: Option<ProtocolChoice>,
    /// Whether a model is told that it may think before it acts [default: on]
    #[arg(long, value_name = "THINK", help_heading = "How models are asked")]
    pub think: Option<ThinkChoice>,
    /// What helps when a reply cannot be used [default: fallback]
    #[arg(long, value_name = "ASSIST", help_heading = "How models are asked")]
    pub assist: Option<AssistChoice>,
    /// Any endpoint that speaks Chat Completions, Responses or Messages; every --model is then a name there
    #[arg(long, value_name = "URL", help_heading = "How models are asked")]
    pub base_url: Option<String>,
    /// The provider of every --model; with --base-url, the one whose dialect, key and prices hold there
    #[arg(long, value_name = "PROVIDER", help_heading = "How models are asked")]
    pub provider: Option<String>,
    /// The form in which models are asked [default: as their provider is known to be asked, else auto]
    #[arg(long, value_name = "API", help_heading = "How models are asked")]
    pub api: Option<ApiChoice>,
    /// The environment variable that holds the key
    #[arg(long, value_name = "NAME", help_heading = "How models are asked")]
    pub api_key_env: Option<String>,
    /// The sampling temperature; `none` leaves it to the endpoint [default: 0 for models that are known not to think,
    /// else none]
    #[arg(long, value_name = "T", help_heading = "How models are asked")]
    #[serde(deserialize_with = "number_or_text")]
    pub temperature: Option<String>,
    /// The most tokens of an answer [default: 2048 for models that are known not to think, else 16384]
    #[arg(long, value_name = "N", help_heading = "How models are asked")]
    pub max_tokens: Option<u32>,
    /// How much a reasoning model thinks, such as low, medium or high
    #[arg(long, value_name = "EFFORT", help_heading = "How models are asked")]
    pub reasoning_effort: Option<String>,
    /// The longest silence of an endpoint in seconds, or the time for an answer of exec:COMMAND [default: 600 until the
    /// first data of an answer, then 120, or 600 for models that may think; 120 for exec:COMMAND]
    #[arg(long, value_name = "SECONDS", help_heading = "How models are asked")]
    pub timeout: Option<f64>,
    /// Stop where the run's calls have cost this much, in USD
    #[arg(long, value_name = "USD", help_heading = "What it may cost")]
    pub max_cost: Option<f64>,
    /// Stop where the run's calls have used this many tokens, prompts and answers together
    #[arg(long, value_name = "N", help_heading = "What it may cost")]
    pub max_total_tokens: Option<u64>,
    /// Stop after so many seconds; calls in flight are finished
    #[arg(long, value_name = "SECONDS", help_heading = "What it may cost")]
    pub time_limit: Option<f64>,
    /// Calls that one episode may make; after them it goes on as --assist says, without the model
    #[arg(long, value_name = "N", help_heading = "What it may cost")]
    pub episode_calls: Option<u64>,
    /// Tokens that one episode may use; after them it goes on as --assist says, without the model
    #[arg(long, value_name = "N", help_heading = "What it may cost")]
    pub episode_tokens: Option<u64>,
    /// Seconds for all calls or answers of one episode [default: no limit]
    #[arg(long, value_name = "SECONDS", help_heading = "How models are asked")]
    pub episode_timeout: Option<f64>,
    /// Attempts after the first one [default: 4]
    #[arg(long, value_name = "N", help_heading = "How models are asked")]
    pub max_retries: Option<u32>,
    /// Seconds that an endpoint may ask to wait; beyond it the call fails [default: 120]
    #[arg(long, value_name = "SECONDS", help_heading = "How models are asked")]
    pub max_retry_after: Option<f64>,
    /// Let a share of all attempts fail before they are sent: 429, 429-wait, 500, timeout, disconnect, malformed, html
    /// and empty, as in 429=5%,timeout=1%
    #[arg(long, value_name = "FAULT=SHARE%,…", conflicts_with = "replay", help_heading = "How models are asked")]
    pub chaos: Option<String>,
    /// Keep every answer in this folder, to be replayed
    #[arg(long, value_name = "DIR", conflicts_with = "replay", help_heading = "How models are asked", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub record: Option<PathBuf>,
    /// Answer from this folder, without a network
    #[arg(long, value_name = "DIR", help_heading = "How models are asked", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub replay: Option<PathBuf>,
    /// A folder with prompts of your own
    #[arg(long, value_name = "DIR", help_heading = "How models are asked", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub prompts: Option<PathBuf>,
    /// Tell models other names for their tools, the first to the fourth; 0 is their own [default: 0]
    #[arg(long, value_name = "N", help_heading = "How models are asked")]
    pub tool_names: Option<usize>,
    /// Have `bench worker`s play the episodes, by a NATS server with `JetStream`, such as `nats://HOST:4222`
    #[arg(long, value_name = "URL", help_heading = "On many machines")]
    pub queue: Option<String>,
    /// The credentials file for it
    #[arg(long, value_name = "FILE", help_heading = "On many machines", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub queue_creds: Option<PathBuf>,
    /// Certificates of authorities that are trusted for it, in PEM; TLS is used then
    #[arg(long, value_name = "FILE", help_heading = "On many machines", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub queue_ca: Option<PathBuf>,
    /// Seconds after which the episode of a worker that is silent goes to another one [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "On many machines")]
    pub queue_lease: Option<f64>,
    /// How often an episode goes to a worker before it is given up as crashed [default: 5]
    #[arg(long, value_name = "N", help_heading = "On many machines")]
    pub queue_deliveries: Option<u32>,
    /// The results folder [default: results]
    #[arg(long, value_name = "DIR", help_heading = "What comes out", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    #[serde(deserialize_with = "some_path")]
    pub out: Option<PathBuf>,
    /// What is printed on stdout [default: table]
    #[arg(long, value_name = "FORMAT", help_heading = "What comes out")]
    pub format: Option<Format>,
    /// Write the episodes for other programs into the run's logs/ at its end, also where it is interrupted
    #[arg(long, value_name = "FORMAT", help_heading = "What comes out")]
    pub log_format: Option<LogFormat>,
    /// Progress on stderr [default: auto]
    #[arg(long, value_name = "HOW", help_heading = "What comes out")]
    pub progress: Option<ProgressChoice>,
    /// Fail (exit 1) if a model or exec:COMMAND scores below this overall; without any, every agent that plays
    #[arg(long, value_name = "SCORE", help_heading = "What comes out")]
    pub fail_under: Option<f64>,
    /// Compare with this run at the end: exit 1 if worse, 3 if that cannot be decided
    #[arg(long, value_name = "RUN", help_heading = "What comes out", value_parser = name_or_path)]
    #[serde(deserialize_with = "some_name_or_path")]
    pub baseline: Option<String>,
    /// The drop against the baseline that is tolerated [default: 0.02]
    #[arg(long, value_name = "SCORE", help_heading = "What comes out")]
    pub margin: Option<f64>,
    /// Compare with the baseline what both have, where this run lacks contestants, tasks, scenarios or epochs of it
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "What comes out")]
    pub allow_missing: Option<bool>,
    /// Compare with the baseline at three points, and play only as many of the --epochs as the decision needs
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "What comes out")]
    pub until_decided: Option<bool>,
    /// Void episodes that are tolerated before the run fails with exit 4 [default: 0]
    #[arg(long, value_name = "N", help_heading = "What comes out")]
    pub max_void: Option<usize>,
}

/// Reads a list, which may be written as one value: `"a"` is `["a"]`.
pub(in crate::config) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    use serde::de::Error;
    let items = match toml::Value::deserialize(deserializer)? {
        toml::Value::Array(items) => items,
        one => vec![one],
    };
    items.into_iter().map(|item| T::deserialize(item).map_err(D::Error::custom)).collect()
}

/// Reads a temperature, which may be a number or `"none"`.
pub(super) fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}
