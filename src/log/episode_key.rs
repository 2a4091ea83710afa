//! The key of an episode: its name within a run. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one episode of a run: one contestant plays one scenario in one epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpisodeKey {
    /// The contestant's label, which is a model's name or a built-in agent's name.
    #[serde(rename = "model")]
    pub contestant: String,
    /// The id of the scenario.
    pub scenario: String,
    /// The number of the repetition, from 0.
    pub epoch: u32,
}

impl fmt::Display for EpisodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.contestant, self.scenario)?;
        if self.epoch > 0 {
            write!(f, ", epoch {}", self.epoch)?;
        }
        Ok(())
    }
}
