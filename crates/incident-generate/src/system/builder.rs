//! The builder of topologies: it makes a system from draws.
//!
//! Draws are taken by entity and purpose, never in sequence, so a step that draws more does not disturb the others.

use crate::data::kinds::{EdgeKind, Kind};
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::system::names::Naming;
use crate::system::site::Site;
use crate::system::topology::{Calls, Edge, Entity, Journey, Topology};

/// How large a system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// The number of services, at least 6. What they run on is added to it.
    pub services: u16,
    /// The greatest number of services in a row from the gateway to a store.
    pub hops: u16,
}

/// The names of journeys where entities are not named after what they keep.
const JOURNEYS: [&str; 8] = ["checkout", "login", "search", "browse", "messages", "reports", "uploads", "settings"];
/// One of so many services is called only by callers that can do without it.
const ONE_ASIDE_OF: usize = 5;
/// The share of calls that are made for every request of the caller, in hundredths, and the share of its requests that
/// others are made for, in thousandths.
const ALWAYS: i32 = 78;
const SOMETIMES: [i32; 2] = [650, 950];
/// The share of callers that repeat failed calls, in hundredths, and the share of all their calls that they may repeat at
/// most, in thousandths.
const RETRIES: i32 = 15;
const RETRY_BUDGET: i32 = 200;
/// The share of calls that are made at the same time as others, in hundredths.
const PARALLEL: i32 = 35;
/// The most requests whose messages are sent together.
const MOST_TOGETHER: i32 = 100;
/// The weights of journeys in thousandths, for three to six journeys, and the least and the greatest share of it that one has
/// in a system, in hundredths.
const WEIGHTS: [&[i32]; 4] =
    [&[520, 310, 170], &[430, 280, 180, 110], &[370, 260, 180, 120, 70], &[330, 240, 170, 120, 90, 50]];
const OF_WEIGHT: [u32; 2] = [65, 150];

/// Makes a system. Nothing but the names of its entities depends on the source of names.
#[must_use]
pub(crate) fn build(draws: Draws, names: Draws, size: Size, naming: Naming) -> Topology {
    let mut build = Builder { draws, parts: Vec::new(), edges: Vec::new() };
    let services = size.services.max(6);
    let count = |of: u16, least: u16| (services * of / 100).max(least);
    let [dbs, caches, queues, externals] = [count(14, 2), count(7, 1), count(6, 1), count(6, 1)];
    let [workers, batches] = [count(9, 1), count(8, 1)];
    let apis = services.saturating_sub(1 + dbs + caches + queues + externals + workers + batches).max(2);
    let nodes = (services / 8).max(2);

    // Callers come first, so that one pass from the front sums up loads and one from the back sums up errors.
    let gateway = build.add_one(Kind::Gateway);
    let workers = build.add(Kind::Worker, workers);
    let batches = build.add(Kind::Batch, batches);
    let apis = build.add(Kind::Api, apis);
    let queues = build.add(Kind::Queue, queues);
    let caches = build.add(Kind::Cache, caches);
    let dbs = build.add(Kind::Db, dbs);
    let externals = build.add(Kind::External, externals);
    for kind in [Kind::Config, Kind::Identity, Kind::Dns, Kind::Network] {
        build.add_one(kind);
    }
    let nodes = build.add(Kind::Node, nodes);
    let kinds: Vec<_> = build.parts.iter().map(|entity| entity.kind).collect();
    build.place(&nodes);
    let fronts = build.connect(gateway, &apis, size.hops.max(1));
    build.data(&apis, &fronts, &dbs, &caches);
    build.messages(&apis, &fronts, &workers, &queues, &dbs);
    build.others(&apis, &batches, &dbs, &externals);
    for (entity, called) in build.parts.iter_mut().zip(naming.names(names, &kinds, &build.edges)) {
        (entity.name, entity.keeps) = (called.name, called.keeps);
    }
    let journeys = build.journeys(&fronts, Site::of(names));
    build.share_out(gateway, &journeys);
    let Builder { parts, mut edges, .. } = build;
    edges.sort_by_key(|edge| (edge.from, edge.to, edge.kind));
    edges.dedup_by_key(|edge| (edge.from, edge.to));
    let mut topology = Topology { entities: parts, edges, journeys, gateway };
    balance(&mut topology);
    topology
}

