//! The results folder: where runs are kept and how their files are written.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::RunId;
use crate::env::hex;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {source}")]
pub struct StoreError {
    /// What was tried: `write`, `read`, `make the folder`.
    pub doing: &'static str,
    /// On what.
    pub path: String,
    /// What the system said.
    pub source: io::Error,
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError { doing, path, source }
}

/// A results folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// Its path.
    pub path: PathBuf,
}

impl Store {
    /// A results folder, which is made when a run is kept in it.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// When the folder exists or cannot be made.
    pub fn create(&self, id: &RunId) -> Result<RunFolder, StoreError> {
        let runs = self.runs();
        fs::create_dir_all(&runs).map_err(failed("make the folder", &runs))?;
        let path = runs.join(&id.0);
        fs::create_dir(&path).map_err(failed("make the folder", &path))?;
        Ok(RunFolder { path })
    }

    /// Whether there is a folder of this id.
    #[must_use]
    pub fn has(&self, id: &RunId) -> bool {
        self.runs().join(&id.0).exists()
    }

    /// Notes the newest run in `latest`, a text file: links do not survive every system and checkout.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_latest(&self, id: &RunId) -> Result<(), StoreError> {
        write_whole(&self.root.join("latest"), format!("{id}\n").as_bytes())
    }

    /// The ids of the kept runs, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read; a missing one holds no runs.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        let runs = self.runs();
        let entries = match fs::read_dir(&runs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &runs)(error)),
        };
        let mut names: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().join("run.json").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    /// A run of this folder by its whole id, and never one from elsewhere: for names that strangers give.
    ///
    /// # Errors
    /// When there is none.
    pub fn by_id(&self, id: &str) -> Result<RunFolder, FindError> {
        let is_plain = !id.starts_with('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let path = self.runs().join(id);
        if is_plain && !id.is_empty() && path.join("run.json").is_file() {
            return Ok(RunFolder { path });
        }
        Err(FindError::Unknown(id.chars().take(80).collect()))
    }

    /// A run by `latest`, its id, a unique beginning of its id, or its folder.
    ///
    /// # Errors
    /// When none or several are meant.
    pub fn find(&self, name: &str) -> Result<RunFolder, FindError> {
        let as_path = Path::new(name);
        if as_path.join("run.json").is_file() {
            return Ok(RunFolder { path: as_path.to_owned() });
        }
        let wanted = if name == "latest" {
            let path = self.root.join("latest");
            let latest = fs::read_to_string(&path).map_err(|_| FindError::NoRuns(self.root.display().to_string()))?;
            latest.trim().to_owned()
        } else {
            name.to_owned()
        };
        let exact = [as_path.to_owned(), self.runs().join(&wanted)];
        if let Some(path) =
            exact.into_iter().find(|path| path.join("events.jsonl").is_file() && !path.join("run.json").exists())
        {
            return Err(FindError::NoManifest(path.display().to_string()));
        }
        let known = self.list()?;
        let matching: Vec<_> = known.iter().filter(|id| id.starts_with(&wanted)).collect();
        match matching.as_slice() {
            [one] => Ok(RunFolder { path: self.runs().join(one) }),
            [] if known.is_empty() => Err(FindError::NoRuns(self.root.display().to_string())),
            [] => Err(FindError::Unknown(wanted)),
            several => Err(FindError::Ambiguous { name: wanted, count: several.len() }),
        }
    }
}

/// The right to write a run; the system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: fs::File,
}

