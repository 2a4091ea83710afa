//! The continuous layer: requests flow from callers to what they call, failures flow back, one tick a minute.
//!
//! Everything is in integers: shares and factors in thousandths, times in microseconds, rates in requests a second times
//! 1000. So the same incident gives the same numbers on every machine.

use crate::generate::system::topology::{EdgeKind, Kind, Topology};
use crate::generate::data::vocabulary::{FailsAs, Predicate, Toward};

/// The share of reads that a cache lets through on a quiet day.
const USUAL_MISS: i32 = 80;
/// From this share of what it can do, an entity fails requests.
const OVERLOAD: i64 = 930;
/// After so long a caller gives up, in microseconds: the slowest hundredth takes that long where calls time out.
pub const TIMEOUT: u32 = 2_000_000;
/// The longest time of an answer: clients give up.
const LONGEST: i64 = 30_000_000;

/// What the facts of now do to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Body {
    /// The share of requests that get through the entity itself.
    passes: i32,
    /// The same for its calls, by [`Toward`].
    passes_toward: [i32; 3],
    capacity: i32,
    latency: i32,
    /// How long those wait that get no answer, in microseconds.
    wait: i64,
    /// Load beside that of its users, by [`Toward`].
    extra: [i32; 3],
    retries: i32,
    miss: i32,
}

impl Body {
    const WELL: Self = Self {
        passes: 1000,
        passes_toward: [1000; 3],
        capacity: 1000,
        latency: 1000,
        wait: 0,
        extra: [0; 3],
        retries: 0,
        miss: USUAL_MISS,
    };
}

/// An entity at a tick.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The share of requests that it fails, for whatever reason.
    pub error: i16,
    /// The share of what it can do that it needs.
    pub used: i16,
    /// Requests that reach it, in thousandths of a quiet day.
    pub load: i32,
    /// The time of an answer, in microseconds.
    pub latency: u32,
}

/// A system through which requests flow.
#[derive(Debug, Clone)]
pub struct Plumbing {
    /// Edges by caller: where those of each begin.
    starts: Vec<u32>,
    edges: Vec<Pipe>,
    entities: Vec<Tank>,
    journeys: Vec<(u16, i32)>,
    gateway: u16,
}

#[derive(Debug, Clone, Copy)]
struct Pipe {
    to: u16,
    fanout: i32,
    weight: i32,
    toward: Option<Toward>,
    is_store: bool,
    waits: bool,
}

#[derive(Debug, Clone, Copy)]
struct Tank {
    demand: i64,
    /// Requests on a quiet day.
    usual: i64,
    capacity: i64,
    latency: i64,
}

/// The flow at a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    readings: Vec<Reading>,
    loads: Vec<i64>,
    bodies: Vec<Body>,
}

impl Flow {
    /// Each entity, by its number.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }
}

