//! Metrics that are split: the same requests by node, zone, release, flag, client, route, code, peer, partition or reason.
//! What fails evenly fails evenly in each split, and what fails in one place only is seen where the split separates it.

use std::collections::BTreeSet;

use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet, EntityId};
use crate::incident::rule::failing_noise;
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::system::particulars::Size;
use crate::system::topology::Journey;
use crate::system::traffic::Acting;
use crate::telemetry::flag_share::flag_share;
use crate::telemetry::reader::{METRICS, Reader, Sheet, Tenths, WINDOW, when};
use crate::telemetry::releases::{Release, release};
use incident_env::Dimension;

/// The first slot of the records of splits.
const SPLITS: u64 = 400;
/// The records that a split may have.
pub(super) const MOST: u64 = 40;
/// The share of requests that may fail in one place, in thousandths.
const MOST_FAIL: i64 = 970;
/// The share of requests that new connections are made for, in thousandths.
const HANDSHAKES: i64 = 40;
/// The least and the greatest share that one client takes where it takes most, in thousandths.
const MOST_OF: [u32; 2] = [710, 930];
/// The number of partitions of a queue, and how many messages at most wait in all of them where one holds up the others.
const PARTITIONS: u32 = 12;
const SPREAD: i64 = 4000;

/// One of the series of a split: what is labelled, with its share of the requests and of the failures.
struct Part {
    label: String,
    /// Its share of the requests in each minute that is shown, in thousandths.
    requests: Vec<i64>,
    /// Whether what fails in one place only fails here.
    is_hit: bool,
}