/// Lets as many messages be sent to each queue as its first reader was drawn to handle, and each reader get all of them.
/// Producers send the messages of several requests together.
fn balance(topology: &mut Topology) {
    let mut loads: Vec<i64> = topology.entities.iter().map(|entity| entity.demand).collect();
    for edge in &topology.edges {
        if !matches!(edge.kind, EdgeKind::Produce | EdgeKind::Consume) {
            loads[edge.to.index()] += loads[edge.from.index()] * i64::from(edge.calls.rate()) / 1000;
        }
    }
    let queues: Vec<_> = topology.of(Kind::Queue).collect();
    for queue in queues {
        let along = |edge: &Edge, kind: EdgeKind| edge.to == queue && edge.kind == kind;
        let readers: Vec<_> =
            topology.edges.iter().filter(|edge| along(edge, EdgeKind::Consume)).map(|edge| edge.from).collect();
        let Some(wanted) = readers.first().map(|first| topology.entity(*first).demand) else { continue };
        let producers = topology.edges.iter().filter(|edge| along(edge, EdgeKind::Produce)).count();
        let each = (wanted / i64::try_from(producers.max(1)).unwrap_or(1)).max(1);
        let mut sent = 0;
        for edge in topology.edges.iter_mut().filter(|edge| along(edge, EdgeKind::Produce)) {
            let load = loads[edge.from.index()];
            edge.calls.bundle = i32::try_from(load / each).unwrap_or(i32::MAX).clamp(1, MOST_TOGETHER);
            sent += load * i64::from(edge.calls.rate()) / 1000;
        }
        for reader in readers {
            topology.entities[reader.index()].demand = sent;
        }
    }
}

struct Builder {
    draws: Draws,
    parts: Vec<Entity>,
    edges: Vec<Edge>,
}

impl Builder {
    fn add(&mut self, kind: Kind, count: u16) -> Vec<EntityId> {
        (0..count).map(|_| self.add_one(kind)).collect()
    }

    fn add_one(&mut self, kind: Kind) -> EntityId {
        let id = EntityId(u16::try_from(self.parts.len()).unwrap_or(u16::MAX));
        let within = |salt, low, high| self.draws.within(Stream::Demand, u64::from(id), salt, low, high);
        let demand = match kind {
            Kind::Gateway => i64::from(within(0, 80, 400)) * 1000,
            Kind::Worker => i64::from(within(0, 20, 120)) * 1000,
            Kind::Batch => i64::from(within(0, 5, 20)) * 1000,
            _ => 0,
        };
        let base_latency = match kind {
            Kind::Cache => within(1, 300, 900),
            Kind::Db | Kind::Queue => within(1, 2_000, 9_000),
            Kind::External => within(1, 45_000, 120_000),
            _ => within(1, 5_000, 36_000),
        };
        let used = within(2, 300, 560).cast_signed();
        self.parts.push(Entity {
            name: String::new(),
            keeps: None,
            kind,
            zone: 0,
            node: None,
            demand,
            used,
            base_latency,
        });
        id
    }

    /// Puts nodes into two zones and services on nodes. A service is in the zone of its node.
    fn place(&mut self, nodes: &[EntityId]) {
        for (number, node) in nodes.iter().enumerate() {
            self.parts[node.index()].zone = u8::from(number % 2 == 1);
        }
        let order = self.draws.shuffled(Stream::Placement, 0, self.parts.len());
        let mut turn = 0;
        for index in order {
            let entity = &self.parts[index];
            if entity.kind.is_service() && entity.kind != Kind::External {
                let node = nodes[turn % nodes.len()];
                turn += 1;
                let zone = self.parts[node.index()].zone;
                (self.parts[index].node, self.parts[index].zone) = (Some(node), zone);
            }
        }
    }

    fn edge(&mut self, from: EntityId, to: EntityId, kind: EdgeKind) {
        let calls = self.calls(from, to, kind);
        self.edges.push(Edge { from, to, kind, calls });
    }

