//! The hub: the thread that owns the journal of a run, and how episodes hand it their events.

use std::thread;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Sink;
use super::journal::{HubError, Journal, Kept};
use crate::log::reader::Contents;
use crate::log::store::RunFolder;
use crate::log::{EpisodeKey, Event, EventKind, Manifest};

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
        spawn(Journal::create(manifest, folder, sinks)?)
    }

    /// Starts a hub that keeps nothing: a run that is only looked at, whose log would be its whole trace.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn in_memory(manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Result<(Self, HubThread), HubError> {
        spawn(Journal::in_memory(manifest, sinks))
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
        spawn(Journal::resume(manifest, folder, past, sinks)?)
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

/// The events of an episode that is played apart from a run.
#[derive(Debug)]
pub(crate) struct Gathered(JoinHandle<Vec<Event>>);

impl Hub {
    /// A hub that hands its events to nobody, but keeps them.
    pub(crate) fn gather() -> (Self, Gathered) {
        let (sender, mut receiver) = mpsc::channel::<Message>(16);
        let gathering = tokio::spawn(async move {
            let mut events = Vec::new();
            while let Some(Message { at, episode, event, done }) = receiver.recv().await {
                let at = at.unwrap_or_else(Timestamp::now);
                events.push(Event { seq: events.len() as u64, at, episode, event });
                let _ = done.send(());
            }
            events
        });
        (Self { sender }, Gathered(gathering))
    }
}

impl Gathered {
    /// The events in their order, once every [`Hub`] is dropped.
    pub(crate) async fn events(self) -> Vec<Event> {
        // Nothing in the task panics, and nobody aborts it.
        self.0.await.unwrap_or_default()
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

fn spawn(journal: Journal) -> Result<(Hub, HubThread), HubError> {
    let (sender, receiver) = mpsc::channel(1024);
    let thread = thread::Builder::new().name("hub".to_owned());
    let handle = thread.spawn(move || run(journal, receiver)).map_err(|_| HubError::Gone)?;
    Ok((Hub { sender }, HubThread(handle)))
}

fn run(mut journal: Journal, mut receiver: mpsc::Receiver<Message>) -> Result<Kept, HubError> {
    loop {
        let message = match receiver.try_recv() {
            Ok(message) => message,
            Err(mpsc::error::TryRecvError::Disconnected) => break,
            Err(mpsc::error::TryRecvError::Empty) => {
                // Nothing is waiting: the time to sync. Episodes that end together share one sync.
                journal.sync()?;
                match receiver.blocking_recv() {
                    Some(message) => message,
                    None => break,
                }
            }
        };
        let Message { at, episode, event, done } = message;
        // The sender may have been cancelled meanwhile; the event happened all the same.
        journal.take(at, episode, event, || {
            let _ = done.send(());
        })?;
    }
    journal.close()
}
