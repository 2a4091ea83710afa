//! Fault families: the ways in which a system can fail, as data. Each of `families/*.toml` is one family.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::data::call::Call;
use crate::data::family_text::{FamilyText, Said};
use crate::data::kinds::Kind;
use crate::data::vocabulary::Vocabulary;
use crate::ids::{ClassSet, PredicateId, VerbId};
use incident_env::Severity;

/// The name of the root in every family.
pub(crate) const ROOT: &str = "root";
/// The name of the change that set the fault off, as a target of ops.
pub(crate) const TRIGGER: &str = "trigger";

/// A way for a system to fail. Binding it to a root of a system makes a fault.
#[derive(Debug, Clone)]
pub struct Family {
    /// The name of the family, which is also the mechanism that an answer names.
    pub id: String,
    /// The group of mechanisms that are easily mistaken for each other.
    pub group: String,
    /// What agents are told about it.
    pub text: FamilyText,
    /// The kinds of entities that can be the root.
    pub kinds: Vec<Kind>,
    /// Whether the root must have a caller.
    pub called: bool,
    /// The severities that faults of the family commonly have, in ascending order.
    pub severities: Vec<Severity>,
    /// What sets the fault off.
    pub trigger: Trigger,
    /// Names for the entities and things that follow from the root, each defined by the names before it.
    pub bind: Vec<(String, Expression)>,
    /// The facts that hold at first.
    pub facts: Vec<FactTemplate>,
    /// The facts that ops can bring about later.
    pub later: Vec<FactTemplate>,
    /// Labels of facts that no remediation can end.
    pub cannot_clear: Vec<String>,
    /// Labels of facts that must have ended for a repair to last.
    pub durable_off: Vec<String>,
    /// The ops of a repair.
    pub ops: Vec<OpTemplate>,
    /// What makes it worse.
    pub wrong: Vec<OpTemplate>,
    /// Names of the entities that must be looked at after the last remediation that helped.
    pub verify: Vec<String>,
}

/// What sets a fault off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The kind of change. The kinds `time` and `external` are not changes.
    pub kind: ChangeKind,
    /// The name of the entity that was changed.
    #[serde(default = "root")]
    pub on: String,
    /// The least and the greatest number of minutes from the change to the onset.
    #[serde(default)]
    pub lag: [u32; 2],
}

fn root() -> String {
    ROOT.to_owned()
}

incident_env::named_enum! {
    /// A kind of change.
    pub enum ChangeKind ("kind of change", "kinds of change") {
        Deploy = "deploy",
        Config = "config",
        Flag = "flag",
        Rotation = "rotation",
        Route = "route",
        Ntp = "ntp",
        Schema = "schema",
        Purge = "purge",
        Job = "job",
        Time = "time",
        External = "external",
    }
}

impl ChangeKind {
    /// Returns whether the history of changes has a record of it.
    #[must_use]
    pub const fn is_recorded(self) -> bool {
        !matches!(self, Self::Time | Self::External)
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A function that finds entities, or a thing at an entity. `system/bind.rs` evaluates it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($(#[$doc])* $variant,)+ }

        impl Function {
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, Self::$variant),)+];
        }
    };
}

functions! {
    /// The store that the entity keeps its data in.
    Data = "data",
    /// The first service that the entity cannot do without.
    Req = "req",
    /// The store that a cache is filled from.
    Store = "store",
    /// The queue that the entity reads from.
    Queue = "queue",
    /// All callers of the entity.
    Callers = "callers",
    /// All callers of the entity; the same as `callers`.
    AllCallers = "all_callers",
    /// One caller of the entity, drawn at random.
    OneCaller = "one_caller",
    /// All callers of the first entity except the second one.
    CallersBut = "callers_but",
    /// Services that read the same distributed document: one of them, drawn at random, and those around it.
    Readers = "readers",
    /// A service that another service calls, drawn at random.
    SomeService = "some_service",
    /// A store that gets its credentials from the entity, drawn at random.
    IssuedStore = "issued_store",
    /// The services that call another one or a store in the other zone; which one is drawn at random.
    Across = "across",
    /// The stores that are called from the other zone.
    StoresAcross = "stores_across",
    /// The services that run on the node.
    Placed = "placed",
    /// The batch that runs on the node.
    BatchOn = "batch_on",
    /// The job of the entity.
    Job = "job",
    /// The certificate of the entity.
    Certificate = "certificate",
    /// The feature flag of the entity.
    Flag = "flag",
}

impl Function {
    fn named(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, function)| *function).ok_or_else(|| {
            let all: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            format!("unknown function '{name}'; functions: {}", all.join(", "))
        })
    }
}

