//! A kept run, read once for everything that is made from it: its manifest, its events and its summary.
//!
//! ```no_run
//! use incident_bench::log::{RunRecord, store::Store};
//!
//! let run = RunRecord::open(Store::new("results").find("latest")?)?;
//! for row in run.summary().rows {
//!     println!("{}: {:?}", row.contestant, row.overall);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::chain::Chain;
use super::event::Event;
use super::manifest::Manifest;
use super::reader::{self, Contents, ReadError};
use super::salvage::{Salvaged, salvage};
use super::store::{RunFolder, StoreError};
use super::summary::{Fold, Summary};
use crate::files::decode;

/// A run as its folder holds it.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The folder that it was read from.
    pub folder: RunFolder,
    /// Its `run.json`.
    pub manifest: Manifest,
    /// The whole events of its log.
    pub contents: Contents,
    /// The bytes behind the last whole event, which a kill in the middle of a write leaves behind; usually 0.
    pub torn_bytes: usize,
    /// The chain over what was read; none if lines of the log are damaged.
    pub chain: Option<Chain>,
}

/// Why a kept run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file of the run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `run.json` is damaged, or another program wrote it.
    #[error("{path}: {problem}")]
    Manifest {
        /// The path of the file.
        path: String,
        /// What is wrong in it, and where.
        problem: String,
    },
    /// The event log is damaged, or has another format version.
    #[error("{path}: {problem}")]
    Log {
        /// The path of the file.
        path: String,
        /// What is wrong in it, and in which line.
        problem: ReadError,
    },
}

impl RunRecord {
    /// Reads a run from its folder. A run that wrote no event yet has an empty log, which is no error; neither is a last
    /// event that was torn.
    ///
    /// # Errors
    /// The function returns an error if a file cannot be read or is damaged.
    pub fn open(folder: RunFolder) -> Result<Self, RecordError> {
        let manifest = Self::manifest(&folder)?;
        let path = folder.events();
        let bytes = match folder.read(&path) {
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let contents =
            reader::parse(&bytes).map_err(|problem| RecordError::Log { path: path.display().to_string(), problem })?;
        let torn_bytes = bytes.len() - contents.whole_bytes;
        let chain = Some(chain(&folder, &bytes[..contents.whole_bytes])?);
        Ok(Self { folder, manifest, contents, torn_bytes, chain })
    }

    /// Reads a run from its folder although its log may have damaged lines, whose episodes are left out.
    ///
    /// # Errors
    /// The function returns an error if a file cannot be read, or if `run.json` is damaged.
    pub fn salvage(folder: RunFolder) -> Result<(Self, Salvaged), RecordError> {
        let manifest = Self::manifest(&folder)?;
        let salvaged = salvage(&folder.read(&folder.events())?);
        let contents = Contents { events: salvaged.events.clone(), whole_bytes: 0 };
        Ok((Self { folder, manifest, contents, torn_bytes: 0, chain: None }, salvaged))
    }

    /// Reads the manifest of a run alone.
    ///
    /// # Errors
    /// The function returns an error if `run.json` cannot be read or is damaged.
    pub fn manifest(folder: &RunFolder) -> Result<Manifest, RecordError> {
        let path = folder.manifest();
        let text = folder.read(&path)?;
        let damaged = |problem: String| RecordError::Manifest { path: path.display().to_string(), problem };
        let text = decode(&text).map_err(|problem| damaged(problem.to_string()))?;
        Manifest::parse(&text).map_err(damaged)
    }

    /// The events in the order in which they were written.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.contents.events
    }

    /// The summary that the events come to.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut fold = Fold::new(&self.manifest);
        for event in self.events() {
            fold.apply(event);
        }
        let mut summary = fold.summary();
        summary.run.log_digest = self.chain.map(|chain| chain.to_string());
        summary
    }
}

/// Computes the chain over the whole lines of the log of a run.
///
/// # Errors
/// The function returns an error if `run.json` cannot be read.
pub fn chain(folder: &RunFolder, log: &[u8]) -> Result<Chain, StoreError> {
    let manifest = match folder.read(&folder.manifest()) {
        // A run that is not yet on the disk has no plan there.
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    // Both were read as text before.
    let text = |bytes: &[u8]| decode(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), Into::into);
    Ok(Chain::of(&text(&manifest)).with(&text(log)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_named() {
        let folder = RunFolder { path: std::env::temp_dir().join(format!("record-{}", std::process::id())) };
        assert!(matches!(RunRecord::open(folder.clone()), Err(RecordError::Store(_))), "there is no folder yet");
        folder.write("run.json", b"{").unwrap();
        let error = RunRecord::open(folder.clone()).unwrap_err();
        assert!(matches!(error, RecordError::Manifest { .. }) && error.to_string().contains("run.json"), "{error}");
        std::fs::remove_dir_all(&folder.path).unwrap();
    }
}
