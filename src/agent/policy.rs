//! What an agent is to the rest of the program: a policy that decides, step by step.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::{ChatError, ChatReply, ChatRequest, ErrorKind};
use incident_env::{Action, Observation};

/// The sources of a step: who chose its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepSource {
    /// The model chose, even if the choice was bad.
    Model,
    /// The model chose after one message that said what was wrong.
    Repaired,
    /// The model chose, the guard refused, and the fallback chose instead.
    Override,
    /// The model chose nothing readable, and the fallback chose instead.
    Fallback,
    /// A built-in agent chose, and no model was asked.
    Builtin,
}

impl fmt::Display for StepSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Model => "model",
            Self::Repaired => "repaired",
            Self::Override => "override",
            Self::Fallback => "fallback",
            Self::Builtin => "builtin",
        })
    }
}

/// The next action and its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The action to take.
    pub action: Action,
    /// The source of the action.
    pub source: StepSource,
    /// The problem with the model's reply; none if there is none.
    pub problem: Option<String>,
    /// The action that the model proposed, if another one is taken.
    pub proposed: Option<Action>,
}

impl Decision {
    /// Makes the decision of a built-in agent.
    #[must_use]
    pub fn builtin(action: Action) -> Self {
        Self { action, source: StepSource::Builtin, problem: None, proposed: None }
    }
}

/// What a policy wants to happen next.
#[derive(Debug)]
pub enum Turn {
    /// Take the step of this decision.
    Act(Decision),
    /// Ask the model with this request.
    Ask(ChatRequest),
    /// End the episode without a score, because the endpoint failed and not the model.
    Abandon(ErrorKind),
}

/// A policy: it decides what an agent does.
pub trait Policy: Send {
    /// Decides what to do after an observation. It is called once a step.
    fn turn(&mut self, observation: &Observation) -> Turn;

    /// Decides what to do about the answer to [`Turn::Ask`]. It is never called for policies that never ask.
    fn reply(&mut self, reply: Result<&ChatReply, &ChatError>, observation: &Observation) -> Turn {
        let _ = (reply, observation);
        Turn::Abandon(ErrorKind::Cancelled)
    }

    /// The last message to the other side when the episode is over; none if it gets none.
    fn farewell(&self, observation: &Observation) -> Option<String> {
        let _ = observation;
        None
    }

    /// The number of pieces of evidence that were dropped so far to fit a context limit.
    fn dropped_evidence(&self) -> usize {
        0
    }
}
