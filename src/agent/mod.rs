//! Agents: what decides the next action.
//!
//! A [`Policy`] is pure and synchronous. It never calls a model: it says what it would ask ([`Turn::Ask`]), the runner
//! asks, and hands the reply back. So a scripted client, a recorded run and a live endpoint see the same decisions.
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

/// Who chose a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepSource {
    /// The model's own choice, also where it was a bad one.
    Model,
    /// The model's choice after one message that said what was wrong.
    Repaired,
    /// The model chose, the guard refused, and the fallback chose instead.
    Override,
    /// The model chose nothing that could be read, and the fallback chose instead.
    Fallback,
    /// A built-in agent; no model was asked.
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

/// The next action, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Who chose it.
    pub source: StepSource,
    /// What was wrong with the model's reply, if anything.
    pub problem: Option<String>,
    /// What the model proposed, where something else is done.
    pub proposed: Option<Action>,
}

impl Decision {
    /// A built-in agent's decision.
    #[must_use]
    pub fn builtin(action: Action) -> Self {
        Self { action, source: StepSource::Builtin, problem: None, proposed: None }
    }
}

/// What a policy wants next.
#[derive(Debug)]
pub enum Turn {
    /// Take this step.
    Act(Decision),
    /// Ask the model.
    Ask(ChatRequest),
    /// End the episode without a score: the endpoint failed, and not the model.
    Abandon(ErrorKind),
}

/// Something that decides.
pub trait Policy: Send {
    /// What to do about an observation. Called once a step.
    fn turn(&mut self, observation: &Observation) -> Turn;

    /// What to do about the answer to [`Turn::Ask`]. Policies that never ask are never answered.
    fn reply(&mut self, reply: Result<&ChatReply, &ChatError>, observation: &Observation) -> Turn {
        let _ = (reply, observation);
        Turn::Abandon(ErrorKind::Cancelled)
    }

    /// What the other end is told when the episode is over, if it is told anything.
    fn farewell(&self, observation: &Observation) -> Option<String> {
        let _ = observation;
        None
    }

    /// How many pieces of evidence were dropped so far to fit a context limit.
    fn dropped_evidence(&self) -> usize {
        0
    }
}

/// The agents that need no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Uniform over the valid actions, seeded: the floor.
    Random,
    /// The safety net alone.
    Fallback,
    /// A rule-based responder.
    Heuristic,
    /// A shortest full-score path: the ceiling.
    Oracle,
    /// The same answer always.
    Constant,
    /// Every word that could please.
    KeywordSoup,
    /// The right answer, and nothing done for it.
    Leaked,
}

impl Builtin {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Random, Self::Fallback, Self::Heuristic, Self::Oracle, Self::Constant, Self::KeywordSoup, Self::Leaked];
    /// Those that play where nobody says who, from floor to ceiling.
    pub const USUAL: [Self; 4] = [Self::Random, Self::Fallback, Self::Heuristic, Self::Oracle];
    /// Those without skill: `--agent floors`.
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

    /// What it is, in a sentence.
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
