//! The index of the runs on disk, for people who look at them. Of a run that is still being played, only new events are
//! read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::chain::Chain;
use super::listing::{Listing, key};
use super::reader::{parse, parse_from};
use super::store::{FindError, RunFolder, Store, StoreError};
use super::trajectory_file::{Collector, TrajectoryFile};
use super::{Event, EventKind, Fold, Manifest, Summary};
use crate::files::decode;

/// The number of runs whose logs stay in memory as far as they were read.
const OPEN: usize = 8;

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A process is playing the run.
    Running,
    /// The run has ended.
    Finished,
    /// The run was interrupted and can be resumed.
    Stopped,
}

/// The reasons why a run cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RunIndexError {
    /// No run or several runs match the given id.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A file of the run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content of a file cannot be used.
    #[error("{file}: {problem}")]
    Damaged {
        /// The path of the file.
        file: String,
        /// The problem with its content.
        problem: String,
    },
    /// The run has no episode with this number.
    #[error("the run has no episode {0} that has begun")]
    NoEpisode(usize),
}

/// A run that is open, as far as its log was read.
#[derive(Debug)]
pub struct OpenRun {
    folder: RunFolder,
    /// The manifest of the run.
    pub manifest: Manifest,
    fold: Fold,
    /// The list of the episodes that have begun.
    pub listing: Listing,
    read_bytes: u64,
    read_events: u64,
    chain: Chain,
    is_finished: bool,
    /// The summary of the events that were read; none after new events until somebody asks for it.
    summary: Option<Arc<Summary>>,
}

impl OpenRun {
    fn open(folder: RunFolder) -> Result<Self, RunIndexError> {
        let bytes = folder.read(&folder.manifest())?;
        let text = decode(&bytes).map_err(|error| damaged(&folder.manifest(), &error))?;
        let manifest = Manifest::parse(&text).map_err(|error| damaged(&folder.manifest(), &error))?;
        let (fold, listing) = (Fold::new(&manifest), Listing::new(&manifest));
        Ok(Self {
            folder,
            manifest,
            fold,
            listing,
            read_bytes: 0,
            read_events: 0,
            chain: Chain::of(&text),
            is_finished: false,
            summary: None,
        })
    }

    /// Reads the events that were appended since the last time.
    fn read_on(&mut self) -> Result<(), RunIndexError> {
        let path = self.folder.events();
        let failed = |source| StoreError { doing: "read", path: path.display().to_string(), source };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error).into()),
        };
        let length = file.metadata().map_err(failed)?.len();
        if length < self.read_bytes {
            // Another log has replaced the one that was read before.
            *self = Self::open(self.folder.clone())?;
        }
        if length == self.read_bytes {
            return Ok(());
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.read_bytes)).map_err(failed)?;
        file.read_to_end(&mut bytes).map_err(failed)?;
        let contents = parse_from(&bytes, self.read_events).map_err(|error| damaged(&path, &error))?;
        for event in &contents.events {
            match event.event {
                EventKind::RunFinished => self.is_finished = true,
                EventKind::RunResumed => self.is_finished = false,
                _ => {}
            }
            self.fold.apply(event);
            self.listing.apply(event);
        }
        if !contents.events.is_empty() {
            self.summary = None;
        }
        let whole = bytes.get(..contents.whole_bytes).unwrap_or(&bytes);
        self.chain = self.chain.with(&String::from_utf8_lossy(whole));
        self.read_bytes += contents.whole_bytes as u64;
        self.read_events += contents.events.len() as u64;
        Ok(())
    }

    /// The state of the run.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.is_finished {
            true => Status::Finished,
            false if self.folder.is_locked() => Status::Running,
            false => Status::Stopped,
        }
    }

    /// The summary of the events so far.
    pub fn summary(&mut self) -> Arc<Summary> {
        let chain = self.chain;
        Arc::clone(self.summary.get_or_insert_with(|| {
            let mut summary = self.fold.summary();
            summary.run.log_digest = Some(chain.to_string());
            Arc::new(summary)
        }))
    }

    /// The number of events that were read. If it grows, something has changed.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.read_events
    }
}

/// The index of all runs in a results folder.
#[derive(Debug)]
pub struct RunIndex {
    store: Store,
    open: Mutex<Open>,
    /// The finished runs that were closed again, with what a list shows of them.
    closed: Mutex<BTreeMap<String, Arc<Closed>>>,
}

/// The runs that are open.
#[derive(Debug, Default)]
struct Open {
    /// The number of uses so far, which orders them.
    clock: u64,
    /// The open runs by id, each with the number of its last use.
    runs: BTreeMap<String, (u64, Arc<Mutex<OpenRun>>)>,
}

/// What a list shows of a finished run.
#[derive(Debug)]
struct Closed {
    log_bytes: u64,
    head: Head,
}

