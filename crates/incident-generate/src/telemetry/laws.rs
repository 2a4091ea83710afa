//! Laws: what must hold between the records of a system, whoever reads them. They are checked on what is printed.

use std::collections::BTreeMap;

use crate::data::kinds::{EdgeKind, Kind};
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::telemetry::query::read;
use incident_env::{Diagnostic, Dimension};

/// How far two readings of the same share may be apart, in percentage points: each has its noise and its rounding.
const SHARE: f64 = 1.0;
/// How far a mean of readings may be off because the rates that they are weighted by have their noise, as a share of it.
const RATES: f64 = 0.04;
/// How far two readings of the same time may be apart, as a factor.
const TIME: f64 = 1.15;

/// A law that is broken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrokenLaw {
    /// The front door fails another share of its requests than its routes do together.
    #[error("{gateway} fails {door:.1} % of its requests, and its routes together {routes:.1} %")]
    FrontDoor {
        /// The name of the part that users come in through.
        gateway: String,
        /// What it says of itself, in percent.
        door: f64,
        /// What its routes say, in percent.
        routes: f64,
    },
    /// A part answers faster than what it waits for.
    #[error("{part} answers within {own:.1} ms and waits for {needed}, which takes {time:.1} ms")]
    ResponseTime {
        /// The name of the part that waits.
        part: String,
        /// The name of the part that it waits for.
        needed: String,
        /// The 99th percentile of the answers of the one that waits, in milliseconds.
        own: f64,
        /// That of the other one.
        time: f64,
    },
    /// The splits of a part do not add up to what it says of all its requests.
    #[error("the requests of {part} by {by} are {split:.0} per s, and in all {all:.0}")]
    Split {
        /// The name of the part.
        part: String,
        /// What its requests are split by.
        by: Dimension,
        /// The sum of the split, per second.
        split: f64,
        /// All requests, per second.
        all: f64,
    },
    /// A point of a series is another one when it is read again.
    #[error("{series} of {part} was {before} and is {after} in the same minutes")]
    History {
        /// The name of the part.
        part: String,
        /// The label of the series.
        series: String,
        /// The values that were read first.
        before: String,
        /// The values that were read later.
        after: String,
    },
}

/// Goes through the series of a text: label with its unit, and values.
fn series(text: &str) -> impl Iterator<Item = (&str, Vec<f64>)> {
    text.lines().filter_map(|line| {
        let (_, line) = line.split_once("] ")?;
        let (head, values) = line.rsplit_once(": ")?;
        let (label, _) = head.rsplit_once(", every ")?;
        let values = values.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>().ok()?;
        Some((label, values))
    })
}

/// Returns the newest value of the series that begins with a label.
fn newest(text: &str, label: &str) -> Option<f64> {
    series(text).find(|(known, _)| known.starts_with(label)).and_then(|(_, values)| values.last().copied())
}

/// Checks that the front door fails what its routes fail together, given its metrics and the same by route.
fn front_door(gateway: &str, metrics: &str, by_route: &str) -> Result<(), BrokenLaw> {
    let Some(door) = newest(metrics, "failed requests (") else { return Ok(()) };
    let newest_of = |begin: &str| -> Vec<f64> {
        let all = series(by_route).filter(|(label, _)| label.starts_with(begin));
        all.filter_map(|(_, values)| values.last().copied()).collect()
    };
    let (requests, failed) = (newest_of("requests{"), newest_of("failed requests{"));
    let whole: f64 = requests.iter().sum();
    let routes = requests.iter().zip(&failed).map(|(rate, share)| rate * share).sum::<f64>() / whole.max(1.0);
    if (routes - door).abs() <= SHARE + door * RATES {
        return Ok(());
    }
    Err(BrokenLaw::FrontDoor { gateway: gateway.to_owned(), door, routes })
}

/// Checks that a part takes at least as long as what it always waits for, given its metrics and its dependencies.
fn response_times(part: &str, metrics: &str, dependencies: &str) -> Result<(), BrokenLaw> {
    let Some(own) = newest(metrics, "p99 of response time (") else { return Ok(()) };
    let begin = format!("{part} -> ");
    for line in dependencies.lines() {
        let call = line.split_once("] ").and_then(|(_, line)| line.strip_prefix(&begin));
        let Some((needed, rest)) = call.and_then(|call| call.split_once(" (sync): ")) else { continue };
        let time = rest.rsplit_once("p99 ").and_then(|(_, time)| time.strip_suffix(" ms")?.parse::<f64>().ok());
        if let Some(time) = time.filter(|time| own * TIME < *time) {
            let (part, needed) = (part.to_owned(), needed.to_owned());
            return Err(BrokenLaw::ResponseTime { part, needed, own, time });
        }
    }
    Ok(())
}

/// Checks that the requests of a part by some label are all its requests.
fn split(part: &str, by: Dimension, metrics: &str, split: &str) -> Result<(), BrokenLaw> {
    let Some(all) = newest(metrics, "requests (per s)") else { return Ok(()) };
    let of_labels = series(split).filter(|(label, _)| label.starts_with("requests{"));
    let sum: Vec<f64> = of_labels.filter_map(|(_, values)| values.last().copied()).collect();
    let sum_of = sum.iter().sum::<f64>();
    if sum.is_empty() || (sum_of - all).abs() <= all * 0.08 + 1.0 {
        return Ok(());
    }
    Err(BrokenLaw::Split { part: part.to_owned(), by, split: sum_of, all })
}

