//! The coordinator: it owns the log of a run, puts the run's episodes on the queue, and takes their results.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::intake::{Disposition, Intake};
use super::message::{Announcement, EpisodeResult, JobId, Presence, SCHEMA, pack, unpack};
use super::{Notice, Queue, QueueError, Stored, Tell, Terms};
use crate::log::{EpisodeKey, Event, EventKind, Manifest};
use crate::run::budget::{self, Admission, Amount, Budget};
use crate::run::{Cancel, Hub, HubError, Plan, runner};
use incident_env::TaskId;

/// The number of jobs that are put on the queue at once.
const OFFERED_AT_ONCE: usize = 64;
/// The pauses between two looks for results when there are none. They are short at first, so that the first results are
/// noticed soon.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];
/// The pause before a queue that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time without any result after which the queue is asked whether it still has the jobs.
const DOUBT: Duration = Duration::from_secs(5);
/// The time without a word from any worker after which people are told.
const ALONE: Duration = Duration::from_secs(10);

/// The reasons why a coordinator gives up.
#[derive(Debug, thiserror::Error)]
pub enum CoordinatorError {
    /// The log of the run cannot be written.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The queue refuses, and will refuse again.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A message cannot be written.
    #[error(transparent)]
    Message(#[from] super::message::Unreadable),
}

/// A contestant whose episodes workers play.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// The label of the contestant.
    pub label: String,
    /// Whether its episodes cost time or money, and so begin only if the run's limits allow it.
    pub is_paced: bool,
}

/// Plays a plan through a queue.
pub struct Coordinator<Q> {
    /// The queue that carries the jobs and results.
    pub queue: Q,
    /// The terms on which jobs are lent.
    pub terms: Terms,
    /// The plan that is played.
    pub plan: Plan,
    /// The contestants whose episodes are played.
    pub entrants: Vec<Entrant>,
    /// The manifest of the run.
    pub manifest: Manifest,
    /// The hub that gets the events.
    pub hub: Hub,
    /// The switches that stop the run.
    pub cancel: Cancel,
    /// The budget of the run.
    pub budget: Arc<Budget>,
    /// The expected cost of an episode, by model and task.
    pub forecast: BTreeMap<(String, TaskId), Amount>,
    /// The state of the log, which decides what a result is worth.
    pub intake: Intake,
    /// Whether nothing of the run that is still wanted is left on the queue.
    pub is_complete: bool,
    /// The receiver of notices for people.
    pub tell: Tell,
}

/// An episode that is to be played.
struct Waiting {
    key: EpisodeKey,
    task: TaskId,
    round: usize,
    is_paced: bool,
}

/// One stretch of epochs that is being played.
struct Stretch<'a, Q> {
    of: &'a mut Coordinator<Q>,
    waiting: VecDeque<Waiting>,
    /// The episodes that are on the queue and have no result yet.
    open: BTreeSet<EpisodeKey>,
    /// The number of results that were looked at.
    place: u64,
    presences: Option<mpsc::Receiver<Vec<u8>>>,
    workers: BTreeMap<String, Presence>,
    /// The times of the last sign of a worker and of the last answer of the queue itself.
    heard: Instant,
    came: Instant,
    told_alone: bool,
}