/// Why a run cannot be taken for writing.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process writes it.
    #[error("another process is writing {0}")]
    Taken(String),
    /// The lock file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a run cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The folder holds none.
    #[error("no runs are kept in {0}")]
    NoRuns(String),
    /// None has this name.
    #[error("no run '{0}'; `bench list runs` names them")]
    Unknown(String),
    /// Several begin like this.
    #[error("{count} runs begin with '{name}'; give more of the id")]
    Ambiguous {
        /// What was given.
        name: String,
        /// How many begin so.
        count: usize,
    },
    /// It is there, and what says what it is about is not.
    #[error("{0} has no run.json, which says what was asked of the run")]
    NoManifest(String),
    /// The folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunFolder {
    /// Takes the run for writing, for as long as the lock lives.
    ///
    /// # Errors
    /// When another process has it, or the file cannot be made.
    pub fn lock(&self) -> Result<RunLock, LockError> {
        let path = self.path.join("lock");
        let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        // A process that was killed while it started another one may hold it for a moment more.
        let mut patience = 20;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(RunLock { _file: file }),
                Err(fs::TryLockError::WouldBlock) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(LockError::Taken(self.path.display().to_string())),
                Err(fs::TryLockError::Error(source)) => return Err(failed("lock", &path)(source).into()),
            }
        }
    }

    /// Whether a process has the run for writing now. To find out takes the lock for a moment, for which others wait.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        let Ok(file) = fs::File::open(self.path.join("lock")) else { return false };
        matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
    }

    /// The event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// `run.json`.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The file of an episode's trajectory.
    #[must_use]
    pub fn trajectory(&self, key: &super::EpisodeKey) -> PathBuf {
        self.path.join("trajectories").join(Self::episode_file(key))
    }

    /// What the file of an episode is called.
    #[must_use]
    pub fn episode_file(key: &super::EpisodeKey) -> String {
        // Model names hold slashes and colons, which are not for file names everywhere. What had to be replaced is told
        // apart by a digest, so that `a/b` and `a-b` are two files.
        let mut model: String =
            key.model.chars().map(|c| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '-' }).collect();
        if model != key.model {
            let digest = hex(&Sha256::digest(&key.model));
            model = format!("{model}~{}", &digest[..8]);
        }
        format!("{model}--{}--{}.json", key.scenario, key.epoch)
    }

    /// Writes `run.json` and waits until it is on the disk: a log that outlives it could not be read.
    ///
    /// # Errors
    /// When the system does not take it. A new run without it is none, so its folder is taken away again.
    pub fn write_manifest(&self, bytes: &[u8]) -> Result<(), StoreError> {
        write_and(&self.manifest(), bytes, fs::File::sync_all).inspect_err(|_| {
            let _ = fs::remove_dir_all(&self.path);
        })
    }

    /// Writes a derived file whole or not at all.
    ///
    /// # Errors
    /// When the system does not take it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        write_whole(&self.path.join(name), bytes)
    }

    /// Reads a file of the run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        fs::read(path).map_err(failed("read", path))
    }
}

/// A value as indented JSON with a final line break. Every type that is written has string keys, so it cannot fail.
#[must_use]
pub fn pretty<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// As [`write_whole`], but leaves a file alone that already holds these bytes.
///
/// # Errors
/// When the system does not take it.
pub fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if fs::read(path).is_ok_and(|old| old == bytes) { Ok(()) } else { write_whole(path, bytes) }
}

/// Writes to a temporary name and renames, so that a reader never sees half a file.
///
/// # Errors
/// When the system does not take it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_and(path, bytes, |_| Ok(()))
}

/// Makes a folder and sees that files can be written there, before anything depends on it.
///
/// # Errors
/// When the system refuses either.
pub fn prepare(folder: &Path) -> Result<(), StoreError> {
    let probe = folder.join("probe");
    write_whole(&probe, b"?")?;
    fs::remove_file(&probe).map_err(failed("remove", &probe))
}

fn write_and(path: &Path, bytes: &[u8], last: fn(&fs::File) -> io::Result<()>) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed("make the folder", parent))?;
    }
    // Its own name for every writer: two runs may write `latest` at the same time.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let write = || {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        last(&file)?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        // Half a file helps nobody, least of all on a full disk.
        let _ = fs::remove_file(&temporary);
        failed("write", path)(source)
    })
}
