//! Incidents as JSON: the system, the sealed truth, and the canonical form that digests are made of.

use serde_json::{Value, json};

use crate::ids::ClassSet;
use crate::incident::world::World;
use crate::play::command;

/// Returns the sealed truth of an incident, with its proof.
#[must_use]
pub fn truth_json(world: &World) -> Value {
    let World { incident, library, .. } = world;
    let name = |at| incident.topology.name(at);
    let classes = |set: ClassSet| library.vocabulary.names(set);
    let fault = incident.fault.as_ref().map(|fault| {
        let facts = fault.holding(&library.vocabulary, fault.start);
        let facts = facts.map(|acting| format!("{}({})", acting.predicate.name, name(acting.at)));
        let repair = incident.proof.repair.iter().map(|number| {
            let op = &fault.ops[*number];
            command::action(world, op.verb, op.target)
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
    let views = incident
        .proof
        .views
        .as_ref()
        .map(|views| views.iter().map(|view| format!("{} {}", view.glance, name(view.at))).collect::<Vec<_>>());
    let path = world.path().map(|path| path.into_iter().map(name).collect::<Vec<_>>());
    let mut truth = json!({
        "severity": incident.severity.as_str(),
        "impact": incident.loss.share,
        "fault": fault,
        "trigger": incident.trigger,
        "alerted": name(incident.alert.at),
        "path": path,
        "decoys": decoys.collect::<Vec<_>>(),
        "proof": {
            "faults": incident.proof.faults,
            "after_alert": incident.proof.after_alert,
            "entropy": incident.proof.entropy,
            "views": views,
            "hops": incident.proof.hops,
        },
    });
    // The facts and the repair above are those of both faults.
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

/// Returns the system of an incident: its entities, dependencies, journeys and changes.
#[must_use]
pub fn system_json(world: &World) -> Value {
    let World { incident, objects, .. } = world;
    let topology = &incident.topology;
    let name = |at| topology.name(at);
    let parts = topology.numbered().map(|(at, entity)| {
        json!({
            "name": entity.name,
            "kind": entity.kind.as_str(),
            "zone": entity.zone,
            "node": entity.node.map(name),
            "job": objects.job(at),
            "certificate": objects.certificate(at),
            "flag": objects.flag(at),
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

/// Returns the bytes that a digest is made of. They hold everything that decides what an incident is.
#[must_use]
pub fn canonical_bytes(world: &World) -> Vec<u8> {
    let World { incident, .. } = world;
    let whole = json!({
        "id": incident.id,
        "level": incident.level.as_str(),
        "duration": incident.duration,
        "system": system_json(world),
        "truth": truth_json(world),
    });
    let mut bytes = whole.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