/// The definition of a name of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The function that finds it.
    pub function: Function,
    /// The names that the function is given; at least one.
    pub names: Vec<String>,
    /// The kind of entities that the result is limited to.
    pub kind: Option<Kind>,
    /// The share of entities that the result is limited to, in thousandths.
    pub share: Option<u32>,
}

/// A fact of a family: a predicate about the entities of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTemplate {
    /// The label by which ops refer to the fact.
    pub label: String,
    /// The predicate that the fact states.
    pub predicate: PredicateId,
    /// The name of the entities.
    pub of: String,
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The label that is meant.
    pub label: String,
    /// Whether the label must hold or must not. If it is about several entities, it holds if it does for one of them.
    pub holds: bool,
}

/// What a verb does to the entities of a name while a condition is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpTemplate {
    /// The verb that has this effect.
    pub verb: VerbId,
    /// The name of its target. If the name stands for several, each of them is a target.
    pub on: String,
    /// The condition; all literals must be met.
    pub when: Vec<Literal>,
    /// Labels of the facts that end.
    pub clears: Vec<String>,
    /// Labels of the facts that begin.
    pub sets: Vec<String>,
    /// The harm to users, in thousandths; 0 for an op of a repair.
    pub harm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    /// The version of the file, for its authors. The digest of the library covers the whole text.
    #[serde(rename = "version")]
    _version: u32,
    group: String,
    is: String,
    points_at: String,
    words: BTreeMap<String, String>,
    #[serde(default)]
    apart: BTreeMap<String, Vec<String>>,
    severities: Vec<Severity>,
    root: RootFile,
    trigger: Trigger,
    /// How the fault begins to show, for readers of the file. What is seen follows from the shapes of the series.
    #[serde(rename = "onset")]
    _onset: IgnoredAny,
    #[serde(default)]
    bind: Vec<(String, String)>,
    facts: BTreeMap<String, String>,
    #[serde(default)]
    later: BTreeMap<String, String>,
    #[serde(default)]
    cannot_clear: Vec<String>,
    durable_off: Vec<String>,
    verify: Vec<String>,
    op: Vec<OpFile>,
    #[serde(default)]
    wrong: Vec<OpFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RootFile {
    kinds: Vec<Kind>,
    #[serde(default)]
    called: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpFile {
    verb: String,
    on: String,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    when: Vec<String>,
    #[serde(default)]
    clears: Vec<String>,
    #[serde(default)]
    sets: Vec<String>,
    #[serde(default)]
    harm: i32,
}

impl Family {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let mut names = BTreeSet::from([root()]);
        let mut bind = Vec::new();
        for (name, expression) in file.bind {
            let expression = Expression::parse(&expression).map_err(|problem| format!("bind.{name}: {problem}"))?;
            if let Some(unknown) = expression.names.iter().find(|name| !names.contains(*name)) {
                return Err(format!("bind.{name}: '{unknown}' stands for nothing before it"));
            }
            if !names.insert(name.clone()) {
                return Err(format!("bind.{name}: stands for something already"));
            }
            bind.push((name, expression));
        }
        let facts = FactTemplate::parse_all(&file.facts, &names, vocabulary, "facts")?;
        let later = FactTemplate::parse_all(&file.later, &names, vocabulary, "later")?;
        let labels: BTreeSet<_> = facts.iter().chain(&later).map(|fact| fact.label.clone()).collect();
        if labels.len() != facts.len() + later.len() {
            return Err("later: a label stands in facts too".to_owned());
        }
        let said = Said { is: file.is, points_at: file.points_at, words: file.words, apart: file.apart };
        let text = FamilyText::parse(said, &shown(&facts, vocabulary), &names, vocabulary)?;
        let known = Known { names, labels, vocabulary };
        for (place, list) in [("cannot_clear", &file.cannot_clear), ("durable_off", &file.durable_off)] {
            list.iter().try_for_each(|label| known.label(place, label))?;
        }
        if let Some(unknown) = file.verify.iter().chain([&file.trigger.on]).find(|name| !known.names.contains(*name)) {
            return Err(format!("'{unknown}' stands for nothing"));
        }
        let ops = file.op.into_iter().map(|op| known.op("op", op)).collect::<Result<_, _>>()?;
        let wrong = file.wrong.into_iter().map(|op| known.op("wrong", op)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: file.id,
            group: file.group,
            text,
            kinds: file.root.kinds,
            called: file.root.called,
            severities: file.severities,
            trigger: file.trigger,
            bind,
            facts,
            later,
            cannot_clear: file.cannot_clear,
            durable_off: file.durable_off,
            ops,
            wrong,
            verify: file.verify,
        })
    }

    /// Returns the classes of evidence that the facts show at first, by the name of the entities.
    #[must_use]
    pub(crate) fn shown(&self, vocabulary: &Vocabulary) -> BTreeMap<&str, ClassSet> {
        shown(&self.facts, vocabulary)
    }

    /// Checks the rules that every family has to keep:
    ///
    /// - A single view must not identify the family, so at each entity a diagnostic shows one class at most.
    /// - Every fact is ended by some op, or declared as one that nobody can end.
    /// - Every wrong op does harm.
    ///
    /// # Errors
    /// The text says which rule is broken.
    pub fn lint(&self, vocabulary: &Vocabulary) -> Result<(), String> {
        for (name, classes) in self.shown(vocabulary) {
            for glance in vocabulary.glances() {
                let shown = vocabulary.names(classes & vocabulary.of_glance(glance));
                if shown.len() > 1 {
                    let (tool, all) = (glance.tool, shown.join(", "));
                    return Err(format!("at {name}, {tool} would show {all}; it may show one of them at most"));
                }
            }
        }
        let cleared: BTreeSet<_> = self.ops.iter().flat_map(|op| &op.clears).chain(&self.cannot_clear).collect();
        if let Some(fact) = self.facts.iter().find(|fact| !cleared.contains(&fact.label)) {
            return Err(format!("facts.{}: no op clears it, and cannot_clear does not name it", fact.label));
        }
        match self.wrong.iter().find(|op| op.harm <= 0) {
            Some(op) => Err(format!("wrong {}: needs a harm above 0", vocabulary.verb(op.verb).name)),
            None => Ok(()),
        }
    }
}

