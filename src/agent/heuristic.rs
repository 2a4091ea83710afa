//! x
use super::{Decision, Policy, Turn, fallback};
use crate::env::Observation;
/// x
#[derive(Debug, Default)]
pub struct Heuristic;
impl Policy for Heuristic {
    fn turn(&mut self, observation: &Observation) -> Turn {
        Turn::Act(Decision::builtin(fallback::next(observation)))
    }
}
