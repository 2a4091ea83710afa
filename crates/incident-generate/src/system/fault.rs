//! Faults. A fault is a family that is bound to a root of a system: it has facts about entities, and ops that end
//! facts and begin others.

use crate::data::vocabulary::Vocabulary;
use crate::ids::{EntityId, FactId, FactSet, PredicateId, VerbId};
use crate::system::growth::Growth;
use crate::system::strength::Strength;
use crate::system::traffic::Acting;

/// What an op acts on: the entity itself, or a job, certificate, flag or change that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    Entity,
    Job,
    Certificate,
    Flag,
    /// The change that set the fault off.
    Trigger,
    /// Any other change.
    Change,
}

/// The target of a remediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The entity that is meant, or that the thing belongs to.
    pub at: EntityId,
    /// What is meant there.
    pub thing: Thing,
}

/// A condition on the facts that hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// None of these facts may hold.
    pub none: FactSet,
    /// At least one fact of each of these sets must hold.
    pub any: Vec<FactSet>,
}

impl Condition {
    /// Returns whether the condition is met while these facts hold.
    #[must_use]
    pub fn is_met(&self, facts: FactSet) -> bool {
        !facts.meets(self.none) && self.any.iter().all(|any| facts.meets(*any))
    }
}

/// An op: what a verb does to a target while a condition is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The verb that has this effect.
    pub verb: VerbId,
    /// The target of the verb.
    pub target: Target,
    /// The condition that must be met.
    pub when: Condition,
    /// The facts that end.
    pub clears: FactSet,
    /// The facts that begin.
    pub sets: FactSet,
    /// The harm to users, in thousandths; 0 for an op of a repair.
    pub harm: i32,
}

impl Op {
    /// Returns the facts that hold after the op, given those before it.
    #[must_use]
    pub fn apply(&self, facts: FactSet) -> FactSet {
        (facts - self.clears) | self.sets
    }
}

/// A fact: a predicate about an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The predicate that the fact states.
    pub predicate: PredicateId,
    /// The entity that the fact is about.
    pub at: EntityId,
    /// How strongly it acts.
    pub strength: Strength,
}

impl Fact {
    /// Returns the fact as traffic needs it.
    #[must_use]
    pub fn acting(self, vocabulary: &Vocabulary) -> Acting<'_> {
        Acting { predicate: vocabulary.predicate(self.predicate), at: self.at, strength: self.strength }
    }

    /// Returns whether another fact states the same of the same entity, however strongly it acts.
    #[must_use]
    pub fn states_the_same_as(self, other: Self) -> bool {
        (self.predicate, self.at) == (other.predicate, other.at)
    }
}

/// A family that is bound to a root, or two of them that are joined.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The number of the family in the library.
    pub family: usize,
    /// The entity that is the root.
    pub root: EntityId,
    /// The entity where the trigger was made.
    pub trigger_at: EntityId,
    /// All facts that can hold.
    pub facts: Vec<Fact>,
    /// The facts that hold at first.
    pub start: FactSet,
    /// The facts that a repair has to end.
    pub harmful: FactSet,
    /// The facts that must have ended for a repair to last.
    pub durable: FactSet,
    /// The facts that no repair can make good.
    pub catastrophic: FactSet,
    /// The ops, first those that help and then those that do harm. Of several for the same verb and target, the first
    /// one whose condition is met counts.
    pub ops: Vec<Op>,
    /// The entities that must be looked at after the last remediation that helped.
    pub verify: Vec<EntityId>,
}

impl Fault {
    /// Goes through the facts with their numbers.
    pub fn numbered_facts(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        FactId::first(self.facts.len()).zip(&self.facts)
    }

    /// Goes through the facts of a set.
    pub fn facts_in(&self, set: FactSet) -> impl Iterator<Item = Fact> + '_ {
        self.numbered_facts().filter(move |(id, _)| set.contains(*id)).map(|(_, fact)| *fact)
    }

    /// Goes through the facts of a set, as traffic needs them.
    pub fn holding<'a>(&'a self, vocabulary: &'a Vocabulary, set: FactSet) -> impl Iterator<Item = Acting<'a>> {
        self.facts_in(set).map(|fact| fact.acting(vocabulary))
    }

    /// Returns the same fault with all facts at one strength.
    #[must_use]
    pub(crate) fn at_strength(&self, strength: Strength) -> Self {
        let facts = self.facts.iter().map(|fact| Fact { strength, ..*fact }).collect();
        Self { facts, ..self.clone() }
    }

    /// Returns the same fault once it has grown in full.
    #[must_use]
    pub(crate) fn grown(&self, growth: Growth) -> Self {
        let grown = |fact: &Fact| Fact { strength: growth.strength(fact.strength, i32::MAX), ..*fact };
        Self { facts: self.facts.iter().map(grown).collect(), ..self.clone() }
    }

    /// Joins another fault to this one, whose root, family and trigger are kept. Returns `None` if the two interfere:
    /// if both are about the same fact, if an op of one is an op of the other, or if together they have too many
    /// facts.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Option<Self> {
        let by = self.facts.len();
        let same_op = |one: &Op| self.ops.iter().any(|op| (op.verb, op.target) == (one.verb, one.target));
        let interfere = other.facts.iter().any(|fact| self.facts.iter().any(|own| own.states_the_same_as(*fact)))
            || other.ops.iter().any(same_op);
        if interfere || by + other.facts.len() >= FactSet::CAPACITY {
            return None;
        }
        let ops = other.ops.iter().map(|op| Op {
            when: Condition {
                none: op.when.none.shifted(by),
                any: op.when.any.iter().map(|any| any.shifted(by)).collect(),
            },
            clears: op.clears.shifted(by),
            sets: op.sets.shifted(by),
            ..op.clone()
        });
        Some(Self {
            facts: self.facts.iter().chain(&other.facts).copied().collect(),
            start: self.start | other.start.shifted(by),
            harmful: self.harmful | other.harmful.shifted(by),
            durable: self.durable | other.durable.shifted(by),
            catastrophic: self.catastrophic | other.catastrophic.shifted(by),
            ops: self.ops.iter().cloned().chain(ops).collect(),
            verify: self.verify.iter().chain(&other.verify).copied().collect(),
            ..*self
        })
    }

    /// Returns the op that a verb performs on a target while these facts hold, if there is one.
    #[must_use]
    pub fn op(&self, verb: VerbId, target: Target, facts: FactSet) -> Option<&Op> {
        self.ops.iter().find(|op| op.verb == verb && op.target == target && op.when.is_met(facts))
    }
}