/// Returns the classes of evidence that facts show, by the name of the entities.
fn shown<'a>(facts: &'a [FactTemplate], vocabulary: &Vocabulary) -> BTreeMap<&'a str, ClassSet> {
    let mut by_name = BTreeMap::<&str, ClassSet>::new();
    for fact in facts {
        *by_name.entry(&fact.of).or_default() |= vocabulary.predicate(fact.predicate).shows;
    }
    by_name
}

/// The names that the ops of a family can use.
struct Known<'a> {
    names: BTreeSet<String>,
    labels: BTreeSet<String>,
    vocabulary: &'a Vocabulary,
}

impl Known<'_> {
    fn label(&self, place: &str, label: &str) -> Result<(), String> {
        if self.labels.contains(label) { Ok(()) } else { Err(format!("{place}: unknown label '{label}'")) }
    }

    fn op(&self, place: &str, file: OpFile) -> Result<OpTemplate, String> {
        let place = format!("{place} {}", file.verb);
        let verb = self.vocabulary.verb_named(&file.verb).ok_or_else(|| format!("{place}: unknown verb"))?;
        if file.on != TRIGGER && !self.names.contains(&file.on) {
            return Err(format!("{place}: '{}' stands for nothing", file.on));
        }
        let literals = file.needs.iter().chain(&file.when).map(|text| {
            let (holds, label) = text.strip_prefix('!').map_or((true, text.as_str()), |label| (false, label));
            self.label(&place, label)?;
            Ok(Literal { label: label.to_owned(), holds })
        });
        let when = literals.collect::<Result<_, String>>()?;
        file.clears.iter().chain(&file.sets).try_for_each(|label| self.label(&place, label))?;
        Ok(OpTemplate { verb, on: file.on, when, clears: file.clears, sets: file.sets, harm: file.harm })
    }
}

impl FactTemplate {
    fn parse_all(
        file: &BTreeMap<String, String>,
        names: &BTreeSet<String>,
        vocabulary: &Vocabulary,
        place: &str,
    ) -> Result<Vec<Self>, String> {
        let parse = |(label, text): (&String, &String)| {
            let call = Call::parse(text).map_err(|problem| format!("{place}.{label}: {problem}"))?;
            let [of] = call.names.as_slice() else { return Err(format!("{place}.{label}: takes one name")) };
            if !names.contains(of) {
                return Err(format!("{place}.{label}: '{of}' stands for nothing"));
            }
            let predicate = vocabulary
                .predicate_named(call.function)
                .ok_or_else(|| format!("{place}.{label}: unknown predicate '{}'", call.function))?;
            Ok(Self { label: label.clone(), predicate, of: of.clone() })
        };
        file.iter().map(parse).collect()
    }
}

impl Expression {
    fn parse(text: &str) -> Result<Self, String> {
        let Call { function, names, kind, share } = Call::parse(text)?;
        Ok(Self { function: Function::named(function)?, names, kind, share })
    }
}
