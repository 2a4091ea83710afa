//! The layer that set the value of an option.

use std::fmt;

use serde::{Serialize, Serializer};

/// The name of the configuration file.
pub(super) const FILE: &str = "bench.toml";

/// The layer that set the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The option was set on the command line.
    Flag,
    /// The option was set by this variable of the environment or of `.env`.
    Environment(&'static str),
    /// The option was set in `bench.toml`, or in the file that `--config` names.
    File,
    /// No layer set the option, so it has its default.
    Default,
}

impl Origin {
    /// Returns the place to look at when the value is wrong. For a variable it is its name.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Flag => "the command line",
            Self::Environment(variable) => variable,
            Self::File => FILE,
            Self::Default => "the default",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment(_) => "the environment",
            other => other.place(),
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Flag => "flag",
            Self::Environment(_) => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}
