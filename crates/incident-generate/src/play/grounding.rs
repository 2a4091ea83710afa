//! Grounding: how far the records that were read, or that an answer cites, exclude the rivals of the true fault.
//!
//! The *rivals* are all other faults that the alert leaves open. What is excluded is measured as a share of the
//! information that it takes to single out the true fault: 1 − log(left + 1) / log(rivals + 1).

use crate::ids::EntitySet;
use crate::incident::incident::Incident;
use crate::incident::world::Consequence;
use crate::proof::claim::{Claim, Record, is_consistent};
use crate::record_id::RecordId;

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
    /// The entities that were looked at since the last remediation that helped.
    pub read_since: EntitySet,
}

impl Deeds {
    /// Returns whether anything was read that says how much users lose.
    #[must_use]
    pub(crate) fn knows_impact(&self) -> bool {
        self.seen.iter().any(|record| record.claim == Claim::Impact)
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

/// Returns whether a claim helps: it is evidence of the fault itself, or fewer rivals would be excluded without it.
fn helps(incident: &Incident, claims: &[Claim], index: usize) -> bool {
    let is_of_fault = |claim: Claim| matches!(claim, Claim::Shows { at, class } if incident.shows(at).contains(class));
    if incident.fault.is_some() && is_of_fault(claims[index]) {
        return true;
    }
    let others: Vec<_> =
        claims.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, claim)| *claim).collect();
    let ambiguity = incident.knobs.ambiguity;
    let is_excluded_by_it =
        |rival| is_consistent(rival, &others, ambiguity) && !is_consistent(rival, claims, ambiguity);
    incident.rivals.iter().any(is_excluded_by_it)
}

/// Returns the grounding of an answer: what the cited records exclude, times the squared share of the citations that
/// help. Only records that this episode was shown count.
///
/// Precision is squared so that citing everything that was read scores as a guess. With plain precision, about half
/// of such answers passed.
#[must_use]
pub(crate) fn grounding(incident: &Incident, deeds: &Deeds, cited: &[RecordId]) -> f64 {
    if cited.is_empty() {
        return 0.0;
    }
    let of = |id: RecordId| deeds.seen.iter().filter(move |record| record.id == id).map(|record| record.claim);
    let claims: Vec<_> = cited.iter().copied().flat_map(of).collect();
    let helpful = (0..claims.len()).filter(|index| helps(incident, &claims, *index)).count();
    let unseen = cited.iter().filter(|id| of(**id).next().is_none()).count();
    let precision = number(helpful) / number(claims.len() + unseen);
    ruled_out(incident, &claims) * precision * precision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ClassId, ClassSet};
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    fn seen(claims: &[Claim]) -> Deeds {
        let record = |(id, claim): (u64, &Claim)| Record { id: RecordId::numbered(id), claim: *claim };
        Deeds { seen: (0..).zip(claims).map(record).collect(), ..Deeds::default() }
    }

    #[test]
    fn citations_count_by_what_they_exclude_and_by_how_many_help() {
        let small = Small::new();
        let class = |name: &str| ClassId::find(&small.library.vocabulary.classes, |class| class.name == name).unwrap();
        let (killed, busy) = (class("oom_kill"), class("cpu_high"));
        let world = small.world();
        let sign = Claim::Shows { at: STORE, class: killed };
        let excludes = Claim::Errors { at: GATEWAY, up: true };
        let usual = Claim::Nothing;
        let vague = Claim::Slow { at: STORE, up: false };
        for (claims, cited, expected) in [
            (vec![excludes], vec![], 0.0),
            (vec![excludes], vec![0], 1.0),
            // A lack of evidence excludes the rival that would show it.
            (vec![Claim::Lacks { at: SERVICE, classes: ClassSet::of(busy) }], vec![0], 1.0),
            // Evidence of the fault itself helps, and alone excludes nothing: it may be a decoy.
            (vec![sign], vec![0], 0.0),
            (vec![sign, excludes], vec![0, 1], 1.0),
            // One of two helps, and the share is squared.
            (vec![excludes, usual], vec![0, 1], 0.25),
            (vec![vague], vec![0], 0.0),
            // What was not shown is no help.
            (vec![excludes], vec![0, 77], 0.25),
            (vec![excludes], vec![77], 0.0),
        ] {
            let cited: Vec<_> = cited.into_iter().map(RecordId::numbered).collect();
            let found = grounding(&world.incident, &seen(&claims), &cited);
            assert!((found - expected).abs() < 1e-9, "{claims:?} {cited:?}: {found}");
        }
    }

    #[test]
    fn information_is_measured_in_bits() {
        for (left, all, share) in [(0, 0, 1.0), (0, 7, 1.0), (7, 7, 0.0), (1, 7, 2.0 / 3.0), (3, 7, 1.0 / 3.0)] {
            assert!((share_ruled_out(left, all) - share).abs() < 1e-9, "{left} of {all}");
        }
    }
}