/// A run as a list shows it.
#[derive(Debug, Clone)]
pub struct Head {
    /// The name of the folder of the run, which is its id unless somebody renamed it.
    pub id: String,
    /// The manifest of the run.
    pub manifest: Arc<Manifest>,
    /// The state of the run.
    pub status: Status,
    /// The number of planned episodes.
    pub planned: usize,
    /// The number of episodes that have ended.
    pub ended: usize,
    /// The summary of the events so far.
    pub summary: Arc<Summary>,
}

/// The runs of a folder.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The runs that can be read.
    pub heads: Vec<Head>,
    /// The folders of the others, each with the reason.
    pub unreadable: Vec<(String, String)>,
}

impl RunIndex {
    /// Makes the index of a results folder.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, open: Mutex::default(), closed: Mutex::default() }
    }

    /// Lists all runs, newest first. A finished run is read again only if it has changed. A run that is damaged or just being
    /// created does not hide the others.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub fn list(&self) -> Result<Listed, StoreError> {
        let mut listed = Listed::default();
        for id in self.store.list()?.into_iter().rev() {
            match self.head(&id) {
                Ok(head) => listed.heads.push(head),
                Err(error) => listed.unreadable.push((id, error.to_string())),
            }
        }
        Ok(listed)
    }

    fn head(&self, id: &str) -> Result<Head, RunIndexError> {
        let folder = self.store.by_id(id)?;
        let length = folder.events().metadata().map(|about| about.len()).unwrap_or_default();
        let known = hold(&self.closed).get(id).filter(|closed| closed.log_bytes == length).map(Arc::clone);
        if let Some(closed) = known {
            return Ok(closed.head.clone());
        }
        let head = self.with(id, |run| {
            let (summary, status) = (run.summary(), run.status());
            Head {
                id: id.to_owned(),
                manifest: Arc::new(run.manifest.clone()),
                status,
                planned: run.listing.planned,
                ended: run.listing.ended(),
                summary,
            }
        })?;
        if head.status == Status::Finished {
            hold(&self.closed).insert(id.to_owned(), Arc::new(Closed { log_bytes: length, head: head.clone() }));
        }
        Ok(head)
    }

    /// Opens a run, reads its log to the present end, and passes it to `look`.
    ///
    /// # Errors
    /// Fails if there is no such run or it cannot be read.
    pub fn with<R>(&self, id: &str, look: impl FnOnce(&mut OpenRun) -> R) -> Result<R, RunIndexError> {
        let run = self.opened(id)?;
        let mut run = hold(&run);
        run.read_on()?;
        Ok(look(&mut run))
    }

    fn opened(&self, id: &str) -> Result<Arc<Mutex<OpenRun>>, RunIndexError> {
        let folder = self.store.by_id(id)?;
        let mut open = hold(&self.open);
        let Open { clock, runs } = &mut *open;
        *clock += 1;
        if let Some((used, run)) = runs.get_mut(id) {
            *used = *clock;
            return Ok(Arc::clone(run));
        }
        let run = Arc::new(Mutex::new(OpenRun::open(folder)?));
        if runs.len() >= OPEN
            && let Some(oldest) = runs.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| id.clone())
        {
            runs.remove(&oldest);
        }
        runs.insert(id.to_owned(), (*clock, Arc::clone(&run)));
        Ok(run)
    }

    /// Reads all events of a run.
    ///
    /// # Errors
    /// Fails as [`Self::with`] does.
    pub fn events(&self, id: &str) -> Result<Vec<Event>, RunIndexError> {
        let path = self.store.by_id(id)?.events();
        let bytes = crate::files::read(&path).map_err(|source| StoreError {
            doing: "read",
            path: path.display().to_string(),
            source,
        })?;
        Ok(parse(&bytes).map_err(|error| damaged(&path, &error))?.events)
    }

    /// Returns an episode of a run by its number: from its file, or from the log if it has no file yet.
    ///
    /// # Errors
    /// Fails as [`Self::with`] does, and if the episode has not begun.
    pub fn trajectory(&self, id: &str, n: usize) -> Result<TrajectoryFile, RunIndexError> {
        let folder = self.store.by_id(id)?;
        let manifest = self.with(id, |run| run.manifest.clone())?;
        let key = key(&manifest, n).ok_or(RunIndexError::NoEpisode(n))?;
        let kept = crate::files::read(&folder.trajectory(&key)).ok();
        if let Some(file) = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(file);
        }
        let mut collector: Option<Collector> = None;
        for event in self.events(id)?.iter().filter(|event| event.episode.as_ref() == Some(&key)) {
            match (&event.event, &mut collector) {
                (EventKind::EpisodeStarted { episode_id, task }, _) => {
                    collector = Some(Collector::new(manifest.id.clone(), key.clone(), *episode_id, *task));
                }
                (_, Some(collector)) => drop(collector.apply(event)),
                (_, None) => {}
            }
        }
        collector.map(|collector| collector.file().clone()).ok_or(RunIndexError::NoEpisode(n))
    }
}

fn damaged(path: &std::path::Path, problem: &impl ToString) -> RunIndexError {
    RunIndexError::Damaged { file: path.display().to_string(), problem: problem.to_string() }
}

/// Locks a mutex, even after a panic under the lock: everything behind it can be read again from the log.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
