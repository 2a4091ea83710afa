//! Proofs about scenarios: a full score can be reached, and nothing in the world is dead.

use std::sync::Arc;

use crate::episode::Episode;
use crate::episode_id::EpisodeId;
use crate::points::Points;
use crate::proof::{Flaw, Proof};
use crate::scenario::Scenario;

/// Proves a scenario. It plays the oracle's path on the real engine, so what it proves is what an agent would meet, and
/// then lets the world prove the rest.
///
/// # Errors
/// Returns the first property that the scenario lacks.
pub fn prove(scenario: &Arc<Scenario>) -> Result<Proof, Flaw> {
    let name = || scenario.id().to_owned();
    let path = scenario.oracle();
    let limit = scenario.briefing().task.max_steps;
    if path.len() > limit as usize {
        return Err(Flaw::TooLong { scenario: name(), path: path.len(), limit });
    }
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for action in &path {
        episode.step(action);
    }
    let total = episode.grade().map_or(Points::ZERO, |grade| grade.total);
    if total != Points::ONE {
        return Err(Flaw::NotFull { scenario: name(), total });
    }
    if let Some(strict) = episode.strict_grade()
        && strict.total != Points::ONE
    {
        return Err(Flaw::NotStrict { scenario: name(), total: strict.total, feedback: strict.feedback });
    }
    let reachability = scenario.world().prove(scenario.briefing(), &path)?;
    Ok(Proof { path, reachability })
}
