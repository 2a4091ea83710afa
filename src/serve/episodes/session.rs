//! Seats: sessions in OpenEnv's sense. A seat keeps the episode of one client that speaks in messages, over a socket, over
//! `/mcp`, or over both at once.
//!
//! Seats share their places with the episodes of REST. Unlike those, an idle seat makes no room for others: its client
//! was promised it until it is closed or expires.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::serve::app::{App, Play};
use super::choice::Choice;
use crate::serve::error::{Fault, excerpt};
use super::table::{Full, Place};

/// The episode of one client, and its place among all.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) play: Play,
    hold: Hold,
    _place: Place<Play>,
}

/// Who holds a seat, and what becomes of it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Nobody; requests find it by its id.
    Free,
    /// A socket, that leaves it to others when it ends.
    Attached,
    /// A socket, with which it ends.
    Closing,
    /// It was closed while somebody was about to take it.
    Closed,
}

/// What came of closing a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It is gone.
    Now,
    /// A socket holds it; it goes with the socket.
    Later,
    /// There was none.
    Unknown,
}

/// Why a socket cannot have a seat.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSeat {
    #[error("Unknown session_id: {0}")]
    Unknown(String),
    #[error("Session {0} already has an attached WebSocket")]
    Taken(String),
}

impl App {
    /// A new seat with the episode that a reset without a word would start: clients may step at once.
    pub(crate) fn open_seat(&self) -> Result<(Arc<str>, Arc<Mutex<Seat>>), Fault> {
        self.seat(Hold::Free)
    }

    fn seat(&self, hold: Hold) -> Result<(Arc<str>, Arc<Mutex<Seat>>), Fault> {
        let play = Play::start(Choice::default().scenario(&self.catalog)?, None);
        // What has expired gives its place back.
        self.seats.sweep(self.now());
        let seat = Seat { play, hold, _place: self.sessions.occupy(self.now())? };
        let id: Arc<str> = uuid::Uuid::new_v4().to_string().into();
        Ok((Arc::clone(&id), self.seats.put(&id, seat, self.now())?))
    }

    /// The seat of an id, which counts as a use of it.
    pub(crate) fn find_seat(&self, id: &str) -> Option<Arc<Mutex<Seat>>> {
        self.seats.get(id, self.now())
    }

    /// Closes a seat, or has it closed with the socket that holds it.
    pub(crate) fn close_seat(&self, id: &str) -> Closed {
        let Some(seat) = self.find_seat(id) else { return Closed::Unknown };
        let mut seat = locked(&seat);
        match seat.hold {
            Hold::Attached | Hold::Closing => {
                seat.hold = Hold::Closing;
                Closed::Later
            }
            Hold::Free | Hold::Closed => {
                seat.hold = Hold::Closed;
                self.seats.remove(id);
                Closed::Now
            }
        }
    }
}

/// Access to a seat. No code under this lock is known to panic, and if one did, it must not spread.
pub(crate) fn locked(seat: &Mutex<Seat>) -> MutexGuard<'_, Seat> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A seat that a socket, or a pipe, holds until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    app: Arc<App>,
    id: Arc<str>,
    seat: Arc<Mutex<Seat>>,
}

impl Held {
    /// A seat of its own, that ends with this.
    pub(crate) fn own(app: &Arc<App>) -> Result<Self, Fault> {
        let (id, seat) = app.seat(Hold::Closing)?;
        Ok(Self { app: Arc::clone(app), id, seat })
    }

    /// The seat of an id, that outlives this unless it is closed in the meantime.
    pub(crate) fn attach(app: &Arc<App>, id: &str) -> Result<Self, NoSeat> {
        let unknown = || NoSeat::Unknown(excerpt(id).into_owned());
        let seat = app.find_seat(id).ok_or_else(unknown)?;
        let mut inner = locked(&seat);
        match inner.hold {
            Hold::Free => inner.hold = Hold::Attached,
            Hold::Attached | Hold::Closing => return Err(NoSeat::Taken(id.to_owned())),
            Hold::Closed => return Err(unknown()),
        }
        drop(inner);
        Ok(Self { app: Arc::clone(app), id: id.into(), seat })
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Its episode. Never hold two of them: others may take them the other way round.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Seat> {
        locked(&self.seat)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut seat = locked(&self.seat);
        if seat.hold == Hold::Closing {
            seat.hold = Hold::Closed;
            self.app.seats.remove(&self.id);
        } else {
            seat.hold = Hold::Free;
            // It was in use until now.
            self.app.find_seat(&self.id);
        }
    }
}

/// What OpenEnv's clients are told where there is no room.
pub(crate) fn at_capacity(Full { active, most }: Full) -> String {
    format!("Server at capacity: {active}/{most} sessions active. Cannot accept new connections.")
}
