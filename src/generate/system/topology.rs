//! Topologies: what runs, where, who calls whom, and which journeys of users go through it. Made from a seed.

use serde::Deserialize;

use crate::generate::draws::{Draws, Stream};

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Gateway,
    Api,
    Worker,
    Batch,
    Db,
    Cache,
    Queue,
    External,
    Config,
    Identity,
    Dns,
    Network,
    Node,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Gateway,
        Self::Api,
        Self::Worker,
        Self::Batch,
        Self::Db,
        Self::Cache,
        Self::Queue,
        Self::External,
        Self::Config,
        Self::Identity,
        Self::Dns,
        Self::Network,
        Self::Node,
    ];

    /// Its word, as agents read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Batch => "batch",
            Self::Db => "db",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::External => "external",
            Self::Config => "config",
            Self::Identity => "identity",
            Self::Dns => "dns",
            Self::Network => "network",
            Self::Node => "node",
        }
    }

    /// Whether it keeps data that a wrong step can lose.
    #[must_use]
    pub const fn is_store(self) -> bool {
        matches!(self, Self::Db | Self::Queue)
    }

    /// Whether it handles requests, and so runs on nodes and counts as a service.
    #[must_use]
    pub const fn is_service(self) -> bool {
        !matches!(self, Self::Config | Self::Identity | Self::Dns | Self::Network | Self::Node)
    }

    /// Whether it has a job that runs by a schedule or once: exports, rotations, refreshes, migrations.
    #[must_use]
    pub const fn has_job(self) -> bool {
        matches!(self, Self::Batch | Self::Db | Self::Cache | Self::Queue)
    }
}

/// How one entity needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// It calls it for a request, and fails without it.
    Req,
    /// It calls it for a request, and has a substitute for its answer.
    Opt,
    /// It reads and writes its data there.
    Data,
    /// It reads through this cache.
    Cached,
    /// The cache is filled from this store.
    Store,
    /// It sends messages there.
    Produce,
    /// It reads messages there.
    Consume,
    /// It calls this provider.
    External,
}

impl EdgeKind {
    /// The share of failures that reach the caller, in thousandths.
    #[must_use]
    pub const fn weight(self) -> i32 {
        match self {
            Self::Req | Self::Data => 1000,
            // What a cache cannot give is asked of the store.
            Self::Cached => 250,
            Self::External => 550,
            Self::Produce => 300,
            Self::Opt => 40,
            Self::Store => 700,
            Self::Consume => 900,
        }
    }

    /// Its word, as agents read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Req => "sync",
            Self::Opt => "sync, with fallback",
            Self::Data => "data",
            Self::Cached => "cache",
            Self::Store => "backing store",
            Self::Produce => "produces to",
            Self::Consume => "consumes from",
            Self::External => "external",
        }
    }
}

/// A part of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What agents call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its zone, 0 or 1.
    pub zone: u8,
    /// The node that it runs on, for services.
    pub node: Option<u16>,
    /// Requests a second of its own users, times 1000: gateways, batches and workers have some.
    pub demand: i64,
    /// How much of what it can do it needs on a quiet day, in thousandths.
    pub used: i32,
    /// The time of an answer on a quiet day, in microseconds.
    pub base_latency: u32,
}

/// A dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Who needs.
    pub from: u16,
    /// What is needed.
    pub to: u16,
    /// How.
    pub kind: EdgeKind,
    /// Calls for each request of the caller, in thousandths.
    pub fanout: i32,
}

/// What users do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// Its name.
    pub name: &'static str,
    /// The service behind the gateway that serves it.
    pub entry: u16,
    /// Its share of what users come for, in thousandths; together 1000.
    pub weight: i32,
}

/// A system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Its parts; callers before what they call.
    pub entities: Vec<Entity>,
    /// Their dependencies, by caller.
    pub edges: Vec<Edge>,
    /// What users do with it.
    pub journeys: Vec<Journey>,
}

/// How large a system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Services; what runs under them comes on top.
    pub services: u16,
    /// Services in a row from the gateway to a store, at most.
    pub depth: u16,
}

/// How parts are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// After nothing: `svc-quartz`. With another number the same system has other names, and its records other ids.
    Codename(u32),
    /// After what they are: `api-3`, `db-1`.
    Semantic,
}

impl Default for Naming {
    fn default() -> Self {
        Self::Codename(0)
    }
}

impl Naming {
    /// The number of the skin; draws of names and ids depend on it, and nothing else does.
    #[must_use]
    pub fn skin(self) -> u64 {
        match self {
            Self::Codename(skin) => u64::from(skin),
            Self::Semantic => 0,
        }
    }
}

