//! The results folder: it finds runs and writes their files.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use super::RunId;
use crate::files::{self, name};

/// The error of a file operation.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {source}")]
pub struct StoreError {
    /// The operation: `write`, `read` or `make the folder`.
    pub doing: &'static str,
    /// The path that the operation was for.
    pub path: String,
    /// The error of the operating system.
    pub source: io::Error,
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError { doing, path, source }
}

/// The folder in which all runs are kept.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// The path of the folder.
    pub path: PathBuf,
}

impl Store {
    /// Refers to a results folder, which is created when the first run is kept in it.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Creates the folder of a new run.
    ///
    /// # Errors
    /// Fails if the folder exists already or cannot be created.
    pub fn create(&self, id: &RunId) -> Result<RunFolder, StoreError> {
        let runs = self.runs();
        fs::create_dir_all(&runs).map_err(failed("make the folder", &runs))?;
        let path = runs.join(&id.0);
        fs::create_dir(&path).map_err(failed("make the folder", &path))?;
        Ok(RunFolder { path })
    }

    /// Makes a folder beside the runs, in which shards are joined. A merge that is cut off leaves it, and no run.
    ///
    /// # Errors
    /// Fails if the folder cannot be created.
    pub fn begin_merge(&self, id: &RunId) -> Result<RunFolder, StoreError> {
        let path = self.root.join("merging").join(&id.0);
        fs::create_dir_all(&path).map_err(failed("make the folder", &path))?;
        Ok(RunFolder { path })
    }

    /// Makes a run of what was joined.
    ///
    /// # Errors
    /// Fails if the folder cannot be moved.
    pub fn finish_merge(&self, merged: &RunFolder, id: &RunId) -> Result<RunFolder, StoreError> {
        let path = self.runs().join(&id.0);
        fs::create_dir_all(self.runs()).map_err(failed("make the folder", &self.runs()))?;
        fs::rename(&merged.path, &path).map_err(failed("make", &path))?;
        // Another merge may be under way there.
        let _ = fs::remove_dir(self.root.join("merging"));
        Ok(RunFolder { path })
    }

    /// Whether there is a folder for this id.
    #[must_use]
    pub fn has(&self, id: &RunId) -> bool {
        self.runs().join(&id.0).exists()
    }

    /// Locks the results folder, until the lock is dropped, for a process that must not make a run while another one
    /// makes the same.
    ///
    /// # Errors
    /// Fails if another process holds the lock for long or the file cannot be created.
    pub fn lock(&self) -> Result<RunLock, LockError> {
        fs::create_dir_all(&self.root).map_err(failed("make the folder", &self.root))?;
        RunLock::of(&self.root)
    }

    /// Writes the id of the newest run to `latest`. This is a text file because links do not survive every system and
    /// checkout.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn set_latest(&self, id: &RunId) -> Result<(), StoreError> {
        write_whole(&self.root.join("latest"), format!("{id}\n").as_bytes())
    }

    /// Lists the ids of the kept runs, oldest first.
    ///
    /// # Errors
    /// Fails if the folder cannot be read. A missing folder contains no runs.
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

    /// Finds a run of this folder by its whole id, and never a run from elsewhere. This is for ids that come from
    /// strangers.
    ///
    /// # Errors
    /// Fails if there is no such run.
    pub fn by_id(&self, id: &str) -> Result<RunFolder, FindError> {
        let path = self.runs().join(id);
        if is_one_name(id) && path.join("run.json").is_file() {
            return Ok(RunFolder { path });
        }
        Err(FindError::Unknown(id.chars().take(80).collect()))
    }

    /// Finds a run by `latest`, by its id, by an unambiguous beginning of its id, or by the path of its folder.
    ///
    /// # Errors
    /// Fails if no run or several runs match.
    pub fn find(&self, name: &str) -> Result<RunFolder, FindError> {
        let as_path = Path::new(name);
        if as_path.join("run.json").is_file() {
            return Ok(RunFolder { path: as_path.to_owned() });
        }
        let wanted = if name == "latest" {
            let path = self.root.join("latest");
            let latest = files::read_text(&path).map_err(|_| FindError::NoRuns(self.root.display().to_string()))?;
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

/// Whether a text is the name of one folder and leads nowhere else. People rename folders, so it need not be an id.
fn is_one_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    is_one && !name.starts_with('.') && !name.contains(['/', '\\', ':']) && !name.chars().any(char::is_control)
}

/// The exclusive right to write a run. The operating system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: fs::File,
    /// Why it keeps nobody else out; none if it does.
    pub void: Option<String>,
}

impl RunLock {
    fn of(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join("lock");
        let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        // A process that was killed while it started another one may hold the lock for a moment longer.
        let mut patience = 20;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(RunLock { _file: file, void: None }),
                Err(fs::TryLockError::WouldBlock) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(LockError::Taken(folder.display().to_string())),
                // A lock is a help, and disks of clusters often have none.
                Err(fs::TryLockError::Error(source)) if has_no_locks(&source) => {
                    let what = format!("the disk of {} has no locks ({source})", folder.display());
                    return Ok(RunLock { _file: file, void: Some(what) });
                }
                Err(fs::TryLockError::Error(source)) => return Err(failed("lock", &path)(source).into()),
            }
        }
    }
}

