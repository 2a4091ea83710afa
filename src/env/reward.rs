//! Rewards: the signals of a step and what they are worth.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::points::Points;

/// Why a step earns or costs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The first diagnostic of a service.
    QueryNewSvc,
    /// A new diagnostic on a service that was queried before.
    QueryNewAction,
    /// The same diagnostic on the same service again.
    QueryRepeat,
    /// A service that does not exist.
    QueryUnknownSvc,
    /// A diagnostic without a service.
    QueryNoService,
    /// A step of the correct sequence, for the first time.
    RemGood,
    /// A harmful remediation, or one that the task does not offer.
    RemWrong,
    /// What a remediation took from what users lose, or added to it; only where the world is simulated.
    Impact,
    /// A remediation without a target.
    RemNoTarget,
    /// The task's own submission.
    SubmitCorrect,
    /// Another task's submission.
    SubmitWrong,
    /// A step other than a submission in the second half.
    PastHalf,
    /// The steps ran out.
    Timeout,
    /// An action that does not exist, or a diagnostic that the task does not offer.
    BadAction,
    /// An earlier action again, with the same parameters.
    ExactRepeat,
}

impl Signal {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueryNewSvc => "query_new_svc",
            Self::QueryNewAction => "query_new_action",
            Self::QueryRepeat => "query_repeat",
            Self::QueryUnknownSvc => "query_unknown_svc",
            Self::QueryNoService => "query_no_service",
            Self::RemGood => "rem_good",
            Self::RemWrong => "rem_wrong",
            Self::Impact => "impact",
            Self::RemNoTarget => "rem_no_target",
            Self::SubmitCorrect => "submit_correct",
            Self::SubmitWrong => "submit_wrong",
            Self::PastHalf => "past_half",
            Self::Timeout => "timeout",
            Self::BadAction => "bad_action",
            Self::ExactRepeat => "exact_repeat",
        }
    }
}

/// What each signal is worth in a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the signal of the same name")]
pub struct RewardTable {
    pub query_new_svc: Points,
    pub query_new_action: Points,
    pub query_repeat: Points,
    pub query_unknown_svc: Points,
    pub query_no_service: Points,
    pub rem_good: Points,
    pub rem_wrong: Points,
    pub rem_no_target: Points,
    pub submit_correct: Points,
    pub submit_wrong: Points,
    pub past_half: Points,
    pub timeout: Points,
    pub bad_action: Points,
    pub exact_repeat: Points,
}

impl RewardTable {
    /// The points of a signal.
    #[must_use]
    pub const fn points(&self, signal: Signal) -> Points {
        match signal {
            Signal::QueryNewSvc => self.query_new_svc,
            Signal::QueryNewAction => self.query_new_action,
            Signal::QueryRepeat => self.query_repeat,
            Signal::QueryUnknownSvc => self.query_unknown_svc,
            Signal::QueryNoService => self.query_no_service,
            Signal::RemGood => self.rem_good,
            Signal::RemWrong => self.rem_wrong,
            // It has no price of its own: it is worth what it changed.
            Signal::Impact => Points::ZERO,
            Signal::RemNoTarget => self.rem_no_target,
            Signal::SubmitCorrect => self.submit_correct,
            Signal::SubmitWrong => self.submit_wrong,
            Signal::PastHalf => self.past_half,
            Signal::Timeout => self.timeout,
            Signal::BadAction => self.bad_action,
            Signal::ExactRepeat => self.exact_repeat,
        }
    }
}

/// The parts of a step's reward. It reads `query_new_svc +0.04, past_half -0.02`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reason {
    // Repeat, past half, the action itself, time-out: never more than four.
    signals: [Option<(Signal, Points)>; 4],
    grade: Option<Points>,
    after_end: bool,
}

impl Reason {
    /// The reason of a step on an episode that is over.
    pub(super) const AFTER_END: Self = Self { signals: [None; 4], grade: None, after_end: true };

    pub(super) fn add(&mut self, signal: Signal, points: Points) {
        if let Some(slot) = self.signals.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some((signal, points));
        }
    }

    pub(super) fn set_grade(&mut self, total: Points) {
        self.grade = Some(total);
    }

    /// The signals of the step, in the order in which they were given.
    pub fn signals(&self) -> impl Iterator<Item = (Signal, Points)> + '_ {
        self.signals.iter().flatten().copied()
    }

    /// The sum of the signals, without the grade.
    #[must_use]
    pub fn shaping(&self) -> Points {
        self.signals().map(|(_, points)| points).sum()
    }

    /// The grade total, at the end.
    #[must_use]
    pub const fn grade(&self) -> Option<Points> {
        self.grade
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.after_end {
            return f.write_str("episode already done");
        }
        let mut comma = "";
        for (signal, points) in self.signals() {
            write!(f, "{comma}{} {points:+}", signal.as_str())?;
            comma = ", ";
        }
        if let Some(total) = self.grade {
            write!(f, "{comma}grade {total:+}")?;
        } else if comma.is_empty() {
            f.write_str("no effect")?;
        }
        Ok(())
    }
}

/// What a step earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reward {
    /// The points of this step: its signals, and at the end the grade.
    pub score: Points,
    /// Where they come from.
    pub reason: Reason,
    /// The sum of the scores of all steps so far.
    pub cumulative: Points,
}

impl Serialize for Reward {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reward = serializer.serialize_struct("Reward", 4)?;
        reward.serialize_field("score", &self.score)?;
        reward.serialize_field("value", &self.score)?;
        reward.serialize_field("reason", &format_args!("{}", self.reason))?;
        reward.serialize_field("cumulative", &self.cumulative)?;
        reward.end()
    }
}
