//! Binding: a family and a root of a system become a fault. Names of the family are evaluated to entities, labels to
//! facts, and templates to ops.

use crate::data::family::{Expression, FactTemplate, Family, Function, Literal, OpTemplate, ROOT, TRIGGER};
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::{Role, Vocabulary};
use crate::draws::{Draws, Stream};
use crate::ids::{EntityId, FactId, FactSet};
use crate::system::fault::{Condition, Fact, Fault, Op, Target, Thing};
use crate::system::named_objects::has_flag;
use crate::system::strength::Strength;
use crate::system::topology::{Edge, Topology};

/// How strongly the facts of a fault that is bound act.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Strengths {
    /// All act as their predicates say.
    Usual,
    /// They are drawn, one for each label of the family. Another number draws others.
    Drawn(u64),
}

/// Binds a family to a root. Returns `None` if the root is of another kind, or if a name of the family stands for
/// nothing there.
#[must_use]
pub(crate) fn bind(
    number: usize,
    family: &Family,
    root: EntityId,
    topology: &Topology,
    vocabulary: &Vocabulary,
    draws: Draws,
    strengths: Strengths,
) -> Option<Fault> {
    if !family.kinds.contains(&topology.entity(root).kind) {
        return None;
    }
    if family.called && topology.callers(root).next().is_none() {
        return None;
    }
    let salt = (number as u64) << 16 | u64::from(root);
    let mut names = vec![(ROOT, vec![Target { at: root, thing: Thing::Entity }])];
    for (place, (name, expression)) in family.bind.iter().enumerate() {
        let place = Place { names: &names, topology, draws, salt: salt ^ (place as u64) << 32 };
        let found = place.evaluate(expression);
        if found.is_empty() {
            return None;
        }
        names.push((name, found));
    }
    let strength = |label: u64| match strengths {
        Strengths::Usual => Strength::USUAL,
        Strengths::Drawn(number) => Strength::drawn(draws, salt | number << 32, label),
    };
    Binding { family, names, facts: Vec::new(), labels: Vec::new() }.fault(number, root, vocabulary, &strength)
}

struct Binding<'a> {
    family: &'a Family,
    names: Vec<(&'a str, Vec<Target>)>,
    facts: Vec<Fact>,
    labels: Vec<Label<'a>>,
}

/// What a label of a family stands for.
struct Label<'a> {
    name: &'a str,
    /// The name of the entities that the label is about.
    of: &'a str,
    /// The facts, in the order of the entities of that name.
    facts: Vec<FactId>,
}

impl<'a> Binding<'a> {
    fn fault(
        mut self,
        number: usize,
        root: EntityId,
        vocabulary: &Vocabulary,
        strength: &dyn Fn(u64) -> Strength,
    ) -> Option<Fault> {
        let family = self.family;
        let mut labels = 0..;
        for (fact, label) in family.facts.iter().zip(labels.by_ref()) {
            self.add(fact, strength(label))?;
        }
        let start: FactSet = FactId::first(self.facts.len()).collect();
        for (fact, label) in family.later.iter().zip(labels) {
            self.add(fact, strength(label))?;
        }
        let trigger_at = self.of(&family.trigger.on).first()?.at;
        let mut ops = Vec::new();
        for template in family.ops.iter().chain(&family.wrong) {
            self.ops(template, trigger_at, &mut ops);
        }
        let all = FactId::first(self.facts.len()).zip(&self.facts);
        let with = |role: Role| -> FactSet {
            let of_role = all.clone().filter(|(_, fact)| vocabulary.predicate(fact.predicate).role == role);
            of_role.map(|(id, _)| id).collect()
        };
        let everything: FactSet = all.clone().map(|(id, _)| id).collect();
        let of_all = |labels: &[String]| labels.iter().map(|label| self.all(label)).collect::<FactSet>();
        Some(Fault {
            family: number,
            root,
            trigger_at,
            start,
            harmful: everything - of_all(&family.cannot_clear) - with(Role::Settled),
            durable: of_all(&family.durable_off),
            catastrophic: with(Role::Catastrophe),
            ops,
            verify: family.verify.iter().flat_map(|name| self.of(name)).map(|target| target.at).collect(),
            facts: self.facts,
        })
    }

