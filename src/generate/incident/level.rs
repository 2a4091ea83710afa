//! Levels: how hard an incident is made. Each is a set of knobs, and each knob can be turned alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::generate::system::topology::Naming;

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
    /// Steps that are allowed, in hundredths of those of a proved way through.
    pub slack: u32,
    /// How much series scatter, in hundredths of what is usual.
    pub noise: u32,
    /// The share of log lines that are lost, in hundredths; of each kind of message the newest line is kept.
    pub log_loss: u32,
    /// The share of looks that fail for want of an answer, in hundredths; a look a minute later may succeed.
    pub outage: u32,
    /// Faults at once: one, or another one beside that of the alert.
    pub faults: u32,
    /// Minutes until it is over, in hundredths of those of a proved way through; 0 for any number.
    pub minutes: u32,
}

/// The knobs that can be turned by name, each with the least and the most.
const TURNED: [(&str, u32, u32); 14] = [
    ("services", 6, 60),
    ("hops", 1, 6),
    ("decoys", 0, 20),
    ("ambiguity", 1, 3),
    ("hypotheses", 1, 60),
    ("views", 1, 3),
    ("slack", 100, 1000),
    ("noise", 0, 300),
    ("log_loss", 0, 90),
    ("outage", 0, 60),
    ("faults", 1, 2),
    ("minutes", 0, 1000),
    ("names", 0, 999),
    ("semantic", 0, 1),
];

impl Knobs {
    /// Turns a knob.
    ///
    /// # Errors
    /// When there is no such knob, or the value is beyond its bounds.
    pub fn turn(&mut self, name: &str, value: u32) -> Result<(), String> {
        let names = || TURNED.map(|(name, ..)| name).join(", ");
        let known = TURNED.iter().find(|(known, ..)| *known == name);
        let (_, least, most) = known.ok_or_else(|| format!("unknown key '{name}'; keys: seed, count, {}", names()))?;
        if !(*least..=*most).contains(&value) {
            return Err(format!("{name} is from {least} to {most}, not {value}"));
        }
        let small = u16::try_from(value).unwrap_or(u16::MAX);
        match name {
            "services" => self.services = small,
            "hops" => self.depth = small,
            "decoys" => self.decoys = small,
            "ambiguity" => self.tolerance = value,
            "hypotheses" => self.hypotheses = value as usize,
            "views" => self.views = value as usize,
            "noise" => self.noise = value,
            "log_loss" => self.log_loss = value,
            "outage" => self.outage = value,
            "faults" => self.faults = value,
            "minutes" if (1..100).contains(&value) => return Err("minutes is 0, or 100 and more".to_owned()),
            "minutes" => self.minutes = value,
            "names" => self.naming = Naming::Codename(value),
            "semantic" if value == 1 => self.naming = Naming::Semantic,
            "semantic" => self.naming = Naming::default(),
            _ => self.slack = value,
        }
        Ok(())
    }

    /// The knobs of a level.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        let naming = Naming::Codename(0);
        let (services, depth, decoys, tolerance, hypotheses, views, slack) = match level {
            Level::Easy => (11, 3, 2, 1, 8, 2, 300),
            Level::Medium => (15, 4, 4, 1, 15, 2, 260),
            Level::Hard => (26, 5, 8, 2, 25, 3, 230),
            Level::Expert => (43, 6, 14, 2, 40, 3, 200),
        };
        let (noise, log_loss, outage, faults, minutes) = (100, 0, 0, 1, 0);
        Self {
            services,
            depth,
            decoys,
            tolerance,
            hypotheses,
            views,
            naming,
            slack,
            noise,
            log_loss,
            outage,
            faults,
            minutes,
        }
    }
}
