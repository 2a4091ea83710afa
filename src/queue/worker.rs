//! The worker: takes jobs of any run on the queue, plays them, and stores what became of them.

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

/// The pause before the queue is asked for jobs again where it had none.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a worker that has nothing to do looks for runs.
const GLANCE: Duration = Duration::from_millis(200);
/// How often one that has does so, and how often a worker says that it is there.
const ROUND: Duration = Duration::from_secs(2);
/// A lease is extended this often before it would end.
const EXTENSIONS: u32 = 3;

/// Makes crews for the runs that are announced.
pub trait Crews: Send + Sync + 'static {
    /// The crew of a run.
    ///
    /// # Errors
    /// Why this worker cannot play it: another version, another suite, a key that is missing.
    fn crew(&self, announcement: Announcement) -> impl Future<Output = Result<Crew, String>> + Send;
}

/// Takes jobs and plays them.
pub struct Worker<Q, C> {
    /// The queue.
    pub queue: Q,
    /// Makes the crews.
    pub crews: C,
    /// Its name: machine and process.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// How many episodes it plays at once, at least 1.
    pub episodes: usize,
    /// Ends after so long without a job.
    pub idle: Option<Duration>,
    /// First: take no more jobs, and end those that were taken. Then: give these back.
    pub cancel: Cancel,
    /// Takes what people should know.
    pub tell: Tell,
}

/// A run that is on the queue.
enum Known {
    /// It is played here.
    Played(Arc<Post>),
    /// It is not, as it was announced, and why.
    Refused(Vec<u8>, String),
}

/// What an episode needs of its run.
struct Post {
    run: RunId,
    crew: Crew,
    deliveries: u32,
}

impl<Q: Queue, C: Crews> Worker<Q, C> {
    /// Works until it is stopped, or idle for as long as it may be. Gives how many results it stored.
    ///
    /// # Errors
    /// When the queue refuses for good.
    pub async fn run(self) -> Result<u64, QueueError> {
        let mut known: BTreeMap<RunId, Known> = BTreeMap::new();
        let mut playing: JoinSet<Result<bool, QueueError>> = JoinSet::new();
        let (mut stored, mut looked, mut said, mut busy) = (0, None::<Instant>, None::<Instant>, Instant::now());
        let is_due = |last: Option<Instant>, pause| last.is_none_or(|last| last.elapsed() >= pause);
        while !self.cancel.is_pulled() {
            if is_due(looked, if playing.is_empty() { GLANCE } else { ROUND }) {
                // Also where the queue is away: a worker that has nothing to do may end.
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

    /// Looks which runs are on the queue. Gives whether there is something new.
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
                // A run that is refused may be announced anew.
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

    /// Says to each run that this worker is there.
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
            // The next look finds it out.
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

/// Counts a result. A panic of the harness was caught where the episode was played; whatever else ends a task leaves its
/// job to another worker.
fn count(ended: Result<Result<bool, QueueError>, tokio::task::JoinError>) -> Result<u64, QueueError> {
    ended.map_or(Ok(0), |stored| stored.map(u64::from))
}

/// Does a job: plays its episode, stores the result, and takes the job off the queue. Gives whether a result was stored.
/// Where it was not, for no fault of the queue's, the job stays for another worker.
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
            // No worker could read it, and the coordinator renews what it misses.
            Err(_) => return Ok(false),
        };
        let id = JobId::of(&job.key);
        // Somebody was too slow to say that it is done.
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

/// Extends a lease for as long as something goes on.
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

/// Plays the episode of a job; none where the worker was stopped meanwhile.
async fn result_of(post: &Post, job: &Job, deliveries: u32, cancel: &Cancel, tell: &Tell) -> Option<EpisodeResult> {
    let Job { key, past, after } = job;
    let crashed = |message: String| EpisodeResult::crashed(key.clone(), *after, Timestamp::now(), message);
    if deliveries > post.deliveries {
        tell(Notice::GivenUp(key.to_string(), post.deliveries));
        let message = format!("given up after {} deliveries: each worker that took it was lost", post.deliveries);
        return Some(crashed(message));
    }
    // Episodes that were taken are ended, unless there is no time for it.
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

/// Stores a result, however long the queue takes to answer; not where the worker has no time for that.
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
    // What was played is stored, also by a worker that was told to end.
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
