//! The id of an episode.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of an episode, given by whoever starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpisodeId(pub Uuid);

impl EpisodeId {
    /// Returns the nil id, for an episode that is never looked up by its id.
    #[must_use]
    pub const fn nil() -> Self {
        Self(Uuid::nil())
    }
}

impl fmt::Display for EpisodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