    /// Returns the targets that a name stands for.
    fn of(&self, name: &str) -> &[Target] {
        self.names.iter().find(|(known, _)| *known == name).map_or(&[], |(_, targets)| targets)
    }

    /// Adds the facts of a label. Returns `None` if the fault would have too many facts.
    fn add(&mut self, template: &'a FactTemplate, strength: Strength) -> Option<()> {
        let entities: Vec<_> = self.of(&template.of).iter().map(|target| target.at).collect();
        let first = self.facts.len();
        self.facts.extend(entities.iter().map(|at| Fact { predicate: template.predicate, at: *at, strength }));
        if self.facts.len() >= FactSet::CAPACITY {
            return None;
        }
        let facts = FactId::first(self.facts.len()).skip(first).collect();
        self.labels.push(Label { name: &template.label, of: &template.of, facts });
        Some(())
    }

    /// Returns all facts of a label.
    fn all(&self, label: &str) -> FactSet {
        self.labels.iter().filter(|known| known.name == label).flat_map(|known| known.facts.iter().copied()).collect()
    }

    /// Returns the facts that a label means in an op on the `index`-th target of a name. If the label is about the
    /// entities of that name, it means that one alone.
    fn meant(&self, label: &str, name: &str, index: usize) -> FactSet {
        let own = self.labels.iter().find(|known| known.name == label && known.of == name);
        let own = own.and_then(|known| known.facts.get(index));
        own.map_or_else(|| self.all(label), |fact| FactSet::of(*fact))
    }

    /// Adds the op of a template for each of its targets.
    fn ops(&self, template: &OpTemplate, trigger_at: EntityId, ops: &mut Vec<Op>) {
        let trigger = [Target { at: trigger_at, thing: Thing::Trigger }];
        let targets = if template.on == TRIGGER { &trigger[..] } else { self.of(&template.on) };
        for (index, target) in targets.iter().enumerate() {
            let mut when = Condition::default();
            for Literal { label, holds } in &template.when {
                let facts = self.meant(label, &template.on, index);
                if *holds { when.any.push(facts) } else { when.none |= facts }
            }
            let all = |labels: &[String]| -> FactSet {
                labels.iter().map(|label| self.meant(label, &template.on, index)).collect()
            };
            let (clears, sets) = (all(&template.clears), all(&template.sets));
            if template.harm == 0 && !clears.is_empty() {
                // What has ended already cannot be ended again.
                when.any.push(clears);
            }
            ops.push(Op { verb: template.verb, target: *target, when, clears, sets, harm: template.harm });
        }
    }
}

/// Where an expression is evaluated.
struct Place<'a> {
    /// The names that are known so far.
    names: &'a [(&'a str, Vec<Target>)],
    topology: &'a Topology,
    draws: Draws,
    /// The coordinate of the draws of this expression.
    salt: u64,
}

