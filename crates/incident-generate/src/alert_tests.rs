//! Alerts over many incidents: how often each kind wakes the responder, what it leaves open, and who it is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::kinds::Symptom;
use crate::incident::level::{Knobs, Level};
use crate::testing::{incidents, place};

/// From this many pages on a share of them is judged.
const FEWEST: usize = 12;

/// The alerts about one symptom that woke the responder.
#[derive(Debug, Default)]
struct Pages {
    count: usize,
    /// Those of parts that are not the root.
    victims: usize,
    /// Those of false alarms.
    controls: usize,
    families: BTreeSet<usize>,
}

/// Reads the alerts of incidents, checks what holds of each, and returns what woke the responders, with the number of attempts.
fn pages(level: Level, count: u64) -> (BTreeMap<Symptom, Pages>, u64) {
    let (mut pages, mut attempts) = (BTreeMap::<Symptom, Pages>::new(), 0);
    for made in incidents(level, 2, count) {
        let (incident, knobs, place) = (made.incident(), Knobs::of(level), place(&made));
        attempts += incident.attempt + 1;
        let page = pages.entry(incident.alert.symptom).or_default();
        page.count += 1;
        match &incident.fault {
            Some(fault) => {
                page.victims += usize::from(fault.root != incident.alert.at);
                page.families.insert(fault.family);
                let open = (f64::from(incident.proof.entropy) / 1024.0).exp2();
                assert!(open >= 0.99 * f64::from(u32::try_from(knobs.hypotheses).unwrap()), "{place}: {open}");
                assert!(incident.alert.since < incident.duration, "{place}");
            }
            None => page.controls += 1,
        }
        assert!(incident.alerts.len() <= 2 * usize::from(knobs.alerts), "{place}");
        let parts: BTreeSet<_> = incident.alerts.iter().map(|rule| rule.at).chain([incident.alert.at]).collect();
        assert_eq!(parts.len(), 1 + incident.alerts.len(), "{place}: one alert a part");
        assert!(incident.alerts.is_sorted_by_key(|rule| std::cmp::Reverse(rule.since)), "{place}");
    }
    (pages, attempts)
}

/// Checks the shares of all pages.
fn check(pages: &BTreeMap<Symptom, Pages>) {
    let all: usize = pages.values().map(|page| page.count).sum();
    let rare: usize = pages.iter().filter(|(symptom, _)| symptom.is_rare()).map(|(_, page)| page.count).sum();
    assert!(rare * 4 <= all, "{rare} of {all}");
    for (symptom, page) in pages.iter().filter(|(symptom, page)| symptom.is_rare() && page.count >= FEWEST) {
        let faults = page.count - page.controls;
        assert!(page.families.len() >= 3, "{symptom:?}: {page:?}");
        assert!(page.victims * 3 >= faults, "{symptom:?}: {page:?}");
    }
}

fn joined(into: &mut BTreeMap<Symptom, Pages>, more: BTreeMap<Symptom, Pages>) {
    for (symptom, Pages { count, victims, controls, families }) in more {
        let page = into.entry(symptom).or_default();
        page.count += count;
        page.victims += victims;
        page.controls += controls;
        page.families.extend(families);
    }
}

#[test]
fn alerts_keep_their_shares() {
    let mut all = BTreeMap::new();
    for (level, count) in [(Level::Easy, 150), (Level::Medium, 60), (Level::Hard, 12), (Level::Expert, 4)] {
        joined(&mut all, pages(level, count).0);
    }
    check(&all);
    assert!(all.contains_key(&Symptom::Latency) && all.keys().any(|symptom| symptom.is_rare()), "{all:?}");
}

/// `cargo test -p incident-generate alerts_of_hundreds -- --ignored --nocapture` for the figures of each level.
#[test]
#[ignore = "takes minutes without optimization"]
fn alerts_of_hundreds_keep_their_shares() {
    const MANY: u64 = 300;
    let mut all = BTreeMap::new();
    for level in Level::ALL {
        let (pages, attempts) = pages(level, MANY);
        println!("{level}: {attempts} attempts at {MANY}");
        for (symptom, page) in &pages {
            println!("  {symptom:?}: {page:?}");
        }
        joined(&mut all, pages);
    }
    check(&all);
}
