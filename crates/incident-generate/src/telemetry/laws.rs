//! Laws: what must hold between the records of a system, whoever reads them. They are checked on what is printed.

use std::collections::BTreeMap;

use crate::data::dialect::Quantity;
use crate::data::kinds::{EdgeKind, Kind};
use crate::ids::EntityId;
use crate::incident::severed::crosses;
use crate::incident::world::{State, World};
use crate::system::particulars::Particulars;
use crate::system::times::TIMEOUT;
use crate::telemetry::query::{answer, read};
use incident_env::{Asked, Diagnostic, Dimension};

/// How far two readings of the same share may be apart, in percentage points: each has its noise and its rounding.
const SHARE: f64 = 1.0;
/// How far a mean of readings may be off because the rates that they are weighted by have their noise, as a share of it.
const RATES: f64 = 0.04;
/// How far two readings of the same time may be apart, as a factor.
const TIME: f64 = 1.15;

/// The share of calls from which failures have a reason, in percent.
const FAILS: f64 = 2.6;
/// The share of the requests of a part from which so many wait for a call that its slowest are as slow, in thousandths.
const MANY: i32 = 500;
/// The reason of calls that find no way.
const NO_WAY: &str = "no_route";
/// The most callers that a look at dependencies lists.
const MOST_CALLERS: usize = 40;

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
    /// A part gets other requests than its callers make calls.
    #[error("{part} gets {all:.0} requests per s, and its callers make {calls:.0} calls per s")]
    Calls {
        /// The name of the part.
        part: String,
        /// The calls of all its callers, per second.
        calls: f64,
        /// Its requests, per second.
        all: f64,
    },
    /// The median of response times is above their 99th percentile.
    #[error("{part} answers half of its requests within {p50:.1} ms, and 99 % of them within {p99:.1} ms")]
    Percentiles {
        /// The name of the part.
        part: String,
        /// The median, in milliseconds.
        p50: f64,
        /// The 99th percentile, in milliseconds.
        p99: f64,
    },
    /// Calls fail, and no reason is counted.
    #[error("{calls} of {part} fail without a reason")]
    Reason {
        /// The name of the part that calls.
        part: String,
        /// The calls, as they are listed.
        calls: String,
    },
    /// A call finds no way, and both ends are in one zone.
    #[error("{part} finds no way to {to}, which is in the same zone")]
    Way {
        /// The name of the part that calls.
        part: String,
        /// The name of the part that it calls.
        to: String,
    },
    /// A counter over an hour forgot within the hour.
    #[error("{part} was restarted {before} times within an hour, and a minute later {after} times")]
    Restarts {
        /// The name of the part.
        part: String,
        /// The restarts that were counted first.
        before: u64,
        /// Those that were counted a minute later.
        after: u64,
    },
    /// A change that was made is not in the feed of changes.
    #[error("{verb} {target} was done, and the feed of changes does not show it")]
    OwnChange {
        /// The verb that was performed.
        verb: String,
        /// What it was performed on.
        target: String,
    },
    /// The messages that wait in a queue are not those that arrived and were not taken off it.
    #[error("{queue} has {more:.0} more messages that wait, and {left:.0} arrived beside those that were taken off")]
    Messages {
        /// The name of the queue.
        queue: String,
        /// How many more wait after some minutes.
        more: f64,
        /// How many more arrived in them than were taken off.
        left: f64,
    },
    /// A part repeats more calls to another one than it makes.
    #[error("{part} repeats {retries:.1} calls to {peer} per s, and makes {calls:.1}")]
    Retries {
        /// The name of the part that calls.
        part: String,
        /// The name of what it calls.
        peer: String,
        /// The calls that it repeats, per second.
        retries: f64,
        /// All its calls there, per second.
        calls: f64,
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

/// A call, as a look at dependencies lists it.
struct Listed<'a> {
    to: &'a str,
    kind: &'a str,
    /// The calls per second.
    rate: f64,
    /// The share of them that fails, in percent, and the reason, or nothing.
    fails: f64,
    reason: &'a str,
    /// The 99th percentile of response times, in milliseconds.
    p99: f64,
}

