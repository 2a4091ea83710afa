//! Reads an event log, even if its last line was torn because the process was killed.

use super::{Event, EventKind};
use crate::files::decode;
use crate::log::event::VERSION;

/// The content of an event log.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// The complete events in order.
    pub events: Vec<Event>,
    /// The number of bytes in complete lines. Any bytes after them belong to a torn line.
    pub whole_bytes: usize,
}

/// The reasons why a log cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line before the last one does not contain an event.
    #[error("line {line}: {problem}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The problem with the line.
        problem: String,
    },
    /// The log was written in another version of the format.
    #[error("the log has format version {found}; this program reads versions 1 to {VERSION}")]
    Version {
        /// The version of the log.
        found: u32,
    },
}

/// Reads a log. A torn last line is ignored; a damaged line before it is an error.
///
/// # Errors
/// Names the first damaged line, or the version of a log in another format.
pub fn parse(bytes: &[u8]) -> Result<Contents, ReadError> {
    // Somebody may have opened and saved the file on Windows.
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        let text = decode(bytes).map_err(|problem| ReadError::Line { line: 1, problem: problem.to_string() })?;
        let contents = parse_from(text.as_bytes(), 0)?;
        return Ok(Contents { whole_bytes: bytes.len(), ..contents });
    }
    let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let contents = parse_from(rest, 0)?;
    let marked = bytes.len() - rest.len();
    Ok(Contents { whole_bytes: contents.whole_bytes + marked, ..contents })
}

/// Reads the part by which a log has grown: bytes that begin with a whole line, whose event has the number `first`.
///
/// # Errors
/// Fails as [`parse`] does. Lines are counted from the beginning of the log.
pub fn parse_from(bytes: &[u8], first: u64) -> Result<Contents, ReadError> {
    let mut events = Vec::new();
    let mut whole_bytes = 0;
    for (index, line) in (first..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        // A line without its line break was torn, even if what is left of it can be parsed.
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let wrong = |problem| ReadError::Line { line: usize::try_from(index + 1).unwrap_or(usize::MAX), problem };
        let event: Event = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        if event.seq != index {
            return Err(wrong(format!("has number {}; expected {index}", event.seq)));
        }
        match event.event {
            EventKind::RunStarted { v, .. } if !(1..=VERSION).contains(&v) => {
                return Err(ReadError::Version { found: v });
            }
            _ => {}
        }
        events.push(event);
        whole_bytes += line.len();
    }
    Ok(Contents { events, whole_bytes })
}