const WORDS: [&str; 72] = [
    "agate", "alder", "amber", "aspen", "basalt", "beryl", "birch", "bistre", "briar", "cedar", "chalk", "cinder",
    "clover", "cobalt", "copper", "coral", "crocus", "cypress", "delta", "dune", "ember", "fennel", "fern", "flint",
    "garnet", "gneiss", "granite", "harbor", "hazel", "heath", "heron", "indigo", "iris", "ivory", "jasper", "juniper",
    "kelp", "larch", "lichen", "linden", "maple", "marble", "marl", "moss", "myrtle", "nickel", "ochre", "onyx",
    "opal", "osier", "pearl", "pewter", "poplar", "quartz", "reed", "rowan", "russet", "sable", "saffron", "sedge",
    "shale", "sorrel", "spruce", "sumac", "talc", "teal", "thistle", "topaz", "umber", "willow", "yarrow", "zinc",
];

const JOURNEYS: [&str; 8] = ["checkout", "login", "search", "browse", "messages", "reports", "uploads", "settings"];
/// What users come for, by the number of journeys.
const WEIGHTS: [&[i32]; 4] =
    [&[520, 310, 170], &[430, 280, 180, 110], &[370, 260, 180, 120, 70], &[330, 240, 170, 120, 90, 50]];

impl Topology {
    /// Makes a system.
    #[must_use]
    pub fn new(draws: Draws, size: Size, naming: Naming) -> Self {
        let mut build = Builder { draws, parts: Vec::new(), edges: Vec::new() };
        let services = size.services.max(6);
        let count = |of: u16, least: u16| (services * of / 100).max(least);
        let [dbs, caches, queues, externals] = [count(14, 1), count(7, 1), count(6, 1), count(6, 1)];
        let [workers, batches] = [count(9, 1), count(6, 1)];
        let apis = services.saturating_sub(1 + dbs + caches + queues + externals + workers + batches).max(2);
        let nodes = (services / 8).max(2);

        // Callers first: errors are then summed up from the back, loads from the front.
        let gateway = build.add(Kind::Gateway, 1)[0];
        let apis = build.add(Kind::Api, apis);
        let workers = build.add(Kind::Worker, workers);
        let batches = build.add(Kind::Batch, batches);
        let queues = build.add(Kind::Queue, queues);
        let caches = build.add(Kind::Cache, caches);
        let dbs = build.add(Kind::Db, dbs);
        let externals = build.add(Kind::External, externals);
        for kind in [Kind::Config, Kind::Identity, Kind::Dns, Kind::Network] {
            build.add(kind, 1);
        }
        let nodes = build.add(Kind::Node, nodes);
        build.place(&nodes);
        let fronts = build.connect(gateway, &apis, size.depth.max(1));
        build.data(&apis, &fronts, &dbs, &caches);
        build.messages(&apis, &fronts, &workers, &queues, &dbs);
        build.others(&apis, &batches, &dbs, &externals);
        build.name(naming);
        let journeys = build.journeys(&fronts);
        let Builder { parts, mut edges, .. } = build;
        edges.sort_by_key(|edge| (edge.from, edge.to, edge.kind));
        edges.dedup_by_key(|edge| (edge.from, edge.to));
        Self { entities: parts, edges, journeys }
    }

    /// The parts of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = u16> + '_ {
        (0..).zip(&self.entities).filter(move |(_, entity)| entity.kind == kind).map(|(index, _)| index)
    }

    /// A part.
    #[must_use]
    pub fn entity(&self, index: u16) -> &Entity {
        &self.entities[usize::from(index)]
    }

    /// What a part needs.
    pub fn needs(&self, from: u16) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == from)
    }

    /// Who needs a part.
    pub fn needed_by(&self, to: u16) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == to)
    }
}

struct Builder {
    draws: Draws,
    parts: Vec<Entity>,
    edges: Vec<Edge>,
}

