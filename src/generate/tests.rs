//! What holds for every family, every fault and every incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::generate::proof::hypotheses::{Hypotheses, Laboratory, Scene};
use crate::generate::system::traffic::Plumbing;
use crate::generate::draws::Draws;
use crate::generate::system::topology::{Naming, Size, Topology};
use super::proof::repair_plan as plan;
use super::{Family, Incident, Knobs, Level, Library, Severity};

fn library() -> Arc<Library> {
    Arc::new(Library::embedded().unwrap())
}

fn incidents(library: &Arc<Library>) -> impl Iterator<Item = Incident> + '_ {
    // Few at a time: a build without optimization takes a second for a large one.
    [(Level::Easy, 8), (Level::Medium, 6), (Level::Hard, 2)]
        .into_iter()
        .flat_map(|(level, count)| (0..count).map(move |number| (level, number)))
        .map(|(level, number)| Incident::new(library, level, 1, number).unwrap())
}

#[test]
fn the_families_say_what_can_be_read() {
    let library = library();
    assert!(library.families.len() >= 20, "{}", library.families.len());
    let mut shown = 0;
    for family in &library.families {
        family.lint(&library.vocabulary).unwrap();
        let classes = family.facts.iter().map(|fact| library.vocabulary.predicates[usize::from(fact.predicate)].shows);
        shown |= classes.fold(0, |all, classes| all | classes);
    }
    let all = (1_u64 << library.vocabulary.classes.len()) - 1;
    assert_eq!(library.vocabulary.names(all & !shown), Vec::<&str>::new(), "no family shows these");
}