impl Reader<'_> {
    /// Writes the parts of every metric of the entity that is split.
    pub(super) fn every_part(&self, sheet: &mut Sheet, by: Dimension) {
        match by {
            Dimension::Node => self.evenly(sheet, by, &self.nodes()),
            Dimension::Flag => self.evenly(sheet, by, &self.variants()),
            Dimension::Zone => self.evenly(sheet, by, &self.zones()),
            Dimension::Version => self.evenly(sheet, by, &self.versions()),
            Dimension::Route => self.routes(sheet),
            Dimension::Code => self.codes(sheet),
            Dimension::Client => self.clients(sheet),
            Dimension::Peer => self.peers(sheet),
            Dimension::Partition => self.partitions(sheet),
            Dimension::Reason => self.reasons(sheet),
        }
    }

    /// Returns the class of evidence that a split shows, if it shows one.
    pub(super) fn class_of(&self, by: Dimension) -> Option<ClassId> {
        let classes = self.world.library.vocabulary.numbered_classes();
        classes.into_iter().find(|(_, class)| class.by == Some(by)).map(|(id, _)| id)
    }

    pub(super) fn split_id(&self, by: Dimension, number: u64) -> crate::record_id::RecordId {
        self.id(METRICS, SPLITS + by as u64 * MOST + number, i64::from(self.now))
    }

    /// Returns what a record of a split says, and the presence that it shows in the window.
    fn shown(&self, by: Dimension) -> (Claim, Vec<Presence>) {
        let Some(class) = self.class_of(by) else { return (Claim::Nothing, Vec::new()) };
        let of_class = self.presences.iter().filter(|presence| presence.classes.contains(class));
        let shown: Vec<_> = of_class
            .filter(|presence| presence.from <= self.now && self.now - self.window() < presence.to)
            .copied()
            .collect();
        let claim = if shown.is_empty() && self.window() < WINDOW {
            Claim::Nothing
        } else if shown.is_empty() {
            Claim::Lacks { at: self.at, classes: ClassSet::of(class) }
        } else {
            Claim::Shows { at: self.at, class }
        };
        (claim, shown)
    }

    /// Writes requests and failures of the parts of a split.
    fn evenly(&self, sheet: &mut Sheet, by: Dimension, parts: &[Part]) {
        let (claim, _) = self.shown(by);
        let class = self.class_of(by);
        let incident = &self.world.incident;
        let usual = incident.traffic.usual(self.at);
        if usual == 0 && self.kind(self.at) != Kind::Network {
            return;
        }
        for (number, part) in (0..).map(|number| number * 2).zip(parts) {
            if usual > 0 {
                sheet.begin(self.split_id(by, number), Claim::Nothing);
                let rates = self.minutes().zip(&part.requests).map(|(minute, share)| {
                    let rate = self.requests_in(minute) * share / 100_000;
                    Tenths(self.noisy(SPLITS + by as u64 * MOST + number, minute, rate, 30))
                });
                self.series(sheet, &format!("requests{{{}}}", part.label), "per s", rates);
            }
            sheet.begin(self.split_id(by, number + 1), claim);
            let most = failing_noise(incident.knobs.noise);
            let hit = |place: usize| {
                let places = parts.iter().filter(|part| part.is_hit);
                places.filter_map(|part| part.requests.get(place)).sum::<i64>()
            };
            let failed = self.minutes().zip(&part.requests).enumerate().map(|(place, (minute, share))| {
                // What nobody asks cannot fail.
                if *share == 0 {
                    return Tenths(0);
                }
                let slot = self.slot(SPLITS + by as u64 * MOST + number + 1);
                let noise = i64::from(incident.draws.below(Stream::Noise, slot, when(minute), most));
                let hit = hit(place);
                let fails = self.over(minute, |minute| {
                    let all = i64::from(self.world.reading(self.state, self.at, minute).error);
                    let own = class.map_or(0, |class| self.fails_in_one_place(class, minute));
                    fails_here(all, own, hit, part.is_hit)
                });
                Tenths((fails + noise).clamp(0, 1000))
            });
            self.series(sheet, &format!("failed requests{{{}}}", part.label), "%", failed);
        }
    }

    /// Returns the share of requests that fail in one place only in a minute, of all requests, in thousandths.
    fn fails_in_one_place(&self, class: ClassId, minute: i32) -> i64 {
        let holding = self.world.holding(self.state, self.at, minute);
        let own =
            holding.filter(|acting| acting.predicate.shows.contains(class)).map(|acting| i64::from(acting.error()));
        let shown = own.max().unwrap_or(0);
        let decoy = self
            .presences
            .iter()
            .any(|presence| presence.classes.contains(class) && (presence.from..presence.to).contains(&minute));
        // What a part cannot fail itself, such as a network, is what is lost on the way through it.
        if decoy && shown == 0 { 120 } else { shown }
    }

    /// Returns the nodes that the replicas of the entity run on. What concerns a node concerns the first one.
    fn nodes(&self) -> Vec<Part> {
        let topology = &self.world.incident.topology;
        let Some(own) = topology.entity(self.at).node else { return Vec::new() };
        let nodes: Vec<_> = topology.of(Kind::Node).collect();
        let replicas = (self.particulars(self.at).size(Size::Replicas) as usize).clamp(1, nodes.len());
        let first = nodes.iter().position(|node| *node == own).unwrap_or_default();
        let share = 1000 / i64::try_from(replicas).unwrap_or(1);
        let part = |number: usize| Part {
            label: format!("node=\"{}\"", self.name(nodes[(first + number) % nodes.len()])),
            requests: self.steady(if number == 0 {
                1000 - share * (i64::try_from(replicas).unwrap_or(1) - 1)
            } else {
                share
            }),
            is_hit: number == 0,
        };
        let mut parts: Vec<_> = (0..replicas).map(part).collect();
        parts.sort_by(|one, other| one.label.cmp(&other.label));
        parts
    }

    /// Returns the variants of the entity's newest flag.
    fn variants(&self) -> Vec<Part> {
        let Some(flag) = self.world.objects.flag(self.at) else { return Vec::new() };
        let on: Vec<_> =
            self.minutes().map(|minute| i64::from(flag_share(self.world, self.state, self.at, minute)) * 10).collect();
        let part = |variant: &str, requests: Vec<i64>| Part {
            label: format!("flag=\"{flag}\",variant=\"{variant}\""),
            requests,
            is_hit: variant == "on",
        };
        let off = on.iter().map(|on| 1000 - on).collect();
        vec![part("on", on), part("off", off)]
    }

    /// Returns a share that is the same in each minute that is shown.
    fn steady(&self, share: i64) -> Vec<i64> {
        self.minutes().map(|_| share).collect()
    }

    /// Returns the ways that requests take between the zones.
    fn zones(&self) -> Vec<Part> {
        if !matches!(self.kind(self.at), Kind::Gateway | Kind::Api | Kind::Worker | Kind::Db | Kind::Network) {
            return Vec::new();
        }
        let draws = self.world.incident.draws;
        let across = i64::from(draws.within(Stream::Sizes, u64::from(self.at), 301, 480, 560));
        let ways = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")];
        let part = |(from, to): (&str, &str)| Part {
            label: format!("source_zone=\"zone-{from}\",destination_zone=\"zone-{to}\""),
            requests: self.steady(if from == to { (1000 - across) / 2 } else { across / 2 }),
            is_hit: from != to,
        };
        ways.into_iter().map(part).collect()
    }

    /// Returns the releases that the entity runs in the minutes that are shown, oldest first.
    fn versions(&self) -> Vec<Part> {
        let own = self.particulars(self.at);
        let runs = |minute: i32| release(self.world, self.state, own, minute);
        // A deployment replaces the pods one after another. A rollback of the episode is over when it is on record.
        let before = |minute: i32| if minute > 0 { runs(minute) } else { runs(minute - 1) };
        let all: BTreeSet<_> = self.minutes().flat_map(|minute| [before(minute), runs(minute)]).collect();
        let share = |one: Release, minute: i32| {
            [before(minute), runs(minute)].into_iter().map(|runs| if runs == one { 500 } else { 0 }).sum()
        };
        let part = |one: Release| Part {
            label: format!("version=\"{one}\""),
            requests: self.minutes().map(|minute| share(one, minute)).collect(),
            is_hit: false,
        };
        all.into_iter().map(part).collect()
    }

    /// Writes the routes that users ask for, at the entity through which they come in: the requests of each, and how many
    /// of them fail there or behind it.
    fn routes(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let topology = &incident.topology;
        if self.at != topology.gateway {
            return;
        }
        let most = failing_noise(incident.knobs.noise);
        for (number, journey) in (0..).map(|number| number * 2).zip(&topology.journeys) {
            let label = format!("route=\"/{}\"", journey.name);
            sheet.begin(self.split_id(Dimension::Route, number), Claim::Nothing);
            let slot = SPLITS + Dimension::Route as u64 * MOST + number;
            let rates = self.minutes().map(|minute| {
                let rate = self.requests_in(minute) * i64::from(journey.requests) / 100_000;
                Tenths(self.noisy(slot, minute, rate, 30))
            });
            self.series(sheet, &format!("requests{{{label}}}"), "per s", rates);
            sheet.begin(self.split_id(Dimension::Route, number + 1), Claim::Impact);
            let failed = self.minutes().map(|minute| {
                let answered =
                    self.over(minute, |minute| self.passed_on(minute) * self.answered_behind(journey, minute) / 1000);
                let noise = incident.draws.below(Stream::Noise, self.slot(slot + 1), when(minute), most);
                Tenths((1000 - answered + i64::from(noise)).min(1000))
            });
            self.series(sheet, &format!("failed requests{{{label}}}"), "%", failed);
        }
    }

    /// Returns the share of the requests of a journey that is answered behind the entity, in thousandths.
    fn answered_behind(&self, journey: &Journey, minute: i32) -> i64 {
        let edge = self.world.incident.topology.needs(self.at).find(|edge| edge.to == journey.entry);
        1000 - i64::from(edge.map_or(0, |edge| self.fails(edge, minute).0))
    }

    /// Returns the share of requests that the entity does not fail itself, in thousandths: what it answers of all that is
    /// answered behind it.
    fn passed_on(&self, minute: i32) -> i64 {
        let (mut shares, mut behind) = (0, 0);
        for journey in &self.world.incident.topology.journeys {
            shares += i64::from(journey.requests);
            behind += i64::from(journey.requests) * self.answered_behind(journey, minute);
        }
        let answered = i64::from(1000 - self.world.reading(self.state, self.at, minute).error) * shares;
        // Where nothing behind it answers, what it fails itself cannot be told and does not count.
        if behind == 0 { 1000 } else { (answered * 1000 / behind).min(1000) }
    }

    /// Writes the answers by their status.
    fn codes(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let usual = incident.traffic.usual(self.at);
        if usual == 0 {
            return;
        }
        let bad = self.code_of_failures();
        for (number, code) in (0..).zip(["200", bad]) {
            sheet.begin(self.split_id(Dimension::Code, number), Claim::Nothing);
            let rates = self.minutes().map(|minute| {
                let failed =
                    self.over(minute, |minute| i64::from(self.world.reading(self.state, self.at, minute).error));
                let share = if code == "200" { 1000 - failed } else { failed };
                let rate = self.requests_in(minute) * share / 100_000;
                Tenths(self.noisy(SPLITS + Dimension::Code as u64 * MOST + number, minute, rate, 30))
            });
            self.series(sheet, &format!("responses{{code=\"{code}\"}}"), "per s", rates);
        }
    }

    /// Returns the status of the answers with which the entity fails requests.
    pub(super) fn code_of_failures(&self) -> &'static str {
        let holding = self.world.holding(self.state, self.at, self.now);
        let worst = holding.filter(|acting| acting.predicate.error > 0).max_by_key(Acting::error);
        match worst.map(|acting| acting.predicate.fails_as) {
            Some(FailsAs::Error) => "500",
            Some(FailsAs::Timeout) => "504",
            Some(FailsAs::Auth) => "401",
            Some(FailsAs::Quota) => "429",
            _ => "503",
        }
    }

    /// Writes who calls the entity, and how much. Where one takes most of what there is, that one is named.
    fn clients(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let (claim, shown) = self.shown(Dimension::Client);
        let usual = incident.traffic.usual(self.at);
        let callers: Vec<_> =
            incident.topology.needed_by(self.at).filter(|edge| edge.kind != EdgeKind::Consume).collect();
        if callers.is_empty() || usual == 0 {
            return;
        }
        let weight =
            |caller: EntityId, fanout: i32| (incident.traffic.usual(caller) / 1000 * i64::from(fanout) / 1000).max(1);
        let weights: Vec<_> = callers.iter().map(|edge| weight(edge.from, edge.calls.rate())).collect();
        let whole: i64 = weights.iter().sum();
        let leader = self.leader(&callers.iter().map(|edge| edge.from).collect::<Vec<_>>());
        for (number, (edge, weight)) in (0..).zip(callers.iter().zip(&weights)) {
            sheet.begin(self.split_id(Dimension::Client, number), claim);
            let usual_share = weight * 1000 / whole;
            let is_leader = Some(edge.from) == leader;
            let leaders_usual = leader.map_or(0, |leader| {
                callers.iter().zip(&weights).find(|(edge, _)| edge.from == leader).map_or(0, |(_, w)| w * 1000 / whole)
            });
            let shares = self.minutes().map(|minute| {
                let since = shown.iter().find(|presence| (presence.from..presence.to).contains(&minute));
                let share = match since {
                    None => usual_share,
                    Some(presence) => {
                        let slot = self.slot(SPLITS + Dimension::Client as u64 * MOST);
                        let since = when(presence.from);
                        let most = i64::from(incident.draws.within(Stream::Noise, slot, since, MOST_OF[0], MOST_OF[1]));
                        let ramp = i64::from((minute - presence.from + 3).clamp(0, 15));
                        let leads = leaders_usual + (most.max(leaders_usual) - leaders_usual) * ramp / 15;
                        if is_leader { leads } else { usual_share * (1000 - leads) / (1000 - leaders_usual).max(1) }
                    }
                };
                Tenths(self.noisy(SPLITS + Dimension::Client as u64 * MOST + number, minute, share, 20).min(1000))
            });
            let label = format!("share of connections{{client=\"{}\"}}", self.name(edge.from));
            self.series(sheet, &label, "%", shares);
        }
    }

    /// Returns the client that takes most: one that holds on to connections or calls too often, or else one that is
    /// drawn.
    fn leader(&self, callers: &[EntityId]) -> Option<EntityId> {
        let vocabulary = &self.world.library.vocabulary;
        let greedy: ClassSet = ["conns_high", "attempts_high", "job_running"]
            .iter()
            .filter_map(|name| vocabulary.class_named(name))
            .collect();
        let is_greedy = |caller: &EntityId| {
            let mut presences = self.world.presences(self.state, *caller);
            presences.any(|presence| presence.classes.meets(greedy) && presence.is_of_fault())
        };
        let drawn = || {
            let count = u32::try_from(callers.len()).ok().filter(|count| *count > 0)?;
            let place = self.world.incident.draws.below(Stream::Sizes, u64::from(self.at), 302, count);
            callers.get(place as usize).copied()
        };
        callers.iter().copied().find(is_greedy).or_else(drawn)
    }

    /// Writes the calls of the entity by what is called.
    fn peers(&self, sheet: &mut Sheet) {
        for (number, edge) in (0..).zip(self.world.incident.topology.needs(self.at)) {
            let claim =
                Claim::Calls { from: edge.from, to: edge.to, fail: self.fails(edge, self.now).0 >= 25, errors: None };
            sheet.begin(self.split_id(Dimension::Peer, number), claim);
            let failed =
                self.minutes().map(|minute| Tenths(self.over(minute, |minute| i64::from(self.fails(edge, minute).0))));
            self.series(sheet, &format!("failed calls{{peer=\"{}\"}}", self.name(edge.to)), "%", failed);
        }
    }

    /// Writes the messages that wait, by partition: together those that wait in the queue. Where one message blocks the others,
    /// its partition has them.
    fn partitions(&self, sheet: &mut Sheet) {
        if self.kind(self.at) != Kind::Queue {
            return;
        }
        let vocabulary = &self.world.library.vocabulary;
        let has = |presence: &&Presence, name: &str| {
            vocabulary.class_named(name).is_some_and(|class| presence.classes.contains(class))
        };
        let stuck = self.particulars(self.at).drawn(16, 0, PARTITIONS - 1);
        let is_one = self.presences.iter().any(|presence| has(&presence, "redelivery"));
        // How many of the messages of a minute that are spread wait in a partition, in parts of those in all.
        let part = |partition: u32, minute: i32| {
            let slot = self.slot(SPLITS + Dimension::Partition as u64 * MOST + u64::from(partition));
            i64::from(self.world.incident.draws.within(Stream::Noise, slot, when(minute), 80, 120))
        };
        for partition in 0..PARTITIONS {
            sheet.begin(self.split_id(Dimension::Partition, partition.into()), Claim::Nothing);
            let values = self.minutes().map(|minute| {
                let all = self.unread(minute);
                let spread = if is_one { all.min(SPREAD) } else { all };
                let whole: i64 = (0..PARTITIONS).map(|one| part(one, minute)).sum();
                let own = spread * part(partition, minute) / whole;
                if partition == stuck { own + all - spread } else { own }
            });
            self.series(sheet, &format!("messages waiting{{partition=\"{partition}\"}}"), "", values);
        }
    }

    /// Writes the handshakes that the entity accepts and refuses, and why its own calls fail.
    fn reasons(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let (claim, shown) = self.shown(Dimension::Reason);
        let usual = incident.traffic.usual(self.at);
        if matches!(self.kind(self.at), Kind::Api | Kind::Identity) {
            let rate = (usual / 1000 * HANDSHAKES / 1000).max(2);
            for (number, result) in (0..).zip(["ok", "certificate_expired"]) {
                sheet.begin(self.split_id(Dimension::Reason, number), claim);
                let values = self.minutes().map(|minute| {
                    let is_bad = shown.iter().any(|presence| (presence.from..presence.to).contains(&minute));
                    let slot = self.slot(SPLITS + Dimension::Reason as u64 * MOST);
                    let bad = if is_bad {
                        i64::from(incident.draws.within(Stream::Noise, slot, when(minute), 830, 910))
                    } else {
                        0
                    };
                    let share = if result == "ok" { 1000 - bad } else { bad };
                    Tenths(self.noisy(
                        SPLITS + Dimension::Reason as u64 * MOST + number,
                        minute,
                        rate * 10 * share / 1000,
                        30,
                    ))
                });
                self.series(sheet, &format!("tls_server_handshakes{{result=\"{result}\"}}"), "per s", values);
            }
        }
        let mut number = 2;
        for edge in incident.topology.needs(self.at) {
            let (share, fails_as) = self.fails(edge, self.now);
            if share < 25 || number >= MOST - 2 {
                continue;
            }
            let claim = Claim::Calls { from: edge.from, to: edge.to, fail: true, errors: None };
            sheet.begin(self.split_id(Dimension::Reason, number), claim);
            let values =
                self.minutes().map(|minute| Tenths(self.over(minute, |minute| i64::from(self.fails(edge, minute).0))));
            let label = format!(
                "failed calls{{peer=\"{}\",reason=\"{}\"}}",
                self.name(edge.to),
                reason(fails_as, edge.kind.is_request())
            );
            self.series(sheet, &label, "%", values);
            number += 1;
        }
    }
}