/// Whether an error says that this disk has no locks at all.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Waits until no other process holds the lock of a folder, and holds it until the result is dropped. Where there are no locks,
/// nobody waits.
///
/// # Errors
/// Fails if the file of the lock cannot be made.
pub fn alone(folder: &Path) -> Result<fs::File, StoreError> {
    fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    let path = folder.join("lock");
    let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(failed("open", &path))?;
    match file.lock() {
        Err(error) if !has_no_locks(&error) => Err(failed("lock", &path)(error)),
        _ => Ok(file),
    }
}

/// The reasons why a run cannot be locked for writing.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process is writing it.
    #[error("another process is writing {0}")]
    Taken(String),
    /// The lock file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reasons why a run cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The folder contains no runs.
    #[error("no runs are kept in {0}")]
    NoRuns(String),
    /// No run has this name.
    #[error("no run '{0}'; `bench list runs` names them")]
    Unknown(String),
    /// Several runs begin with this name.
    #[error("{count} runs begin with '{name}'; give more of the id")]
    Ambiguous {
        /// The name that was given.
        name: String,
        /// The number of runs that begin with it.
        count: usize,
    },
    /// The folder exists but has no manifest.
    #[error("{0} has no run.json, which says what was asked of the run")]
    NoManifest(String),
    /// The folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunFolder {
    /// Locks the run for writing until the lock is dropped.
    ///
    /// # Errors
    /// Fails if another process holds the lock or the file cannot be created.
    pub fn lock(&self) -> Result<RunLock, LockError> {
        RunLock::of(&self.path)
    }

    /// Whether a process is writing the run now. The check takes the lock for a moment, for which other processes wait.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        // Network disks lock only what is open for writing.
        let path = self.path.join("lock");
        let opened = fs::File::options().write(true).open(&path).or_else(|_| fs::File::open(&path));
        let Ok(file) = opened else { return false };
        matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
    }

    /// The path of the event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// The path of `run.json`.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The path of an episode's trajectory.
    #[must_use]
    pub fn trajectory(&self, key: &super::EpisodeKey) -> PathBuf {
        self.path.join("trajectories").join(Self::episode_file(key))
    }

    /// The file name of an episode's trajectory.
    #[must_use]
    pub fn episode_file(key: &super::EpisodeKey) -> String {
        // The ids of scenarios differ where case does not count.
        format!("{}--{}--{}.json", name::part(&key.contestant), name::id(&key.scenario), key.epoch)
    }

    /// Writes `run.json` and waits until it is on the disk, because a log without it could not be read.
    ///
    /// # Errors
    /// Fails if the file cannot be written. The folder of a new run is then removed again.
    pub fn write_manifest(&self, bytes: &[u8]) -> Result<(), StoreError> {
        write_and(&self.manifest(), bytes, fs::File::sync_all).inspect_err(|_| {
            let _ = fs::remove_dir_all(&self.path);
        })
    }

    /// Writes a derived file completely or not at all.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        write_whole(&self.path.join(name), bytes)
    }

    /// Puts another log into the place of a damaged one, which is kept beside it under another name.
    ///
    /// # Errors
    /// Fails if a file cannot be written or renamed.
    pub fn replace_log(&self, events: &[super::Event]) -> Result<PathBuf, StoreError> {
        let (log, mut number) = (self.events(), 1);
        let kept = loop {
            let kept = self.path.join(format!("events.damaged-{number}.jsonl"));
            if !kept.exists() {
                break kept;
            }
            number += 1;
        };
        let mut text = Vec::new();
        for event in events {
            serde_json::to_writer(&mut text, event).map_err(|error| failed("write", &log)(error.into()))?;
            text.push(b'\n');
        }
        // The damaged log is copied first, so that a kill between the two leaves one of them in its place.
        fs::copy(&log, &kept).map_err(failed("copy", &log))?;
        write_and(&log, &text, fs::File::sync_all)?;
        Ok(kept)
    }

    /// Reads a file of the run.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        files::read(path).map_err(failed("read", path))
    }
}

/// Serialises a value as indented JSON with a final line break. It cannot fail because every type that is written has
/// string keys.
#[must_use]
pub fn pretty<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Writes a file as [`write_whole`] does, but leaves it alone if it already has this content.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if files::read(path).is_ok_and(|old| old == bytes) { Ok(()) } else { write_whole(path, bytes) }
}

/// Writes to a temporary name and renames the file, so that a reader never sees half of it.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_and(path, bytes, |_| Ok(()))
}

/// Creates a folder and checks that files can be written in it, before anything depends on it.
///
/// # Errors
/// Fails if the system refuses either.
pub fn prepare(folder: &Path) -> Result<(), StoreError> {
    // Another process may be checking the same folder.
    let probe = folder.join(format!("probe.{}", std::process::id()));
    write_whole(&probe, b"?")?;
    fs::remove_file(&probe).map_err(failed("remove", &probe))
}

fn write_and(path: &Path, bytes: &[u8], last: fn(&fs::File) -> io::Result<()>) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed("make the folder", parent))?;
    }
    // Every writer has a temporary name of its own, because two runs may write `latest` at the same time.
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
        // Half a file is of no use, least of all on a full disk.
        let _ = fs::remove_file(&temporary);
        failed("write", path)(source)
    })
}
