//! What holds for every family, every fault and every incident.

use std::collections::{BTreeMap, BTreeSet};

use super::VERSION;
use super::data::family::Family;
use super::data::kinds::{EdgeKind, Kind};
use super::data::library::{Embedded, Library};
use super::draws::Draws;
use super::fairness;
use super::ids::{ClassId, ClassSet};
use super::incident::design::Slot;
use super::incident::level::{Knobs, Level};
use super::proof::hypotheses::Laboratory;
use super::proof::repair_plan;
use super::seeds::Master;
use super::system::builder::{Size, build};
use super::system::names::Naming;
use super::system::strength::Strength;
use super::system::traffic::{Acting, TrafficModel};
use super::testing::{generator, incidents, place};
use incident_env::{Loss, Severity};

#[test]
fn the_families_say_what_can_be_read() {
    let library = generator().library();
    assert!(library.families.len() >= 20, "{}", library.families.len());
    let mut shown = ClassSet::EMPTY;
    for family in &library.families {
        family.lint(&library.vocabulary).unwrap();
        shown |= family.facts.iter().map(|fact| library.vocabulary.predicate(fact.predicate).shows).collect();
    }
    let all: ClassSet = ClassId::first(library.vocabulary.classes.len()).collect();
    assert_eq!(library.vocabulary.names(all - shown), Vec::<&str>::new(), "no family shows these");
}

#[test]
fn what_is_wrong_with_a_family_is_told() {
    let library = generator().library();
    let good = String::from_utf8(Embedded::get("unbounded_query_oom.toml").unwrap().data.into_owned()).unwrap();
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
    let good = String::from_utf8(Embedded::get("memory_leak.toml").unwrap().data.into_owned()).unwrap();
    let laid_over = |name: &str, text: String| Library::with_overlay([(name.to_owned(), text)]);
    // In its own place it is what it was.
    assert_eq!(laid_over("memory_leak.toml", good.clone()).unwrap().digest, generator().library().digest);
    let example = include_str!("../../../examples/families/index_rebuild.toml");
    let more = laid_over("more.toml", example.to_owned()).unwrap();
    assert_eq!(more.families.len(), generator().library().families.len() + 1);
    assert_ne!(more.digest, generator().library().digest);
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
    let library = generator().library();
    let mut seen = BTreeSet::new();
    for seed in 0..12 {
        let draws = Draws::new(seed);
        let topology = build(draws, draws, Size { services: 15, hops: 4 }, Naming::default());
        let traffic = TrafficModel::new(&topology);
        let laboratory = Laboratory { topology: &topology, traffic: &traffic, vocabulary: &library.vocabulary };
        for one in laboratory.every_fault(&library.families, draws, &laboratory.nothing_beside()) {
            let family = &library.families[one.fault.family];
            seen.insert(&family.id);
            let ops = repair_plan::shortest(&one.fault).unwrap_or_else(|| panic!("{} cannot be repaired", family.id));
            let mut facts = one.fault.start;
            for number in ops {
                let op = &one.fault.ops[number];
                // The world performs the first op whose condition is met, which must be the one that was planned.
                let taken = one.fault.op(op.verb, op.target, facts).unwrap();
                assert_eq!((taken.harm, taken.apply(facts)), (0, op.apply(facts)), "{}", family.id);
                facts = op.apply(facts);
            }
            assert!(!facts.meets(one.fault.harmful | one.fault.durable), "{}", family.id);
            // Once nothing harmful holds any more, users lose nothing.
            let flow = traffic.settled(&one.fault.holding(&library.vocabulary, facts).collect::<Vec<_>>());
            let left: Vec<_> = family.cannot_clear.iter().collect();
            assert!(traffic.impact(&flow) < 10 || !left.is_empty(), "{}: {}", family.id, traffic.impact(&flow));
        }
    }
    assert_eq!(seen.len(), library.families.len(), "{seen:?}");
}

