//! The progress of a run that stopped: what its log contains of each episode, so that the run can be resumed. Pure.
//!
//! A policy is a function of the answers that it got. So an episode is restored by answering its policy again, with the
//! replies in the log instead of calls, until the log has no more.

use std::collections::{BTreeMap, VecDeque};

use crate::chat::{ChatError, ChatReply, ErrorKind};
use crate::log::event::StepTaken;
use crate::log::{EpisodeKey, Event, EventKind};

/// What the log contains of one episode that has no score yet.
#[derive(Debug, Default)]
pub struct LoggedEpisode {
    /// Whether the beginning of the episode is in the log.
    pub started: bool,
    /// The answers that the policy got, oldest first.
    pub answers: VecDeque<Result<ChatReply, ChatError>>,
    /// The steps that were taken.
    pub steps: VecDeque<StepTaken>,
    /// The fault of the last call, until it is known whether a step was taken after it.
    failed: Option<ChatError>,
}

/// The progress of a run, episode by episode.
#[derive(Debug, Default)]
pub struct Progress {
    episodes: BTreeMap<EpisodeKey, Option<LoggedEpisode>>,
}

impl Progress {
    /// Reads the events of a run.
    ///
    /// An episode that ended without a score (void, crashed or stopped) is continued, because the reason may have
    /// passed. Failed calls are made again, except those after which the policy shortened its conversation and those
    /// after which it took a step all the same.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut episodes: BTreeMap<EpisodeKey, Option<LoggedEpisode>> = BTreeMap::new();
        for event in events {
            let Some(key) = &event.episode else { continue };
            let kept = episodes.entry(key.clone()).or_insert_with(|| Some(LoggedEpisode::default()));
            let Some(open) = kept else { continue };
            match &event.event {
                // An episode may begin a second time after a run was cut off; its earlier events count no more.
                EventKind::EpisodeStarted { .. } => *open = LoggedEpisode { started: true, ..LoggedEpisode::default() },
                EventKind::ModelCalled { reply, .. } => {
                    open.failed = None;
                    open.answers.push_back(Ok(reply.clone()));
                }
                EventKind::ModelFailed {
                    error: error @ (ErrorKind::ContextLength | ErrorKind::TokensPerMinute),
                    prompt_tokens,
                    context_limit,
                    ..
                } => {
                    open.answers.push_back(Err(ChatError {
                        prompt_tokens: *prompt_tokens,
                        context_limit: *context_limit,
                        ..ChatError::new(*error, "")
                    }));
                }
                EventKind::ModelFailed { error, message, .. } => open.failed = Some(ChatError::new(*error, message)),
                EventKind::StepTaken(step) => {
                    open.answers.extend(open.failed.take().map(Err));
                    open.steps.push_back((**step).clone());
                }
                EventKind::EpisodeFinished { outcome, .. } if outcome.is_scored() => *kept = None,
                _ => {}
            }
        }
        Self { episodes }
    }

    /// Whether nothing was played yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.episodes.is_empty()
    }

    /// Whether an episode has its score.
    #[must_use]
    pub fn is_finished(&self, key: &EpisodeKey) -> bool {
        matches!(self.episodes.get(key), Some(None))
    }

    /// The number of episodes of a contestant that have their score.
    #[must_use]
    pub fn finished_by(&self, label: &str) -> usize {
        self.episodes.iter().filter(|(key, kept)| key.contestant == label && kept.is_none()).count()
    }

    /// Takes out what the log contains of an episode, which is nothing if the episode never began.
    pub fn take(&mut self, key: &EpisodeKey) -> LoggedEpisode {
        self.episodes.remove(key).flatten().unwrap_or_default()
    }
}
