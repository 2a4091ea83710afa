//! The errors of a configuration.

use super::model::ModelError;
use super::origin::Origin;
use incident_env::UnknownName;

/// The reason for which the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read {file}: {problem}")]
    File {
        /// The path of the file.
        file: String,
        /// The problem, with its place in the file.
        problem: String,
    },
    /// `.env` cannot be read.
    #[error("{0}")]
    DotEnv(String),
    /// A model cannot be found.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model needs a key that is not set.
    #[error("model {model} needs an API key and {variable} is not set")]
    NoKey {
        /// The label of the model.
        model: String,
        /// The variable that should hold the key.
        variable: String,
    },
    /// A task does not exist.
    #[error(transparent)]
    Task(#[from] UnknownName),
    /// The value of an option cannot be used.
    #[error("{option}: {problem} (from {})", .origin.place())]
    Option {
        /// The option as it is written on the command line, such as `--epochs`.
        option: String,
        /// The problem with the value, or what would be right.
        problem: String,
        /// The layer that set the value.
        origin: Origin,
    },
}

impl ConfigError {
    /// Makes an error about an option, which is named without its dashes.
    pub(super) fn option(name: &str, problem: impl Into<String>, origin: Origin) -> Self {
        Self::Option { option: format!("--{name}"), problem: problem.into(), origin }
    }

    /// Returns advice for the user, if there is more to say than the error itself says.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { variable, .. } => Some(format!(
                "set {variable} in the environment or in .env, name another variable with --api-key-env, or give --base-url for an endpoint that needs no key"
            )),
            _ => None,
        }
    }
}
