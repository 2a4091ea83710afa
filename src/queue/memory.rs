//! The queue in memory, for tests. It can lose its answers, refuse for a while, and lose its store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::message::JobId;
use super::{Backlog, Lease, Queue, QueueError, Stored, Terms};
use crate::log::RunId;
use crate::stats::rng::SplitMix64;

/// A queue in memory.
#[derive(Clone)]
pub(super) struct Memory {
    state: Arc<Mutex<State>>,
}

struct State {
    runs: BTreeMap<RunId, Run>,
    chance: SplitMix64,
    /// The share of requests that fail, in percent: half of them before they take effect, half of them after it.
    faults: usize,
    /// The size of the largest message.
    largest: usize,
    /// The number of results that were refused because their job had one.
    doubles: usize,
}

struct Run {
    announcement: Vec<u8>,
    terms: Terms,
    jobs: BTreeMap<u64, Waiting>,
    next_job: u64,
    results: BTreeMap<u64, (JobId, Vec<u8>)>,
    next_result: u64,
    listeners: Vec<mpsc::Sender<Vec<u8>>>,
}

struct Waiting {
    id: JobId,
    body: Vec<u8>,
    deliveries: u32,
    lent_until: Option<Instant>,
}

/// A job that was lent.
pub(super) struct MemoryLease {
    queue: Memory,
    run: RunId,
    number: u64,
    deliveries: u32,
    body: Vec<u8>,
    term: Duration,
}

