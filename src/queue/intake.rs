//! The intake: it decides which results go into the log of a run, so that each episode is written once, even if a
//! coordinator was cut off. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{EpisodeResult, Job};
use crate::log::{EpisodeKey, Event, EventKind};

/// What the log of a run contains of its episodes.
#[derive(Debug, Default)]
pub struct Intake {
    scored: BTreeSet<EpisodeKey>,
    /// The events of the episodes without a score.
    open: BTreeMap<EpisodeKey, Vec<Event>>,
}

/// What to do with a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Append its events from this index on, because the log may contain the first of them.
    Append(usize),
    /// Do nothing, because the log contains this result or another one with a score.
    Known,
    /// Discard it, because it continues another log than this one, for example if its worker was thought lost. The
    /// episode is still open.
    Foreign,
}

impl Intake {
    /// Reads the events of a run.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut intake = Self::default();
        for event in events {
            intake.remember(event);
        }
        intake
    }

    /// Takes an event of the log into account.
    fn remember(&mut self, event: &Event) {
        let Some(key) = &event.episode else { return };
        if matches!(&event.event, EventKind::EpisodeFinished { outcome, .. } if outcome.is_scored()) {
            self.open.remove(key);
            self.scored.insert(key.clone());
        } else if !self.scored.contains(key) {
            self.open.entry(key.clone()).or_default().push(event.clone());
        }
    }

    /// Whether the log contains no episode yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scored.is_empty() && self.open.is_empty()
    }

    /// Whether an episode has its score.
    #[must_use]
    pub fn is_scored(&self, key: &EpisodeKey) -> bool {
        self.scored.contains(key)
    }

    /// Makes the job of an episode.
    #[must_use]
    pub fn job(&self, key: &EpisodeKey) -> Job {
        let past = self.open.get(key).cloned().unwrap_or_default();
        Job { key: key.clone(), after: past.len(), past }
    }

    /// Decides what to do with a result that has no flaw.
    #[must_use]
    pub fn disposition(&self, result: &EpisodeResult) -> Disposition {
        if self.is_scored(&result.key) {
            return Disposition::Known;
        }
        let log = self.open.get(&result.key).map_or(&[][..], Vec::as_slice);
        // A coordinator that was cut off may have written the first events of the result that it was working on.
        let Some(written) = log.get(result.after..) else { return Disposition::Foreign };
        let same = |(ours, theirs): (&Event, &Event)| ours.at == theirs.at && ours.event == theirs.event;
        if written.len() > result.events.len() || !written.iter().zip(&result.events).all(same) {
            Disposition::Foreign
        } else if written.len() == result.events.len() {
            Disposition::Known
        } else {
            Disposition::Append(written.len())
        }
    }

    /// Notes that the log contains a result.
    pub fn note(&mut self, result: &EpisodeResult, from: usize) {
        for event in result.events.iter().skip(from) {
            self.remember(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::log::Outcome;
    use incident_env::{EpisodeId, TaskId};

    fn key(n: u32) -> EpisodeKey {
        EpisodeKey { contestant: "m".to_owned(), scenario: "AC-001".to_owned(), epoch: n }
    }

    /// An attempt at an episode. Its events have times that no other attempt has.
    fn attempt(key: &EpisodeKey, after: usize, clock: i64, length: usize, outcome: Outcome) -> EpisodeResult {
        let at = |n: usize| Timestamp::from_millisecond(clock * 1000 + i64::try_from(n).unwrap()).unwrap();
        let started = EventKind::EpisodeStarted { episode_id: EpisodeId::nil(), task: TaskId::AlertClassification };
        let ended =
            EventKind::EpisodeFinished { outcome, score: None, steps: 0, grade: None, strict: None, message: None };
        let kinds = std::iter::repeat_n(started, length).chain([ended]);
        let event = |(n, event)| Event { seq: 0, at: at(n), episode: Some(key.clone()), event };
        EpisodeResult { key: key.clone(), after, events: kinds.enumerate().map(event).collect() }
    }

    #[test]
    fn a_result_that_was_written_in_part_is_written_to_its_end() {
        let result = attempt(&key(0), 0, 1, 3, Outcome::Completed);
        for cut in 0..result.events.len() {
            assert_eq!(Intake::of(&result.events[..cut]).disposition(&result), Disposition::Append(cut));
        }
        assert_eq!(Intake::of(&result.events).disposition(&result), Disposition::Known);
    }

    #[test]
    fn what_follows_upon_another_log_is_foreign_and_what_comes_late_is_known() {
        let void = attempt(&key(0), 0, 1, 2, Outcome::Crashed);
        let intake = Intake::of(&void.events);
        assert_eq!(intake.disposition(&void), Disposition::Known);
        assert_eq!(intake.disposition(&attempt(&key(0), 0, 2, 2, Outcome::Completed)), Disposition::Foreign);
        assert_eq!(intake.disposition(&attempt(&key(0), 7, 2, 2, Outcome::Completed)), Disposition::Foreign);
        let job = intake.job(&key(0));
        assert_eq!((job.after, job.past.len()), (3, 3));
        let second = attempt(&key(0), job.after, 3, 1, Outcome::Completed);
        assert_eq!(intake.disposition(&second), Disposition::Append(0));
        let done = Intake::of(&[void.events, second.events].concat());
        assert_eq!(done.disposition(&attempt(&key(0), 0, 9, 4, Outcome::Completed)), Disposition::Known);
    }

    proptest! {
        /// Whatever comes, in whatever order, however often, and wherever the coordinator is cut off: the log contains
        /// one complete result for each episode and nothing else.
        #[test]
        fn each_episode_is_written_once(
            // The numbers are the episode, the attempt, the length, and after how many more events the coordinator is
            // cut off.
            arrivals in prop::collection::vec((0_u32..3, 1_i64..4, 0_usize..4), 1..40),
            cuts in prop::collection::vec(0_usize..12, 40),
        ) {
            let mut log: Vec<Event> = Vec::new();
            let mut intake = Intake::default();
            let mut cuts = cuts.into_iter();
            let mut left = cuts.next().unwrap_or(0);
            for (episode, clock, length) in arrivals {
                // A coordinator that was cut off comes back and reads this result again.
                let result = attempt(&key(episode), 0, clock, length, Outcome::Completed);
                while let Disposition::Append(from) = intake.disposition(&result) {
                    let rest = &result.events[from..];
                    if left < rest.len() {
                        log.extend_from_slice(&rest[..left]);
                        intake = Intake::of(&log);
                        left = cuts.next().unwrap_or(usize::MAX);
                        continue;
                    }
                    left -= rest.len();
                    log.extend_from_slice(rest);
                    intake.note(&result, from);
                    break;
                }
            }
            for episode in 0..3 {
                let of_it: Vec<_> = log.iter().filter(|event| event.episode == Some(key(episode))).collect();
                let ends = of_it.iter().filter(|event| matches!(event.event, EventKind::EpisodeFinished { .. })).count();
                prop_assert!(ends <= 1);
                if let (Some(first), Some(last)) = (of_it.first(), of_it.last()) {
                    prop_assert_eq!(first.at.as_millisecond() / 1000, last.at.as_millisecond() / 1000);
                    let ends = matches!(last.event, EventKind::EpisodeFinished { .. });
                    prop_assert!(ends);
                }
            }
        }
    }
}
