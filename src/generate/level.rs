//! Levels: how hard an incident is made. Each is a set of knobs, and each knob can be turned alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::topology::Naming;

/// A usual setting of all knobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Easy,
    Medium,
    Hard,
    Expert,
}

impl Level {
    /// All of them, easiest first.
    pub const ALL: [Self; 4] = [Self::Easy, Self::Medium, Self::Hard, Self::Expert];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
            Self::Expert => "expert",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or_else(|| format!("unknown level '{word}'; levels: {}", all()))
    }
}

/// What makes an incident hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knobs {
    /// Services, 6 to 60; what they run on comes on top.
    pub services: u16,
    /// Services in a row from the gateway to a store, at most.
    pub depth: u16,
    /// Entities that look bad for another reason, each with what refutes it.
    pub decoys: u16,
    /// Classes of evidence that may be left over at an entity, and that a decoy may show.
    pub tolerance: u32,
    /// Faults that the alert must leave open, at least.
    pub hypotheses: usize,
    /// Views that it takes to tell the fault from all others, at least.
    pub views: usize,
    /// Names that say nothing, or what a part is.
    #[serde(skip)]
    pub naming: Naming,
}

impl Knobs {
    /// The knobs of a level.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        let naming = Naming::Codename;
        match level {
            Level::Easy => Self { services: 11, depth: 3, decoys: 2, tolerance: 1, hypotheses: 8, views: 2, naming },
            Level::Medium => Self { services: 15, depth: 4, decoys: 4, tolerance: 1, hypotheses: 15, views: 2, naming },
            Level::Hard => Self { services: 26, depth: 5, decoys: 8, tolerance: 2, hypotheses: 25, views: 3, naming },
            Level::Expert => {
                Self { services: 43, depth: 6, decoys: 14, tolerance: 2, hypotheses: 40, views: 3, naming }
            }
        }
    }
}
