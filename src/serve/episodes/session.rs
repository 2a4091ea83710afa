//! Keeps sessions in OpenEnv's sense. A session keeps the episode of one client that sends messages over a socket, over
//! `/mcp`, or over both at once.
//!
//! Sessions share their places with the episodes of REST. Unlike those, an idle session is not evicted for others: its
//! client may rely on it until it is closed or expires.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::play::Play;
use super::table::{EpisodeTable, Limits, Place};
use crate::serve::error::{Full, excerpt};

/// The episode of one client, with its place among all episodes.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) play: Play,
    hold: Hold,
    _place: Place<Play>,
}

/// The holder of a session, and whether the session ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Nobody holds the session; requests find it by its id.
    Free,
    /// A socket holds the session, and leaves it to others when it ends.
    Attached,
    /// A socket holds the session, which ends with the socket.
    Closing,
    /// The session was closed while a socket was about to attach to it.
    Closed,
}

/// The result of closing a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The session has ended.
    Now,
    /// A socket holds the session, which ends with the socket.
    Later,
    /// The session did not exist.
    Unknown,
}

/// The reason for which a socket cannot attach to a session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttachError {
    #[error("Unknown session_id: {0}")]
    Unknown(String),
    #[error("Session {0} already has an attached WebSocket")]
    Taken(String),
}

/// The sessions of a server.
#[derive(Debug)]
pub(crate) struct Sessions {
    table: EpisodeTable<Session>,
    /// The table in which each session takes a place.
    episodes: Arc<EpisodeTable<Play>>,
    began: Instant,
}

impl Sessions {
    /// Makes the sessions of a server that began at this time, as a part of its episodes.
    pub(crate) fn new(episodes: &Arc<EpisodeTable<Play>>, began: Instant) -> Self {
        // Each session has a place among the episodes, which are counted there.
        let limits = Limits { most: usize::MAX, ..episodes.limits() };
        Self { table: EpisodeTable::new(limits, |_| true), episodes: Arc::clone(episodes), began }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Opens a session that nobody holds.
    pub(crate) fn open(&self, play: Play) -> Result<(Arc<str>, Arc<Mutex<Session>>), Full> {
        self.put(play, Hold::Free)
    }

    fn put(&self, play: Play, hold: Hold) -> Result<(Arc<str>, Arc<Mutex<Session>>), Full> {
        // Sessions that have expired give their places back.
        self.sweep();
        let session = Session { play, hold, _place: self.episodes.occupy(self.now())? };
        let id: Arc<str> = uuid::Uuid::new_v4().to_string().into();
        Ok((Arc::clone(&id), self.table.put(&id, session, self.now())?))
    }

    /// Finds the session with this id, which counts as a use of it.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Mutex<Session>>> {
        self.table.get(id, self.now())
    }

    /// Closes a session, or has it closed together with the socket that holds it.
    pub(crate) fn close(&self, id: &str) -> Closed {
        let Some(session) = self.find(id) else { return Closed::Unknown };
        let mut session = locked(&session);
        match session.hold {
            Hold::Attached | Hold::Closing => {
                session.hold = Hold::Closing;
                Closed::Later
            }
            Hold::Free | Hold::Closed => {
                session.hold = Hold::Closed;
                self.table.remove(id);
                Closed::Now
            }
        }
    }

    /// Drops the sessions that have expired.
    pub(crate) fn sweep(&self) {
        self.table.sweep(self.now());
    }
}

/// Locks a session. No code under this lock is known to panic; if any did, a poisoned lock must not spread the failure.
pub(crate) fn locked(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session that a socket, or a pipe, holds until this value is dropped.
#[derive(Debug)]
pub(crate) struct HeldSession {
    sessions: Arc<Sessions>,
    id: Arc<str>,
    session: Arc<Mutex<Session>>,
}

impl HeldSession {
    /// Opens a session that ends when the returned value is dropped.
    pub(crate) fn open(sessions: &Arc<Sessions>, play: Play) -> Result<Self, Full> {
        let (id, session) = sessions.put(play, Hold::Closing)?;
        Ok(Self { sessions: Arc::clone(sessions), id, session })
    }

    /// Attaches to the session with this id, which outlives the returned value unless it is closed in the meantime.
    pub(crate) fn attach(sessions: &Arc<Sessions>, id: &str) -> Result<Self, AttachError> {
        let unknown = || AttachError::Unknown(excerpt(id).into_owned());
        let session = sessions.find(id).ok_or_else(unknown)?;
        let mut inner = locked(&session);
        match inner.hold {
            Hold::Free => inner.hold = Hold::Attached,
            Hold::Attached | Hold::Closing => return Err(AttachError::Taken(id.to_owned())),
            Hold::Closed => return Err(unknown()),
        }
        drop(inner);
        Ok(Self { sessions: Arc::clone(sessions), id: id.into(), session })
    }

    /// Returns the id of the session.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Locks the session. Never lock two of them at once: other code may lock them in the opposite order.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        locked(&self.session)
    }
}

impl Drop for HeldSession {
    fn drop(&mut self) {
        let mut session = locked(&self.session);
        if session.hold == Hold::Closing {
            session.hold = Hold::Closed;
            self.sessions.table.remove(&self.id);
        } else {
            session.hold = Hold::Free;
            // The session was in use until now.
            self.sessions.find(&self.id);
        }
    }
}

/// Makes the message that tells OpenEnv's clients that the server has no room.
pub(crate) fn at_capacity(Full { active, most }: Full) -> String {
    format!("Server at capacity: {active}/{most} sessions active. Cannot accept new connections.")
}