/// The proofs of an incident hold, and so does what they do not cover: ids differ, and controls have no fault.
#[test]
fn an_incident_holds_together() {
    let mut ids = BTreeSet::new();
    for (level, count) in [(Level::Easy, 8), (Level::Medium, 6), (Level::Hard, 2)] {
        for made in incidents(level, 1, count) {
            let (one, knobs, place) = (made.incident(), Knobs::of(level), place(&made));
            assert!(ids.insert(one.id.clone()), "{place}");
            made.prove().unwrap_or_else(|flaw| panic!("{place}: {flaw}"));
            let Some(fault) = &one.fault else {
                assert_eq!((one.severity, &one.trigger), (Severity::P4, &None), "{place}");
                continue;
            };
            assert!(one.proof.after_alert >= knobs.hypotheses, "{place}");
            assert_eq!(one.rivals.len() + 1, one.proof.after_alert, "{place}");
            let kind = generator().library().families[fault.family].trigger.kind;
            assert!(one.trigger.iter().all(|id| one.change(id).unwrap().kind == kind), "{place}");
        }
    }
}

#[test]
fn a_quiet_system_is_quiet_and_load_and_failures_go_their_ways() {
    let library = generator().library();
    for seed in 0..30 {
        let topology = build(Draws::new(seed), Draws::new(0), Size { services: 20, hops: 5 }, Naming::default());
        let traffic = TrafficModel::new(&topology);
        let quiet = traffic.settled(&[]);
        assert_eq!(traffic.impact(&quiet), 0);
        for (entity, reading) in topology.entities.iter().zip(quiet.readings()) {
            assert_eq!((reading.error, reading.load), (0, 1000), "{}", entity.name);
            assert!((250..600).contains(&reading.used) || reading.used == 0, "{}: {}", entity.name, reading.used);
        }
        // Callers come before what they call, or one pass would not be enough.
        assert!(topology.edges.iter().all(|edge| edge.from < edge.to));
        assert_eq!(topology.journeys.iter().map(|journey| journey.weight).sum::<i32>(), 1000);
        // A store that crashes takes all requests of its clients along that need it.
        let crash = library.vocabulary.predicates.iter().find(|one| one.name == "restarting").unwrap();
        let store = topology.of(Kind::Db).next().unwrap();
        let flow = traffic.settled(&[Acting { predicate: crash, at: store, strength: Strength::USUAL }]);
        for edge in topology.needed_by(store).filter(|edge| edge.kind == EdgeKind::Data) {
            let fails = i32::from(flow.readings()[edge.from.index()].error);
            assert!((edge.calls.share..=1000).contains(&fails), "seed {seed}: {fails}");
        }
        assert!(traffic.impact(&flow) <= 1000);
    }
}

/// `cargo test --release -p incident-generate a_thousand -- --ignored --nocapture` for the numbers of a level.
#[test]
#[ignore = "takes minutes without optimization"]
fn a_thousand_of_each_level_are_proved_and_differ() {
    const COUNT: u64 = 300;
    let library = generator().library();
    let design = Master::public(2).design(VERSION);
    for level in Level::ALL {
        let (mut attempts, mut by_severity, mut by_family, mut by_views) = (0, [0; 4], BTreeMap::new(), [0; 5]);
        let (mut as_wanted, mut all) = (0, 0);
        for made in incidents(level, 2, COUNT) {
            let one = made.incident();
            attempts += one.attempt + 1;
            by_severity[one.severity as usize] += 1;
            by_views[one.proof.views.as_ref().map_or(4, Vec::len)] += 1;
            let family = one.family(library).map_or("none", |family| &family.id);
            by_family.entry(family).or_insert([0_u32; 4])[one.severity as usize] += 1;
            let slot = Slot::of(design, level, one.number);
            if let Some(first) = slot.family(library, design, 0) {
                all += 1;
                as_wanted += u32::from(library.families[first].id == family);
            }
        }
        println!(
            "{level}: {attempts} attempts, severities {by_severity:?}, views {by_views:?}, as wanted {as_wanted}/{all}"
        );
        for (family, counts) in &by_family {
            println!("   {family:<24} {counts:?} {}", counts.iter().sum::<u32>());
        }
    }
}

