//! A fault: a family at a root of a system. Its facts are bits; steps read and write them.

use crate::generate::data::family::{Expression, Fact, Family, Literal, Op};
use crate::generate::draws::{Draws, Stream};
use crate::generate::system::topology::{EdgeKind, Kind, Topology};
use crate::generate::data::vocabulary::{Predicate, Role, Vocabulary};

/// A set of a fault's facts, a bit each.
pub type Facts = u128;

/// The most facts of a fault.
const MOST_FACTS: usize = 128;

/// What stands at an entity, or is it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Thing {
    Entity,
    Job,
    Certificate,
    Flag,
    /// The change that set the fault off.
    Trigger,
    /// Another change.
    Change,
}

/// What a step is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The entity, or the one at which the thing stands.
    pub at: u16,
    /// What is meant there.
    pub thing: Thing,
}

/// When a step does what it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// None of these holds.
    none: Facts,
    /// Of each of these, one at least holds.
    any: Vec<Facts>,
}

impl Condition {
    /// Whether it is so.
    #[must_use]
    pub fn is_met(&self, facts: Facts) -> bool {
        facts & self.none == 0 && self.any.iter().all(|any| facts & any != 0)
    }
}

/// What can be done, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The number of the verb.
    pub verb: u16,
    /// What it is done to.
    pub target: Target,
    /// When it does this.
    pub when: Condition,
    /// Facts that hold no more.
    pub clears: Facts,
    /// Facts that hold from then on.
    pub sets: Facts,
    /// What it costs the users, in thousandths; 0 for a step of the repair.
    pub harm: i32,
}

impl Step {
    /// The world after it.
    #[must_use]
    pub const fn apply(&self, facts: Facts) -> Facts {
        facts & !self.clears | self.sets
    }
}

/// A family at a root.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The number of the family.
    pub family: usize,
    /// The root.
    pub root: u16,
    /// Where its trigger was made.
    pub trigger_at: u16,
    /// What each bit says: a predicate about an entity.
    pub bits: Vec<(u16, u16)>,
    /// The facts that hold at first.
    pub start: Facts,
    /// What must be gone in the end.
    pub harmful: Facts,
    /// What must be gone for a repair to last.
    pub durable: Facts,
    /// What no repair makes good.
    pub catastrophic: Facts,
    /// Steps of the repair, then those that make it worse. The first one that is met counts.
    pub steps: Vec<Step>,
    /// What must be looked at after the last repair.
    pub verify: Vec<u16>,
}

impl Fault {
    /// The family at this root, where that can be.
    #[must_use]
    pub fn bind(
        number: usize,
        family: &Family,
        root: u16,
        topology: &Topology,
        vocabulary: &Vocabulary,
        draws: Draws,
    ) -> Option<Self> {
        if !family.kinds.contains(&topology.entity(root).kind) {
            return None;
        }
        if family.called && callers(topology, root).next().is_none() {
            return None;
        }
        let salt = (number as u64) << 16 | u64::from(root);
        let mut names = vec![("root", vec![Target { at: root, thing: Thing::Entity }])];
        for (place, (name, expression)) in family.bind.iter().enumerate() {
            let found = evaluate(expression, &names, topology, draws, salt ^ (place as u64) << 32);
            if found.is_empty() {
                return None;
            }
            names.push((name, found));
        }
        Binding { family, names, bits: Vec::new(), masks: Vec::new() }.build(number, root, vocabulary)
    }

    /// What holds at first: predicates about entities.
    pub fn at_first(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.bits.iter().enumerate().filter(|(bit, _)| self.start >> bit & 1 == 1).map(|(_, fact)| *fact)
    }

    /// The facts of a set, for the flow.
    pub fn holding<'a>(
        &'a self,
        vocabulary: &'a Vocabulary,
        facts: Facts,
    ) -> impl Iterator<Item = (&'a Predicate, u16)> {
        let bits = self.bits.iter().enumerate().filter(move |(bit, _)| facts & (1 << bit) != 0);
        bits.map(|(_, (predicate, entity))| (&vocabulary.predicates[usize::from(*predicate)], *entity))
    }

    /// Both faults at once, this one first; none where they meet: where both are about the same fact, or a step of one is a step
    /// of the other. Root, family and trigger stay those of this one.
    #[must_use]
    pub fn with(&self, other: &Self) -> Option<Self> {
        let by = self.bits.len();
        let meet = other.bits.iter().any(|bit| self.bits.contains(bit))
            || other
                .steps
                .iter()
                .any(|step| self.steps.iter().any(|known| (known.verb, known.target) == (step.verb, step.target)));
        if meet || by + other.bits.len() >= MOST_FACTS {
            return None;
        }
        let moved = |facts: Facts| facts << by;
        let steps = other.steps.iter().map(|step| Step {
            when: Condition { none: moved(step.when.none), any: step.when.any.iter().copied().map(moved).collect() },
            clears: moved(step.clears),
            sets: moved(step.sets),
            ..step.clone()
        });
        Some(Self {
            bits: self.bits.iter().chain(&other.bits).copied().collect(),
            start: self.start | moved(other.start),
            harmful: self.harmful | moved(other.harmful),
            durable: self.durable | moved(other.durable),
            catastrophic: self.catastrophic | moved(other.catastrophic),
            steps: self.steps.iter().cloned().chain(steps).collect(),
            verify: self.verify.iter().chain(&other.verify).copied().collect(),
            ..*self
        })
    }

    /// What a step does now; none where nothing was prepared for it.
    #[must_use]
    pub fn step(&self, verb: u16, target: Target, facts: Facts) -> Option<&Step> {
        self.steps.iter().find(|step| step.verb == verb && step.target == target && step.when.is_met(facts))
    }
}

