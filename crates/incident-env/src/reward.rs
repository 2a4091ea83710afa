//! Rewards: the signals of a step and their points.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::points::Points;

crate::named_enum! {
    /// A reason for which a step earns or costs points.
    pub enum Signal ("signal", "signals") {
        /// The first diagnostic of a service.
        QueryNewSvc = "query_new_svc",
        /// A new diagnostic of a service that was queried before.
        QueryNewAction = "query_new_action",
        /// The same diagnostic of the same service again.
        QueryRepeat = "query_repeat",
        /// An action on a service that does not exist.
        QueryUnknownSvc = "query_unknown_svc",
        /// A diagnostic without a service.
        QueryNoService = "query_no_service",
        /// A step of the correct sequence, for the first time.
        RemGood = "rem_good",
        /// A harmful remediation, or one that the task does not offer.
        RemWrong = "rem_wrong",
        /// A change of user impact in the step; only simulated worlds measure it.
        Impact = "impact",
        /// A remediation without a target.
        RemNoTarget = "rem_no_target",
        /// The task's own submission.
        SubmitCorrect = "submit_correct",
        /// The submission of another task.
        SubmitWrong = "submit_wrong",
        /// A step in the second half of the step limit that is not a submission.
        PastHalf = "past_half",
        /// The steps or the time ran out.
        Timeout = "timeout",
        /// An action that does not exist, or a diagnostic that the task does not offer.
        BadAction = "bad_action",
        /// An earlier action again, with the same parameters.
        ExactRepeat = "exact_repeat",
    }
}

impl Signal {
    /// Returns whether a reward table lists a price for the signal. [`Self::Impact`] has none: it is worth the change
    /// of user impact.
    #[must_use]
    pub const fn has_a_price(self) -> bool {
        !matches!(self, Self::Impact)
    }
}

/// The points of each signal in a task. Its TOML and JSON form has one key for each signal that has a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewardTable([Points; Signal::COUNT]);

impl RewardTable {
    /// Makes the table in which each signal has this price. Signals without a price are left out.
    #[must_use]
    pub fn new(price: impl Fn(Signal) -> Points) -> Self {
        Self(Signal::ALL.map(|signal| if signal.has_a_price() { price(signal) } else { Points::ZERO }))
    }

    /// Returns the points of a signal, which are zero for a signal without a price.
    #[must_use]
    pub const fn points(&self, signal: Signal) -> Points {
        self.0[signal.index()]
    }
}

impl Serialize for RewardTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let priced = Signal::ALL.into_iter().filter(|signal| signal.has_a_price());
        serializer.collect_map(priced.map(|signal| (signal, self.points(signal))))
    }
}

impl<'de> Deserialize<'de> for RewardTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let listed = BTreeMap::<Signal, Points>::deserialize(deserializer)?;
        let mut table = [Points::ZERO; Signal::COUNT];
        for signal in Signal::ALL {
            match (listed.get(&signal), signal.has_a_price()) {
                (Some(points), true) => table[signal.index()] = *points,
                (None, true) => return Err(D::Error::missing_field(signal.as_str())),
                (Some(_), false) => return Err(D::Error::custom(format_args!("{signal} has no price"))),
                (None, false) => {}
            }
        }
        Ok(Self(table))
    }
}

/// The parts of a step's reward. They are displayed as `query_new_svc +0.04, past_half -0.02`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reason {
    // Repeat, past half, the action itself, and time-out: never more than four.
    signals: [Option<(Signal, Points)>; 4],
    grade: Option<Points>,
    after_end: bool,
}

impl Reason {
    /// The reason of a step after the end of its episode.
    pub(crate) const AFTER_END: Self = Self { signals: [None; 4], grade: None, after_end: true };

    pub(crate) fn add(&mut self, signal: Signal, points: Points) {
        if let Some(slot) = self.signals.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some((signal, points));
        }
    }

    pub(crate) fn set_grade(&mut self, total: Points) {
        self.grade = Some(total);
    }

    /// Returns the signals of the step, in the order in which they were given.
    pub fn signals(&self) -> impl Iterator<Item = (Signal, Points)> + '_ {
        self.signals.iter().flatten().copied()
    }

    /// Returns the sum of the signals, without the grade.
    #[must_use]
    pub fn shaping(&self) -> Points {
        self.signals().map(|(_, points)| points).sum()
    }

    /// Returns the score of the grade, or `None` before the end.
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

/// The reward of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reward {
    /// The points of this step: those of its signals, and on the last step also the grade.
    pub score: Points,
    /// The parts of the score.
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
