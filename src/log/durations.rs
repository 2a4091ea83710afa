//! How long episodes took, from the times in the log. They are no part of a summary, which is the same whenever a run is played.
//! Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::listing::seconds_between;
use super::{EpisodeKey, Event, EventKind};

/// The seconds from the beginning of each episode to its end.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    began: BTreeMap<EpisodeKey, Timestamp>,
    seconds: BTreeMap<EpisodeKey, f64>,
}

impl Durations {
    /// Measures the episodes of a log.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut durations = Self::default();
        for event in events {
            durations.apply(event);
        }
        durations
    }

    /// Takes one event into account.
    pub fn apply(&mut self, event: &Event) {
        let Some(key) = &event.episode else { return };
        match event.event {
            EventKind::EpisodeStarted { .. } => _ = self.began.insert(key.clone(), event.at),
            EventKind::EpisodeFinished { .. } => {
                if let Some(began) = self.began.get(key) {
                    self.seconds.insert(key.clone(), seconds_between(*began, event.at));
                }
            }
            _ => {}
        }
    }

    /// The seconds that an episode took; none if it has not ended.
    #[must_use]
    pub fn seconds(&self, key: &EpisodeKey) -> Option<f64> {
        self.seconds.get(key).copied()
    }
}
