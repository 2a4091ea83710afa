//! Where the value of an option was set.

use std::fmt;

use serde::{Serialize, Serializer};

/// The name of the configuration file.
pub(super) const FILE: &str = "bench.toml";

/// The layer that set the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// A variable of the environment or of `.env`, by its name.
    Environment(&'static str),
    /// The file `bench.toml`, or the one that `--config` names.
    File,
    /// The program itself: no layer set the option.
    Default,
}

impl Origin {
    /// The place to look at when the value is wrong: a variable has its name here.
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
