//! What a queue of episodes can do: the traits that NATS and the queue in memory implement.

use std::time::Duration;

use tokio::sync::mpsc;

use super::message::JobId;
use crate::log::RunId;

/// Why a queue did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// It cannot be reached, or is not ready; it may come back.
    #[error("the queue does not answer: {0}")]
    Away(String),
    /// It does not hold the run (any more).
    #[error("the queue does not hold the run")]
    Gone,
    /// It takes no message as large as this one.
    #[error("a message of {bytes} bytes is too large for the queue, which takes up to {most}")]
    TooLarge {
        /// The size of the message.
        bytes: usize,
        /// The largest size that is taken.
        most: usize,
    },
    /// It refuses, and will again.
    #[error("the queue refuses: {0}")]
    Refused(String),
}

/// How jobs are lent to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After so long without a word from its worker, a job is delivered to another one.
    pub lease: Duration,
    /// How often a job is delivered before it is given up.
    pub deliveries: u32,
}

/// How many jobs of a run are on the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Waiting for a worker, or lent to one.
    pub jobs: u64,
}

/// A result on the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the order in which results came, from 1.
    pub place: u64,
    /// The result, packed.
    pub body: Vec<u8>,
}

/// A queue of episodes. Each of these may be asked for again: it does no more the second time.
pub trait Queue: Clone + Send + Sync + 'static {
    /// A job that was lent.
    type Lease: Lease;

    /// Makes room for a run, and announces it.
    fn open(
        &self,
        run: &RunId,
        announcement: Vec<u8>,
        terms: Terms,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Puts a job on the queue, unless it is there.
    fn offer(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The first result behind a place; none where nothing more has come.
    fn result_after(&self, run: &RunId, place: u64) -> impl Future<Output = Result<Option<Stored>, QueueError>> + Send;

    /// Throws a result away, so that the job may have another one.
    fn discard(&self, run: &RunId, place: u64) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// How many jobs are left.
    fn backlog(&self, run: &RunId) -> impl Future<Output = Result<Backlog, QueueError>> + Send;

    /// Takes all jobs back. What a worker is busy with, it ends.
    fn withdraw(&self, run: &RunId) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Takes a run off the queue, with all that is kept of it there.
    fn close(&self, run: &RunId) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// What workers say about themselves from now on.
    fn presences(&self, run: &RunId) -> impl Future<Output = Result<mpsc::Receiver<Vec<u8>>, QueueError>> + Send;

    /// The runs that are on the queue.
    fn runs(&self) -> impl Future<Output = Result<Vec<RunId>, QueueError>> + Send;

    /// What the coordinator of a run announced; none where it has not yet.
    fn announcement(&self, run: &RunId) -> impl Future<Output = Result<Option<Vec<u8>>, QueueError>> + Send;

    /// Borrows jobs of a run, without waiting for any.
    fn take(&self, run: &RunId, at_most: usize) -> impl Future<Output = Result<Vec<Self::Lease>, QueueError>> + Send;

    /// Whether there is a result for a job.
    fn has_result(&self, run: &RunId, job: &JobId) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Stores the result of a job, unless it has one. Once this returns, the queue keeps it.
    fn store(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Tells the coordinator of a run about a worker. It may be lost.
    fn say(&self, run: &RunId, presence: Vec<u8>) -> impl Future<Output = ()> + Send;
}

/// A job that was lent to this worker. Dropped, it is delivered again when its lease is over.
pub trait Lease: Send + Sync + 'static {
    /// The job, packed.
    fn body(&self) -> &[u8];

    /// How often it was delivered, this time included.
    fn deliveries(&self) -> u32;

    /// How long it is lent, from now or from the last extension.
    fn term(&self) -> Duration;

    /// Says that the worker still works on it. It may be lost.
    fn extend(&self) -> impl Future<Output = ()> + Send;

    /// Takes it off the queue. It may be lost; then it is delivered again, and found to have a result.
    fn done(&self) -> impl Future<Output = ()> + Send;

    /// Gives it back, for another worker to take at once. It may be lost.
    fn give_back(&self) -> impl Future<Output = ()> + Send;
}