    /// Draws how one entity calls another.
    fn calls(&self, from: EntityId, to: EntityId, kind: EdgeKind) -> Calls {
        // One draw is enough: each of its bytes is spread over one range.
        let bits = self.draws.bits(Stream::Calls, u64::from(from), u64::from(to), 0);
        let within = |byte: u32, [low, high]: [i32; 2]| {
            let eighth = i32::try_from(bits >> (8 * byte) & 0xff).unwrap_or_default();
            low + eighth * (high + 1 - low) / 256
        };
        let hundredth = |byte: u32| within(byte, [0, 99]);
        let always = Calls { share: 1000, times: 1, bundle: 1, needed: kind.needed()[0], retried: 0, parallel: false };
        // One message is sent and read with one call.
        if matches!(kind, EdgeKind::Store | EdgeKind::Produce | EdgeKind::Consume) {
            return Calls { needed: within(0, kind.needed()), ..always };
        }
        // Many calls are made for every request, and others for some routes only.
        let share = if hundredth(1) < ALWAYS { 1000 } else { within(2, SOMETIMES) };
        let times = match hundredth(3) {
            0..80 => 1,
            80..96 => 2,
            _ => 3,
        };
        let may_retry = matches!(kind, EdgeKind::Req | EdgeKind::External) && hundredth(4) < RETRIES;
        let retried = if may_retry { RETRY_BUDGET } else { 0 };
        let parallel = kind.is_request() && hundredth(5) < PARALLEL;
        Calls { share, times, needed: within(0, kind.needed()), retried, parallel, ..always }
    }

    /// Draws a number below `n` for an entity and a purpose.
    fn draw(&self, a: EntityId, b: u64, n: usize) -> usize {
        self.draws.below(Stream::Edges, u64::from(a) | 1 << 32, b, u32::try_from(n.max(1)).unwrap_or(1)) as usize
    }

    /// Connects services in tiers: the gateway calls the first tier, which is returned, and each further service is
    /// called by one or two of the tier before it.
    fn connect(&mut self, gateway: EntityId, apis: &[EntityId], hops: u16) -> Vec<EntityId> {
        // The last ones are called for what callers can do without.
        let (apis, aside) = apis.split_at(apis.len() - apis.len() / ONE_ASIDE_OF);
        let tiers = usize::from(hops).min(apis.len()).max(1);
        let first = (apis.len() / tiers).clamp(3, 6).min(apis.len());
        let (fronts, deeper) = apis.split_at(first);
        for (number, api) in aside.iter().enumerate() {
            let callers = 2 + self.draw(*api, 6, 3);
            for n in 0..callers.min(apis.len()) {
                let caller = apis[(number + n * 3 + self.draw(*api, 7, apis.len())) % apis.len()];
                self.edge(caller, *api, EdgeKind::Opt);
            }
        }
        for front in fronts {
            self.edge(gateway, *front, EdgeKind::Req);
        }
        let mut before = fronts.to_vec();
        let size = deeper.len().div_ceil(tiers.saturating_sub(1).max(1)).max(1);
        for tier in deeper.chunks(size) {
            for (number, api) in tier.iter().enumerate() {
                let callers = 1 + usize::from(self.draw(*api, 1, 3) == 0);
                for n in 0..callers.min(before.len()) {
                    let caller = before[(number + n + self.draw(*api, 2, before.len())) % before.len()];
                    let optional = self.draw(*api, 3 + n as u64, 5) == 0;
                    self.edge(caller, *api, if optional { EdgeKind::Opt } else { EdgeKind::Req });
                }
            }
            before = tier.to_vec();
        }
        fronts.to_vec()
    }

    /// Gives stores to all services that call no other service and to some of the rest, and caches to some of them.
    fn data(&mut self, apis: &[EntityId], fronts: &[EntityId], dbs: &[EntityId], caches: &[EntityId]) {
        for (cache, number) in caches.iter().zip(0..) {
            self.edge(*cache, dbs[number % dbs.len()], EdgeKind::Store);
        }
        for (number, api) in apis.iter().enumerate() {
            let is_leaf = !self.edges.iter().any(|edge| edge.from == *api);
            if is_leaf || self.draw(*api, 10, 3) == 0 {
                // Neighbours share a store, so that a store has several clients.
                let db = if number < dbs.len() { number } else { self.draw(*api, 11, dbs.len()) };
                self.edge(*api, dbs[db], EdgeKind::Data);
            }
            if (is_leaf || fronts.contains(api)) && self.draw(*api, 12, 2) == 0 {
                let cache = self.draw(*api, 13, caches.len());
                self.edge(*api, caches[cache], EdgeKind::Cached);
            }
        }
        // A cache without readers would have no effect.
        for (cache, number) in caches.iter().zip(0..) {
            if !self.edges.iter().any(|edge| edge.to == *cache) {
                self.edge(fronts[number % fronts.len()], *cache, EdgeKind::Cached);
            }
        }
        for (db, number) in dbs.iter().zip(0..) {
            if self.edges.iter().filter(|edge| edge.to == *db && edge.kind == EdgeKind::Data).count() < 2 {
                self.edge(apis[(apis.len() - 1).saturating_sub(number) % apis.len()], *db, EdgeKind::Data);
                self.edge(fronts[number % fronts.len()], *db, EdgeKind::Data);
            }
        }
    }

