//! An incident as its maintainers read it: what runs, what happened when, what proves it. It names every answer.

use std::fmt::Write;

use super::World;
use crate::generate::incident::incident::Refutation;
use crate::generate::suite::task_of;
use crate::generate::system::topology::Kind;

/// The explanation as text.
#[must_use]
pub fn explain(world: &World) -> String {
    let World { incident, library, objects, .. } = world;
    let topology = &incident.topology;
    let name = |at: u16| topology.entity(at).name.as_str();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} · level {} · seed {} · number {} · task {} · attempt {}",
        incident.id,
        incident.level,
        incident.seed,
        incident.number,
        task_of(incident),
        incident.attempt + 1
    );

    out.push_str("\nGraph\n");
    for (index, entity) in topology.entities.iter().enumerate() {
        let at = u16::try_from(index).unwrap_or(0);
        let needs: Vec<_> =
            topology.needs(at).map(|edge| format!("{} ({})", name(edge.to), edge.kind.as_str())).collect();
        let mut beside = vec![entity.kind.as_str().to_owned()];
        beside.extend(entity.node.map(|node| format!("on {}", name(node))));
        for names in [&objects.jobs, &objects.certificates, &objects.flags] {
            beside.extend(Some(names[index].clone()).filter(|name| !name.is_empty()));
        }
        let arrow = if needs.is_empty() { "" } else { " -> " };
        let _ = writeln!(out, "  {} [{}]{arrow}{}", entity.name, beside.join(", "), needs.join(", "));
    }
    for journey in &topology.journeys {
        let _ = writeln!(out, "  journey {} ({} ‰) enters at {}", journey.name, journey.weight, name(journey.entry));
    }

    timeline(world, &mut out);

    out.push_str("\nProof\n");
    let _ = writeln!(out, "  severity {}: users lose {} ‰", incident.severity.as_str(), incident.impact);
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
            let facts = fault.at_first().map(|(predicate, at)| {
                format!("{}({})", library.vocabulary.predicates[usize::from(predicate)].name, name(at))
            });
            let _ = writeln!(out, "  facts: {}", facts.collect::<Vec<_>>().join(", "));
            let steps = incident.proof.repair.iter().map(|number| {
                let step = &fault.steps[*number];
                format!("{} {}", library.vocabulary.verbs[usize::from(step.verb)].name, name(step.target.at))
            });
            let _ = writeln!(out, "  repair: {}", steps.collect::<Vec<_>>().join(", then "));
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
            let views = views.iter().map(|view| format!("{} {}", view.tool.as_str(), name(view.at)));
            let _ = writeln!(out, "  told by: {}", views.collect::<Vec<_>>().join(", "));
        }
        None => out.push_str("  told by more than three views\n"),
    }
    let gateway = topology.of(Kind::Gateway).next().map_or("", name);
    let _ = writeln!(out, "  what users lose stands in the metrics of {gateway}");
    out
}

/// What was changed and when it began, oldest first; then what only looks bad.
fn timeline(world: &World, out: &mut String) {
    let World { incident, library, .. } = world;
    let name = |at: u16| incident.topology.entity(at).name.as_str();
    out.push_str("\nTimeline (minutes before the alert)\n");
    let mut events: Vec<(u32, String)> = incident
        .changes
        .iter()
        .map(|change| {
            let sets_off = match () {
                () if incident.trigger.as_ref() == Some(&change.id) => ", which sets it off",
                () if incident.triggers().any(|trigger| *trigger == change.id) => ", which sets the other fault off",
                () => "",
            };
            (change.minutes_ago, format!("{} {} of {}{sets_off}", change.id, change.kind.as_str(), name(change.at)))
        })
        .collect();
    if incident.fault.is_some() {
        events.push((incident.duration, "onset".to_owned()));
    }
    events.extend(incident.second.iter().map(|second| (second.duration, "onset of the other fault".to_owned())));
    events.push((0, format!("alert at {} ({})", name(incident.alerted), world.clock(0))));
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
        };
        let shows = library.vocabulary.names(decoy.shows).join(", ");
        let _ = writeln!(out, "  decoy   {} shows {shows}; {why}", name(decoy.at));
    }
}
