//! The agent that plays a given list of actions. With the oracle's path it is the ceiling of every task.

use std::collections::VecDeque;

use crate::agent::policy::{Decision, Policy, Turn};
use incident_env::{Action, ActionKind, Observation};

/// Plays a list of actions, such as the oracle's path or the trajectory of an earlier run.
#[derive(Debug)]
pub struct Scripted {
    actions: VecDeque<Action>,
}

impl Scripted {
    /// Makes a player of these actions. After the last one it sends the unknown action `end_of_script`.
    #[must_use]
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Self {
        Self { actions: actions.into_iter().collect() }
    }
}

impl Policy for Scripted {
    fn turn(&mut self, _: &Observation) -> Turn {
        let over = || Action::with(ActionKind::from("end_of_script"), &[]);
        Turn::Act(Decision::builtin(self.actions.pop_front().unwrap_or_else(over)))
    }
}