#[test]
fn what_is_wrong_with_a_family_is_told() {
    let library = library();
    let good = String::from_utf8(super::data::library::Embedded::get("unbounded_query_oom.toml").unwrap().data.into_owned()).unwrap();
    assert!(Family::parse(&good, &library.vocabulary).is_ok());
    for (from, to, words) in [
        ("data(root)", "date(root)", "unknown function 'date'"),
        ("data(root)", "data(rot)", "'rot' stands for nothing before it"),
        ("crashloop(store)", "crashlop(store)", "unknown predicate 'crashlop'"),
        ("crashloop(store)", "crashloop(shop)", "'shop' stands for nothing"),
        ("pause_job", "pause_jobs", "op pause_jobs: unknown verb"),
        ("needs = [\"!runaway\"]", "needs = [\"!run\"]", "unknown label 'run'"),
        ("durable_off = [\"runaway\"]", "durable_off = [\"run\"]", "durable_off: unknown label 'run'"),
        ("verify = [\"store\"]", "verify = [\"shop\"]", "'shop' stands for nothing"),
        ("version = 1", "version = 1\nvariant = 2", "unknown field `variant`"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = Family::parse(&good.replacen(from, to, 1), &library.vocabulary).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_family_that_breaks_a_rule_is_refused() {
    let good = String::from_utf8(super::data::library::Embedded::get("memory_leak.toml").unwrap().data.into_owned()).unwrap();
    let laid_over = |name: &str, text: String| Library::with_overlay([(name.to_owned(), text)]);
    // In its own place it is what it was.
    assert_eq!(laid_over("memory_leak.toml", good.clone()).unwrap().digest, library().digest);
    let more = laid_over("more.toml", good.replace("\"memory_leak\"", "\"more\"")).unwrap();
    assert_eq!(more.families.len(), library().families.len() + 1);
    assert_ne!(more.digest, library().digest);
    for (from, to, words) in [
        ("", "", "more.toml: there is a family 'memory_leak' already"),
        ("leaks_memory(root)\"", "leaks_memory(root)\", b = \"leaks_connections(root)\"", "one of them at most"),
        ("clears = [\"leak\"]", "clears = []", "facts.leak: no op clears it"),
        ("harm = 30", "harm = 0", "wrong restart_service: needs a harm above 0"),
        ("version = 1", "version = one", "more.toml: "),
    ] {
        let error = laid_over("more.toml", good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = laid_over("vocabulary.toml", String::new()).unwrap_err().to_string();
    assert!(error.starts_with("vocabulary.toml: "), "{error}");
}

#[test]
fn every_fault_that_a_system_can_have_is_repaired_without_harm() {
    let library = library();
    let mut seen = BTreeSet::new();
    for seed in 0..12 {
        let draws = Draws::new(seed);
        let topology = Topology::new(draws, Size { services: 15, depth: 4 }, Naming::default());
        let plumbing = Plumbing::new(&topology);
        let vocabulary = &library.vocabulary;
        let laboratory = Laboratory { topology: &topology, plumbing: &plumbing, vocabulary };
        for one in laboratory.every_fault(&library.families, draws, None) {
            let family = &library.families[one.fault.family];
            seen.insert(&family.id);
            let steps = plan::shortest(&one.fault).unwrap_or_else(|| panic!("{} cannot be repaired", family.id));
            let mut facts = one.fault.start;
            for number in steps {
                let step = &one.fault.steps[number];
                // What the world does is the first step that is met, which must be the one that was planned.
                let taken = one.fault.step(step.verb, step.target, facts).unwrap();
                assert_eq!((taken.harm, taken.apply(facts)), (0, step.apply(facts)), "{}", family.id);
                facts = step.apply(facts);
            }
            assert_eq!(facts & (one.fault.harmful | one.fault.durable), 0, "{}", family.id);
            // Where nothing holds any more, users miss nothing.
            let flow = plumbing.settled(&one.fault.holding(&library.vocabulary, facts).collect::<Vec<_>>());
            let left: Vec<_> = family.cannot_clear.iter().collect();
            assert!(plumbing.impact(&flow) < 10 || !left.is_empty(), "{}: {}", family.id, plumbing.impact(&flow));
        }
    }
    assert_eq!(seen.len(), library.families.len(), "{seen:?}");
}

#[test]
fn an_incident_holds_together() {
    let library = library();
    let mut ids = BTreeSet::new();
    for one in incidents(&library) {
        let (knobs, place) = (Knobs::of(one.level), format!("{} {}", one.level, one.number));
        assert!(ids.insert(one.id.clone()), "{place}");
        let Some(fault) = &one.fault else {
            assert_eq!((one.severity, one.impact, &one.trigger), (Severity::P4, 0, &None), "{place}");
            continue;
        };
        // The same by other means: simulated anew, and checked against all other faults.
        let all = one.laboratory(&library).every_fault(&library.families, one.draws, None);
        let truth = all.iter().position(|other| (other.fault.family, other.fault.root) == (fault.family, fault.root));
        let truth = truth.unwrap();
        let mut scene = Scene { looks: all[truth].looks.clone(), tolerance: knobs.tolerance };
        for decoy in &one.decoys {
            assert_eq!(
                all[truth].looks.shows[usize::from(decoy.at)],
                0,
                "{place}: a decoy stands where the fault does"
            );
            scene.looks.shows[usize::from(decoy.at)] |= decoy.shows;
        }
        let checker = Hypotheses::over(&library.vocabulary, &all);
        let explaining: Vec<_> = (0..all.len()).filter(|index| checker.explains(&all[*index], &scene)).collect();
        assert_eq!(explaining, [truth], "{place}");
        assert!(one.proof.after_alert >= knobs.hypotheses, "{place}");
        assert!(checker.after_alert(&[one.alerted]).contains(&truth), "{place}: the alert excludes the truth");
        if let Some(views) = &one.proof.views {
            assert!(views.len() >= knobs.views, "{place}: {views:?}");
            let left = checker.after_alert(&[one.alerted]);
            let left: Vec<_> = left
                .iter()
                .filter(|index| views.iter().all(|view| checker.agrees(&all[**index], &scene, *view)))
                .collect();
            assert_eq!(left, [&truth], "{place}: the views do not tell");
        }
        assert_eq!(Severity::of(all[truth].impact, all[truth].diverges), one.severity, "{place}");
        let trigger = one.trigger.as_ref().map(|id| one.changes.iter().find(|change| change.id == *id).unwrap());
        if let Some(trigger) = trigger {
            assert!(trigger.minutes_ago >= one.duration, "{place}: the cause comes first");
            assert_eq!(
                (trigger.at, trigger.kind),
                (fault.trigger_at, library.families[fault.family].trigger.kind),
                "{place}"
            );
        }
    }
}

#[test]
fn the_same_seed_brings_the_same_about() {
    let library = library();
    let text = |number| format!("{:?}", Incident::new(&library, Level::Easy, 7, number).unwrap());
    let (first, second) = (text(0), text(1));
    // In another order, and after others.
    assert_eq!((text(1), text(0)), (second.clone(), first.clone()));
    assert_ne!(first, second);
}

#[test]
fn a_quiet_system_is_quiet_and_load_and_failures_go_their_ways() {
    let library = library();
    for seed in 0..30 {
        let topology = Topology::new(Draws::new(seed), Size { services: 20, depth: 5 }, Naming::Semantic);
        let plumbing = Plumbing::new(&topology);
        let quiet = plumbing.settled(&[]);
        assert_eq!(plumbing.impact(&quiet), 0);
        for (entity, reading) in topology.entities.iter().zip(quiet.readings()) {
            assert_eq!((reading.error, reading.load), (0, 1000), "{}", entity.name);
            assert!((250..600).contains(&reading.used) || reading.used == 0, "{}: {}", entity.name, reading.used);
        }
        // Callers stand before what they call, or one pass would not be enough.
        assert!(topology.edges.iter().all(|edge| edge.from < edge.to));
        assert_eq!(topology.journeys.iter().map(|journey| journey.weight).sum::<i32>(), 1000);
        // A store that is gone takes its callers along, and nobody whom it calls.
        let crash = library.vocabulary.predicates.iter().find(|one| one.name == "crashloop").unwrap();
        let store = topology.of(crate::generate::system::topology::Kind::Db).next().unwrap();
        let flow = plumbing.settled(&[(crash, store)]);
        for edge in topology.needed_by(store).filter(|edge| edge.kind == crate::generate::system::topology::EdgeKind::Data) {
            assert_eq!(flow.readings()[usize::from(edge.from)].error, 1000, "seed {seed}");
        }
        assert!(plumbing.impact(&flow) <= 1000);
    }
}

/// `cargo test --release --lib generate -- --ignored --nocapture` for the numbers of a level.
#[test]
#[ignore = "takes minutes without optimization"]
fn a_thousand_of_each_level_are_proved_and_differ() {
    let library = library();
    for level in Level::ALL {
        let (mut attempts, mut by_severity, mut by_family, mut by_views) = (0, [0; 4], BTreeMap::new(), [0; 5]);
        for number in 0..1000 {
            let one = Incident::new(&library, level, 2, number).unwrap_or_else(|error| panic!("{error}"));
            attempts += one.attempt + 1;
            by_severity[one.severity as usize] += 1;
            by_views[one.proof.views.map_or(4, |views| views.len())] += 1;
            let family = one.fault.map_or("none", |fault| &library.families[fault.family].id);
            *by_family.entry(family).or_insert(0_u32) += 1;
        }
        println!("{level}: {attempts} attempts, severities {by_severity:?}, views {by_views:?}\n  {by_family:?}");
        assert!(by_severity.iter().all(|count| *count > 100), "{level}: {by_severity:?}");
        assert!(by_family.len() > library.families.len() / 2, "{level}: {by_family:?}");
        assert!(by_family.values().all(|count| *count < 250), "{level}: {by_family:?}");
    }
}
