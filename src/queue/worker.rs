//! The worker: it takes jobs of any run on the queue, plays them, and stores their results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::coordinator::patiently;
use super::message::{Announcement, EpisodeResult, Job, JobId, Presence, SCHEMA, pack, unpack};
use super::{Lease, Notice, Queue, QueueError, Tell};
use crate::log::{EpisodeKey, EventKind, Outcome, RunId};
use crate::run::{Cancel, Crew};

/// The pause before the queue is asked for jobs again after it had none.
const PAUSE: Duration = Duration::from_millis(100);
/// The interval at which a worker without a job looks for runs.
const GLANCE: Duration = Duration::from_millis(200);
/// The interval at which a worker with a job looks for runs, and at which every worker reports that it is there.
const ROUND: Duration = Duration::from_secs(2);
/// The number of times that a lease is extended before it would end.
const EXTENSIONS: u32 = 3;

/// Makes crews for the runs that are announced.
pub trait Crews: Send + Sync + 'static {
    /// Makes the crew of a run.
    ///
    /// # Errors
    /// Returns the reason why this worker cannot play the run, such as another version, another suite or a missing key.
    fn crew(&self, announcement: Announcement) -> impl Future<Output = Result<Crew, String>> + Send;
}

/// Takes jobs and plays them.
pub struct Worker<Q, C> {
    /// The queue from which jobs are taken.
    pub queue: Q,
    /// The maker of crews.
    pub crews: C,
    /// The name of the worker: its machine and process.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// The number of episodes that it plays at once, at least 1.
    pub episodes: usize,
    /// The time without a job after which the worker ends; none if it never does.
    pub idle: Option<Duration>,
    /// The switches that stop the worker. The gentle one means that it takes no more jobs and finishes those that it
    /// has; the hard one means that it gives these back.
    pub cancel: Cancel,
    /// The receiver of notices for people.
    pub tell: Tell,
}

/// A run that is on the queue.
enum Known {
    /// The worker plays the run.
    Played(Arc<Post>),
    /// The worker refuses the run as it was announced, for this reason.
    Refused(Vec<u8>, String),
}

/// What an episode needs from its run.
struct Post {
    run: RunId,
    crew: Crew,
    deliveries: u32,
}

impl<Q: Queue, C: Crews> Worker<Q, C> {
    /// Works until it is stopped, or has been idle for as long as it may be. Returns the number of results that it
    /// stored.
    ///
    /// # Errors
    /// Fails if the queue refuses for good.
    pub async fn run(self) -> Result<u64, QueueError> {
        let mut known: BTreeMap<RunId, Known> = BTreeMap::new();
        let mut playing: JoinSet<Result<bool, QueueError>> = JoinSet::new();
        let (mut stored, mut looked, mut said, mut busy) = (0, None::<Instant>, None::<Instant>, Instant::now());
        let is_due = |last: Option<Instant>, pause| last.is_none_or(|last| last.elapsed() >= pause);
        while !self.cancel.is_pulled() {
            if is_due(looked, if playing.is_empty() { GLANCE } else { ROUND }) {
                // This also holds while the queue is away: a worker without a job may end.
                let left = self.idle.filter(|_| playing.is_empty()).map(|idle| idle.saturating_sub(busy.elapsed()));
                let Ok(is_new) = timeout(left.unwrap_or(Duration::MAX), self.look(&mut known)).await else { break };
                let is_new = is_new?;
                looked = Some(Instant::now());
                if is_new || is_due(said, ROUND) {
                    self.say(&known).await;
                    said = looked;
                }
            }
            let mut taken = 0;
            for post in known.values().filter_map(Known::played) {
                let room = self.episodes - playing.len();
                if room == 0 || self.cancel.is_pulled() {
                    break;
                }
                for lease in self.borrow(post, room).await? {
                    taken += 1;
                    let (queue, cancel, tell) = (self.queue.clone(), self.cancel.clone(), Arc::clone(&self.tell));
                    let post = Arc::clone(post);
                    playing.spawn(async move { work(&queue, &post, &lease, &cancel, &tell).await });
                }
            }
            while let Some(ended) = playing.try_join_next() {
                stored += count(ended)?;
            }
            if taken > 0 || !playing.is_empty() {
                busy = Instant::now();
            } else if self.idle.is_some_and(|idle| busy.elapsed() >= idle) {
                break;
            }
            if taken == 0 {
                let full = playing.len() >= self.episodes;
                tokio::select! {
                    Some(ended) = playing.join_next() => stored += count(ended)?,
                    () = sleep(if full { ROUND } else { PAUSE }) => {}
                    () = self.cancel.gentle.cancelled() => {}
                }
            }
        }
        while let Some(ended) = playing.join_next().await {
            stored += count(ended)?;
        }
        Ok(stored)
    }