/// Returns the share of requests that fail in a part of a split, in thousandths, given the share of all that fails,
/// the share that fails in one place only, and how much of the traffic that place has.
fn fails_here(all: i64, own: i64, hit: i64, is_hit: bool) -> i64 {
    if own == 0 || hit == 0 {
        return all;
    }
    let all = all.max(own);
    // What fails everywhere, and what of the rest fails in the place that is hit.
    let elsewhere = if own >= 1000 { 0 } else { 1000 - (1000 - all) * 1000 / (1000 - own) };
    if !is_hit {
        let beyond = (own - hit * MOST_FAIL / 1000).max(0) * 1000 / (1000 - hit).max(1);
        return (elsewhere + beyond).min(1000);
    }
    let here = (own * 1000 / hit).min(MOST_FAIL);
    1000 - (1000 - elsewhere) * (1000 - here) / 1000
}

/// Returns what instrumentation calls the reason of a failed call.
pub(super) const fn reason(fails_as: FailsAs, is_request: bool) -> &'static str {
    match fails_as {
        FailsAs::Unavailable | FailsAs::Quota if !is_request => "connection_error",
        FailsAs::Error if !is_request => "query_error",
        FailsAs::Unavailable => "http_503",
        FailsAs::Error => "http_500",
        FailsAs::Refused => "connection_refused",
        FailsAs::Timeout => "timeout",
        FailsAs::Auth => "unauthenticated",
        FailsAs::Tls => "tls_handshake",
        FailsAs::Unresolved => "name_resolution",
        FailsAs::Unreachable => "no_route",
        FailsAs::Quota => "http_429",
    }
}
