//! Grounding: how far the records that were read exclude the rivals of the true fault.
//!
//! The *rivals* are all other faults that the alert leaves open. What is excluded is measured as a share of the
//! information that it takes to single out the true fault: 1 − log(left + 1) / log(rivals + 1).

use crate::ids::EntityId;
use crate::incident::incident::Incident;
use crate::incident::remediation::Consequence;
use crate::play::limits::SETTLED_AFTER;
use crate::proof::claim::{Claim, Record, is_consistent};
use crate::system::topology::Topology;

/// What was read and done in an episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deeds {
    /// The records that were shown, in order.
    pub seen: Vec<Record>,
    /// The number of records that had been shown after each query.
    pub queries: Vec<usize>,
    /// The number of records that had been shown before the first remediation, once there is one.
    pub before_change: Option<usize>,
    /// The consequences of all remediations, in order.
    pub consequences: Vec<Consequence>,
    /// The minute in which the last remediation with an effect ended.
    pub last_effect: Option<u32>,
    /// Whether a look that shows the fault was taken since then, once the system had settled.
    pub verified: bool,
}

impl Deeds {
    /// Returns whether anything was read that says how much users lose: what fails at the gateway, or at a service that a
    /// journey enters at.
    #[must_use]
    pub(crate) fn knows_impact(&self, topology: &Topology) -> bool {
        let is_door =
            |at: EntityId| at == topology.gateway || topology.journeys.iter().any(|journey| journey.entry == at);
        self.seen.iter().any(|record| matches!(record.claim, Claim::Errors { at, .. } if is_door(at)))
    }

    /// Adds a remediation that ended in this minute.
    pub(crate) fn changed(&mut self, consequence: Consequence, minute: u32) {
        self.before_change.get_or_insert(self.seen.len());
        if consequence.helped || consequence.harm > 0 {
            self.last_effect = Some(minute);
            self.verified = false;
        }
        self.consequences.push(consequence);
    }

    /// Returns whether the system has settled in this minute after a remediation that had an effect.
    #[must_use]
    pub(crate) fn has_settled(&self, minute: u32) -> bool {
        self.last_effect.is_some_and(|ended| minute >= ended + SETTLED_AFTER)
    }

    /// Returns the claims of the first records that can exclude a fault.
    #[must_use]
    pub(crate) fn claims(&self, first: usize) -> Vec<Claim> {
        self.seen.iter().take(first).map(|record| record.claim).filter(|claim| claim.can_exclude()).collect()
    }
}

/// Converts a count, which is small enough to be exact.
pub(super) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Returns the share of information about the rivals that some claims give.
#[must_use]
pub(crate) fn ruled_out(incident: &Incident, claims: &[Claim]) -> f64 {
    let all = incident.rivals.len();
    let is_left = |claims: &[Claim]| {
        incident.rivals.iter().filter(|rival| is_consistent(rival, claims, incident.knobs.ambiguity)).count()
    };
    share_ruled_out(is_left(claims), all)
}

/// Returns the share of information that is gained if so many of all rivals are left.
#[must_use]
pub(crate) fn share_ruled_out(left: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { 1.0 - number(left + 1).ln() / number(all + 1).ln() }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn information_is_measured_in_bits() {
        for (left, all, share) in [(0, 0, 1.0), (0, 7, 1.0), (7, 7, 0.0), (1, 7, 2.0 / 3.0), (3, 7, 1.0 / 3.0)] {
            assert!((share_ruled_out(left, all) - share).abs() < 1e-9, "{left} of {all}");
        }
    }
}
