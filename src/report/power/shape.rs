//! The answer to the question of a plan, which is also its JSON.

use serde::Serialize;

use super::question::Question;
use super::subjects::Basis;

/// The name and version of the format of an answer.
pub(super) const SCHEMA: &str = "incident-bench/power/1";

/// The answer to the question of a plan. Scores have four decimals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The name and version of the format.
    pub schema: &'static str,
    /// The difference that is to be shown.
    pub difference: f64,
    /// The chance of showing it if it exists.
    pub power: f64,
    /// The error of the test: on one side for a gate, on both sides together for a comparison.
    pub alpha: f64,
    /// The number of incidents that can be played.
    pub incidents: usize,
    /// The number of epochs in which they are played.
    pub epochs: u32,
    /// Whether both agents of a comparison play the same incidents.
    pub paired: bool,
    /// The correlation that is assumed between an agent and another one like it; 0 if they play different incidents.
    pub correlation: f64,
    /// The runs from which the spread comes; empty if it is assumed.
    pub runs: Vec<String>,
    /// The suite of these runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// The answer for each agent.
    pub contestants: Vec<ContestantAnswer>,
    /// The answer for each pair of agents, if it was measured.
    pub pairs: Vec<PairAnswer>,
    /// What follows from the numbers, and what limits them, one sentence or two each.
    pub advice: Vec<String>,
}

/// The answer for one agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContestantAnswer {
    /// The name of the agent.
    #[serde(rename = "model")]
    pub contestant: String,
    /// What the spread comes from.
    pub basis: Basis,
    /// The number of scenarios from which it comes; 0 if it is assumed.
    pub scenarios_played: usize,
    /// The number of epochs from which it comes; 0 if it is assumed.
    pub epochs_played: usize,
    /// The standard deviation of the score over epochs.
    pub within_sd: f64,
    /// The standard deviation over scenarios of the true score.
    pub between_sd: f64,
    /// What a gate needs, which compares the agent with itself before a change on the same scenarios.
    pub these_scenarios: Needs,
    /// What a comparison with another agent needs that has the same spread.
    pub incidents_like_these: Needs,
}

/// The answer for a pair of agents that played the same scenarios.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairAnswer {
    /// The names of both agents.
    pub models: [String; 2],
    /// What the spread comes from, for the agent that is known less.
    pub basis: Basis,
    /// The standard deviation over scenarios of the true difference.
    pub difference_sd: f64,
    /// What a comparison of the two needs.
    pub incidents_like_these: Needs,
}

/// What is needed to show the difference, and which difference can be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Needs {
    /// The smallest difference that the given incidents and epochs show; above 1 nothing can be shown. None for a
    /// comparison on a single incident.
    pub detectable: Option<f64>,
    /// The epochs of the given incidents that show the difference; none if no number of epochs does.
    pub epochs: Option<u64>,
    /// The incidents of a comparison that would show the difference with infinitely many epochs; none for a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fewest_incidents: Option<u64>,
    /// The incidents that show the difference in some numbers of epochs.
    pub incidents: Vec<Needed>,
}

/// The incidents that are needed in a number of epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// The number of epochs.
    pub epochs: u32,
    /// The number of incidents.
    pub incidents: u64,
}

impl Needs {
    /// The incidents that are needed in this number of epochs.
    pub(super) fn incidents_in(&self, epochs: u32) -> Option<u64> {
        self.incidents.iter().find(|needed| needed.epochs == epochs).map(|needed| needed.incidents)
    }

    /// Whether the given incidents and epochs show the difference.
    pub(super) fn is_met(&self, question: &Question) -> bool {
        self.epochs.is_some_and(|epochs| epochs <= u64::from(question.epochs))
    }
}