    /// Connects workers and services through queues.
    fn messages(
        &mut self,
        apis: &[EntityId],
        fronts: &[EntityId],
        workers: &[EntityId],
        queues: &[EntityId],
        dbs: &[EntityId],
    ) {
        for (worker, number) in workers.iter().zip(0..) {
            self.edge(*worker, queues[number % queues.len()], EdgeKind::Consume);
            self.edge(*worker, dbs[self.draw(*worker, 20, dbs.len())], EdgeKind::Data);
            // A worker fails where what it calls does, so an alert on it leaves much open.
            self.edge(*worker, fronts[(number + self.draw(*worker, 23, fronts.len())) % fronts.len()], EdgeKind::Req);
        }
        for (queue, number) in queues.iter().zip(0..) {
            let producers = [
                fronts[(number + self.draw(*queue, 21, fronts.len())) % fronts.len()],
                apis[self.draw(*queue, 22, apis.len())],
            ];
            for producer in producers {
                self.edge(producer, *queue, EdgeKind::Produce);
            }
        }
    }

    /// Connects batches to stores, and services to external providers.
    fn others(&mut self, apis: &[EntityId], batches: &[EntityId], dbs: &[EntityId], externals: &[EntityId]) {
        for (batch, number) in batches.iter().zip(0..) {
            self.edge(*batch, dbs[(number + self.draw(*batch, 30, dbs.len())) % dbs.len()], EdgeKind::Data);
        }
        for external in externals {
            let first = self.draw(*external, 31, apis.len());
            for n in 0..2 + self.draw(*external, 32, 2) {
                self.edge(apis[(first + n * 2) % apis.len()], *external, EdgeKind::External);
            }
        }
    }

    /// Distributes the journeys over the first tier of services. Each is named after what users come for there.
    fn journeys(&self, fronts: &[EntityId], site: Site) -> Vec<Journey> {
        let weights = WEIGHTS[(fronts.len().clamp(3, 6)) - 3];
        let order = self.draws.shuffled(Stream::Journeys, 1, fronts.len());
        // How often a journey is made says little about how much it matters: many browse, and few pay.
        let drawn: Vec<_> =
            (2..).take(weights.len()).map(|n| self.draws.within(Stream::Journeys, n, 0, 60, 400)).collect();
        let whole: u32 = drawn.iter().sum();
        let shares = drawn.iter().map(|share| (share * 1000 / whole).cast_signed());
        let part = |n: u64| self.draws.within(Stream::Journeys, n, 1, OF_WEIGHT[0], OF_WEIGHT[1]).cast_signed();
        let weights: Vec<_> = weights.iter().zip(2..).map(|(weight, n)| weight * part(n)).collect();
        let all: i32 = weights.iter().sum();
        let hundredths = weights.iter().map(|weight| weight * 100 / all.max(1) * 10);
        let mut journeys: Vec<_> = hundredths
            .zip(JOURNEYS)
            .zip(shares)
            .enumerate()
            .map(|(number, ((weight, name), requests))| {
                let entry = fronts[order[number % order.len()]];
                let keeps = self.parts[entry.index()].keeps.map(usize::from);
                let resource = keeps.and_then(|keeps| site.business().resources.get(keeps));
                Journey { name: resource.map_or(name, |resource| &resource.name), entry, weight, requests }
            })
            .collect();
        let rest = 1000 - journeys.iter().map(|journey| journey.weight).sum::<i32>();
        if let Some(first) = journeys.first_mut() {
            first.weight += rest;
        }
        let rest = 1000 - journeys.iter().map(|journey| journey.requests).sum::<i32>();
        if let Some(first) = journeys.first_mut() {
            first.requests += rest;
        }
        journeys
    }

    /// Lets the requests at the gateway go to the services that the journeys enter at.
    fn share_out(&mut self, gateway: EntityId, journeys: &[Journey]) {
        for edge in self.edges.iter_mut().filter(|edge| edge.from == gateway) {
            let here = journeys.iter().filter(|journey| journey.entry == edge.to);
            let share = here.map(|journey| journey.requests).sum();
            edge.calls = Calls { share, times: 1, bundle: 1, needed: 1000, retried: 0, parallel: false };
        }
    }
}
