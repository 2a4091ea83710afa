//! Explanations of incidents for maintainers: the system, the course of events, and the proof. They reveal every
//! answer.

use std::fmt::Write;

use crate::incident::incident::Refutation;
use crate::incident::world::World;
use crate::play::scenario::task_of;

/// Explains an incident as text.
#[must_use]
pub fn explain(world: &World) -> String {
    let World { incident, library, objects, .. } = world;
    let topology = &incident.topology;
    let name = |at| topology.name(at);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} · level {} · number {} · task {} · attempt {}",
        incident.id,
        incident.level,
        incident.number,
        task_of(incident),
        incident.attempt + 1
    );

    out.push_str("\nGraph\n");
    for (at, entity) in topology.numbered() {
        let needs: Vec<_> =
            topology.needs(at).map(|edge| format!("{} ({})", name(edge.to), edge.kind.as_str())).collect();
        let mut beside = vec![entity.kind.as_str().to_owned()];
        beside.extend(entity.node.map(|node| format!("on {}", name(node))));
        let named = [objects.job(at), objects.certificate(at), objects.flag(at)];
        beside.extend(named.into_iter().flatten().map(str::to_owned));
        let arrow = if needs.is_empty() { "" } else { " -> " };
        let _ = writeln!(out, "  {} [{}]{arrow}{}", entity.name, beside.join(", "), needs.join(", "));
    }
    for journey in &topology.journeys {
        let _ = writeln!(out, "  journey {} ({} ‰) enters at {}", journey.name, journey.weight, name(journey.entry));
    }

    timeline(world, &mut out);

    out.push_str("\nProof\n");
    let _ = writeln!(out, "  severity {}: users lose {} ‰", incident.severity.as_str(), incident.loss.share);
    match (&incident.fault, incident.family(library)) {
        (Some(fault), Some(family)) => {
            let _ = writeln!(
                out,
                "  {} at {} ({})",
                family.id,
                name(fault.root),
                topology.entity(fault.root).kind.as_str()
            );
            if let Some(second) = &incident.second {
                let (family, kind) = (&library.families[second.family], topology.entity(second.root).kind);
                let _ = writeln!(out, "  beside it {} at {} ({})", family.id, name(second.root), kind.as_str());
            }
            let facts = fault.holding(&library.vocabulary, fault.start);
            let facts = facts.map(|acting| format!("{}({})", acting.predicate.name, name(acting.at)));
            let _ = writeln!(out, "  facts: {}", facts.collect::<Vec<_>>().join(", "));
            let ops = incident.proof.repair.iter().map(|number| {
                let op = &fault.ops[*number];
                format!("{} {}", library.vocabulary.verb(op.verb).name, name(op.target.at))
            });
            let _ = writeln!(out, "  repair: {}", ops.collect::<Vec<_>>().join(", then "));
        }
        _ => out.push_str("  no fault: the alert is wrong\n"),
    }
    if let Some(path) = world.path() {
        let _ = writeln!(out, "  path: {}", path.into_iter().map(name).collect::<Vec<_>>().join(" <- "));
    }
    let _ = writeln!(
        out,
        "  of {} faults that the system can have the alert leaves {}",
        incident.proof.faults, incident.proof.after_alert
    );
    match &incident.proof.views {
        Some(views) => {
            let views = views.iter().map(|view| format!("{} {}", view.glance, name(view.at)));
            let _ = writeln!(out, "  told by: {}", views.collect::<Vec<_>>().join(", "));
        }
        None => out.push_str("  told by more than three views\n"),
    }
    let _ = writeln!(out, "  what users lose stands in the metrics of {}", name(topology.gateway));
    out
}

/// Appends the changes, onsets and the alert, oldest first, and then the decoys.
fn timeline(world: &World, out: &mut String) {
    let World { incident, library, .. } = world;
    let name = |at| incident.topology.name(at);
    out.push_str("\nTimeline (minutes before the alert)\n");
    let mut events: Vec<(u32, String)> = incident
        .changes
        .iter()
        .map(|change| {
            let sets_off = if incident.trigger.as_ref() == Some(&change.id) {
                ", which sets it off"
            } else if incident.triggers().any(|trigger| *trigger == change.id) {
                ", which sets the other fault off"
            } else {
                ""
            };
            (change.minutes_ago, format!("{} {} of {}{sets_off}", change.id, change.kind.as_str(), name(change.at)))
        })
        .collect();
    if incident.fault.is_some() {
        events.push((incident.duration, "onset".to_owned()));
    }
    events.extend(incident.second.iter().map(|second| (second.duration, "onset of the other fault".to_owned())));
    events.push((0, format!("alert at {} ({})", name(incident.alert.at), world.clock(0))));
    events.sort_by_key(|(minutes, _)| std::cmp::Reverse(*minutes));
    for (minutes, event) in events {
        let _ = writeln!(out, "  {minutes:>6}  {event}");
    }
    for decoy in &incident.decoys {
        let why = match decoy.refutation {
            Refutation::Chronic => "it was so for days",
            Refutation::TooLate => "it began after the onset",
            Refutation::TooEarly => "it came and went long before the onset",
            Refutation::Over => "it was over before the alert",
            Refutation::Alone => "it began with the fault, and no other sign of a fault stands beside it",
        };
        let shows = library.vocabulary.names(decoy.shows).join(", ");
        let _ = writeln!(out, "  decoy   {} shows {shows}; {why}", name(decoy.at));
    }
}
