//! The journal: it appends events to the log, folds them, writes trajectories, and informs the sinks. Its owner is the
//! only writer of a run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Sink;
use crate::log::chain::Chain;
use crate::log::reader::Contents;
use crate::log::record::chain;
use crate::log::store::{self, RunFolder, StoreError};
use crate::log::trajectory_file::Collector;
use crate::log::writer::{WriteError, Writer};
use crate::log::{Durations, EpisodeKey, Event, EventKind, Fold, Manifest, Summary};

/// The reasons why the hub gave up. A run cannot continue without its log.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The event log could not be written.
    #[error(transparent)]
    Log(#[from] WriteError),
    /// A trajectory could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be written without a key in it.
    #[error(
        "a key that is set is a word of the log's own format, so that no event can be kept without it; set another one"
    )]
    KeyIsAWord,
    /// The thread of the hub is gone.
    #[error("the event log's writer is gone")]
    Gone,
}

/// The final state of a journal.
#[derive(Debug)]
pub struct JournalEnd {
    /// The fold of all events.
    pub fold: Fold,
    /// How long episodes took.
    pub durations: Durations,
    /// The digest of the log; none if the run was only looked at.
    pub log_digest: Option<String>,
    /// The errors of sinks. A sink that failed was not informed any more.
    pub sink_errors: Vec<std::io::Error>,
}

/// The place where a run is written.
struct Disk {
    writer: Writer,
    folder: RunFolder,
    chain: Chain,
}

/// The event log of a run and everything that follows it. It takes one event at a time.
pub(super) struct Journal {
    disk: Option<Disk>,
    sinks: Vec<Box<dyn Sink>>,
    sink_errors: Vec<std::io::Error>,
    fold: Fold,
    durations: Durations,
    run: crate::log::RunId,
    /// The latest time that an event of the log has. The clock of a machine may be set back, but a log does not go back.
    latest: Timestamp,
    open: BTreeMap<EpisodeKey, Collector>,
    seq: u64,
    unsynced: bool,
}

impl Journal {
    /// Makes the journal of a new run.
    ///
    /// # Errors
    /// Fails if the event log cannot be created.
    pub(super) fn create(manifest: &Manifest, folder: RunFolder, sinks: Vec<Box<dyn Sink>>) -> Result<Self, HubError> {
        let chain = chain(&folder, b"")?;
        let writer = Writer::create(&folder.events())?;
        Ok(Self::new(Some(Disk { writer, folder, chain }), manifest, sinks))
    }

    /// Makes the journal of a run that is only looked at.
    pub(super) fn in_memory(manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self::new(None, manifest, sinks)
    }

    /// Makes the journal of a run that continues after the events in its log. Sinks are not told about the earlier
    /// events.
    ///
    /// # Errors
    /// Fails if the event log cannot be opened, or if a trajectory that is still missing cannot be written now.
    pub(super) fn resume(
        manifest: &Manifest,
        folder: RunFolder,
        past: &Contents,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<Self, HubError> {
        let log = if past.whole_bytes == 0 { Vec::new() } else { folder.read(&folder.events())? };
        let chain = chain(&folder, log.get(..past.whole_bytes).unwrap_or(&log))?;
        let writer = Writer::resume(&folder.events(), past.whole_bytes as u64)?;
        let mut journal = Self::new(Some(Disk { writer, folder, chain }), manifest, sinks);
        for event in &past.events {
            journal.remember(event)?;
        }
        Ok(journal)
    }

    fn new(disk: Option<Disk>, manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self {
            disk,
            sinks,
            sink_errors: Vec::new(),
            fold: Fold::new(manifest),
            durations: Durations::default(),
            run: manifest.id.clone(),
            latest: manifest.started_at,
            open: BTreeMap::new(),
            seq: 0,
            unsynced: false,
        }
    }

    /// Takes an event of the past into account. If a kill kept a trajectory from being written, it is written now.
    fn remember(&mut self, event: &Event) -> Result<(), HubError> {
        self.seq += 1;
        self.latest = self.latest.max(event.at);
        self.fold.apply(event);
        self.durations.apply(event);
        self.collect(event, store::write_changed)?;
        Ok(())
    }

    /// Waits until the ends of episodes or of the run that were appended since the last time are on the disk.
    ///
    /// # Errors
    /// Fails if the disk does not keep them.
    pub(super) fn sync(&mut self) -> Result<(), HubError> {
        match &mut self.disk {
            Some(disk) if std::mem::take(&mut self.unsynced) => Ok(disk.writer.sync()?),
            _ => Ok(()),
        }
    }

    /// Appends an event, with the present time or the time at which it happened, and informs everything that follows
    /// the log. `written` is called as soon as the operating system has the event.
    ///
    /// # Errors
    /// Fails if the event cannot be appended, or if the trajectory that it ends cannot be written. The run cannot
    /// continue then.
    pub(super) fn take(
        &mut self,
        at: Option<Timestamp>,
        episode: Option<EpisodeKey>,
        event: EventKind,
        written: impl FnOnce(),
    ) -> Result<(), HubError> {
        let at = at.unwrap_or_else(|| self.latest.max(Timestamp::now()));
        self.latest = self.latest.max(at);
        let event = Event { seq: self.seq, at, episode, event };
        if let Some(disk) = &mut self.disk {
            let line = disk.writer.append(&event)?;
            disk.chain.add(line);
        }
        self.seq += 1;
        written();
        self.unsynced |= matches!(event.event, EventKind::EpisodeFinished { .. } | EventKind::RunFinished);
        self.fold.apply(&event);
        self.durations.apply(&event);
        self.collect(&event, store::write_whole)?;
        let (fold, errors) = (&self.fold, &mut self.sink_errors);
        self.sinks.retain_mut(|sink| sink.on_event(&event, fold).map_err(|error| errors.push(error)).is_ok());
        Ok(())
    }

    /// The summary of the run so far.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = self.fold.summary();
        summary.run.log_digest = self.disk.as_ref().map(|disk| disk.chain.to_string());
        summary
    }

    /// Ends the journal and returns its final state.
    ///
    /// # Errors
    /// Fails if the disk does not keep the log, or if the log or `run.json` was lost meanwhile.
    pub(super) fn close(mut self) -> Result<JournalEnd, HubError> {
        self.sync()?;
        if let Some(disk) = &self.disk {
            disk.writer.check()?;
            disk.folder.read(&disk.folder.manifest())?;
        }
        let log_digest = self.disk.map(|disk| disk.chain.to_string());
        Ok(JournalEnd { fold: self.fold, durations: self.durations, log_digest, sink_errors: self.sink_errors })
    }

    /// Collects the events of open episodes and writes each trajectory when its episode ends. Episodes without a score
    /// stay open, because a resumed run continues with them.
    fn collect(
        &mut self,
        event: &Event,
        write: fn(&std::path::Path, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (Some(key), Some(disk)) = (&event.episode, &self.disk) else { return Ok(()) };
        if let EventKind::EpisodeStarted { episode_id, task } = event.event {
            self.open.insert(key.clone(), Collector::new(self.run.clone(), key.clone(), episode_id, task));
            return Ok(());
        }
        let Some(collector) = self.open.get_mut(key) else { return Ok(()) };
        if !collector.apply(event) {
            return Ok(());
        }
        write(&disk.folder.trajectory(key), &store::pretty(collector.file()))?;
        if matches!(&event.event, EventKind::EpisodeFinished { outcome, .. } if outcome.is_scored()) {
            self.open.remove(key);
        }
        Ok(())
    }
}
