//! What two records say of one thing agrees, whoever reads them, in incidents of all levels.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::telemetry::menu::metrics_of;
use super::telemetry::query::answer;
use super::testing::{of_every_level, place};
use super::{EntityId, GeneratedIncident, State, World};
use crate::data::dialect::Quantity;
use crate::data::kinds::Kind;
use crate::proof::claim::Claim;
use crate::system::particulars::Particulars;
use incident_env::{Asked, Diagnostic, Dimension};

/// The incidents that are read, some of each level. They are made once for all tests.
static MADE: LazyLock<Vec<GeneratedIncident>> = LazyLock::new(|| of_every_level(23, 12).collect());

/// A look at a part, with the metrics that are asked for.
fn look(world: &World, state: &State, at: EntityId, tool: Diagnostic, asked: &Asked) -> super::Sheet {
    answer(world, state, Some(at), tool, asked)
}

fn metrics(world: &World, state: &State, at: EntityId, by: Option<Dimension>) -> String {
    look(world, state, at, Diagnostic::CheckMetrics, &Asked { by, ..Asked::default() }).text
}

/// The label and the values of each series of a text.
fn series(text: &str) -> Vec<(&str, Vec<f64>)> {
    fn read(line: &str) -> Option<(&str, Vec<f64>)> {
        let (_, line) = line.split_once("] ")?;
        let (head, values) = line.rsplit_once(": ")?;
        let (label, _) = head.rsplit_once(", every ")?;
        Some((label, values.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?))
    }
    text.lines().filter_map(read).collect()
}

/// The state at the alert, and those after some minutes and after a shortest repair.
fn states(world: &World) -> Vec<State> {
    let mut state = world.start();
    let mut all = vec![state.clone()];
    world.pass(&mut state, 9);
    all.push(state.clone());
    if let Some(fault) = &world.incident.fault {
        for number in &world.incident.proof.repair {
            let op = &fault.ops[*number];
            world.perform(&mut state, op.verb, op.target);
        }
        all.push(state.clone());
        world.pass(&mut state, 13);
        all.push(state);
    }
    all
}

/// The name under which a part prints a quantity.
fn name_of(world: &World, at: EntityId, of: Quantity) -> Option<String> {
    let (incident, dialects) = (&world.incident, &world.library.dialects);
    let technology = Particulars::of(&incident.topology, incident.draws, incident.names, at).technology(dialects);
    dialects.get(technology).series(of, incident.topology.entity(at).kind).map(|series| series.name.clone())
}

#[test]
fn a_worker_and_its_queue_count_the_same_messages() {
    let (mut pairs, mut high) = (0, 0);
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        for state in states(world) {
            let unread = |at: EntityId| -> Option<Vec<f64>> {
                let name = name_of(world, at, Quantity::Backlog)?;
                let text = metrics(world, &state, at, None);
                series(&text).into_iter().find(|(label, _)| label.starts_with(&name)).map(|(_, values)| values)
            };
            let is_queue = |at: EntityId| topology.entity(at).kind == Kind::Queue;
            for worker in topology.of(Kind::Worker) {
                let queue = topology.needs(worker).map(|edge| edge.to).find(|to| is_queue(*to));
                let Some((queue, values)) = queue.and_then(|queue| Some((queue, unread(worker)?))) else { continue };
                let of_queue = unread(queue).unwrap();
                pairs += 1;
                high += u32::from(of_queue.iter().any(|value| *value > 10_000.0));
                let text = metrics(world, &state, queue, Some(Dimension::Partition));
                let partitions = series(&text);
                // Both look at nearly the same time.
                for pair in values.iter().zip(&of_queue) {
                    let most = of_queue.iter().copied().fold(0.0, f64::max);
                    assert!((pair.0 - pair.1).abs() <= most * 0.06 + 400.0, "{place}: {values:?} {of_queue:?}");
                }
                for (minute, all) in of_queue.iter().enumerate() {
                    let sum: f64 = partitions.iter().map(|(_, values)| values[minute]).sum();
                    assert!((sum - all).abs() <= 12.0, "{place}: {sum} in {all}");
                }
            }
        }
    }
    assert!(pairs > 20 && high > 0, "{pairs} {high}");
}

