//! What the feed of changes says: what set a fault off can be told by what it edits, and only by whoever knows the fault.

use super::testing::{incidents, of_every_level, place};
use crate::data::kinds::Kind;
use crate::data::vocabulary::FailsAs;
use crate::ids::EntityId;
use crate::incident::level::Level;
use crate::system::particulars::Particulars;
use crate::telemetry::query::{answer, read};
use crate::telemetry::reader::Reader;
use incident_env::{Asked, Diagnostic};

/// The minutes of a day.
const DAY: u32 = 1440;

/// What set a fault off edits what its family needs, and no other change of the kind that was made to the part does.
#[test]
fn changes_are_told_apart_by_what_they_edit() {
    let (mut seen, mut alike) = (0, 0);
    for made in of_every_level(17, 60) {
        let (world, incident, place) = (made.world(), made.incident(), place(&made));
        let state = world.start();
        let says = |slot: usize| {
            let change = &incident.changes[slot];
            let note = Reader::new(world, &state, change.at).note(slot, change);
            note.unwrap_or_else(|| panic!("{place}: no text for {} at {:?}", change.kind, change.at)).0
        };
        let all: Vec<_> = (0..incident.changes.len()).map(says).collect();
        for trigger in incident.triggers() {
            let slot = incident.changes.iter().position(|change| change.id == *trigger).unwrap();
            let change = &incident.changes[slot];
            let family = &world.library.families[change.posed.unwrap()].id;
            assert!(all[slot].of.contains(family), "{place}: {family}");
            seen += 1;
            for (other, one) in incident.changes.iter().enumerate().filter(|(other, _)| *other != slot) {
                // Of a flag there is only one thing to say.
                if one.at == change.at && one.kind == change.kind && one.kind.as_str() != "flag" {
                    assert!(!all[other].of.contains(family), "{place}: {} and {trigger}", one.id);
                    alike += 1;
                }
            }
        }
    }
    assert!(seen > 100 && alike > 5, "{seen} {alike}");
}

/// Whoever names a change of the last day that edits something which could set a fault off is right at most twice as often as
/// whoever names any.
#[test]
fn the_words_of_a_feed_name_no_trigger() {
    let (mut any, mut telling) = (0.0, 0.0);
    for made in of_every_level(19, 60) {
        let (world, incident) = (made.world(), made.incident());
        let state = world.start();
        let of_a_day = || incident.changes.iter().enumerate().filter(|(_, change)| change.minutes_ago <= DAY);
        let tells = |slot: usize| {
            let change = &incident.changes[slot];
            Reader::new(world, &state, change.at).note(slot, change).is_some_and(|(note, _)| !note.of.is_empty())
        };
        let (all, some) = (of_a_day().count(), of_a_day().filter(|(slot, _)| tells(*slot)).count());
        let Some(_) = incident.trigger.as_ref().filter(|_| all > 0 && some > 0) else { continue };
        let share = |count: usize| 1.0 / f64::from(u32::try_from(count).unwrap());
        (any, telling) = (any + share(all), telling + share(some));
    }
    assert!(telling < 1.5 * any, "{telling:.1} against {any:.1}");
}

/// No change names one thing twice.
#[test]
fn a_change_names_different_things() {
    for made in of_every_level(23, 30) {
        let text =
            answer(made.world(), &made.world().start(), None, Diagnostic::CheckRecentDeploys, &Asked::default()).text;
        for line in text.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(!words.windows(3).any(|three| three[1] == "and" && three[0] == three[2]), "{line}");
        }
    }
}

/// Where a fault takes a way away, callers do not reach one part in another zone, the prefix that is named covers it, and the
/// sessions that are lost are lost once.
#[test]
fn a_route_that_is_gone_led_to_who_is_not_reached() {
    let (mut seen, mut named, mut lost) = (0, 0, 0);
    for level in Level::ALL {
        for made in incidents(level, 29, 90).filter(|made| place(made).contains("route_withdrawal")) {
            let (world, incident, place) = (made.world(), made.incident(), place(&made));
            if incident.second.is_some() {
                continue;
            }
            let (topology, state) = (&incident.topology, world.start());
            let target = world.severed(FailsAs::Unreachable).unwrap();
            let address = |at: EntityId| Particulars::of(topology, incident.draws, incident.names, at).address();
            let block = address(target).block();
            let network = incident.fault.as_ref().unwrap().root;
            assert_eq!(topology.entity(network).kind, Kind::Network);
            let blocks = |text: &str| -> Vec<String> {
                let words = text.split(|c: char| !c.is_ascii_digit() && !"./".contains(c));
                words.filter(|word| word.ends_with("/26")).map(|word| word.trim_matches('.').to_owned()).collect()
            };
            for (slot, change) in incident.changes.iter().enumerate().filter(|(_, change)| change.at == network) {
                let line = read(world, &state, network, Diagnostic::CheckRecentDeploys).text;
                let line = line.lines().find(|line| line.contains(&change.id)).unwrap().to_owned();
                let is_trigger = incident.trigger.as_ref() == Some(&change.id);
                for found in blocks(&line) {
                    assert_eq!(found == block, is_trigger, "{place}, {slot}: {line}");
                    named += 1;
                }
            }
            let log = read(world, &state, network, Diagnostic::QueryLogs).text;
            assert!(blocks(&log).iter().all(|found| *found == block), "{place}: {block} in\n{log}");
            let down = ["Down BGP Notification", ": BGP session closed"].map(|text| log.matches(text).count());
            assert_eq!(down.iter().sum::<usize>(), 3, "{place}:\n{log}");
            for at in topology.ids() {
                let text = read(world, &state, at, Diagnostic::CheckDependencies).text;
                for line in text.lines().filter(|line| line.contains("(no_route)")) {
                    assert!(line.contains(&format!("-> {} (", topology.name(target))), "{place}: {line}");
                    lost += 1;
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 5 && named > 5 && lost > 5, "{seen} {named} {lost}");
}
