//! Topologies: the entities of a system, their dependencies, and the journeys of users through it.

use crate::data::kinds::{EdgeKind, Kind};
use crate::ids::{EntityId, EntitySet};

/// An entity: a service, or something that services depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// The name that agents know it by.
    pub name: String,
    /// What it keeps or works on, as the number of a resource of its company, or of a provider. None if its name says nothing.
    pub keeps: Option<u16>,
    /// The kind of entity.
    pub kind: Kind,
    /// The number of its zone, 0 or 1.
    pub zone: u8,
    /// The node that it runs on; only services run on nodes.
    pub node: Option<EntityId>,
    /// The requests of its own users, in thousandths of a request a second. Gateways, batches and workers have some.
    pub demand: i64,
    /// The share of its capacity that it needs on a quiet day, in thousandths.
    pub used: i32,
    /// The duration of its own work for a request on a quiet day, in microseconds.
    pub base_latency: u32,
}

/// A dependency of one entity on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The entity that depends on the other one.
    pub from: EntityId,
    /// The entity that is needed.
    pub to: EntityId,
    /// The kind of dependency.
    pub kind: EdgeKind,
    /// How the caller calls.
    pub calls: Calls,
}

/// How an entity calls another one for its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// The share of the caller's requests for which it calls, in thousandths.
    pub share: i32,
    /// How many times it calls for each of these, one after another.
    pub times: u8,
    /// For how many of its requests it makes one call: more than 1 where it sends messages together.
    pub bundle: i32,
    /// The share of these requests that fail where the call fails and nothing takes the place of its answer, in thousandths.
    pub needed: i32,
    /// The share of all calls that the caller may repeat once where they fail, in thousandths: its budget of retries.
    pub retried: i32,
    /// Whether the caller calls at the same time as what it calls beside it, and not after that.
    pub parallel: bool,
}

impl Calls {
    /// Returns the calls for each request of the caller, in thousandths, without those that are repeated.
    #[must_use]
    pub fn rate(self) -> i32 {
        self.share * i32::from(self.times) / self.bundle
    }
}

/// Something that users come for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// The name of the journey.
    pub name: &'static str,
    /// The service behind the gateway that serves it.
    pub entry: EntityId,
    /// Its share of all that users come for, in thousandths. The shares of all journeys add up to 1000.
    pub weight: i32,
    /// Its share of the requests at the gateway, in thousandths. The shares of all journeys add up to 1000.
    pub requests: i32,
}

/// A system. Its entities are sorted so that every caller comes before what it calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The entities, which are numbered by their place.
    pub entities: Vec<Entity>,
    /// The dependencies, sorted by caller.
    pub edges: Vec<Edge>,
    /// The journeys of users.
    pub journeys: Vec<Journey>,
    /// The entity through which all users come in.
    pub gateway: EntityId,
}

impl Topology {
    /// Goes through the numbers of all entities.
    pub fn ids(&self) -> impl Iterator<Item = EntityId> + Clone + use<> {
        EntityId::first(self.entities.len())
    }

    /// Goes through all entities with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (EntityId, &Entity)> {
        self.ids().zip(&self.entities)
    }

    /// Goes through the entities of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = EntityId> + '_ {
        self.numbered().filter(move |(_, entity)| entity.kind == kind).map(|(at, _)| at)
    }

    /// Returns an entity.
    #[must_use]
    pub fn entity(&self, at: EntityId) -> &Entity {
        &self.entities[at.index()]
    }

    /// Returns the name of an entity.
    #[must_use]
    pub fn name(&self, at: EntityId) -> &str {
        &self.entity(at).name
    }

    /// Finds an entity by its exact name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<EntityId> {
        EntityId::find(&self.entities, |entity| entity.name == name)
    }

    /// Goes through the dependencies of an entity.
    pub fn needs(&self, from: EntityId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == from)
    }

    /// Goes through the dependencies of others on an entity.
    pub fn needed_by(&self, to: EntityId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == to)
    }

    /// Returns what an entity stands on without calling it: the node that it runs on, and for what handles requests and
    /// is run here also name resolution, configuration, credentials and routing.
    #[must_use]
    pub fn under(&self, at: EntityId) -> Vec<EntityId> {
        let entity = self.entity(at);
        let is_served = entity.kind.is_service() && entity.kind != Kind::External;
        let kinds: &[Kind] = if is_served { &[Kind::Dns, Kind::Config, Kind::Identity, Kind::Network] } else { &[] };
        entity.node.into_iter().chain(kinds.iter().flat_map(|kind| self.of(*kind))).collect()
    }

    /// Returns the entities that the records of an entity name: what it calls, what calls it, what it stands on, and what
    /// is placed on it.
    #[must_use]
    pub fn named_by(&self, at: EntityId) -> EntitySet {
        let called = self.needs(at).map(|edge| edge.to).chain(self.needed_by(at).map(|edge| edge.from));
        let placed = self.numbered().filter(|(_, entity)| entity.node == Some(at)).map(|(placed, _)| placed);
        called.chain(self.under(at)).chain(placed).collect()
    }

    /// Goes through the entities that call an entity, for whatever reason. A consumer reads from a queue and does not
    /// call it.
    pub fn callers(&self, of: EntityId) -> impl Iterator<Item = EntityId> + '_ {
        self.needed_by(of).filter(|edge| edge.kind != EdgeKind::Consume).map(|edge| edge.from)
    }
}