impl Builder {
    fn add(&mut self, kind: Kind, count: u16) -> Vec<u16> {
        let draws = self.draws;
        let first = self.parts.len();
        self.parts.extend((0..count).map(|n| {
            let place = (first as u64) + u64::from(n);
            let within = |salt, low, high| draws.within(Stream::Demand, place, salt, low, high);
            let demand = match kind {
                Kind::Gateway => i64::from(within(0, 400, 2400)) * 1000,
                Kind::Worker => i64::from(within(0, 20, 120)) * 1000,
                Kind::Batch => i64::from(within(0, 5, 20)) * 1000,
                _ => 0,
            };
            let base_latency = match kind {
                Kind::Cache => within(1, 300, 900),
                Kind::Db | Kind::Queue => within(1, 2_000, 9_000),
                Kind::External => within(1, 60_000, 180_000),
                _ => within(1, 8_000, 60_000),
            };
            let used = i32::try_from(within(2, 300, 560)).unwrap_or(400);
            Entity { name: String::new(), kind, zone: 0, node: None, demand, used, base_latency }
        }));
        (first..self.parts.len()).filter_map(|index| u16::try_from(index).ok()).collect()
    }

    /// Services on nodes, in two zones. Whatever a node holds is in the zone of the node.
    fn place(&mut self, nodes: &[u16]) {
        for (number, node) in nodes.iter().enumerate() {
            self.parts[usize::from(*node)].zone = u8::from(number % 2 == 1);
        }
        let order = self.draws.shuffled(Stream::Placement, 0, self.parts.len());
        let mut turn = 0;
        for index in order {
            let entity = &self.parts[index];
            if entity.kind.is_service() && entity.kind != Kind::External {
                let node = nodes[turn % nodes.len()];
                turn += 1;
                let zone = self.parts[usize::from(node)].zone;
                (self.parts[index].node, self.parts[index].zone) = (Some(node), zone);
            }
        }
    }

    fn edge(&mut self, from: u16, to: u16, kind: EdgeKind) {
        let fanout = match kind {
            EdgeKind::Store => 1000,
            _ => i32::try_from(self.draws.within(Stream::Edges, u64::from(from), u64::from(to), 600, 1800))
                .unwrap_or(1000),
        };
        self.edges.push(Edge { from, to, kind, fanout });
    }

    fn draw(&self, a: u16, b: u64, n: usize) -> usize {
        self.draws.below(Stream::Edges, u64::from(a) | 1 << 32, b, u32::try_from(n.max(1)).unwrap_or(1)) as usize
    }

    /// The gateway calls the first services, and each further one is called by one or two of the tier before it.
    fn connect(&mut self, gateway: u16, apis: &[u16], depth: u16) -> Vec<u16> {
        let tiers = usize::from(depth).min(apis.len()).max(1);
        let first = (apis.len() / tiers).clamp(2, 6).min(apis.len());
        let (fronts, deeper) = apis.split_at(first);
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

    /// Who calls no other service keeps data, and so do some of the others; some read through a cache.
    fn data(&mut self, apis: &[u16], fronts: &[u16], dbs: &[u16], caches: &[u16]) {
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
        // A cache that nobody reads would be none.
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

    fn messages(&mut self, apis: &[u16], fronts: &[u16], workers: &[u16], queues: &[u16], dbs: &[u16]) {
        for (worker, number) in workers.iter().zip(0..) {
            self.edge(*worker, queues[number % queues.len()], EdgeKind::Consume);
            self.edge(*worker, dbs[self.draw(*worker, 20, dbs.len())], EdgeKind::Data);
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

    fn others(&mut self, apis: &[u16], batches: &[u16], dbs: &[u16], externals: &[u16]) {
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

    fn name(&mut self, naming: Naming) {
        let order = self.draws.shuffled(Stream::Names, naming.skin() << 8, WORDS.len());
        let mut counts = std::collections::BTreeMap::new();
        for (index, entity) in self.parts.iter_mut().enumerate() {
            let count: &mut u16 = counts.entry(entity.kind).or_default();
            *count += 1;
            entity.name = match (naming, entity.kind) {
                (Naming::Semantic, kind) => format!("{}-{count}", kind.as_str()),
                (Naming::Codename(_), Kind::Node) => format!("node-{}", WORDS[order[index % WORDS.len()]]),
                (Naming::Codename(_), Kind::External) => format!("ext-{}", WORDS[order[index % WORDS.len()]]),
                (Naming::Codename(_), _) => format!("svc-{}", WORDS[order[index % WORDS.len()]]),
            };
        }
    }

    fn journeys(&self, fronts: &[u16]) -> Vec<Journey> {
        let weights = WEIGHTS[(fronts.len().clamp(3, 6)) - 3];
        let order = self.draws.shuffled(Stream::Journeys, 1, fronts.len());
        weights
            .iter()
            .zip(JOURNEYS)
            .enumerate()
            .map(|(number, (weight, name))| Journey {
                name,
                entry: fronts[order[number % order.len()]],
                weight: *weight,
            })
            .collect()
    }
}
