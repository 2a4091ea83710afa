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
    let mut events = Vec::new();
    let mut whole_bytes = 0;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // Without its line break a line was torn, even where it happens to parse.
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let event: Event =
            serde_json::from_slice(text).map_err(|e| ReadError::Line { line: index + 1, problem: e.to_string() })?;
        if event.seq != index as u64 {
            let problem = format!("has number {}; expected {index}", event.seq);
            return Err(ReadError::Line { line: index + 1, problem });
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
