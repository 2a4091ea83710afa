//! Reads an event log, also one whose last line was torn by a kill.

use super::{Event, EventKind};
use crate::log::event::VERSION;

/// What an event log holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// The whole events, in order.
    pub events: Vec<Event>,
    /// The bytes of whole lines; what stands behind was torn.
    pub whole_bytes: usize,
}

/// Why a log cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line within the log is no event.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The log was written by another format version.
    #[error("the log has format version {found}; this program reads version {VERSION}")]
    Version {
        /// The version of the log.
        found: u32,
    },
}

/// Reads a log. A torn last line is left out and is no error; a damaged line within is one.
///
/// # Errors
/// Names the first line that is damaged.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    parse_from(bytes, 0)
}

/// Reads what a log has grown by: bytes that begin with a line, and with the event of this number.
///
/// # Errors
/// As [`parse`]; lines are counted from the first of the log.
pub fn parse_from(bytes: &[u8], first: u64) -> Result<Contents, ReadError> {
    let mut events = Vec::new();
    let mut whole_bytes = 0;
    for (index, line) in (first..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        // Without its line break a line was torn, even where it happens to parse.
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let wrong = |problem| ReadError::Line { line: usize::try_from(index + 1).unwrap_or(usize::MAX), problem };
        let event: Event = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        if event.seq != index {
            return Err(wrong(format!("has number {}; expected {index}", event.seq)));
        }
        match event.event {
            EventKind::RunStarted { v, .. } if v != VERSION => return Err(ReadError::Version { found: v }),
            _ => {}
        }
        events.push(event);
        whole_bytes += line.len();
    }
    Ok(Contents { events, whole_bytes })
}