impl Memory {
    pub(super) fn new(seed: u64, faults: usize) -> Self {
        let (chance, largest) = (SplitMix64::new(seed), usize::MAX);
        let state = State { runs: BTreeMap::new(), chance, faults, largest, doubles: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Refuses messages that are larger than this from now on.
    pub(super) fn set_largest(&self, bytes: usize) {
        self.state.lock().unwrap().largest = bytes;
    }

    /// Loses everything that the queue contains.
    pub(super) fn lose_everything(&self) {
        self.state.lock().unwrap().runs.clear();
    }

    /// Loses all jobs without reporting it.
    pub(super) fn lose_jobs(&self) {
        self.state.lock().unwrap().runs.values_mut().for_each(|run| run.jobs.clear());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().unwrap().runs.is_empty()
    }

    pub(super) fn doubles(&self) -> usize {
        self.state.lock().unwrap().doubles
    }

    /// Answers a request, unless chance decides that it does not take effect or that its answer is lost.
    fn ask<T>(&self, does: impl FnOnce(&mut State) -> Result<T, QueueError>) -> Result<T, QueueError> {
        let mut state = self.state.lock().unwrap();
        let chance = state.chance.below(200);
        let away = || QueueError::Away("by chance".to_owned());
        if chance < state.faults {
            return Err(away());
        }
        let done = does(&mut state);
        if chance < 2 * state.faults { Err(away()) } else { done }
    }

    fn of_run<T>(&self, run: &RunId, does: impl FnOnce(&mut Run) -> Result<T, QueueError>) -> Result<T, QueueError> {
        self.ask(|state| does(state.runs.get_mut(run).ok_or(QueueError::Gone)?))
    }

    fn fits(&self, bytes: usize) -> Result<(), QueueError> {
        let most = self.state.lock().unwrap().largest;
        if bytes > most { Err(QueueError::TooLarge { bytes, most }) } else { Ok(()) }
    }
}

impl Queue for Memory {
    type Lease = MemoryLease;

    async fn open(&self, run: &RunId, announcement: Vec<u8>, terms: Terms) -> Result<(), QueueError> {
        self.ask(|state| {
            let new = || Run {
                announcement: Vec::new(),
                terms,
                jobs: BTreeMap::new(),
                next_job: 1,
                results: BTreeMap::new(),
                next_result: 1,
                listeners: Vec::new(),
            };
            let run = state.runs.entry(run.clone()).or_insert_with(new);
            (run.announcement, run.terms) = (announcement, terms);
            Ok(())
        })
    }

    async fn offer(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> Result<(), QueueError> {
        self.fits(body.len())?;
        self.of_run(run, |run| {
            if run.jobs.values().all(|known| known.id != *job) {
                run.jobs.insert(run.next_job, Waiting { id: job.clone(), body, deliveries: 0, lent_until: None });
                run.next_job += 1;
            }
            Ok(())
        })
    }

    async fn result_after(&self, run: &RunId, place: u64) -> Result<Option<Stored>, QueueError> {
        self.of_run(run, |run| {
            let next = run.results.range(place + 1..).next();
            Ok(next.map(|(place, (_, body))| Stored { place: *place, body: body.clone() }))
        })
    }

    async fn discard(&self, run: &RunId, place: u64) -> Result<(), QueueError> {
        self.of_run(run, |run| {
            run.results.remove(&place);
            Ok(())
        })
    }

    async fn backlog(&self, run: &RunId) -> Result<Backlog, QueueError> {
        self.of_run(run, |run| Ok(Backlog { jobs: run.jobs.len() as u64 }))
    }

    async fn withdraw(&self, run: &RunId) -> Result<(), QueueError> {
        self.of_run(run, |run| {
            run.jobs.clear();
            Ok(())
        })
    }

    async fn close(&self, run: &RunId) -> Result<(), QueueError> {
        // An announcement is made only once, so losing it would be permanent, which a random test need not cover.
        self.state.lock().unwrap().runs.remove(run);
        Ok(())
    }

    async fn presences(&self, run: &RunId) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
        self.of_run(run, |run| {
            let (sender, receiver) = mpsc::channel(64);
            run.listeners.push(sender);
            Ok(receiver)
        })
    }

    async fn runs(&self) -> Result<Vec<RunId>, QueueError> {
        self.ask(|state| Ok(state.runs.keys().cloned().collect()))
    }

    async fn announcement(&self, run: &RunId) -> Result<Option<Vec<u8>>, QueueError> {
        self.of_run(run, |run| Ok(Some(run.announcement.clone())))
    }

    async fn take(&self, run: &RunId, at_most: usize) -> Result<Vec<MemoryLease>, QueueError> {
        self.of_run(run, |of| {
            let (now, term) = (Instant::now(), of.terms.lease);
            let free = of.jobs.iter_mut().filter(|(_, job)| job.lent_until.is_none_or(|until| until <= now));
            let lend = |(number, job): (&u64, &mut Waiting)| {
                job.deliveries += 1;
                job.lent_until = Some(now + term);
                let (deliveries, body) = (job.deliveries, job.body.clone());
                MemoryLease { queue: self.clone(), run: run.clone(), number: *number, deliveries, body, term }
            };
            Ok(free.take(at_most).map(lend).collect())
        })
    }

    async fn has_result(&self, run: &RunId, job: &JobId) -> Result<bool, QueueError> {
        self.of_run(run, |run| Ok(run.results.values().any(|(known, _)| known == job)))
    }

    async fn store(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> Result<(), QueueError> {
        self.fits(body.len())?;
        let mut double = false;
        let stored = self.of_run(run, |run| {
            double = run.results.values().any(|(known, _)| known == job);
            if !double {
                run.results.insert(run.next_result, (job.clone(), body));
                run.next_result += 1;
            }
            Ok(())
        });
        self.state.lock().unwrap().doubles += usize::from(double);
        stored
    }

    async fn say(&self, run: &RunId, presence: Vec<u8>) {
        let _ = self.of_run(run, |run| {
            run.listeners.retain(|listener| !listener.is_closed());
            run.listeners.iter().for_each(|listener| drop(listener.try_send(presence.clone())));
            Ok(())
        });
    }
}

impl MemoryLease {
    /// Changes the job, if it is still lent to this worker.
    fn change(&self, changes: impl FnOnce(&mut BTreeMap<u64, Waiting>)) {
        let _ = self.queue.of_run(&self.run, |run| {
            if run.jobs.get(&self.number).is_some_and(|job| job.deliveries == self.deliveries) {
                changes(&mut run.jobs);
            }
            Ok(())
        });
    }
}

impl Lease for MemoryLease {
    fn body(&self) -> &[u8] {
        &self.body
    }

    fn deliveries(&self) -> u32 {
        self.deliveries
    }

    fn term(&self) -> Duration {
        self.term
    }

    async fn extend(&self) {
        self.change(|jobs| {
            jobs.entry(self.number).and_modify(|job| job.lent_until = Some(Instant::now() + self.term));
        });
    }

    async fn done(&self) {
        self.change(|jobs| drop(jobs.remove(&self.number)));
    }

    async fn give_back(&self) {
        self.change(|jobs| {
            jobs.entry(self.number).and_modify(|job| job.lent_until = None);
        });
    }
}
