//! The properties that can be proved about a scenario, and the flaws that a proof finds.

use crate::action::Action;
use crate::points::Points;

/// The result of proving a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// A shortest sequence of actions that earns the full score.
    pub path: Vec<Action>,
    /// The number of reachable states of the world, and the shortest repair among them.
    pub reachability: Reachability,
}

/// The states of a world that remediations can reach. All values are empty for worlds that are proved where they are
/// made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reachability {
    /// The number of states, the first one included.
    pub states: usize,
    /// The smallest number of remediations that reach the goal. `None` for tasks without remediations.
    pub shortest_repair: Option<usize>,
}

/// A property that a scenario lacks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each means")]
pub enum Flaw {
    #[error("{scenario}: the full-score path earns {total}, not 1.0")]
    NotFull { scenario: String, total: Points },
    #[error("{scenario}: the full-score path earns {total} by the strict grader, not 1.0: {feedback}")]
    NotStrict { scenario: String, total: Points, feedback: String },
    #[error("{scenario}: the full-score path has {path} actions; the task allows {limit} steps")]
    TooLong { scenario: String, path: usize, limit: u32 },
    #[error("{scenario}: the goal already holds at the start")]
    GoalAtStart { scenario: String },
    #[error("{scenario}: the correct sequence does not reach the goal; it ends with: {facts}")]
    GoalMissed { scenario: String, facts: String },
    #[error("{scenario}: remediations reach more than {most} states of the world; use fewer independent facts")]
    TooManyStates { scenario: String, most: usize },
    #[error("{scenario}: {place} can never be shown: no remediations make its guard hold first")]
    Unreachable { scenario: String, place: String },
}