/// How often one look tells the severity by the rule: by what the gateway fails, the alerted part, or the entry of the
/// weightiest journey, or by what all entries fail on average, as the calls of the gateway show it.
fn told_by_one_look(level: Level, count: u64) -> [f64; 4] {
    let mut right = [0_u32; 4];
    let mut all = 0;
    for made in incidents(level, 23, count) {
        let (world, incident) = (made.world(), made.incident());
        let state = world.start();
        let fails = |at| i32::from(world.reading(&state, at, 0).error);
        let journeys = &incident.topology.journeys;
        let weightiest = journeys.iter().max_by_key(|journey| journey.weight).unwrap();
        let read = [
            fails(incident.topology.gateway),
            fails(incident.alert.at),
            fails(weightiest.entry) * weightiest.weight / 1000,
            journeys.iter().map(|journey| fails(journey.entry)).sum::<i32>() / i32::try_from(journeys.len()).unwrap(),
        ];
        all += 1;
        for (right, share) in right.iter_mut().zip(read) {
            let told = Severity::of(Loss { share, ..Loss::default() });
            *right += u32::from(told == incident.severity);
        }
    }
    right.map(|right| f64::from(right) / f64::from(all))
}

/// `cargo test --release -p incident-generate one_look -- --ignored --nocapture` for the figures.
#[test]
#[ignore = "takes minutes without optimization"]
fn one_look_tells_less_of_the_severity_from_level_to_level() {
    let mut over = Vec::new();
    for (level, most) in Level::ALL.into_iter().zip([0.90, 0.70, 0.50, 0.40]) {
        let told = told_by_one_look(level, 750);
        println!("{level}: {told:.3?}, at most {most}");
        if told.iter().any(|told| *told > most) {
            over.push(format!("{level}: {told:.3?} over {most}"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

/// Proves 2,000 incidents of each level anew, and prints how far they are from breaking a rule of fairness:
/// `cargo test --release -p incident-generate fairness_over -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes without optimization"]
fn fairness_over_two_thousand_incidents_a_level() {
    const COUNT: u64 = 2000;
    println!(
        "| Level | Parts on the way, mean (most) | Least steps to spare, by task | Faults left by the alert, mean (least) | States of a repair, most |"
    );
    println!("|---|--:|--:|--:|--:|");
    for level in Level::ALL {
        let (mut reach, mut longest, mut states) = (0, 0, 0);
        let (mut spare, mut left, mut least_left) = ([u32::MAX; 3], 0.0, f64::MAX);
        let mut faults = 0_u32;
        for made in incidents(level, 1, COUNT) {
            made.prove().unwrap_or_else(|flaw| panic!("{}: {flaw}", place(&made)));
            let room = fairness::check(made.world(), &crate::play::oracle::diagnose(made.world())).unwrap();
            states = states.max(room.states);
            for (least, one) in spare.iter_mut().zip(room.spare) {
                *least = one.min(*least);
            }
            if made.incident().fault.is_some() {
                faults += 1;
                reach += room.reach;
                longest = longest.max(room.reach);
                let open = (f64::from(made.incident().proof.entropy) / 1024.0).exp2();
                left += open;
                least_left = open.min(least_left);
            }
        }
        let mean = |sum: f64| sum / f64::from(faults);
        let reach = mean(f64::from(u32::try_from(reach).unwrap()));
        let left = mean(left);
        println!("| {level} | {reach:.1} ({longest}) | {spare:?} | {left:.0} ({least_left:.0}) | {states} |");
    }
}
