//! The hub: the one owner of the event log and of everything that listens to a run.

use std::collections::BTreeMap;
use std::thread;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::Sink;
use crate::log::reader::Contents;
use crate::log::store::{RunFolder, StoreError};
use crate::log::trajectory_file::Collector;
use crate::log::writer::{WriteError, Writer};
use crate::log::{EpisodeKey, Event, EventKind, Fold, Manifest};

/// Why the hub gave up. Nothing may go on without a log.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The event log could not be written.
    #[error(transparent)]
    Log(#[from] WriteError),
    /// A trajectory could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread of the hub is gone.
    #[error("the event log's writer is gone")]
    Gone,
}

struct Message {
    /// When it happened; none for now.
    at: Option<Timestamp>,
    episode: Option<EpisodeKey>,
    event: EventKind,
    done: oneshot::Sender<()>,
}

/// Sends events to the hub's thread.
#[derive(Debug, Clone)]
pub struct Hub {
    sender: mpsc::Sender<Message>,
}

/// The hub's thread, to be joined at the end.
#[derive(Debug)]
pub struct HubThread(thread::JoinHandle<Result<Kept, HubError>>);

/// What the hub knows when a run is over.
#[derive(Debug)]
pub struct Kept {
    /// The fold of all events.
    pub fold: Fold,
    /// Why sinks were told no more, if any failed.
    pub sink_errors: Vec<std::io::Error>,
}

impl Hub {
    /// Starts the hub of a new run.
    ///
    /// # Errors
    /// When the event log cannot be made.
    pub fn start(
        manifest: &Manifest,
        folder: RunFolder,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<(Self, HubThread), HubError> {
        let writer = Writer::create(&folder.events())?;
        State::new(Some(Disk { writer, folder }), manifest, sinks).spawn()
    }

    /// Starts a hub that keeps nothing: a run that is only looked at, whose log would be its whole trace.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn in_memory(manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Result<(Self, HubThread), HubError> {
        State::new(None, manifest, sinks).spawn()
    }

    /// Starts the hub of a run that goes on behind what its log holds. Sinks are not told of the past.
    ///
    /// # Errors
    /// When the event log cannot be opened, or a trajectory that was not written in time cannot be written now.
    pub fn resume(
        manifest: &Manifest,
        folder: RunFolder,
        past: &Contents,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<(Self, HubThread), HubError> {
        let writer = Writer::resume(&folder.events(), past.whole_bytes as u64)?;
        let mut state = State::new(Some(Disk { writer, folder }), manifest, sinks);
        for event in &past.events {
            state.remember(event)?;
        }
        state.spawn()
    }

    /// Hands an event over and waits until the system has it, so that a kill loses nothing that was acted upon.
    ///
    /// # Errors
    /// When the hub has given up; [`HubThread::join`] says why.
    pub async fn send(&self, episode: Option<&EpisodeKey>, event: EventKind) -> Result<(), HubError> {
        let (done, written) = oneshot::channel();
        let message = Message { at: None, episode: episode.cloned(), event, done };
        self.sender.send(message).await.map_err(|_| HubError::Gone)?;
        written.await.map_err(|_| HubError::Gone)
    }

    /// Hands over an event of another log, with the time when it happened there.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_past(&self, event: Event) -> Result<(), HubError> {
        let (done, written) = oneshot::channel();
        let message = Message { at: Some(event.at), episode: event.episode, event: event.event, done };
        self.sender.send(message).await.map_err(|_| HubError::Gone)?;
        written.await.map_err(|_| HubError::Gone)
    }
}

impl HubThread {
    /// Waits for the thread, once every [`Hub`] is dropped.
    ///
    /// # Errors
    /// Why the hub gave up, if it did.
    pub fn join(self) -> Result<Kept, HubError> {
        self.0.join().unwrap_or(Err(HubError::Gone))
    }
}

/// Where a run is kept.
struct Disk {
    writer: Writer,
    folder: RunFolder,
}

struct State {
    disk: Option<Disk>,
    sinks: Vec<Box<dyn Sink>>,
    sink_errors: Vec<std::io::Error>,
    fold: Fold,
    run: crate::log::RunId,
    open: BTreeMap<EpisodeKey, Collector>,
    seq: u64,
    unsynced: bool,
}

impl State {
    fn new(disk: Option<Disk>, manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self {
            disk,
            sinks,
            sink_errors: Vec::new(),
            fold: Fold::new(manifest),
            run: manifest.id.clone(),
            open: BTreeMap::new(),
            seq: 0,
            unsynced: false,
        }
    }

    fn spawn(self) -> Result<(Hub, HubThread), HubError> {
        let (sender, receiver) = mpsc::channel(1024);
        let thread = thread::Builder::new().name("hub".to_owned());
        let handle = thread.spawn(move || self.run(receiver)).map_err(|_| HubError::Gone)?;
        Ok((Hub { sender }, HubThread(handle)))
    }

    /// Takes an event of the past into account. A trajectory that a kill kept from being written is written now.
    fn remember(&mut self, event: &Event) -> Result<(), HubError> {
        self.seq += 1;
        self.fold.apply(event);
        self.collect(event, crate::log::store::write_changed)?;
        Ok(())
    }

    fn run(mut self, mut receiver: mpsc::Receiver<Message>) -> Result<Kept, HubError> {
        loop {
            let message = match receiver.try_recv() {
                Ok(message) => message,
                Err(mpsc::error::TryRecvError::Disconnected) => break,
                Err(mpsc::error::TryRecvError::Empty) => {
                    // Nothing is waiting: the time to sync. Episodes that end together share one sync.
                    self.sync()?;
                    match receiver.blocking_recv() {
                        Some(message) => message,
                        None => break,
                    }
                }
            };
            self.take(message)?;
        }
        self.sync()?;
        Ok(Kept { fold: self.fold, sink_errors: self.sink_errors })
    }

    fn sync(&mut self) -> Result<(), HubError> {
        match &mut self.disk {
            Some(disk) if std::mem::take(&mut self.unsynced) => Ok(disk.writer.sync()?),
            _ => Ok(()),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), HubError> {
        let at = message.at.unwrap_or_else(Timestamp::now);
        let event = Event { seq: self.seq, at, episode: message.episode, event: message.event };
        if let Some(disk) = &mut self.disk {
            disk.writer.append(&event)?;
        }
        self.seq += 1;
        // The sender may have been cancelled meanwhile; the event happened all the same.
        let _ = message.done.send(());
        self.unsynced |= matches!(event.event, EventKind::EpisodeFinished { .. } | EventKind::RunFinished);
        self.fold.apply(&event);
        self.collect(&event, crate::log::store::write_whole)?;
        let (fold, errors) = (&self.fold, &mut self.sink_errors);
        self.sinks.retain_mut(|sink| sink.on_event(&event, fold).map_err(|error| errors.push(error)).is_ok());
        Ok(())
    }

    /// Keeps the events of open episodes and writes each trajectory when its episode ends. Episodes without a score stay
    /// open: a run that is resumed goes on with them.
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
        write(&disk.folder.trajectory(key), &crate::log::store::pretty(collector.file()))?;
        if matches!(&event.event, EventKind::EpisodeFinished { outcome, .. } if outcome.is_scored()) {
            self.open.remove(key);
        }
        Ok(())
    }
}