    /// Looks which runs are on the queue. Returns whether there is something new.
    async fn look(&self, known: &mut BTreeMap<RunId, Known>) -> Result<bool, QueueError> {
        let Some(runs) = patiently(&self.tell, &self.cancel, || self.queue.runs()).await? else { return Ok(false) };
        let mut is_new = false;
        known.retain(|run, _| {
            let stays = runs.contains(run);
            if !stays {
                (self.tell)(Notice::Left(run.clone()));
            }
            stays
        });
        for run in runs {
            if !matches!(known.get(&run), Some(Known::Played(_))) {
                let asked = patiently(&self.tell, &self.cancel, || self.queue.announcement(&run)).await;
                let Ok(Some(Some(packed))) = asked else { continue };
                // A run that is refused may be announced again.
                if !matches!(known.get(&run), Some(Known::Refused(before, _)) if *before == packed) {
                    let new = self.join(run.clone(), packed).await;
                    (self.tell)(match &new {
                        Known::Played(_) => Notice::Joined(run.clone()),
                        Known::Refused(_, reason) => Notice::Refused(run.clone(), reason.clone()),
                    });
                    known.insert(run, new);
                    is_new = true;
                }
            }
        }
        Ok(is_new)
    }

    /// Reports to each run that this worker is there.
    async fn say(&self, known: &BTreeMap<RunId, Known>) {
        for (run, known) in known {
            let refuses = match known {
                Known::Refused(_, reason) => Some(reason.clone()),
                Known::Played(_) => None,
            };
            let (worker, version, episodes) = (self.name.clone(), self.version.clone(), self.episodes);
            if let Ok(said) = pack(&Presence { worker, version, episodes, refuses }) {
                self.queue.say(run, said).await;
            }
        }
    }

    async fn join(&self, run: RunId, packed: Vec<u8>) -> Known {
        match self.crew(&run, &packed).await {
            Ok((crew, deliveries)) => Known::Played(Arc::new(Post { run, crew, deliveries })),
            Err(reason) => Known::Refused(packed, reason),
        }
    }

    async fn crew(&self, run: &RunId, packed: &[u8]) -> Result<(Crew, u32), String> {
        let announcement: Announcement = unpack(packed).map_err(|error| error.to_string())?;
        if announcement.schema != SCHEMA || announcement.manifest.id != *run {
            return Err(format!("its announcement is no {SCHEMA} of this run"));
        }
        let deliveries = announcement.deliveries;
        Ok((self.crews.crew(announcement).await?, deliveries))
    }

