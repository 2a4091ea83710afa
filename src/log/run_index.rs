//! The runs that are kept, read for people who look: also a run that goes on, of which only what is new is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::listing::{Listing, key};
use super::reader::{parse, parse_from};
use super::store::{FindError, RunFolder, Store, StoreError};
use super::trajectory_file::{Collector, TrajectoryFile};
use super::{Event, EventKind, Fold, Manifest, Summary};

/// Runs whose logs are kept in memory as far as they were read.
const OPEN: usize = 8;

/// What a run is at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A process plays it.
    Running,
    /// It came to its end.
    Finished,
    /// It was cut, and can go on.
    Stopped,
}

/// Why a run cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// There is no such run, or several are meant.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A file of it cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a file holds cannot be used.
    #[error("{file}: {problem}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong in it.
        problem: String,
    },
    /// There is no such episode in the run.
    #[error("the run has no episode {0} that has begun")]
    NoEpisode(usize),
}

/// A run as far as its log was read.
#[derive(Debug)]
pub struct Book {
    folder: RunFolder,
    /// What was asked of it.
    pub manifest: Manifest,
    fold: Fold,
    /// Its episodes.
    pub listing: Listing,
    read_bytes: u64,
    read_events: u64,
    is_finished: bool,
    /// The summary of what was read, until more is.
    summary: Option<Arc<Summary>>,
}

impl Book {
    fn open(folder: RunFolder) -> Result<Self, ShelfError> {
        let manifest: Manifest = serde_json::from_slice(&folder.read(&folder.manifest())?)
            .map_err(|error| damaged(&folder.manifest(), &error))?;
        let (fold, listing) = (Fold::new(&manifest), Listing::new(&manifest));
        Ok(Self { folder, manifest, fold, listing, read_bytes: 0, read_events: 0, is_finished: false, summary: None })
    }

    /// Reads on to the end of the log as it is now.
    fn read_on(&mut self) -> Result<(), ShelfError> {
        let path = self.folder.events();
        let failed = |source| StoreError { doing: "read", path: path.display().to_string(), source };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error).into()),
        };
        let length = file.metadata().map_err(failed)?.len();
        if length < self.read_bytes {
            // Somebody put another log in its place.
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
        self.read_bytes += contents.whole_bytes as u64;
        self.read_events += contents.events.len() as u64;
        Ok(())
    }

    /// What it is at.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.is_finished {
            true => Status::Finished,
            false if self.folder.is_locked() => Status::Running,
            false => Status::Stopped,
        }
    }

    /// What it came to so far.
    pub fn summary(&mut self) -> Arc<Summary> {
        Arc::clone(self.summary.get_or_insert_with(|| Arc::new(self.fold.summary())))
    }

    /// How many events were read: more have changed something.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.read_events
    }
}

/// All kept runs.
#[derive(Debug)]
pub struct Shelf {
    store: Store,
    open: Mutex<Open>,
    /// Finished runs whose logs were not needed again.
    closed: Mutex<BTreeMap<String, Arc<Closed>>>,
}

/// Runs that were opened.
#[derive(Debug, Default)]
struct Open {
    /// Counts uses.
    clock: u64,
    /// By id, each with when it was used last.
    books: BTreeMap<String, (u64, Arc<Mutex<Book>>)>,
}

/// What a finished run is listed with.
#[derive(Debug)]
struct Closed {
    log_bytes: u64,
    head: Head,
}

/// A run in a list.
#[derive(Debug, Clone)]
pub struct Head {
    /// What was asked of it.
    pub manifest: Arc<Manifest>,
    /// What it is at.
    pub status: Status,
    /// Its episodes.
    pub planned: usize,
    /// Those that have ended.
    pub ended: usize,
    /// What it came to so far.
    pub summary: Arc<Summary>,
}

impl Shelf {
    /// The runs of a results folder.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, open: Mutex::default(), closed: Mutex::default() }
    }

    /// All runs that can be read, newest first. Of finished ones only what has changed is read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Head>, StoreError> {
        let ids = self.store.list()?;
        // One that is damaged, or is being made, must not hide the others.
        Ok(ids.iter().rev().filter_map(|id| self.head(id).ok()).collect())
    }

    fn head(&self, id: &str) -> Result<Head, ShelfError> {
        let folder = self.store.by_id(id)?;
        let length = folder.events().metadata().map(|about| about.len()).unwrap_or_default();
        let known = hold(&self.closed).get(id).filter(|closed| closed.log_bytes == length).map(Arc::clone);
        if let Some(closed) = known {
            return Ok(closed.head.clone());
        }
        let head = self.with(id, |book| {
            let (summary, status) = (book.summary(), book.status());
            Head {
                manifest: Arc::new(book.manifest.clone()),
                status,
                planned: book.listing.planned,
                ended: book.listing.ended(),
                summary,
            }
        })?;
        if head.status == Status::Finished {
            hold(&self.closed).insert(id.to_owned(), Arc::new(Closed { log_bytes: length, head: head.clone() }));
        }
        Ok(head)
    }

    /// Looks into a run, read to where its log ends now.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be read.
    pub fn with<R>(&self, id: &str, look: impl FnOnce(&mut Book) -> R) -> Result<R, ShelfError> {
        let book = self.book(id)?;
        let mut book = hold(&book);
        book.read_on()?;
        Ok(look(&mut book))
    }

    fn book(&self, id: &str) -> Result<Arc<Mutex<Book>>, ShelfError> {
        let folder = self.store.by_id(id)?;
        let mut open = hold(&self.open);
        let Open { clock, books } = &mut *open;
        *clock += 1;
        if let Some((used, book)) = books.get_mut(id) {
            *used = *clock;
            return Ok(Arc::clone(book));
        }
        let book = Arc::new(Mutex::new(Book::open(folder)?));
        if books.len() >= OPEN
            && let Some(oldest) = books.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| id.clone())
        {
            books.remove(&oldest);
        }
        books.insert(id.to_owned(), (*clock, Arc::clone(&book)));
        Ok(book)
    }

    /// All events of a run, with what was asked of it.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn events(&self, id: &str) -> Result<Vec<Event>, ShelfError> {
        let path = self.store.by_id(id)?.events();
        let bytes = std::fs::read(&path).map_err(|source| StoreError {
            doing: "read",
            path: path.display().to_string(),
            source,
        })?;
        Ok(parse(&bytes).map_err(|error| damaged(&path, &error))?.events)
    }

    /// An episode of a run, by its number: from its file, or from the log where it has none yet.
    ///
    /// # Errors
    /// As [`Self::with`], and when the episode has not begun.
    pub fn trajectory(&self, id: &str, n: usize) -> Result<TrajectoryFile, ShelfError> {
        let folder = self.store.by_id(id)?;
        let manifest = self.with(id, |book| book.manifest.clone())?;
        let key = key(&manifest, n).ok_or(ShelfError::NoEpisode(n))?;
        let kept = std::fs::read(folder.trajectory(&key)).ok();
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
        collector.map(|collector| collector.file().clone()).ok_or(ShelfError::NoEpisode(n))
    }
}

fn damaged(path: &std::path::Path, problem: &impl ToString) -> ShelfError {
    ShelfError::Damaged { file: path.display().to_string(), problem: problem.to_string() }
}

/// What is kept here stays usable after a panic under a lock: it is read again from the log.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