struct Binding<'a> {
    family: &'a Family,
    names: Vec<(&'a str, Vec<Target>)>,
    bits: Vec<(u16, u16)>,
    /// The bits of each label, in the order of the entities of its name, and that name.
    masks: Vec<(&'a str, &'a str, Vec<Facts>)>,
}

impl<'a> Binding<'a> {
    fn build(mut self, number: usize, root: u16, vocabulary: &Vocabulary) -> Option<Fault> {
        let family = self.family;
        for fact in &family.facts {
            self.add(fact)?;
        }
        let start = (1_u128 << self.bits.len()) - 1;
        for fact in &family.later {
            self.add(fact)?;
        }
        let trigger_at = self.of(&family.trigger.on).first()?.at;
        let mut steps = Vec::new();
        for op in family.ops.iter().chain(&family.wrong) {
            self.steps(op, trigger_at, &mut steps);
        }
        let of_all = |labels: &[String]| labels.iter().fold(0, |all, label| all | self.all(label));
        let with = |role: Role| {
            let bits = self.bits.iter().enumerate();
            bits.filter(|(_, (predicate, _))| vocabulary.predicates[usize::from(*predicate)].role == role)
                .fold(0, |all: Facts, (bit, _)| all | 1 << bit)
        };
        let everything = if self.bits.len() == MOST_FACTS { Facts::MAX } else { (1 << self.bits.len()) - 1 };
        let harmful = everything & !of_all(&family.cannot_clear) & !with(Role::Settled);
        Some(Fault {
            family: number,
            root,
            trigger_at,
            start,
            harmful,
            durable: of_all(&family.durable_off),
            catastrophic: with(Role::Catastrophe),
            steps,
            verify: family.verify.iter().flat_map(|name| self.of(name)).map(|target| target.at).collect(),
            bits: self.bits,
        })
    }

    fn of(&self, name: &str) -> &[Target] {
        self.names.iter().find(|(known, _)| *known == name).map_or(&[], |(_, targets)| targets)
    }

    fn add(&mut self, fact: &'a Fact) -> Option<()> {
        let entities: Vec<_> = self.of(&fact.of).iter().map(|target| target.at).collect();
        let mut masks = Vec::with_capacity(entities.len());
        for entity in entities {
            if self.bits.len() + 1 >= MOST_FACTS {
                return None;
            }
            masks.push(1 << self.bits.len());
            self.bits.push((fact.predicate, entity));
        }
        self.masks.push((&fact.label, &fact.of, masks));
        Some(())
    }

    fn all(&self, label: &str) -> Facts {
        self.masks
            .iter()
            .filter(|(known, ..)| *known == label)
            .flat_map(|(_, _, masks)| masks)
            .fold(0, |all, mask| all | mask)
    }

    /// A label as a step on the `index`-th of a name means it: where it is about the same entities, about that one alone.
    fn meant(&self, label: &str, name: &str, index: usize) -> Facts {
        let own = self.masks.iter().find(|(known, of, _)| *known == label && *of == name);
        own.and_then(|(_, _, masks)| masks.get(index).copied()).unwrap_or_else(|| self.all(label))
    }

    fn steps(&self, op: &Op, trigger_at: u16, steps: &mut Vec<Step>) {
        let trigger = [Target { at: trigger_at, thing: Thing::Trigger }];
        let targets = if op.on == "trigger" { &trigger[..] } else { self.of(&op.on) };
        for (index, target) in targets.iter().enumerate() {
            let mut when = Condition::default();
            for Literal { label, holds } in &op.when {
                let mask = self.meant(label, &op.on, index);
                if *holds { when.any.push(mask) } else { when.none |= mask }
            }
            let all = |labels: &[String]| labels.iter().fold(0, |all, label| all | self.meant(label, &op.on, index));
            let (clears, sets) = (all(&op.clears), all(&op.sets));
            if op.harm == 0 && clears != 0 {
                // What is gone already cannot be taken away again.
                when.any.push(clears);
            }
            steps.push(Step { verb: op.verb, target: *target, when, clears, sets, harm: op.harm });
        }
    }
}