    async fn borrow(&self, post: &Post, room: usize) -> Result<Vec<Q::Lease>, QueueError> {
        match patiently(&self.tell, &self.cancel, || self.queue.take(&post.run, room)).await {
            Ok(leases) => Ok(leases.unwrap_or_default()),
            // The next look finds out.
            Err(QueueError::Gone) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Known {
    fn played(&self) -> Option<&Arc<Post>> {
        match self {
            Self::Played(post) => Some(post),
            Self::Refused(..) => None,
        }
    }
}

/// Counts a result. A panic of the harness was caught where the episode was played; whatever else ends a task leaves
/// its job to another worker.
fn count(ended: Result<Result<bool, QueueError>, tokio::task::JoinError>) -> Result<u64, QueueError> {
    ended.map_or(Ok(0), |stored| stored.map(u64::from))
}

/// Does a job: plays its episode, stores the result, and takes the job off the queue. Returns whether a result was
/// stored. If none was, and the queue is not the reason, the job stays for another worker.
async fn work<Q: Queue>(
    queue: &Q,
    post: &Post,
    lease: &Q::Lease,
    cancel: &Cancel,
    tell: &Tell,
) -> Result<bool, QueueError> {
    let working = async {
        let job: Job = match unpack(lease.body()) {
            Ok(job) => job,
            // No worker could read the job, and the coordinator renews what it misses.
            Err(_) => return Ok(false),
        };
        let id = JobId::of(&job.key);
        // Another worker was too slow to report that the job is done.
        if patiently(tell, cancel, || queue.has_result(&post.run, &id)).await? == Some(true) {
            return Ok(false);
        }
        let Some(result) = result_of(post, &job, lease.deliveries(), cancel, tell).await else {
            lease.give_back().await;
            return Err(None);
        };
        if store(queue, post, &id, result, cancel, tell).await? { Ok(true) } else { Err(None) }
    };
    let stored: Result<bool, Option<QueueError>> = while_lent(lease, working).await;
    match stored {
        Ok(stored) => {
            lease.done().await;
            Ok(stored)
        }
        Err(Some(QueueError::Gone) | None) => Ok(false),
        Err(Some(error)) => Err(error),
    }
}

/// Extends a lease for as long as the work goes on.
async fn while_lent<T>(lease: &impl Lease, working: impl Future<Output = T>) -> T {
    let pause = lease.term() / EXTENSIONS;
    tokio::pin!(working);
    loop {
        tokio::select! {
            done = &mut working => return done,
            () = sleep(pause) => lease.extend().await,
        }
    }
}

/// Plays the episode of a job; none if the worker was stopped meanwhile.
async fn result_of(post: &Post, job: &Job, deliveries: u32, cancel: &Cancel, tell: &Tell) -> Option<EpisodeResult> {
    let Job { key, past, after } = job;
    let crashed = |message: String| EpisodeResult::crashed(key.clone(), *after, Timestamp::now(), message);
    if deliveries > post.deliveries {
        tell(Notice::GivenUp(key.to_string(), post.deliveries));
        let message = format!("given up after {} deliveries: each worker that took it was lost", post.deliveries);
        return Some(crashed(message));
    }
    // Episodes that were taken are finished, unless there is no time for it.
    let cancel = Cancel { gentle: cancel.hard.clone(), hard: cancel.hard.clone() };
    let Some(events) = post.crew.play(key, past, &cancel).await else {
        return Some(crashed("this episode is not in the plan of its run".to_owned()));
    };
    let stopped = |event: &crate::log::Event| {
        matches!(event.event, EventKind::EpisodeFinished { outcome: Outcome::Cancelled, .. })
    };
    if cancel.is_pulled() && events.last().is_none_or(stopped) {
        return None;
    }
    Some(EpisodeResult { key: key.clone(), after: *after, events })
}

/// Stores a result, however long the queue takes to answer, unless the worker has no time for that.
async fn store<Q: Queue>(
    queue: &Q,
    post: &Post,
    id: &JobId,
    result: EpisodeResult,
    cancel: &Cancel,
    tell: &Tell,
) -> Result<bool, QueueError> {
    let unreadable = |error: super::message::Unreadable| QueueError::Refused(error.to_string());
    let body = pack(&result).map_err(unreadable)?;
    // What was played is stored, even by a worker that was told to end.
    let waits = Cancel { gentle: cancel.hard.clone(), hard: cancel.hard.clone() };
    match patiently(tell, &waits, || queue.store(&post.run, id, body.clone())).await {
        Err(QueueError::TooLarge { bytes, most }) => {
            let small = too_large(&result.key, result.after, bytes, most);
            let body = pack(&small).map_err(unreadable)?;
            Ok(patiently(tell, &waits, || queue.store(&post.run, id, body.clone())).await?.is_some())
        }
        stored => Ok(stored?.is_some()),
    }
}

fn too_large(key: &EpisodeKey, after: usize, bytes: usize, most: usize) -> EpisodeResult {
    let message = format!(
        "the log of this episode has {bytes} bytes when packed, and the queue takes up to {most}: raise max_payload of the server"
    );
    EpisodeResult::crashed(key.clone(), after, Timestamp::now(), message)
}
