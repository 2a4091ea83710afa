//! The hub: the thread that owns the journal of a run. Episodes send their events to it.

use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Sink;
use super::cleaned::cleaned;
use super::journal::{HubError, Journal, JournalEnd};
use crate::chat::wire::Secrets;
use crate::log::reader::Contents;
use crate::log::store::RunFolder;
use crate::log::{EpisodeKey, Event, EventKind, Manifest};

struct Message {
    /// The time at which it happened; none for now.
    at: Option<Timestamp>,
    episode: Option<EpisodeKey>,
    event: EventKind,
    done: oneshot::Sender<()>,
}

/// A handle that sends events to the hub's thread.
#[derive(Debug, Clone)]
pub struct Hub {
    sender: mpsc::Sender<Message>,
    /// What no event may have in it.
    secrets: Arc<Secrets>,
}

/// The hub's thread, which must be joined at the end.
#[derive(Debug)]
pub struct HubThread(thread::JoinHandle<Result<JournalEnd, HubError>>);

impl Hub {
    /// Starts the hub of a new run.
    ///
    /// # Errors
    /// Fails if the event log cannot be created.
    pub fn start(
        manifest: &Manifest,
        folder: RunFolder,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<(Self, HubThread), HubError> {
        spawn(Journal::create(manifest, folder, sinks)?)
    }

    /// Starts a hub that writes nothing, for a run that is only looked at and must leave no log.
    ///
    /// # Errors
    /// Fails if the system gives no thread.
    pub fn in_memory(manifest: &Manifest, sinks: Vec<Box<dyn Sink>>) -> Result<(Self, HubThread), HubError> {
        spawn(Journal::in_memory(manifest, sinks))
    }

    /// Starts the hub of a run that continues after the events in its log. Sinks are not told about the earlier events.
    ///
    /// # Errors
    /// Fails if the event log cannot be opened, or if a trajectory that is still missing cannot be written now.
    pub fn resume(
        manifest: &Manifest,
        folder: RunFolder,
        past: &Contents,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<(Self, HubThread), HubError> {
        spawn(Journal::resume(manifest, folder, past, sinks)?)
    }

    /// Has every event cleaned of these secrets before anybody gets it.
    #[must_use]
    pub fn hiding(self, secrets: Arc<Secrets>) -> Self {
        Self { secrets, ..self }
    }

    /// Sends an event and waits until the operating system has it, so that a kill loses nothing that was acted upon.
    ///
    /// # Errors
    /// Fails if the hub has given up; [`HubThread::join`] says why.
    pub async fn send(&self, episode: Option<&EpisodeKey>, event: EventKind) -> Result<(), HubError> {
        let event = cleaned(event, &self.secrets).ok_or(HubError::KeyIsAWord)?;
        let (done, written) = oneshot::channel();
        let message = Message { at: None, episode: episode.cloned(), event, done };
        self.sender.send(message).await.map_err(|_| HubError::Gone)?;
        written.await.map_err(|_| HubError::Gone)
    }

    /// Sends an event of another log with the time at which it happened there.
    ///
    /// # Errors
    /// Fails as [`Self::send`] does.
    pub async fn send_past(&self, event: Event) -> Result<(), HubError> {
        let Event { at, episode, event, .. } = event;
        let event = cleaned(event, &self.secrets).ok_or(HubError::KeyIsAWord)?;
        let (done, written) = oneshot::channel();
        let message = Message { at: Some(at), episode, event, done };
        self.sender.send(message).await.map_err(|_| HubError::Gone)?;
        written.await.map_err(|_| HubError::Gone)
    }
}

/// The events of an episode that is played outside a run.
#[derive(Debug)]
pub(crate) struct Gathered(JoinHandle<Vec<Event>>);

impl Hub {
    /// Makes a hub that keeps its events in memory and sends them nowhere.
    pub(crate) fn gather() -> (Self, Gathered) {
        let (sender, mut receiver) = mpsc::channel::<Message>(16);
        let gathering = tokio::spawn(async move {
            let mut events: Vec<Event> = Vec::new();
            while let Some(Message { at, episode, event, done }) = receiver.recv().await {
                let latest = events.last().map(|event| event.at);
                let at = at.unwrap_or_else(|| latest.map_or_else(Timestamp::now, |at| at.max(Timestamp::now())));
                events.push(Event { seq: events.len() as u64, at, episode, event });
                let _ = done.send(());
            }
            events
        });
        (Self { sender, secrets: Arc::default() }, Gathered(gathering))
    }
}

impl Gathered {
    /// Returns the events in their order, once every [`Hub`] is dropped.
    pub(crate) async fn events(self) -> Vec<Event> {
        // Nothing in the task panics, and nobody aborts it.
        self.0.await.unwrap_or_default()
    }
}

impl HubThread {
    /// Waits for the thread, once every [`Hub`] is dropped.
    ///
    /// # Errors
    /// Returns the reason why the hub gave up, if it did.
    pub fn join(self) -> Result<JournalEnd, HubError> {
        self.0.join().unwrap_or(Err(HubError::Gone))
    }
}

fn spawn(journal: Journal) -> Result<(Hub, HubThread), HubError> {
    let (sender, receiver) = mpsc::channel(1024);
    let thread = thread::Builder::new().name("hub".to_owned());
    let handle = thread.spawn(move || run(journal, receiver)).map_err(|_| HubError::Gone)?;
    Ok((Hub { sender, secrets: Arc::default() }, HubThread(handle)))
}

fn run(mut journal: Journal, mut receiver: mpsc::Receiver<Message>) -> Result<JournalEnd, HubError> {
    loop {
        let message = match receiver.try_recv() {
            Ok(message) => message,
            Err(mpsc::error::TryRecvError::Disconnected) => break,
            Err(mpsc::error::TryRecvError::Empty) => {
                // Nothing is waiting, so this is the time to sync. Episodes that end together share one sync.
                journal.sync()?;
                match receiver.blocking_recv() {
                    Some(message) => message,
                    None => break,
                }
            }
        };
        let Message { at, episode, event, done } = message;
        // The sender may have been cancelled meanwhile, but the event has happened all the same.
        journal.take(at, episode, event, || {
            let _ = done.send(());
        })?;
    }
    journal.close()
}