impl Plumbing {
    /// The plumbing of a system; what each part can do follows from a quiet day.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        let mut starts = Vec::with_capacity(topology.entities.len() + 1);
        let mut edges = Vec::with_capacity(topology.edges.len());
        for from in (0..).take(topology.entities.len()) {
            starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
            edges.extend(topology.needs(from).map(|edge| Pipe {
                to: edge.to,
                fanout: edge.fanout,
                weight: edge.kind.weight(),
                toward: [Toward::Data, Toward::Req, Toward::External].into_iter().find(|one| one.includes(edge.kind)),
                is_store: edge.kind == EdgeKind::Store,
                waits: !matches!(edge.kind, EdgeKind::Produce | EdgeKind::Consume | EdgeKind::Opt),
            }));
        }
        starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
        let tank = |entity: &crate::generate::system::topology::Entity| Tank {
            demand: entity.demand,
            usual: 0,
            capacity: i64::MAX,
            latency: i64::from(entity.base_latency),
        };
        let gateway = topology.of(Kind::Gateway).next().unwrap_or(0);
        let journeys = topology.journeys.iter().map(|journey| (journey.entry, journey.weight)).collect();
        let mut plumbing =
            Self { starts, edges, entities: topology.entities.iter().map(tank).collect(), journeys, gateway };
        let quiet = plumbing.flow(&[]);
        for ((tank, entity), load) in plumbing.entities.iter_mut().zip(&topology.entities).zip(&quiet.loads) {
            tank.usual = *load;
            tank.capacity = (*load * 1000 / i64::from(entity.used)).max(1);
        }
        plumbing
    }

    /// The flow in a world where these facts hold, from its beginning.
    #[must_use]
    pub fn flow(&self, facts: &[(&Predicate, u16)]) -> Flow {
        let count = self.entities.len();
        let mut flow =
            Flow { readings: vec![Reading::default(); count], loads: vec![0; count], bodies: vec![Body::WELL; count] };
        self.set(&mut flow, facts);
        self.tick(&mut flow);
        flow
    }

    /// Lets other facts hold from the next tick on.
    pub fn set(&self, flow: &mut Flow, facts: &[(&Predicate, u16)]) {
        flow.bodies.fill(Body::WELL);
        for (predicate, entity) in facts {
            let body = &mut flow.bodies[usize::from(*entity)];
            let passes = 1000 - predicate.error;
            match predicate.toward {
                Some(toward) => {
                    let slot = toward as usize;
                    body.passes_toward[slot] = body.passes_toward[slot] * passes / 1000;
                    body.extra[slot] += predicate.load;
                }
                None => body.passes = body.passes * passes / 1000,
            }
            if predicate.fails_as == FailsAs::Timeout && predicate.error > 0 {
                body.wait = i64::from(TIMEOUT);
            }
            body.capacity = body.capacity * predicate.capacity / 1000;
            body.latency = body.latency.max(predicate.latency);
            body.retries += predicate.retries;
            body.miss = body.miss.max(predicate.miss);
        }
    }

    /// A minute.
    pub fn tick(&self, flow: &mut Flow) {
        let Flow { readings, loads, bodies } = flow;
        for (load, tank) in loads.iter_mut().zip(&self.entities) {
            *load = tank.demand;
        }
        for from in 0..self.entities.len() {
            let (body, load) = (bodies[from], loads[from]);
            for pipe in self.pipes(from) {
                let fanout = i64::from(if pipe.is_store { body.miss } else { pipe.fanout });
                let failed = i64::from(readings[usize::from(pipe.to)].error);
                let attempts = 1000 + i64::from(body.retries) * failed / 1000;
                let extra = pipe.toward.map_or(0, |toward| i64::from(body.extra[toward as usize]));
                loads[usize::from(pipe.to)] += load * fanout / 1000 * (attempts + extra) / 1000;
            }
        }
        for at in (0..self.entities.len()).rev() {
            let (tank, body) = (&self.entities[at], bodies[at]);
            let can = (tank.capacity / 1000).saturating_mul(i64::from(body.capacity)).max(1);
            let used = (loads[at].saturating_mul(1000) / can).min(30_000);
            let overload = ((used - OVERLOAD) * 2 / 3).clamp(0, 900);
            let mut passes = i64::from(body.passes) * (1000 - overload) / 1000;
            // Waiting grows as a queue's does, up to eight times.
            let crowd = 1000 + (used * used / (1000 - used.min(930)).max(70)).min(7000) / 4;
            let mut latency = tank.latency * i64::from(body.latency) / 1000 * crowd / 1000 + body.wait;
            for pipe in self.pipes(at) {
                let called = readings[usize::from(pipe.to)];
                let on_the_way = pipe.toward.map_or(1000, |toward| i64::from(body.passes_toward[toward as usize]));
                let fails = 1000 - on_the_way * (1000 - i64::from(called.error)) / 1000;
                passes = passes * (1000 - i64::from(pipe.weight) * fails / 1000) / 1000;
                if pipe.waits {
                    latency += i64::from(called.latency) * i64::from(pipe.weight) / 1000;
                }
            }
            let load = if tank.usual == 0 { 1000 } else { loads[at].saturating_mul(1000) / tank.usual };
            readings[at] = Reading {
                error: i16::try_from(1000 - passes).unwrap_or(1000),
                used: i16::try_from(used).unwrap_or(i16::MAX),
                load: i32::try_from(load).unwrap_or(i32::MAX),
                latency: u32::try_from(latency.min(LONGEST)).unwrap_or(u32::MAX),
            };
        }
    }

    /// The flow once it changes no more, or goes on and on in the same way.
    #[must_use]
    pub fn settled(&self, facts: &[(&Predicate, u16)]) -> Flow {
        const MOST_TICKS: usize = 12;
        let mut flow = self.flow(facts);
        for _ in 0..MOST_TICKS {
            let before = flow.readings.clone();
            self.tick(&mut flow);
            if before == flow.readings {
                break;
            }
        }
        flow
    }

    /// The share of what users come for that they do not get, in thousandths.
    #[must_use]
    pub fn impact(&self, flow: &Flow) -> i32 {
        let door = flow.bodies[usize::from(self.gateway)].passes;
        let lost = |(entry, weight): &(u16, i32)| {
            let served = door * (1000 - i32::from(flow.readings[usize::from(*entry)].error)) / 1000;
            weight * (1000 - served)
        };
        self.journeys.iter().map(lost).sum::<i32>() / 1000
    }

    /// Requests a second of an entity on a quiet day, times 1000.
    #[must_use]
    pub fn usual(&self, at: u16) -> i64 {
        self.entities[usize::from(at)].usual
    }

    fn pipes(&self, from: usize) -> &[Pipe] {
        &self.edges[self.starts[from] as usize..self.starts[from + 1] as usize]
    }
}