/// Checks that what was read of a part a minute before is still what it was: the points on the grid of the clock.
fn history(part: &str, before: &str, after: &str) -> Result<(), BrokenLaw> {
    let grid = |text: &str| -> BTreeMap<String, (String, Vec<f64>)> {
        let until = |line: &str| {
            line.rsplit_once(" and at ").and_then(|(head, _)| head.rsplit_once(" to ")).map(|(_, to)| to.to_owned())
        };
        let times = text.lines().filter_map(until);
        let all = series(text).zip(times);
        all.map(|((label, mut values), until)| {
            values.pop();
            (label.to_owned(), (until, values))
        })
        .collect()
    };
    let later = grid(after);
    for (label, (until, values)) in grid(before) {
        let Some((_, again)) = later.get(&label).filter(|(same, _)| *same == until) else { continue };
        if *again != values {
            let (before, after) = (format!("{values:?}"), format!("{again:?}"));
            return Err(BrokenLaw::History { part: part.to_owned(), series: label, before, after });
        }
    }
    Ok(())
}

/// Checks the laws on everything that is printed in a state.
///
/// # Errors
/// The first law that is broken.
pub(crate) fn check(world: &World, state: &State) -> Result<(), BrokenLaw> {
    let topology = &world.incident.topology;
    let glance = |at: EntityId, by: Dimension| {
        let glance = crate::data::vocabulary::Glance { tool: Diagnostic::CheckMetrics, by: Some(by) };
        read(world, state, at, glance).text
    };
    let gateway = topology.gateway;
    let door = read(world, state, gateway, Diagnostic::CheckMetrics).text;
    front_door(topology.name(gateway), &door, &glance(gateway, Dimension::Route))?;
    let mut later = state.clone();
    world.pass(&mut later, 1);
    for at in topology.ids() {
        let name = topology.name(at);
        let metrics = read(world, state, at, Diagnostic::CheckMetrics).text;
        history(name, &metrics, &read(world, &later, at, Diagnostic::CheckMetrics).text)?;
        let calls = topology.needs(at).any(|edge| edge.kind == EdgeKind::Req);
        if calls && at != gateway {
            response_times(name, &metrics, &read(world, state, at, Diagnostic::CheckDependencies).text)?;
        }
        if topology.entity(at).kind != Kind::Network {
            for by in [Dimension::Node, Dimension::Zone, Dimension::Flag, Dimension::Version] {
                split(name, by, &metrics, &glance(at, by))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::level::Level;
    use crate::testing::{incidents, place};

    /// All laws hold at the alert, and as time goes on with and without a repair.
    #[test]
    fn records_keep_the_laws() {
        for level in Level::ALL {
            for made in incidents(level, 61, 6) {
                let (world, place) = (made.world(), place(&made));
                let mut state = world.start();
                check(world, &state).unwrap_or_else(|law| panic!("{place}: {law}"));
                world.pass(&mut state, 12);
                check(world, &state).unwrap_or_else(|law| panic!("{place}, later: {law}"));
                if let Some(fault) = &world.incident.fault {
                    for number in &world.incident.proof.repair {
                        let op = &fault.ops[*number];
                        world.perform(&mut state, op.verb, op.target);
                    }
                    world.pass(&mut state, 7);
                    check(world, &state).unwrap_or_else(|law| panic!("{place}, repaired: {law}"));
                }
            }
        }
    }

    #[test]
    fn each_broken_law_is_found() {
        let metrics = "[e-1] requests (per s), every 10 min to 17:00 and at 17:03: 100 101 99\n\
[e-2] failed requests (%), every 10 min to 17:00 and at 17:03: 0.1 9.9 10.0\n\
[e-3] p99 of response time (ms), every 10 min to 17:00 and at 17:03: 40 41 42.0\n";
        let routes = |share: &str| {
            format!(
                "[e-4] requests{{route=\"/a\"}} (per s), every 10 min to 17:00 and at 17:03: 50\n\
[e-5] failed requests{{route=\"/a\"}} (%), every 10 min to 17:00 and at 17:03: {share}\n\
[e-6] requests{{route=\"/b\"}} (per s), every 10 min to 17:00 and at 17:03: 50\n\
[e-7] failed requests{{route=\"/b\"}} (%), every 10 min to 17:00 and at 17:03: 0.1\n"
            )
        };
        assert_eq!(front_door("g", metrics, &routes("20.0")), Ok(()));
        assert!(matches!(front_door("g", metrics, &routes("60.0")), Err(BrokenLaw::FrontDoor { .. })));
        let calls = |ms: &str| format!("[e-8] a -> b (sync): ok, 0.0 % of calls fail, p99 {ms} ms\n");
        assert_eq!(response_times("a", metrics, &calls("41.5")), Ok(()));
        assert!(matches!(response_times("a", metrics, &calls("98.0")), Err(BrokenLaw::ResponseTime { .. })));
        assert_eq!(split("a", Dimension::Node, metrics, &routes("1")), Ok(()));
        let doubled = routes("1").replace(": 50", ": 90");
        assert!(matches!(split("a", Dimension::Node, metrics, &doubled), Err(BrokenLaw::Split { .. })));
        assert_eq!(history("a", metrics, metrics), Ok(()));
        let redrawn = metrics.replace(": 100 101", ": 100 104");
        assert!(matches!(history("a", metrics, &redrawn), Err(BrokenLaw::History { .. })));
    }
}
