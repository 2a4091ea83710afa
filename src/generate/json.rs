//! Incidents as JSON: what an agent is shown first and the sealed truth, apart; and a canonical form that digests are made of.

use serde_json::{Value, json};

use super::World;
use crate::generate::data::vocabulary::Classes;

/// The sealed truth, with its proof.
#[must_use]
pub fn truth(world: &World) -> Value {
    let World { incident, library, .. } = world;
    let name = |at: u16| incident.topology.entity(at).name.as_str();
    let classes = |set: Classes| library.vocabulary.names(set);
    let fault = incident.fault.as_ref().map(|fault| {
        let facts = fault.at_first().map(|(predicate, at)| {
            format!("{}({})", library.vocabulary.predicates[usize::from(predicate)].name, name(at))
        });
        let repair = incident.proof.repair.iter().map(|number| {
            let step = &fault.steps[*number];
            crate::generate::play::oracle::repair(world, step.verb, step.target)
        });
        let repair: Vec<_> = repair
            .map(|action| json!({"action_type": action.kind().as_str(), "parameters": action.parameters()}))
            .collect();
        json!({
            "mechanism": library.families[fault.family].id,
            "group": library.families[fault.family].group,
            "root": name(fault.root),
            "facts": facts.collect::<Vec<_>>(),
            "repair": repair,
            "verify": fault.verify.iter().map(|at| name(*at)).collect::<Vec<_>>(),
        })
    });
    let decoys = incident.decoys.iter().map(|decoy| {
        json!({"at": name(decoy.at), "shows": classes(decoy.shows), "refuted_because": decoy.refutation.as_str()})
    });
    let views =
        incident.proof.views.as_ref().map(|views| {
            views.iter().map(|view| format!("{} {}", view.tool.as_str(), name(view.at))).collect::<Vec<_>>()
        });
    let path = world.path().map(|path| path.into_iter().map(name).collect::<Vec<_>>());
    let mut truth = json!({
        "severity": incident.severity.as_str(),
        "impact": incident.impact,
        "fault": fault,
        "trigger": incident.trigger,
        "alerted": name(incident.alerted),
        "path": path,
        "decoys": decoys.collect::<Vec<_>>(),
        "proof": {
            "faults": incident.proof.faults,
            "after_alert": incident.proof.after_alert,
            "views": views,
            "hops": incident.proof.hops,
        },
    });
    // The facts and the repair above are those of both.
    if let Some(second) = &incident.second {
        truth["second"] = json!({
            "mechanism": library.families[second.family].id,
            "root": name(second.root),
            "trigger": second.trigger,
            "duration": second.duration,
        });
    }
    truth
}

/// The system: parts, edges, journeys, changes.
#[must_use]
pub fn system(world: &World) -> Value {
    let World { incident, objects, .. } = world;
    let topology = &incident.topology;
    let name = |at: u16| topology.entity(at).name.as_str();
    let parts = topology.entities.iter().enumerate().map(|(at, entity)| {
        let object = |names: &[String]| Some(names[at].clone()).filter(|name| !name.is_empty());
        json!({
            "name": entity.name,
            "kind": entity.kind.as_str(),
            "zone": entity.zone,
            "node": entity.node.map(name),
            "job": object(&objects.jobs),
            "certificate": object(&objects.certificates),
            "flag": object(&objects.flags),
        })
    });
    let edges = topology.edges.iter().map(|edge| json!([name(edge.from), name(edge.to), edge.kind.as_str()]));
    let journeys = topology.journeys.iter().map(|journey| json!([journey.name, name(journey.entry), journey.weight]));
    let changes = incident.changes.iter().map(|change| {
        json!({"id": change.id, "at": name(change.at), "kind": change.kind.as_str(), "minutes_ago": change.minutes_ago})
    });
    json!({
        "parts": parts.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "journeys": journeys.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// The bytes that a digest is made of: everything that decides what an incident is.
#[must_use]
pub fn canonical(world: &World) -> Vec<u8> {
    let World { incident, .. } = world;
    let whole = json!({
        "id": incident.id,
        "level": incident.level.as_str(),
        "duration": incident.duration,
        "system": system(world),
        "truth": truth(world),
    });
    let mut bytes = whole.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
