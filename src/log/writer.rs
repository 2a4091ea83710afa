//! Writes the event log: append-only, a JSON object a line, handed to the system before anything goes on.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Event;

/// The event log could not be written. The run must stop: the log is the product.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot write the event log {path}: {problem}")]
pub struct WriteError {
    /// The file.
    pub path: String,
    /// What the system said.
    pub problem: String,
}

/// An open event log.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    line: Vec<u8>,
}

impl Writer {
    /// Creates a log that must not exist yet.
    ///
    /// # Errors
    /// When the file exists or cannot be made.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let file = File::options().create_new(true).append(true).open(path);
        let file = file.map_err(|source| error(path, &source))?;
        Ok(Self { file, path: path.to_owned(), line: Vec::new() })
    }

    /// Opens a log to go on behind its whole lines; what stands behind them was torn and is cut off.
    ///
    /// # Errors
    /// When the file cannot be opened or cut.
    pub fn resume(path: &Path, whole_bytes: u64) -> Result<Self, WriteError> {
        let file = File::options().append(true).create(true).open(path).map_err(|source| error(path, &source))?;
        file.set_len(whole_bytes).map_err(|source| error(path, &source))?;
        Ok(Self { file, path: path.to_owned(), line: Vec::new() })
    }

    /// Appends an event in one write, so that a kill tears at most the last line.
    ///
    /// # Errors
    /// When the system does not take it.
    pub fn append(&mut self, event: &Event) -> Result<(), WriteError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event).map_err(|e| error(&self.path, &e.into()))?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(|source| error(&self.path, &source))
    }

    /// Waits until all that was appended is on the disk.
    ///
    /// # Errors
    /// When the system cannot promise it.
    pub fn sync(&mut self) -> Result<(), WriteError> {
        self.file.sync_data().map_err(|source| error(&self.path, &source))
    }
}

fn error(path: &Path, source: &io::Error) -> WriteError {
    WriteError { path: path.display().to_string(), problem: source.to_string() }
}