impl<Q: Queue> Coordinator<Q> {
    /// Whether the run was stopped or has spent its budget.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.cancel.is_pulled() || self.budget.out().is_some()
    }

    /// Has the episodes of these epochs played that have no score yet.
    ///
    /// # Errors
    /// Fails if the log cannot be written or the queue refuses for good. Jobs on the queue stay there.
    pub async fn play(&mut self, epochs: Range<u32>) -> Result<(), CoordinatorError> {
        let clock = tokio::spawn(runner::stop_in_time(Arc::clone(&self.budget), self.cancel.clone()));
        let result = self.play_epochs(epochs).await;
        clock.abort();
        result
    }

    async fn play_epochs(&mut self, epochs: Range<u32>) -> Result<(), CoordinatorError> {
        let waiting = self.left(&epochs);
        let mut rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>> = BTreeMap::new();
        for one in waiting.iter().filter(|one| one.is_paced) {
            rounds.entry(one.round).or_default().push((one.key.clone(), one.task));
        }
        self.budget.plan(rounds, self.forecast.clone(), self.intake.is_empty());
        let now = Instant::now();
        let stretch = Stretch {
            of: &mut *self,
            waiting,
            open: BTreeSet::new(),
            place: 0,
            presences: None,
            workers: BTreeMap::new(),
            heard: now,
            came: now,
            told_alone: false,
        };
        self.is_complete = stretch.run().await?;
        Ok(())
    }

    /// Logs how the run ended, and takes the run off the queue if nothing of it is left there.
    ///
    /// # Errors
    /// Fails if the log cannot be written.
    pub async fn finish(self) -> Result<(), CoordinatorError> {
        runner::finish(&self.hub, &self.cancel, &self.budget).await?;
        if self.is_complete
            && let Err(error) = self.queue.close(&self.manifest.id).await
        {
            (self.tell)(Notice::Untold(format!("{error}; what it keeps of the run stays there")));
        }
        Ok(())
    }

    /// The episodes that have no score yet, round by round, so that all contestants get the same scenarios at about the
    /// same time.
    fn left(&self, epochs: &Range<u32>) -> VecDeque<Waiting> {
        let mut left = Vec::new();
        for entrant in &self.entrants {
            for (slot, key) in self.plan.episodes_of(&entrant.label) {
                if epochs.contains(&slot.epoch) && !self.intake.is_scored(&key) {
                    let (task, round, is_paced) = (slot.scenario.task(), slot.round, entrant.is_paced);
                    left.push(Waiting { key, task, round, is_paced });
                }
            }
        }
        left.sort_by_key(|one| one.round);
        left.into()
    }

    fn announcement(&self) -> Result<Vec<u8>, CoordinatorError> {
        let (manifest, deliveries) = (self.manifest.clone(), self.terms.deliveries);
        Ok(pack(&Announcement { schema: SCHEMA.to_owned(), manifest, deliveries })?)
    }
}

