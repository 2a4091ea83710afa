//! What coordinators and workers report to the person who started them. Pure.

use std::sync::Arc;

use super::message::Presence;
use crate::log::RunId;

/// What coordinators and workers have to say to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The queue cannot be reached; it is asked again and again.
    Away(String),
    /// The run has ended, and the queue could not be told what follows from that.
    Untold(String),
    /// The queue answers again.
    Back,
    /// The queue lost the run; it is put there anew.
    Lost,
    /// No worker has said a word.
    NoWorker,
    /// A worker takes episodes of the run.
    Takes(Presence),
    /// A worker refuses the run, and why.
    Refuses(Presence, String),
    /// Jobs had vanished without a result, and were put on the queue again.
    Renewed(usize),
    /// A result was thrown away, and why.
    Discarded(String),
    /// This worker takes episodes of a run.
    Joined(RunId),
    /// This worker refuses a run, and why.
    Refused(RunId, String),
    /// A run is not on the queue any more.
    Left(RunId),
    /// An episode was given up after so many deliveries.
    GivenUp(String, u32),
}

/// Takes notices.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;
