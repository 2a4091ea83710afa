//! The notices of coordinators and workers for the person who started them. Pure.

use std::sync::Arc;

use super::message::Presence;
use crate::log::RunId;

/// A notice for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The queue cannot be reached; it is asked again and again.
    Away(String),
    /// The run has ended, and the queue could not be told to remove it.
    Untold(String),
    /// The queue answers again.
    Back,
    /// The queue lost the run, which is put on it again.
    Lost,
    /// No worker has reported yet.
    NoWorker,
    /// A worker takes episodes of the run.
    Takes(Presence),
    /// A worker refuses the run, for this reason.
    Refuses(Presence, String),
    /// This number of jobs had vanished without a result, and were put on the queue again.
    Renewed(usize),
    /// A result was discarded, for this reason.
    Discarded(String),
    /// This worker takes episodes of a run.
    Joined(RunId),
    /// This worker refuses a run, for this reason.
    Refused(RunId, String),
    /// A run is not on the queue any more.
    Left(RunId),
    /// An episode was given up after this number of deliveries.
    GivenUp(String, u32),
}

/// A receiver of notices.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;
