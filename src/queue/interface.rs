//! The interface of a queue of episodes: the traits that NATS and the queue in memory implement.

use std::time::Duration;

use tokio::sync::mpsc;

use super::message::JobId;
use crate::log::RunId;

/// The reasons why a queue did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The queue cannot be reached or is not ready; it may come back.
    #[error("the queue does not answer: {0}")]
    Away(String),
    /// The queue does not have the run, or does not have it any more.
    #[error("the queue does not hold the run")]
    Gone,
    /// The queue takes no message as large as this one.
    #[error("a message of {bytes} bytes is too large for the queue, which takes up to {most}")]
    TooLarge {
        /// The size of the message in bytes.
        bytes: usize,
        /// The largest size in bytes that the queue takes.
        most: usize,
    },
    /// The queue refuses, and will refuse again.
    #[error("the queue refuses: {0}")]
    Refused(String),
}

/// The terms on which jobs are lent to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The time without a sign of the worker after which a job is delivered to another one.
    pub lease: Duration,
    /// The number of deliveries after which a job is given up.
    pub deliveries: u32,
}

/// The jobs of a run that are on the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of jobs that wait for a worker or are lent to one.
    pub jobs: u64,
}

/// A result on the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The place in the order in which results came, from 1.
    pub place: u64,
    /// The result as a packed message.
    pub body: Vec<u8>,
}

/// A queue of episodes. Every request may be repeated: the second time it changes nothing more.
pub trait Queue: Clone + Send + Sync + 'static {
    /// A job that was lent to a worker.
    type Lease: Lease;

    /// Makes room for a run and announces it.
    fn open(
        &self,
        run: &RunId,
        announcement: Vec<u8>,
        terms: Terms,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Puts a job on the queue, unless it is there already.
    fn offer(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The first result after a place; none if no more have come.
    fn result_after(&self, run: &RunId, place: u64) -> impl Future<Output = Result<Option<Stored>, QueueError>> + Send;

    /// Discards a result, so that its job may get another one.
    fn discard(&self, run: &RunId, place: u64) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Counts the jobs that are left.
    fn backlog(&self, run: &RunId) -> impl Future<Output = Result<Backlog, QueueError>> + Send;

    /// Takes all jobs back. A worker still finishes the job that it is working on.
    fn withdraw(&self, run: &RunId) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Removes a run from the queue, with everything that the queue keeps of it.
    fn close(&self, run: &RunId) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Follows what workers say about themselves from now on.
    fn presences(&self, run: &RunId) -> impl Future<Output = Result<mpsc::Receiver<Vec<u8>>, QueueError>> + Send;

    /// Lists the runs that are on the queue.
    fn runs(&self) -> impl Future<Output = Result<Vec<RunId>, QueueError>> + Send;

    /// The announcement of a run's coordinator; none if there is none yet.
    fn announcement(&self, run: &RunId) -> impl Future<Output = Result<Option<Vec<u8>>, QueueError>> + Send;

    /// Borrows jobs of a run, without waiting for any.
    fn take(&self, run: &RunId, at_most: usize) -> impl Future<Output = Result<Vec<Self::Lease>, QueueError>> + Send;

    /// Whether a job has a result.
    fn has_result(&self, run: &RunId, job: &JobId) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Stores the result of a job, unless it has one already. After this returns, the queue keeps the result.
    fn store(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Tells the coordinator of a run about a worker. The message may be lost.
    fn say(&self, run: &RunId, presence: Vec<u8>) -> impl Future<Output = ()> + Send;
}

/// A job that was lent to this worker. If it is dropped, it is delivered again when its lease is over.
pub trait Lease: Send + Sync + 'static {
    /// The job as a packed message.
    fn body(&self) -> &[u8];

    /// The number of deliveries of the job, including this one.
    fn deliveries(&self) -> u32;

    /// The time for which the job is lent, counted from now or from the last extension.
    fn term(&self) -> Duration;

    /// Reports that the worker is still working on the job. The message may be lost.
    fn extend(&self) -> impl Future<Output = ()> + Send;

    /// Takes the job off the queue. The message may be lost; the job is then delivered again, and found to have a
    /// result.
    fn done(&self) -> impl Future<Output = ()> + Send;

    /// Gives the job back, so that another worker can take it at once. The message may be lost.
    fn give_back(&self) -> impl Future<Output = ()> + Send;
}
