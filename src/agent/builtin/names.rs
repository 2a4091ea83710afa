//! The names of the built-in agents.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// All built-in agents in the order of the tables.
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
