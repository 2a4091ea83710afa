//! What records must be like, whatever the incident.

use std::collections::BTreeSet;

use super::generator::GeneratedIncident;
use super::ids::{ClassSet, EntityId};
use super::incident::draft::beside;
use super::proof::claim::is_consistent;
use super::proof::hypotheses::Appearance;
use super::telemetry::query::read;
use super::testing::{action, entries, generator, of_every_level, place};
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::phrase::Known;
use crate::data::vocabulary::FailsAs;
use crate::system::particulars::Particulars;
use incident_env::{Diagnostic, TaskId};

/// Whatever a fault can show at an entity has a template for its kind.
#[test]
fn every_class_can_be_read_where_it_can_be() {
    let mut missing = BTreeSet::new();
    for incident in of_every_level(11, 4) {
        let (library, incident) = (&incident.world().library, incident.incident());
        let laboratory = incident.laboratory(library);
        let all = laboratory.every_fault(&library.families, incident.draws, &laboratory.nothing_beside());
        for (at, entity) in incident.topology.numbered() {
            let shown: ClassSet = all.iter().map(|one| one.appearance.shows[at.index()]).collect();
            for (id, class) in library.vocabulary.numbered_classes().filter(|(id, _)| shown.contains(*id)) {
                let is_there = match class.tool {
                    Diagnostic::CheckMetrics => (library.telemetry.series.iter())
                        .any(|series| series.class == id && series.kinds.contains(&entity.kind)),
                    Diagnostic::CheckServiceStatus => (library.telemetry.fields.iter())
                        .any(|field| field.class == id && field.kinds.contains(&entity.kind)),
                    _ => true,
                };
                if !is_there {
                    missing.insert((class.name.clone(), entity.kind));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// What is read at the alert is what the proof reasoned about: with all of it, the truth alone is left.
#[test]
fn records_say_what_was_proved() {
    for made in of_every_level(11, 12) {
        let (world, incident, place) = (made.world(), made.incident(), place(&made));
        let state = world.start();
        let truth = match &incident.fault {
            None => Appearance::of_nothing(incident.topology.entities.len()),
            Some(fault) => {
                let (families, laboratory) = (&world.library.families, incident.laboratory(&world.library));
                let alone = beside(laboratory, None, &incident.decoys);
                let apart = laboratory.every_fault(families, incident.draws, &alone);
                let other = incident.second.as_ref().map(|second| {
                    apart.iter().find(|one| (one.fault.family, one.fault.root) == (second.family, second.root)).unwrap()
                });
                let beside = beside(laboratory, other.map(|other| &other.fault), &incident.decoys);
                let all = laboratory.every_fault(families, incident.draws, &beside);
                let truth = all.iter().find(|one| (one.fault.family, one.fault.root) == (fault.family, fault.root));
                truth.unwrap().appearance.clone()
            }
        };
        let mut claims = Vec::new();
        for at in incident.topology.ids() {
            for tool in Diagnostic::ALL {
                let sheet = read(world, &state, at, tool);
                let entries = entries(&sheet.text);
                assert_eq!(entries.len(), sheet.records.len(), "{place}: {}", sheet.text);
                for ((id, line), record) in entries.iter().zip(&sheet.records) {
                    assert_eq!(*id, record.id.to_string(), "{place}: {line}");
                    let unfilled = Known::NAMES.iter().find(|name| line.contains(&format!("{{{name}}}")));
                    assert_eq!(unfilled, None, "{place}: {line}");
                    assert!(is_consistent(&truth, &[record.claim], 64), "{place}: {record:?}\n{}", sheet.text);
                    claims.push(record.claim);
                }
            }
        }
        assert!(is_consistent(&truth, &claims, incident.knobs.ambiguity), "{place}");
        for rival in &incident.rivals {
            assert!(
                !is_consistent(rival, &claims, incident.knobs.ambiguity),
                "{place}: another fault would read the same"
            );
        }
    }
}

/// Queries let minutes pass, so what they show depends on when they are made. It depends on nothing else: queries of
/// other entities in between change nothing, in whatever order they are made.
#[test]
fn only_the_minute_of_a_query_counts() {
    for made in of_every_level(11, 2) {
        let place = place(&made);
        let names: Vec<_> = made.incident().topology.entities.iter().map(|entity| entity.name.as_str()).collect();
        let (first, others) = names.split_first().unwrap();
        let shown = |before: &[&str]| {
            let mut episode = made.episode(TaskId::RootCauseAnalysis);
            for service in before {
                episode.step(&action("check_metrics", &serde_json::json!({ "service": service })));
            }
            let query = action("query_logs", &serde_json::json!({ "service": first }));
            let outcome = episode.step(&query);
            outcome.observation.evidence.last().unwrap().text.as_str().to_owned()
        };
        let some = &others[..3];
        let reversed: Vec<_> = some.iter().rev().copied().collect();
        assert_eq!(shown(some), shown(&reversed), "{place}");
        assert_eq!(shown(some), shown(&others[3..6]), "{place}");
        // Three minutes earlier the clock is another one.
        assert_ne!(shown(some), shown(&[]), "{place}");
    }
}

/// No two changes and no two entities can be mistaken for each other.
#[test]
fn ids_and_names_are_unique() {
    for made in of_every_level(11, 2) {
        let incident = made.incident();
        let changes: BTreeSet<_> = incident.changes.iter().map(|change| &change.id).collect();
        assert_eq!(changes.len(), incident.changes.len());
        let names: BTreeSet<_> = incident.topology.entities.iter().map(|entity| &entity.name).collect();
        assert_eq!(names.len(), incident.topology.entities.len());
    }
}

/// A victim names what it calls, and nothing behind it.
#[test]
fn logs_name_direct_dependencies_alone() {
    let logs = |made: &GeneratedIncident, at| read(made.world(), &made.world().start(), at, Diagnostic::QueryLogs).text;
    for made in of_every_level(11, 6) {
        let topology = &made.incident().topology;
        // A name server is asked for all names, a node knows what runs on it, and who issues credentials and settings knows to whom.
        let knows_all =
            |at: &EntityId| matches!(topology.entity(*at).kind, Kind::Dns | Kind::Node | Kind::Identity | Kind::Config);
        for at in topology.ids().filter(|at| !knows_all(at)) {
            let text = logs(&made, at);
            let under = topology.under(at).into_iter();
            let near: Vec<_> = (topology.needs(at).map(|edge| edge.to))
                .chain(topology.needed_by(at).map(|edge| edge.from))
                .chain(topology.numbered().filter(|(_, entity)| entity.node == Some(at)).map(|(placed, _)| placed))
                .chain(under)
                .chain([at])
                .collect();
            for other in topology.ids().filter(|other| !near.contains(other)) {
                let name = topology.name(other);
                // What is called by a plain noun cannot be told from the thing.
                let incident = made.incident();
                if Particulars::of(topology, incident.draws, incident.names, other).role() == name {
                    continue;
                }
                let named = text.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == name);
                assert!(!named, "{} names {name}:\n{text}", topology.name(at));
            }
        }
    }
}

/// Every technology prints everything that can be seen at parts that run it, and every way in which their calls can fail.
#[test]
fn every_technology_prints_what_can_be_seen_there() {
    let mut missing = BTreeSet::new();
    let library = generator().library();
    let mut shown = std::collections::BTreeMap::<Kind, ClassSet>::new();
    let mut called = BTreeSet::new();
    for incident in of_every_level(11, 8) {
        let incident = incident.incident();
        let laboratory = incident.laboratory(library);
        let all = laboratory.every_fault(&library.families, incident.draws, &laboratory.nothing_beside());
        for (at, entity) in incident.topology.numbered() {
            let faults: ClassSet = all.iter().map(|one| one.appearance.shows[at.index()]).collect();
            let decoys: ClassSet =
                incident.decoys.iter().filter(|decoy| decoy.at == at).map(|decoy| decoy.shows).collect();
            *shown.entry(entity.kind).or_default() |= faults | decoys;
            let needs = incident.topology.needs(at).filter(|edge| edge.kind != EdgeKind::Store);
            called.extend(needs.map(|edge| (entity.kind, incident.topology.entity(edge.to).kind)));
        }
    }
    let logged = library.vocabulary.of_glance(Diagnostic::QueryLogs.into());
    let dialects = &library.dialects;
    let platform = dialects.platform().unwrap();
    for (kind, classes) in shown {
        for dialect in dialects.of(kind) {
            let own = |class| dialect.says(class, kind, dialect, 0).or_else(|| platform.says(class, kind, dialect, 0));
            let unsaid = (classes & logged).iter().filter(|class| own(*class).is_none()).collect::<ClassSet>();
            missing
                .extend(library.vocabulary.names(unsaid).into_iter().map(|class| format!("{}: {class}", dialect.id)));
            if dialect.usual(kind).next().is_none() {
                missing.insert(format!("{}: usual for {kind}", dialect.id));
            }
        }
    }
    for (kind, to) in called {
        for (dialect, peer) in dialects.of(kind).flat_map(|dialect| dialects.of(to).map(move |peer| (dialect, peer))) {
            for fails_as in
                FailsAs::ALL.into_iter().filter(|fails_as| dialect.fails(*fails_as, kind, peer, 0).is_none())
            {
                missing.insert(format!("{}: {fails_as:?} of {}", dialect.id, peer.id));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
