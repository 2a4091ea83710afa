//! What records must be like, whatever the incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::telemetry::reader::View;
use crate::env::Diagnostic;
use crate::generate::proof::claim::is_consistent;
use crate::generate::proof::hypotheses::Looks;
use crate::generate::{Incident, Level, Library, World};

fn worlds(count: u64) -> Vec<World> {
    let library = Arc::new(Library::embedded().unwrap());
    let each = Level::ALL.into_iter().flat_map(|level| (0..count).map(move |number| (level, number)));
    each.map(|(level, number)| World::new(Incident::new(&library, level, 11, number).unwrap(), Arc::clone(&library)))
        .collect()
}

/// Whatever a fault can bring about somewhere has a record there: the file of texts lists all kinds.
#[test]
fn every_class_can_be_read_where_it_can_be() {
    let mut missing = BTreeSet::new();
    for world in worlds(4) {
        let (library, incident) = (&world.library, &world.incident);
        let all = incident.laboratory(library).every_fault(&library.families, incident.draws, None);
        for (at, entity) in incident.topology.entities.iter().enumerate() {
            let shown = all.iter().fold(0, |shown, one| shown | one.looks.shows[at]);
            for (bit, class) in library.vocabulary.classes.iter().enumerate().filter(|(bit, _)| shown >> bit & 1 == 1) {
                let is_there = match class.tool {
                    Diagnostic::CheckMetrics => (library.telemetry.series.iter())
                        .any(|series| usize::from(series.class) == bit && series.kinds.contains(&entity.kind)),
                    Diagnostic::CheckServiceStatus => (library.telemetry.fields.iter())
                        .any(|field| usize::from(field.class) == bit && field.kinds.contains(&entity.kind)),
                    _ => library.telemetry.logs[bit].is_some(),
                };
                if !is_there {
                    missing.insert((class.name.clone(), entity.kind));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// What is read at the alert is what the checker reasoned about: with all of it, the truth alone is left, and it is left.
#[test]
fn records_say_what_was_proved() {
    for world in worlds(12) {
        let (incident, state) = (&world.incident, world.start());
        let place = format!("{} {}", incident.level, incident.number);
        let truth = match &incident.fault {
            None => Looks { shows: vec![0; incident.topology.entities.len()], errors: 0, slow: 0 },
            Some(fault) => {
                let library = &world.library;
                let all = incident.laboratory(library).every_fault(&library.families, incident.draws, None);
                let truth = all.iter().find(|one| (one.fault.family, one.fault.root) == (fault.family, fault.root));
                truth.unwrap().looks.clone()
            }
        };
        let mut atoms = Vec::new();
        for at in 0..u16::try_from(incident.topology.entities.len()).unwrap() {
            for tool in Diagnostic::ALL {
                let sheet = View::new(&world, &state, at).sheet(*tool);
                assert_eq!(sheet.text.lines().count(), sheet.records.len(), "{place}: {}", sheet.text);
                for (line, (id, _)) in sheet.text.lines().zip(&sheet.records) {
                    assert!(line.starts_with(&format!("[e-{id:04x}] ")), "{place}: {line}");
                    assert!(!line.contains('{') && !line.trim_end().ends_with(':'), "{place}: {line}");
                }
                for (_, atom) in &sheet.records {
                    assert!(is_consistent(&truth, &[*atom], 64), "{place}: {atom:?}\n{}", sheet.text);
                    atoms.push(*atom);
                }
            }
        }
        assert!(is_consistent(&truth, &atoms, incident.knobs.tolerance), "{place}");
        for rival in &incident.rivals {
            assert!(
                !is_consistent(rival, &atoms, incident.knobs.tolerance),
                "{place}: another fault would read the same"
            );
        }
    }
}

/// The same text in any order of queries, and no two entities that could be taken for each other.
#[test]
fn the_order_of_queries_changes_nothing() {
    for world in worlds(2) {
        let state = world.start();
        let count = u16::try_from(world.incident.topology.entities.len()).unwrap();
        let read = |at: u16, tool: Diagnostic| View::new(&world, &state, at).sheet(tool);
        let forth: BTreeMap<_, _> = (0..count)
            .flat_map(|at| Diagnostic::ALL.iter().map(move |tool| (at, tool.index())))
            .map(|(at, tool)| ((at, tool), read(at, Diagnostic::ALL[tool])))
            .collect();
        for ((at, tool), sheet) in forth.iter().rev() {
            assert_eq!(read(*at, Diagnostic::ALL[*tool]), *sheet);
        }
        let changes: BTreeSet<_> = world.incident.changes.iter().map(|change| &change.id).collect();
        assert_eq!(changes.len(), world.incident.changes.len());
        let names: BTreeSet<_> = world.incident.topology.entities.iter().map(|entity| &entity.name).collect();
        assert_eq!(names.len(), usize::from(count));
    }
}

/// Lines come in bursts: the times between them vary more than those of a Poisson process do, whose variation is 1.
#[test]
fn logs_are_bursty() {
    for world in worlds(1) {
        let state = world.start();
        for at in 0..u16::try_from(world.incident.topology.entities.len()).unwrap() {
            let view = View::new(&world, &state, at);
            let mut times = Vec::new();
            for minute in -3000..0 {
                for number in 0..view.burst(3 << 16, minute) {
                    times.push(f64::from(minute) * 60_000.0 + f64::from(view.moment(3 << 16, minute, number)));
                }
            }
            times.sort_by(f64::total_cmp);
            let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let count = f64::from(u32::try_from(gaps.len()).unwrap());
            let mean = gaps.iter().sum::<f64>() / count;
            let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
            assert!(variance.sqrt() / mean >= 1.0, "{}", variance.sqrt() / mean);
        }
    }
}

/// A victim names what it calls and nothing behind it.
#[test]
fn logs_name_direct_dependencies_alone() {
    for world in worlds(6) {
        let state = world.start();
        let topology = &world.incident.topology;
        for at in 0..u16::try_from(topology.entities.len()).unwrap() {
            let sheet = View::new(&world, &state, at).sheet(Diagnostic::QueryLogs);
            let near: Vec<_> = (topology.needs(at).map(|edge| edge.to))
                .chain(topology.needed_by(at).map(|edge| edge.from))
                .chain([at])
                .collect();
            for other in (0..).take(topology.entities.len()).filter(|other| !near.contains(other)) {
                let name = &topology.entity(other).name;
                let named = sheet.text.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == name);
                assert!(!named, "{} names {name}:\n{}", topology.entity(at).name, sheet.text);
            }
        }
    }
}