#[test]
fn only_issuers_know_what_was_issued() {
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        for state in states(world) {
            for at in topology.ids() {
                let sheet = look(world, &state, at, Diagnostic::CheckServiceStatus, &Asked::default());
                let is_client = matches!(topology.entity(at).kind, Kind::Api | Kind::Worker);
                for (record, text) in sheet.entries().filter(|(_, text)| text.contains("generation ")) {
                    let text = text.strip_prefix("credentials: ").unwrap_or(text);
                    assert_eq!(is_client, !text.contains(" issued"), "{place}: {text}");
                    assert!(!is_client || record.claim == Claim::Nothing, "{place}: {text}");
                    let words: Vec<_> = text.split([' ', ',']).collect();
                    assert!(words[1].parse::<u32>().is_ok() && words[2..4] == ["in", "use"], "{place}: {text}");
                }
            }
        }
    }
}

/// The revisions of one document rise with time, and none is newer than what its part says that it issued.
#[test]
fn revisions_rise_with_time() {
    let mut seen = 0;
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        for state in states(world) {
            for at in topology.ids() {
                let text = |tool: Diagnostic| look(world, &state, at, tool, &Asked::default()).text;
                let number = |text: &str, before: &str| -> Option<u32> {
                    let (_, rest) = text.split_once(before)?;
                    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
                };
                let feed = text(Diagnostic::CheckRecentDeploys);
                let status = text(Diagnostic::CheckServiceStatus);
                let issued = number(&status, " in use, ");
                let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
                for line in feed.lines() {
                    let Some(revision) = number(line, "revision ") else { continue };
                    let kind = line.split_once("ago), ").and_then(|(_, rest)| rest.split(':').next()).unwrap();
                    if let Some(newer) = newest.insert(kind, revision) {
                        assert!(revision < newer, "{place}: {newer} and then {revision} in\n{feed}");
                        seen += 1;
                    }
                    if let (Some(issued), Kind::Config | Kind::Dns) = (issued, topology.entity(at).kind) {
                        assert!(revision <= issued, "{place}: {revision} above {status}");
                    }
                }
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn the_share_of_a_client_is_steady() {
    let mut steady = 0;
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        let state = world.start();
        for at in topology.ids() {
            let text = metrics(world, &state, at, Some(Dimension::Client));
            for (label, values) in series(&text).into_iter().filter(|(_, values)| values.iter().all(|one| *one > 70.0))
            {
                // It rises within a quarter of an hour, and then it stays where it is.
                let late = &values[values.len() / 2..];
                let least = late.iter().copied().fold(f64::MAX, f64::min);
                let most = late.iter().copied().fold(0.0, f64::max);
                assert!(most / least < 1.06, "{place}: {label} {values:?}");
                steady += 1;
            }
        }
    }
    assert!(steady > 0);
}

/// A metric that is asked for with a label is shown alone, or the record says which metrics have that label.
#[test]
fn a_metric_that_is_not_split_is_not_passed_over() {
    let (mut shown, mut refused) = (0, 0);
    for made in MADE.iter().step_by(5) {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        let state = world.start();
        for at in topology.ids() {
            let whole = metrics(world, &state, at, None);
            for by in Dimension::ALL {
                let split = metrics(world, &state, at, Some(by));
                if split.contains("no series of ") {
                    let has = [format!("{{{by}=\""), format!(",{by}=\"")];
                    assert!(!has.iter().any(|label| whole.contains(label)), "{place}: {split}\n{whole}");
                }
                for metric in metrics_of(world, &state, at) {
                    let asked = Asked { metric: Some(Arc::from(metric.as_str())), by: Some(by), ..Asked::default() };
                    let sheet = look(world, &state, at, Diagnostic::CheckMetrics, &asked);
                    let all: Vec<_> = sheet.entries().collect();
                    match all.as_slice() {
                        [(record, text)] if text.contains(" has no label ") => {
                            assert_eq!(record.claim, Claim::Nothing, "{place}: {text}");
                            assert!(text.starts_with(&metric), "{place}: {text}");
                            refused += 1;
                        }
                        all => {
                            let is_it = |text: &str| {
                                let rest = text.strip_prefix(metric.as_str()).unwrap_or("-");
                                ["{", " (", ", every "].iter().any(|end| rest.starts_with(end))
                            };
                            let label = format!("{by}=\"");
                            let zone = format!("_{by}=\"");
                            // Of a handshake the reason is its result.
                            let has = |text: &str| {
                                [label.as_str(), zone.as_str(), "{result=\""].iter().any(|one| text.contains(*one))
                            };
                            let fits = |text: &str| is_it(text) && has(text);
                            assert!(!all.is_empty() && all.iter().all(|(_, text)| fits(text)), "{place}: {all:?}");
                            shown += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(shown > 20 && refused > 20, "{shown} {refused}");
}

#[test]
fn peers_are_one_number_in_status_and_metrics() {
    let mut down = 0;
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        for (state, at) in states(world).iter().flat_map(|state| topology.of(Kind::Network).map(move |at| (state, at)))
        {
            let status = look(world, state, at, Diagnostic::CheckServiceStatus, &Asked::default()).text;
            let (_, rest) = status.split_once("peers connected: ").unwrap();
            let said: f64 = rest.split(' ').next().unwrap().parse().unwrap();
            let Some(name) = name_of(world, at, Quantity::Session) else { continue };
            let text = metrics(world, state, at, None);
            let counted = series(&text).into_iter().find(|(label, _)| label.starts_with(&name)).unwrap();
            assert_eq!(Some(&said), counted.1.last(), "{place}: {status}\n{text}");
            down += u32::from(said < 5.0);
        }
    }
    assert!(down > 0);
}

/// The dependencies that a look lists: what a part calls with the word for how its calls go, the share that fails in
/// percent, and the calls per second.
fn listed(part: &str, text: &str) -> Vec<(String, f64, f64)> {
    let read = |line: &str| {
        let (_, line) = line.split_once("] ")?;
        let (ends, rest) = line.split_once("): ")?;
        let [word, fails, _, rate] = rest.split(", ").collect::<Vec<_>>().try_into().ok()?;
        let share = fails.split(' ').next()?.parse().ok()?;
        let rate = rate.strip_suffix(" per s")?.parse().ok()?;
        ends.starts_with(&format!("{part} -> ")).then(|| (word.to_owned(), share, rate))
    };
    text.lines().filter_map(read).collect()
}

#[test]
fn calls_that_fail_are_not_called_ok() {
    let mut some = 0;
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        let state = world.start();
        for at in topology.ids() {
            let text = look(world, &state, at, Diagnostic::CheckDependencies, &Asked::default()).text;
            for (word, share, _) in listed(topology.name(at), &text) {
                assert!(word != "ok" || share < 1.0, "{place}: {text}");
                assert!(word != "some fail" || (1.0..2.5).contains(&share), "{place}: {text}");
                some += u32::from(word == "some fail");
            }
        }
    }
    assert!(some > 0);
}

/// Calls are first attempts and retries.
#[test]
fn retries_fit_the_calls_of_a_part() {
    let (mut many, mut parts) = (0, 0);
    for made in &*MADE {
        let (world, place, topology) = (made.world(), place(made), &made.incident().topology);
        let high = world.library.vocabulary.class_named("attempts_high").unwrap();
        let state = world.start();
        for at in topology.ids() {
            let shows = |acting: &crate::system::traffic::Acting<'_>| acting.predicate.shows.contains(high);
            let makes = |acting: &crate::system::traffic::Acting<'_>| {
                shows(acting) && (acting.predicate.load > 0 || acting.predicate.retries > 0)
            };
            let is_made = world.holding(&state, at, 0).any(|acting| makes(&acting));
            let is_shown = world.presences(&state, at).any(|one| one.classes.contains(high) && one.from <= 0);
            let Some(name) = name_of(world, at, Quantity::Retries).filter(|_| is_made || !is_shown) else { continue };
            if topology.entity(at).kind == Kind::Worker {
                continue;
            }
            let text = metrics(world, &state, at, None);
            let newest = |begin: &str| {
                let all = series(&text).into_iter().filter(|(label, _)| label.starts_with(begin));
                let newest: Vec<f64> = all.filter_map(|(_, values)| values.last().copied()).collect();
                (!newest.is_empty()).then(|| newest.iter().sum::<f64>())
            };
            let (Some(requests), Some(retries)) = (newest("requests (per s)"), newest(&name)) else { continue };
            let rate: i32 = topology.needs(at).map(|edge| edge.calls.rate()).sum();
            let text = look(world, &state, at, Diagnostic::CheckDependencies, &Asked::default()).text;
            let calls: f64 = listed(topology.name(at), &text).iter().map(|(.., rate)| rate).sum();
            let expected = requests * f64::from(rate) / 1000.0 + retries;
            assert!(
                (expected - calls).abs() <= 0.05 * calls + 1.0 + f64::from(rate) / 1000.0,
                "{place} {}: {expected} {calls}\n{text}",
                topology.name(at)
            );
            parts += 1;
            many += u32::from(is_made);
        }
    }
    assert!(parts > 50 && many > 0, "{parts} {many}");
}