/// Goes through the calls that a part makes, as its dependencies list them, or those that are made to it.
fn calls<'a>(part: &str, dependencies: &'a str, to_it: bool) -> Vec<Listed<'a>> {
    let listed = |line: &'a str| {
        let (_, line) = line.split_once("] ")?;
        let (ends, rest) = line.split_once("): ")?;
        let (ends, kind) = ends.split_once(" (")?;
        let (from, to) = ends.split_once(" -> ")?;
        let [_, fails, p99, rate] = rest.split(", ").collect::<Vec<_>>().try_into().ok()?;
        let (share, reason) = fails.split_once(" % of calls fail")?;
        let p99 = p99.strip_prefix("p99 ")?.strip_suffix(" ms")?;
        let call = Listed {
            to,
            kind,
            rate: rate.strip_suffix(" per s")?.parse().ok()?,
            fails: share.parse().ok()?,
            reason: reason.trim_matches(|c: char| " ()".contains(c)),
            p99: p99.parse().ok()?,
        };
        ((if to_it { to } else { from }) == part).then_some(call)
    };
    dependencies.lines().filter_map(listed).collect()
}

/// The share of calls that fail, in percent, from which hardly any is answered.
const HARDLY_ANY: f64 = 98.0;

/// Checks that a part takes at least as long as what many of its requests wait for, given its metrics, the calls that it
/// makes and the names of those that are made for so many.
fn response_times(part: &str, metrics: &str, calls: &[Listed<'_>], for_many: &[&str]) -> Result<(), BrokenLaw> {
    let Some(own) = newest(metrics, "p99 of response time (") else { return Ok(()) };
    if let Some(p50) = newest(metrics, "p50 of response time (").filter(|p50| *p50 > own) {
        return Err(BrokenLaw::Percentiles { part: part.to_owned(), p50, p99: own });
    }
    // Callers give up, so they do not take as long as what hangs. Where hardly any call is answered, hardly any request waits
    // for an answer.
    let waits = |call: &&Listed<'_>| call.kind == "sync" && call.fails < HARDLY_ANY && for_many.contains(&call.to);
    let slower = calls.iter().filter(waits).find(|call| own.max(f64::from(TIMEOUT) / 1000.0) * TIME < call.p99);
    let slower = slower.or_else(|| {
        let mut answered = calls.iter().filter(waits);
        answered.find(|call| call.p99 < f64::from(TIMEOUT) / 1000.0 && own * TIME < call.p99)
    });
    match slower {
        Some(call) => {
            let (part, needed) = (part.to_owned(), call.to.to_owned());
            Err(BrokenLaw::ResponseTime { part, needed, own, time: call.p99 })
        }
        None => Ok(()),
    }
}

/// Checks that calls which fail have a reason.
fn reasons(part: &str, calls: &[Listed<'_>]) -> Result<(), BrokenLaw> {
    match calls.iter().find(|call| call.fails >= FAILS && call.reason.is_empty()) {
        Some(call) => Err(BrokenLaw::Reason { part: part.to_owned(), calls: format!("calls to {}", call.to) }),
        None => Ok(()),
    }
}

/// Checks that calls which find no way lead to another zone, given whether a call to a part does.
fn ways(part: &str, calls: &[Listed<'_>], leads_across: impl Fn(&str) -> bool) -> Result<(), BrokenLaw> {
    match calls.iter().find(|call| call.reason == NO_WAY && !leads_across(call.to)) {
        Some(call) => Err(BrokenLaw::Way { part: part.to_owned(), to: call.to.to_owned() }),
        None => Ok(()),
    }
}

/// Checks that the requests of a part which only others call are the calls that these make.
fn conserved(part: &str, metrics: &str, calls: &[Listed<'_>]) -> Result<(), BrokenLaw> {
    let Some(all) = newest(metrics, "requests (per s)") else { return Ok(()) };
    let sum: f64 = calls.iter().map(|call| call.rate).sum();
    if (sum - all).abs() <= all * 0.06 + 1.0 {
        return Ok(());
    }
    Err(BrokenLaw::Calls { part: part.to_owned(), calls: sum, all })
}

/// The names under which a queue counts its messages: those that wait, those that arrive and those that are taken off.
#[derive(Debug, Clone, Copy)]
struct Counted<'a> {
    waiting: &'a str,
    arrived: &'a str,
    taken: &'a str,
}

/// Checks that from point to point of its series as many more messages wait in a queue as arrived and were not taken off.
fn messages(queue: &str, metrics: &str, names: Counted<'_>) -> Result<(), BrokenLaw> {
    let of = |name: &str| series(metrics).find(|(label, _)| label.starts_with(name)).map(|(_, values)| values);
    let all = [names.waiting, names.arrived, names.taken].map(of);
    let [Some(waiting), Some(arrived), Some(taken)] = all else { return Ok(()) };
    let every = metrics
        .lines()
        .find(|line| line.contains(names.waiting))
        .and_then(|line| line.rsplit_once(", every ")?.1.split_once(" min")?.0.parse::<f64>().ok());
    let seconds = every.unwrap_or(1.0) * 60.0;
    // The last point is of the current minute, and stands on no grid.
    let last = waiting.len().saturating_sub(1);
    for (at, pair) in (1..).zip(waiting[..last].windows(2)) {
        let (Some(came), Some(went)) = (arrived.get(at), taken.get(at)) else { continue };
        let (more, left) = (pair[1] - pair[0], (came - went) * seconds);
        // Rates are printed in tenths, and from 100 on as whole numbers.
        let rounding: f64 = [came, went].into_iter().map(|rate| if *rate < 100.0 { 0.11 } else { 1.01 }).sum();
        if (more - left).abs() > rounding * seconds + 2.0 {
            return Err(BrokenLaw::Messages { queue: queue.to_owned(), more, left });
        }
    }
    Ok(())
}

/// Checks that a part repeats no more calls than it makes to each that it calls, given the name of the series of its retries.
fn retries(part: &str, metrics: &str, calls: &[Listed<'_>], name: &str) -> Result<(), BrokenLaw> {
    for (label, values) in series(metrics).filter(|(label, _)| label.starts_with(name)) {
        let told = label.split_once('"').and_then(|(_, rest)| rest.split_once('"'));
        let call = told.and_then(|(peer, _)| calls.iter().find(|call| call.to == peer));
        if let (Some(call), Some(repeated)) = (call, values.last())
            && *repeated > call.rate * 1.05 + 1.0
        {
            let (part, peer) = (part.to_owned(), call.to.to_owned());
            return Err(BrokenLaw::Retries { part, peer, retries: *repeated, calls: call.rate });
        }
    }
    Ok(())
}

/// Checks that changes, given by verb and target, are in the feed of changes.
fn own_changes<'a>(feed: &str, mut made: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), BrokenLaw> {
    match made.find(|(verb, target)| !feed.contains(&format!("by you: {verb} {target}"))) {
        Some((verb, target)) => Err(BrokenLaw::OwnChange { verb: verb.to_owned(), target: target.to_owned() }),
        None => Ok(()),
    }
}

/// Checks that a count of restarts in the last hour does not forget more than one of them within a minute.
fn restarts(part: &str, before: &str, after: &str) -> Result<(), BrokenLaw> {
    let count = |status: &str| -> Option<u64> {
        let (_, rest) = status.split_once("restarts in the last hour: ")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    match (count(before), count(after)) {
        (Some(before), Some(after)) if after + 1 < before => {
            Err(BrokenLaw::Restarts { part: part.to_owned(), before, after })
        }
        _ => Ok(()),
    }
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
        let look = |tool: Diagnostic| read(world, state, at, tool).text;
        let (metrics, dependencies) = (look(Diagnostic::CheckMetrics), look(Diagnostic::CheckDependencies));
        history(name, &metrics, &read(world, &later, at, Diagnostic::CheckMetrics).text)?;
        let after = read(world, &later, at, Diagnostic::CheckServiceStatus).text;
        restarts(name, &look(Diagnostic::CheckServiceStatus), &after)?;
        let made = calls(name, &dependencies, false);
        reasons(name, &made)?;
        let kind = topology.entity(at).kind;
        let technology = Particulars::of(topology, world.incident.draws, world.incident.names, at);
        let dialect = world.library.dialects.get(technology.technology(&world.library.dialects));
        let series_of = |of: Quantity| dialect.series(of, kind).map(|series| series.name.as_str());
        if let Some(series) = series_of(Quantity::Retries) {
            retries(name, &metrics, &made, series)?;
        }
        let counted = [Quantity::Backlog, Quantity::Arrivals, Quantity::Handled].map(series_of);
        if let (Kind::Queue, [Some(waiting), Some(arrived), Some(taken)]) = (kind, counted) {
            messages(name, &metrics, Counted { waiting, arrived, taken })?;
        }
        let across = topology.needs(at).filter(|edge| crosses(topology, edge)).map(|edge| topology.name(edge.to));
        let across: Vec<_> = across.collect();
        ways(name, &made, |to| across.contains(&to))?;
        if at != gateway {
            let many = topology.needs(at).filter(|edge| edge.kind == EdgeKind::Req && edge.calls.share >= MANY);
            response_times(name, &metrics, &made, &many.map(|edge| topology.name(edge.to)).collect::<Vec<_>>())?;
        }
        let callers = topology.needed_by(at).count();
        if topology.entity(at).demand == 0 && (1..=MOST_CALLERS).contains(&callers) {
            conserved(name, &metrics, &calls(name, &dependencies, true))?;
        }
        if topology.entity(at).kind != Kind::Network {
            for by in [Dimension::Node, Dimension::Zone, Dimension::Flag, Dimension::Version] {
                split(name, by, &metrics, &glance(at, by))?;
            }
        }
    }
    let feed = answer(world, state, None, Diagnostic::CheckRecentDeploys, &Asked::default()).text;
    let made = state.own_changes().iter();
    own_changes(&feed, made.map(|change| (world.library.vocabulary.verb(change.verb).name.as_str(), &*change.name)))
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
        let line = |rate: &str, fails: &str, ms: &str| {
            format!("[e-8] a -> b (sync): ok, {fails} % of calls fail, p99 {ms} ms, {rate} per s\n")
        };
        let made = |text: &'static str| calls("a", text, false);
        let text = |rate: &str, fails: &str, ms: &str| -> &'static str { line(rate, fails, ms).leak() };
        let times = |ms: &str| response_times("a", metrics, &made(text("99.0", "0.0", ms)), &["b"]);
        assert_eq!(times("41.5"), Ok(()));
        assert!(matches!(times("98.0"), Err(BrokenLaw::ResponseTime { .. })));
        assert_eq!(response_times("a", metrics, &made(text("99.0", "0.0", "98.0")), &[]), Ok(()), "few wait for it");
        let median = metrics.replace("p99 of", "p50 of").replace("41 42.0", "41 43.0") + metrics;
        assert!(matches!(response_times("a", &median, &[], &[]), Err(BrokenLaw::Percentiles { .. })));
        assert_eq!(reasons("a", &made(text("99.0", "0.0", "1.0"))), Ok(()));
        assert!(matches!(reasons("a", &made(text("99.0", "9.0", "1.0"))), Err(BrokenLaw::Reason { .. })));
        let lost: &'static str = text("99.0", "9.0", "1.0").replace("fail,", "fail (no_route),").leak();
        assert_eq!(ways("a", &made(lost), |_| true), Ok(()));
        assert!(matches!(ways("a", &made(lost), |_| false), Err(BrokenLaw::Way { .. })));
        let made_to = |rate: &str| calls("b", text(rate, "0.0", "1.0"), true);
        assert_eq!(conserved("b", metrics, &made_to("99.5")), Ok(()));
        assert!(matches!(conserved("b", metrics, &made_to("140.0")), Err(BrokenLaw::Calls { .. })));
        let count = |count: &str| format!("[e-9] restarts in the last hour: {count}, the last one at 17:02");
        assert_eq!(restarts("a", &count("3"), &count("3")), Ok(()));
        assert!(matches!(restarts("a", &count("3"), &count("1")), Err(BrokenLaw::Restarts { .. })));
        assert_eq!(split("a", Dimension::Node, metrics, &routes("1")), Ok(()));
        let doubled = routes("1").replace(": 50", ": 90");
        assert!(matches!(split("a", Dimension::Node, metrics, &doubled), Err(BrokenLaw::Split { .. })));
        let feed = "[e-a] 17:02, 1 min ago, by you: restart_service a";
        assert_eq!(own_changes(feed, [("restart_service", "a")].into_iter()), Ok(()));
        let missing = own_changes(feed, [("restart_service", "b")].into_iter());
        assert!(matches!(missing, Err(BrokenLaw::OwnChange { .. })));
        let queue = |deeper: &str| {
            let points = "every 10 min to 17:00 and at 17:03";
            format!(
                "[e-b] depth{{q=\"a\"}}, {points}: 100 {deeper} 9000\n[e-c] in (per s), {points}: 9.0 9.0 9.0\n\
[e-d] out (per s), {points}: 9.0 4.0 4.0\n"
            )
        };
        let names = Counted { waiting: "depth", arrived: "in", taken: "out" };
        assert_eq!(messages("q", &queue("3100"), names), Ok(()));
        assert!(matches!(messages("q", &queue("100"), names), Err(BrokenLaw::Messages { .. })));
        let repeated =
            |rate: &str| format!("[e-e] again{{peer=\"b\"}} (per s), every 10 min to 17:00 and at 17:03: 0.1 {rate}\n");
        let called = made(text("40.0", "0.0", "1.0"));
        assert_eq!(retries("a", &repeated("30.0"), &called, "again"), Ok(()));
        assert!(matches!(retries("a", &repeated("90.0"), &called, "again"), Err(BrokenLaw::Retries { .. })));
        assert_eq!(history("a", metrics, metrics), Ok(()));
        let redrawn = metrics.replace(": 100 101", ": 100 104");
        assert!(matches!(history("a", metrics, &redrawn), Err(BrokenLaw::History { .. })));
    }
}