/// Who calls a part, whatever for.
fn callers(topology: &Topology, of: u16) -> impl Iterator<Item = u16> + '_ {
    topology.needed_by(of).filter(|edge| edge.kind != EdgeKind::Consume).map(|edge| edge.from)
}

/// Whether an api has a feature flag that is on for a share of its users.
#[must_use]
pub fn has_flag(topology: &Topology, draws: Draws, at: u16) -> bool {
    topology.entity(at).kind == Kind::Api && draws.below(Stream::Objects, u64::from(at), 1, 2) == 0
}

/// What an expression stands for; nothing where there is no such thing.
fn evaluate(
    expression: &Expression,
    names: &[(&str, Vec<Target>)],
    topology: &Topology,
    draws: Draws,
    salt: u64,
) -> Vec<Target> {
    let of = |name: &str| {
        let known = names.iter().find(|(known, _)| *known == name);
        known.and_then(|(_, targets)| targets.first()).map(|target| target.at)
    };
    let arguments: Vec<u16> = expression.names.iter().filter_map(|name| of(name)).collect();
    let Some(x) = arguments.first().copied() else { return Vec::new() };
    let first =
        |kind: EdgeKind| topology.needs(x).find(|edge| edge.kind == kind).map(|edge| edge.to).into_iter().collect();
    let is_api = |at: &u16| topology.entity(*at).kind == Kind::Api;
    let thing = |exists: bool, thing| if exists { vec![Target { at: x, thing }] } else { Vec::new() };
    let mut found: Vec<u16> = match expression.function.as_str() {
        "data" => first(EdgeKind::Data),
        "req" => first(EdgeKind::Req),
        "store" => first(EdgeKind::Store),
        "queue" => first(EdgeKind::Consume),
        "callers" | "all_callers" => callers(topology, x).collect(),
        "one_caller" => {
            let all: Vec<_> = callers(topology, x).collect();
            if all.is_empty() { all } else { vec![*draws.pick(Stream::Binding, salt, 1, &all)] }
        }
        "callers_but" => {
            let but = arguments.get(1).copied();
            callers(topology, x).filter(|caller| Some(*caller) != but).collect()
        }
        "readers" => topology.of(Kind::Api).chain(topology.of(Kind::Worker)).collect(),
        "some_service" => {
            let called: Vec<_> =
                topology.of(Kind::Api).filter(|api| topology.needed_by(*api).any(|edge| is_api(&edge.from))).collect();
            if called.is_empty() { called } else { vec![*draws.pick(Stream::Binding, salt, 2, &called)] }
        }
        "issued_store" => {
            let stores: Vec<_> = topology.of(Kind::Db).collect();
            if stores.is_empty() { stores } else { vec![*draws.pick(Stream::Binding, salt, 3, &stores)] }
        }
        "across" => {
            let crosses = |edge: &&crate::generate::system::topology::Edge| {
                let (from, to) = (topology.entity(edge.from), topology.entity(edge.to));
                from.zone != to.zone && matches!(edge.kind, EdgeKind::Req | EdgeKind::Data) && from.kind == Kind::Api
            };
            topology.edges.iter().filter(crosses).map(|edge| edge.from).collect()
        }
        "stores_across" => {
            let crosses = |edge: &&crate::generate::system::topology::Edge| {
                let (from, to) = (topology.entity(edge.from), topology.entity(edge.to));
                from.zone != to.zone && edge.kind == EdgeKind::Data
            };
            topology.edges.iter().filter(crosses).map(|edge| edge.to).collect()
        }
        "placed" => (0..)
            .zip(&topology.entities)
            .filter(|(_, e)| e.node == Some(x))
            .map(|(index, _)| index)
            .filter(is_api)
            .collect(),
        "batch_on" => {
            topology.of(Kind::Batch).filter(|batch| topology.entity(*batch).node == Some(x)).take(1).collect()
        }
        "job" => return thing(topology.entity(x).kind.has_job(), Thing::Job),
        "certificate" => return thing(true, Thing::Certificate),
        "flag" => return thing(has_flag(topology, draws, x), Thing::Flag),
        _ => Vec::new(),
    };
    if let Some(kind) = expression.kind {
        found.retain(|at| topology.entity(*at).kind == kind);
    }
    found.sort_unstable();
    found.dedup();
    if let Some(share) = expression.share {
        let keep = (found.len() * share as usize).div_ceil(1000);
        let order = draws.shuffled(Stream::Binding, salt ^ 7, found.len());
        found = order.into_iter().take(keep).map(|index| found[index]).collect();
        found.sort_unstable();
    }
    found.into_iter().map(|at| Target { at, thing: Thing::Entity }).collect()
}

/// The functions that expressions can use.
pub const FUNCTIONS: [&str; 18] = [
    "data",
    "req",
    "store",
    "queue",
    "callers",
    "all_callers",
    "one_caller",
    "callers_but",
    "readers",
    "some_service",
    "issued_store",
    "across",
    "stores_across",
    "placed",
    "batch_on",
    "job",
    "certificate",
    "flag",
];
