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
    #[error("model {model} needs an API key and {}", unset(.variables))]
    NoKey {
        /// The label of the model.
        model: String,
        /// The variables of which one should hold the key.
        variables: Vec<String>,
    },
    /// A key that is set cannot be one.
    #[error("model {model}: {problem}")]
    Key {
        /// The label of the model.
        model: String,
        /// What is wrong with the key, without it.
        problem: String,
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
            Self::NoKey { variables, .. } => Some(format!(
                "set {}{} in the environment or in .env, name another variable with --api-key-env, or give --base-url for an endpoint that needs no key",
                if variables.len() > 1 { "one of " } else { "" },
                variables.join(", ")
            )),
            _ => None,
        }
    }
}

/// Says that none of these variables is set.
fn unset(variables: &[String]) -> String {
    match variables {
        [one] => format!("{one} is not set"),
        several => format!("none of {} is set", several.join(", ")),
    }
}
