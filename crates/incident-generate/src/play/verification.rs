//! Verification: whether a look after a repair would have shown the fault if it were still there.

use crate::ids::{ClassSet, EntityId};
use crate::incident::world::World;
use crate::proof::claim::Claim;
use crate::telemetry::query;
use incident_env::Diagnostic;

/// Returns whether a diagnostic of an entity shows the fault. It does if the entity is the front door, the alerted part,
/// the root, one that the family names, or one that a harmful fact is about, and if at the alert one of its records was
/// a sign of the fault, told of trouble, or said what users lose.
#[must_use]
pub(crate) fn would_show(world: &World, at: EntityId, tool: Diagnostic) -> bool {
    let incident = &world.incident;
    let Some(fault) = &incident.fault else { return false };
    let is_about = |at: EntityId| fault.facts_in(fault.harmful).any(|fact| fact.at == at);
    let named = [incident.topology.gateway, incident.alert.at, fault.root];
    if !(named.contains(&at) || fault.verify.contains(&at) || is_about(at)) {
        return false;
    }
    let holding = fault.holding(&world.library.vocabulary, fault.start);
    let signs: ClassSet = holding.filter(|acting| acting.at == at).map(|acting| acting.predicate.shows).collect();
    let start = world.start();
    query::records(world, &start, at, tool).iter().any(|record| match record.claim {
        Claim::Shows { class, .. } => signs.contains(class),
        Claim::Errors { up, .. } | Claim::Slow { up, .. } => up,
        Claim::Calls { fail, .. } => fail,
        Claim::Health { at } => world.trouble(&start, at, 0).any(),
        Claim::Impact => true,
        Claim::Lacks { .. } | Claim::Changed { .. } | Claim::Unchanged { .. } | Claim::Nothing => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    #[test]
    fn a_look_verifies_if_it_showed_the_fault_at_the_alert() {
        let world = Small::new().world();
        for (at, tool, expected) in [
            (GATEWAY, Diagnostic::CheckMetrics, true),
            (GATEWAY, Diagnostic::CheckServiceStatus, true),
            (GATEWAY, Diagnostic::CheckDependencies, true),
            (STORE, Diagnostic::QueryLogs, true),
            (STORE, Diagnostic::CheckServiceStatus, true),
            // The history of changes is no sign, and the service is a victim on the way.
            (STORE, Diagnostic::CheckRecentDeploys, false),
            (SERVICE, Diagnostic::CheckMetrics, false),
        ] {
            assert_eq!(would_show(&world, at, tool), expected, "{tool} {at:?}");
        }
    }
}