impl<Q: Queue> Stretch<'_, Q> {
    /// Plays the stretch, and returns whether every episode came to its end.
    async fn run(mut self) -> Result<bool, CoordinatorError> {
        self.open_run().await?;
        // These results came while no coordinator was there.
        while let Some(stored) = self.next_result().await? {
            self.take(stored).await?;
        }
        let mut pauses = 0;
        while !self.is_over() {
            if self.of.cancel.is_pulled() || self.is_spent().await {
                let run = self.of.manifest.id.clone();
                if let Err(error) = self.of.queue.withdraw(&run).await {
                    let what = "episodes that wait there may still be played; a resumed run finds their results";
                    (self.of.tell)(Notice::Untold(format!("{error}; {what}")));
                }
                return Ok(false);
            }
            self.offer_more().await?;
            self.hear();
            if let Some(stored) = self.next_result().await? {
                self.take(stored).await?;
                pauses = 0;
                continue;
            }
            if self.came.elapsed() > DOUBT {
                self.renew().await?;
                self.came = Instant::now();
            }
            let pause = PAUSES[usize::from(pauses > 20)];
            pauses += 1;
            tokio::select! {
                () = sleep(pause) => {}
                () = self.of.cancel.gentle.cancelled() => {}
            }
        }
        Ok(true)
    }

    /// Whether the results so far have cost more than was expected and have spent the whole budget. What is still under
    /// way comes on top.
    async fn is_spent(&self) -> bool {
        !self.open.is_empty() && !self.of.budget.hold(Amount::default()).await
    }

    fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty()
    }

    /// Puts the run on the queue, however long the queue takes to answer.
    async fn open_run(&mut self) -> Result<(), CoordinatorError> {
        let announcement = self.of.announcement()?;
        let (queue, run, terms) = (self.of.queue.clone(), self.of.manifest.id.clone(), self.of.terms);
        patiently(&self.of.tell, &self.of.cancel, || queue.open(&run, announcement.clone(), terms)).await?;
        if self.presences.is_none() {
            self.presences = queue.presences(&run).await.ok();
        }
        Ok(())
    }

    /// Puts as many episodes on the queue as the budget allows.
    async fn offer_more(&mut self) -> Result<(), CoordinatorError> {
        let mut keys = Vec::new();
        while let Some(next) = self.waiting.front() {
            let answer = if next.is_paced { self.of.budget.may_begin(next.round) } else { Admission::Yes };
            match answer {
                Admission::Later => break,
                Admission::No => self.waiting.clear(),
                Admission::Yes => keys.extend(self.waiting.pop_front().map(|next| next.key)),
            }
        }
        self.open.extend(keys.iter().cloned());
        self.offer(keys).await
    }

    async fn offer(&mut self, keys: Vec<EpisodeKey>) -> Result<(), CoordinatorError> {
        let of = &*self.of;
        let offered = stream::iter(keys).map(|key| offer(of, key)).buffered(OFFERED_AT_ONCE);
        match offered.try_collect::<()>().await {
            Err(CoordinatorError::Queue(QueueError::Gone)) => self.put_anew().await,
            other => other,
        }
    }

    /// The next result; none if there is none or the run was stopped.
    async fn next_result(&mut self) -> Result<Option<Stored>, CoordinatorError> {
        let (queue, run, place) = (self.of.queue.clone(), self.of.manifest.id.clone(), self.place);
        match patiently(&self.of.tell, &self.of.cancel, || queue.result_after(&run, place)).await {
            Ok(stored) => Ok(stored.flatten()),
            Err(QueueError::Gone) => {
                self.put_anew().await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the run and all its open episodes on the queue again, because the queue has lost the run, for example with
    /// its store.
    async fn put_anew(&mut self) -> Result<(), CoordinatorError> {
        (self.of.tell)(Notice::Lost);
        self.place = 0;
        self.open_run().await?;
        for key in self.open.clone() {
            match offer(self.of, key).await {
                // If the run is lost again, the next look finds out.
                Err(CoordinatorError::Queue(QueueError::Gone)) => break,
                other => other?,
            }
        }
        Ok(())
    }

    /// Checks for lost jobs after a while without results. If the queue has no job of the run any more, the episodes
    /// without a result are put on it again.
    async fn renew(&mut self) -> Result<(), CoordinatorError> {
        let (queue, run) = (self.of.queue.clone(), self.of.manifest.id.clone());
        if self.open.is_empty() || !matches!(queue.backlog(&run).await, Ok(backlog) if backlog.jobs == 0) {
            return Ok(());
        }
        // A worker stores its result before its job is gone.
        if let Some(stored) = self.next_result().await? {
            return self.take(stored).await;
        }
        (self.of.tell)(Notice::Renewed(self.open.len()));
        self.offer(self.open.iter().cloned().collect()).await
    }

    /// Writes a result into the log, or discards it.
    async fn take(&mut self, stored: Stored) -> Result<(), CoordinatorError> {
        self.place = stored.place;
        self.came = Instant::now();
        let result: EpisodeResult = match unpack(&stored.body) {
            Ok(result) => result,
            Err(error) => return self.discard(stored.place, error.to_string(), None).await,
        };
        let key = result.key.clone();
        let result = match result.flaw() {
            None => result,
            // Another attempt of this worker at the episode would be no better.
            Some(flaw) if self.open.contains(&key) => {
                let after = self.of.intake.job(&key).after;
                EpisodeResult::crashed(key.clone(), after, Timestamp::now(), flaw)
            }
            Some(flaw) => return self.discard(stored.place, flaw, None).await,
        };
        match self.of.intake.disposition(&result) {
            Disposition::Known => {}
            Disposition::Append(from) => {
                for event in result.events.iter().skip(from) {
                    self.of.hub.send_past(event.clone()).await?;
                }
                self.of.intake.note(&result, from);
                self.count(&result);
            }
            Disposition::Foreign => {
                let reason = format!("a result of {key} follows upon another log than this run's");
                return self.discard(stored.place, reason, Some(key)).await;
            }
        }
        self.waiting.retain(|one| one.key != key);
        self.open.remove(&key);
        Ok(())
    }

    /// Counts what an episode has spent, and that it has ended.
    fn count(&self, result: &EpisodeResult) {
        let budget = &self.of.budget;
        budget.settle(Amount::default(), &result.key, budget::spent(&self.of.manifest, &result.events));
        let (first, last) = (result.events.first(), result.events.last());
        let whole = first.is_some_and(|event| matches!(event.event, EventKind::EpisodeStarted { .. }));
        let scored =
            |event: &Event| matches!(&event.event, EventKind::EpisodeFinished { outcome, .. } if outcome.is_scored());
        let took = match (first, last) {
            (Some(first), Some(last)) if whole && scored(last) => {
                Some(Duration::try_from(last.at.duration_since(first.at)).unwrap_or_default())
            }
            _ => None,
        };
        budget.ended(&result.key, took);
    }

    async fn discard(&mut self, place: u64, reason: String, key: Option<EpisodeKey>) -> Result<(), CoordinatorError> {
        (self.of.tell)(Notice::Discarded(reason));
        let (queue, run) = (self.of.queue.clone(), self.of.manifest.id.clone());
        patiently(&self.of.tell, &self.of.cancel, || queue.discard(&run, place)).await?;
        match key.filter(|key| self.open.contains(key)) {
            Some(key) => self.offer(vec![key]).await,
            None => Ok(()),
        }
    }

    /// Takes what workers say, and tells people what is new in it.
    fn hear(&mut self) {
        while let Some(said) = self.presences.as_mut().and_then(|presences| presences.try_recv().ok()) {
            let Ok(presence) = unpack::<Presence>(&said) else { continue };
            let known = self.workers.insert(presence.worker.clone(), presence.clone());
            let is_new = known.is_none_or(|known| known.refuses != presence.refuses);
            match &presence.refuses {
                None => self.heard = Instant::now(),
                Some(_) if !is_new => {}
                Some(reason) => {
                    let reason = reason.clone();
                    (self.of.tell)(Notice::Refuses(presence, reason));
                    continue;
                }
            }
            if is_new {
                (self.of.tell)(Notice::Takes(presence));
            }
        }
        if self.heard.elapsed() < ALONE {
            self.told_alone = false;
        } else if !std::mem::replace(&mut self.told_alone, true) {
            (self.of.tell)(Notice::NoWorker);
        }
    }
}

/// Puts the job of an episode on the queue.
async fn offer<Q: Queue>(of: &Coordinator<Q>, key: EpisodeKey) -> Result<(), CoordinatorError> {
    let (queue, run, id) = (&of.queue, &of.manifest.id, JobId::of(&key));
    let mut job = of.intake.job(&key);
    let body = pack(&job)?;
    match patiently(&of.tell, &of.cancel, || queue.offer(run, &id, body.clone())).await {
        Err(QueueError::TooLarge { .. }) if !job.past.is_empty() => {
            // The episode is then played from its beginning.
            job.past.clear();
            let body = pack(&job)?;
            patiently(&of.tell, &of.cancel, || queue.offer(run, &id, body.clone())).await?;
        }
        other => _ = other?,
    }
    Ok(())
}

/// Asks the queue until it answers; none if the run is stopped first.
pub(super) async fn patiently<T, F>(
    tell: &Tell,
    cancel: &Cancel,
    mut ask: impl FnMut() -> F,
) -> Result<Option<T>, QueueError>
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut is_away = false;
    loop {
        match ask().await {
            Err(QueueError::Away(reason)) => {
                if !std::mem::replace(&mut is_away, true) {
                    tell(Notice::Away(reason));
                }
            }
            Err(error) => return Err(error),
            Ok(answer) => {
                if is_away {
                    tell(Notice::Back);
                }
                return Ok(Some(answer));
            }
        }
        tokio::select! {
            () = sleep(PATIENCE) => {}
            () = cancel.gentle.cancelled() => return Ok(None),
        }
    }
}
