//! Writes the event log. It is append-only, with one JSON object a line, and each event is handed to the operating
//! system before the run continues.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Event;

/// The error of a log that could not be written. The run must stop, because the log is its product.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot write the event log {path}: {problem}")]
pub struct WriteError {
    /// The path of the log.
    pub path: String,
    /// The message of the operating system.
    pub problem: String,
}

/// An event log that is open for writing.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    line: Vec<u8>,
    /// The bytes that the file has if nobody else touched it.
    length: u64,
}

impl Writer {
    /// Creates a new log.
    ///
    /// # Errors
    /// Fails if the file exists already or cannot be created.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let file = File::options().create_new(true).append(true).open(path);
        let file = file.map_err(|source| error(path, &source))?;
        Ok(Self { file, path: path.to_owned(), line: Vec::new(), length: 0 })
    }

    /// Opens a log to continue after its last complete line; a torn line after it is cut off.
    ///
    /// # Errors
    /// Fails if the file cannot be opened or cut.
    pub fn resume(path: &Path, whole_bytes: u64) -> Result<Self, WriteError> {
        if let Ok(bytes) = crate::files::read(path)
            && matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        {
            let problem = "it was saved as UTF-16; save it as UTF-8 before the run goes on".to_owned();
            return Err(WriteError { path: path.display().to_string(), problem });
        }
        let file = File::options().append(true).create(true).open(path).map_err(|source| error(path, &source))?;
        file.set_len(whole_bytes).map_err(|source| error(path, &source))?;
        Ok(Self { file, path: path.to_owned(), line: Vec::new(), length: whole_bytes })
    }

    /// Appends an event in one write, so that a killed process tears at most the last line. Returns that line.
    ///
    /// # Errors
    /// Fails if the system does not accept the whole line.
    pub fn append(&mut self, event: &Event) -> Result<&[u8], WriteError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event).map_err(|e| error(&self.path, &e.into()))?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(|source| error(&self.path, &source))?;
        self.length += self.line.len() as u64;
        Ok(&self.line)
    }

    /// Checks that the log is where it was and as it was written.
    ///
    /// # Errors
    /// Fails if somebody removed, replaced or changed it meanwhile.
    pub fn check(&self) -> Result<(), WriteError> {
        let length = std::fs::metadata(&self.path).map_err(|source| error(&self.path, &source))?.len();
        if length == self.length {
            return Ok(());
        }
        let problem = format!("it has {length} bytes where {} were written; somebody else changed it", self.length);
        Err(WriteError { path: self.path.display().to_string(), problem })
    }

    /// Waits until everything that was appended is on the disk.
    ///
    /// # Errors
    /// Fails if the system cannot promise it.
    pub fn sync(&mut self) -> Result<(), WriteError> {
        self.file.sync_data().map_err(|source| error(&self.path, &source))
    }
}

fn error(path: &Path, source: &io::Error) -> WriteError {
    WriteError { path: path.display().to_string(), problem: source.to_string() }
}
