//! The messages on the queue: JSON, packed with gzip. Pure.

use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::log::{EpisodeKey, Event, EventKind, Manifest, Outcome};

/// The name and version of the format of these messages.
pub const SCHEMA: &str = "incident-bench/queue/1";
/// The largest size of an unpacked message in bytes. Larger ones are refused, because a message can be made to unpack
/// without end.
const LONGEST: u64 = 256 << 20;

/// The name of a job on the queue: a digest of its episode's key, which may contain any characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// The job of an episode.
    #[must_use]
    pub fn of(key: &EpisodeKey) -> Self {
        let digest = Sha256::digest(format!("job\n{}\n{}\n{}", key.contestant, key.scenario, key.epoch));
        let bits = digest.iter().take(16).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        Self(format!("{bits:032x}"))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The announcement of a run by its coordinator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The manifest of the run: what is played, by whom, with which options, and the digests of everything that decides
    /// a score.
    pub manifest: Manifest,
    /// The number of deliveries after which a job is given up.
    pub deliveries: u32,
}

/// An episode that is to be played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The key of the episode.
    pub key: EpisodeKey,
    /// The events of the episode in the run's log, so that answers that were paid for are not requested again.
    pub past: Vec<Event>,
    /// The number of these events, even if they are too many to be sent.
    pub after: usize,
}

/// The result of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeResult {
    /// The key of the episode.
    pub key: EpisodeKey,
    /// The number of events before the result, as in [`Job::after`].
    pub after: usize,
    /// The events after those, to the end of the episode.
    pub events: Vec<Event>,
}

impl EpisodeResult {
    /// The result of an episode that could not be played to its end.
    #[must_use]
    pub fn crashed(key: EpisodeKey, after: usize, at: jiff::Timestamp, message: String) -> Self {
        let event = EventKind::unscored(Outcome::Crashed, message);
        let events = vec![Event { seq: 0, at, episode: Some(key.clone()), event }];
        Self { key, after, events }
    }

    /// The reason why this cannot be the result of its episode; none if it can be.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        let ends = |event: &Event| matches!(event.event, EventKind::EpisodeFinished { .. });
        let strange = |event: &&Event| event.episode.as_ref() != Some(&self.key) || !is_of_episode(&event.event);
        if self.events.iter().any(|event| strange(&event)) {
            Some(format!("the result of {} holds events of something else", self.key))
        } else if !self.events.last().is_some_and(ends) || self.events.iter().filter(|event| ends(event)).count() != 1 {
            Some(format!("the result of {} does not end once", self.key))
        } else {
            None
        }
    }
}

/// Whether playing an episode can produce such an event.
const fn is_of_episode(event: &EventKind) -> bool {
    matches!(
        event,
        EventKind::EpisodeStarted { .. }
            | EventKind::ModelCalled { .. }
            | EventKind::ModelFailed { .. }
            | EventKind::StepTaken(_)
            | EventKind::EpisodeFinished { .. }
    )
}

/// What a worker reports about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The name of the worker: its machine and process.
    pub worker: String,
    /// The version of its program.
    pub version: String,
    /// The number of episodes that it plays at once.
    pub episodes: usize,
    /// The reason why it takes no job of this run; none if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuses: Option<String>,
}

/// The error of a message that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a message on the queue cannot be read: {0}")]
pub struct Unreadable(String);

/// Writes a message as JSON and packs it.
///
/// # Errors
/// Fails if the message cannot be written as JSON, which none of these types causes.
pub fn pack<T: Serialize>(message: &T) -> Result<Vec<u8>, Unreadable> {
    let unreadable = |error: std::io::Error| Unreadable(error.to_string());
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packed, message).map_err(|error| Unreadable(error.to_string()))?;
    packed.flush().map_err(unreadable)?;
    packed.finish().map_err(unreadable)
}

/// Unpacks a message and reads its JSON.
///
/// # Errors
/// Fails if the message is damaged, of another version, or too long.
pub fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, Unreadable> {
    let mut text = Vec::new();
    let read = GzDecoder::new(packed).take(LONGEST).read_to_end(&mut text);
    read.map_err(|error| Unreadable(error.to_string()))?;
    if text.len() as u64 == LONGEST {
        return Err(Unreadable(format!("it is longer than {LONGEST} bytes")));
    }
    serde_json::from_slice(&text).map_err(|error| Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> EpisodeKey {
        EpisodeKey { contestant: "a b.*>\n".to_owned(), scenario: "AC-001".to_owned(), epoch: 1 }
    }

    #[test]
    fn a_job_is_named_by_its_key_in_letters_that_a_queue_takes() {
        let name = JobId::of(&key()).to_string();
        assert!(name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
        assert_ne!(JobId::of(&EpisodeKey { epoch: 2, ..key() }).to_string(), name);
    }

    #[test]
    fn what_is_packed_unpacks_and_what_is_damaged_does_not() {
        let job = Job { key: key(), past: Vec::new(), after: 3 };
        let packed = pack(&job).unwrap();
        assert_eq!(unpack::<Job>(&packed).unwrap(), job);
        for cut in 0..packed.len() {
            assert!(unpack::<Job>(&packed[..cut]).is_err(), "{cut}");
        }
        assert!(unpack::<Job>(b"{}").is_err());
    }

    #[test]
    fn a_result_ends_once_and_is_of_one_episode() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let good = EpisodeResult::crashed(key(), 0, at, "x".to_owned());
        assert_eq!(good.flaw(), None);
        let twice = EpisodeResult { events: [&good.events[..], &good.events[..]].concat(), ..good.clone() };
        assert!(twice.flaw().unwrap().contains("does not end once"));
        assert!(EpisodeResult { events: Vec::new(), ..good.clone() }.flaw().is_some());
        let foreign = EpisodeResult { key: EpisodeKey { epoch: 9, ..key() }, ..good.clone() };
        assert!(foreign.flaw().unwrap().contains("something else"));
        let mut run = good;
        run.events.insert(0, Event { seq: 0, at, episode: Some(key()), event: EventKind::RunFinished });
        assert!(run.flaw().unwrap().contains("something else"));
    }
}
