//! Agents: they decide the next action.
//!
//! A [`Policy`] is pure and synchronous. It never calls a model: it returns what it would ask ([`Turn::Ask`]), the runner
//! asks, and passes the reply back. So a scripted client, a recorded run and a live endpoint see the same decisions.
//!
//! ```text
//! Observation ─► Policy::turn ─► Act(Decision)
//!                        └─────► Ask(ChatRequest) ─► reply ─► Policy::reply ─► Act | Ask again | Abandon
//! ```

pub mod baseline;
pub mod conversation;
pub mod exec;
pub mod fallback;
pub mod floors;
pub mod guard;
pub mod heuristic;
pub mod llm;
pub mod parse;
pub mod playbook;
pub mod prompt;
pub mod renamed;
pub mod tool_names;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::{ChatError, ChatReply, ChatRequest, ErrorKind};
use crate::env::{Action, Observation};

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
    /// Take this step.
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

/// The built-in agents, which need no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Chooses uniformly among the valid actions with a seed; it is the floor.
    Random,
    /// Plays only the fallback of the LLM agent.
    Fallback,
    /// Plays by rules like a human responder.
    Heuristic,
    /// Plays a shortest path to the full score; it is the ceiling.
    Oracle,
    /// Gives the same answer always.
    Constant,
    /// Submits every word that could please a grader.
    KeywordSoup,
    /// Submits the right answer without doing anything for it.
    Leaked,
}

impl Builtin {
    /// All built-in agents.
    pub const ALL: [Self; 7] =
        [Self::Random, Self::Fallback, Self::Heuristic, Self::Oracle, Self::Constant, Self::KeywordSoup, Self::Leaked];
    /// The agents that play if none is named, from floor to ceiling.
    pub const USUAL: [Self; 4] = [Self::Random, Self::Fallback, Self::Heuristic, Self::Oracle];
    /// The agents without skill, which `--agent floors` selects.
    pub const FLOORS: [Self; 4] = [Self::Random, Self::Constant, Self::KeywordSoup, Self::Leaked];

    /// The name on the command line and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Fallback => "fallback",
            Self::Heuristic => "heuristic",
            Self::Oracle => "oracle",
            Self::Constant => "constant",
            Self::KeywordSoup => "keyword_soup",
            Self::Leaked => "leaked",
        }
    }

    /// A description of the agent in one sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Random => "uniform over the valid actions, seeded: the floor",
            Self::Fallback => "the safety net of the LLM agent alone: sweeps logs and deploys, then submits blindly",
            Self::Heuristic => "a rule-based responder that follows names and change times: the bar for a model",
            Self::Oracle => "a shortest full-score path, read from the answer key: the ceiling",
            Self::Constant => "the same answer always: P2, the alerted service",
            Self::KeywordSoup => "submits every word that could please a grader, at once",
            Self::Leaked => "the right answer as if it had leaked, submitted at once",
        }
    }
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