impl Place<'_> {
    /// Returns what an expression stands for, which may be nothing.
    fn evaluate(&self, expression: &Expression) -> Vec<Target> {
        let Self { topology, draws, .. } = *self;
        let arguments: Vec<EntityId> = expression.names.iter().filter_map(|name| self.entity(name)).collect();
        let Some(x) = arguments.first().copied() else { return Vec::new() };
        let first =
            |kind: EdgeKind| topology.needs(x).find(|edge| edge.kind == kind).map(|edge| edge.to).into_iter().collect();
        let is_api = |at: &EntityId| topology.entity(*at).kind == Kind::Api;
        let thing = |exists: bool, thing| if exists { vec![Target { at: x, thing }] } else { Vec::new() };
        let found: Vec<EntityId> = match expression.function {
            Function::Data => first(EdgeKind::Data),
            Function::Req => first(EdgeKind::Req),
            Function::Store => first(EdgeKind::Store),
            Function::Queue => first(EdgeKind::Consume),
            Function::Callers | Function::AllCallers => topology.callers(x).collect(),
            Function::OneCaller => self.one_of(1, topology.callers(x).collect()),
            Function::CallersBut => {
                let but = arguments.get(1).copied();
                topology.callers(x).filter(|caller| Some(*caller) != but).collect()
            }
            Function::Readers => {
                let reads = |at: &EntityId| matches!(topology.entity(*at).kind, Kind::Api | Kind::Worker);
                let first = self.one_of(4, topology.ids().filter(reads).collect());
                let around = first.iter().flat_map(|at| topology.named_by(*at).iter()).filter(reads);
                first.iter().copied().chain(around).collect()
            }
            Function::SomeService => {
                let is_called = |api: &EntityId| topology.needed_by(*api).any(|edge| is_api(&edge.from));
                self.one_of(2, topology.of(Kind::Api).filter(is_called).collect())
            }
            Function::IssuedStore => self.one_of(3, topology.of(Kind::Db).collect()),
            Function::Across => {
                let calls = |edge: &&Edge| matches!(edge.kind, EdgeKind::Req | EdgeKind::Data) && is_api(&edge.from);
                let across: Vec<_> = topology.edges.iter().filter(|edge| self.crosses(edge)).filter(calls).collect();
                let called = self.one_of(5, across.iter().map(|edge| edge.to).collect());
                across.iter().filter(|edge| called.contains(&edge.to)).map(|edge| edge.from).collect()
            }
            Function::StoresAcross => {
                let calls = |edge: &&Edge| edge.kind == EdgeKind::Data;
                topology.edges.iter().filter(|edge| self.crosses(edge)).filter(calls).map(|edge| edge.to).collect()
            }
            Function::Placed => {
                topology.numbered().filter(|(_, e)| e.node == Some(x)).map(|(at, _)| at).filter(is_api).collect()
            }
            Function::BatchOn => {
                topology.of(Kind::Batch).filter(|batch| topology.entity(*batch).node == Some(x)).take(1).collect()
            }
            Function::Job => return thing(topology.entity(x).kind.has_job(), Thing::Job),
            Function::Certificate => return thing(true, Thing::Certificate),
            Function::Flag => return thing(has_flag(topology, draws, x), Thing::Flag),
        };
        self.limited(found, expression).into_iter().map(|at| Target { at, thing: Thing::Entity }).collect()
    }

    /// Returns the first entity that a name stands for.
    fn entity(&self, name: &str) -> Option<EntityId> {
        let known = self.names.iter().find(|(known, _)| *known == name);
        known.and_then(|(_, targets)| targets.first()).map(|target| target.at)
    }

    /// Draws one entity of several. The number distinguishes the functions that draw.
    fn one_of(&self, number: u64, all: Vec<EntityId>) -> Vec<EntityId> {
        if all.is_empty() { all } else { vec![*self.draws.pick(Stream::Binding, self.salt, number, &all)] }
    }

    /// Returns whether the two ends of an edge are in different zones.
    fn crosses(&self, edge: &Edge) -> bool {
        self.topology.entity(edge.from).zone != self.topology.entity(edge.to).zone
    }

    /// Limits a result to the kind and the share of an expression.
    fn limited(&self, mut found: Vec<EntityId>, expression: &Expression) -> Vec<EntityId> {
        if let Some(kind) = expression.kind {
            found.retain(|at| self.topology.entity(*at).kind == kind);
        }
        found.sort_unstable();
        found.dedup();
        if let Some(share) = expression.share {
            let keep = (found.len() * share as usize).div_ceil(1000);
            let order = self.draws.shuffled(Stream::Binding, self.salt ^ 7, found.len());
            found = order.into_iter().take(keep).map(|index| found[index]).collect();
            found.sort_unstable();
        }
        found
    }
}
