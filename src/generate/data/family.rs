//! Fault families: ways for a system to fail, as data. `families/*.toml`, one file each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::generate::system::fault::FUNCTIONS;
use crate::generate::system::topology::Kind;
use crate::generate::data::vocabulary::Vocabulary;
use crate::env::Diagnostic;

/// A way for a system to fail.
#[derive(Debug, Clone)]
pub struct Family {
    /// Its name, which is also the mechanism that an answer names.
    pub id: String,
    /// The version of its file.
    pub version: u32,
    /// Mechanisms of a group are taken for each other easily.
    pub group: String,
    /// What may be its root.
    pub kinds: Vec<Kind>,
    /// Whether the root must be called by something.
    pub called: bool,
    /// What sets it off.
    pub trigger: Trigger,
    /// How it begins to show.
    pub onset: Onset,
    /// Names of entities and things that follow from the root, in order.
    pub bind: Vec<(String, Expression)>,
    /// The facts that hold at first.
    pub facts: Vec<Fact>,
    /// Facts that steps can bring about.
    pub later: Vec<Fact>,
    /// Facts that nobody here can end.
    pub cannot_clear: Vec<String>,
    /// Facts that must be gone for a repair to last.
    pub durable_off: Vec<String>,
    /// What can be done about it.
    pub ops: Vec<Op>,
    /// What makes it worse.
    pub wrong: Vec<Op>,
    /// What must be looked at after the last repair.
    pub verify: Vec<String>,
}

/// What sets a fault off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// What kind of change; `time` and `external` are none.
    pub kind: ChangeKind,
    /// Where it was made: `root`, or another name.
    #[serde(default = "root")]
    pub on: String,
    /// Minutes from the change to the onset.
    #[serde(default)]
    pub lag: [u32; 2],
}

fn root() -> String {
    "root".to_owned()
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ChangeKind {
    Deploy,
    Config,
    Flag,
    Rotation,
    Route,
    Ntp,
    Schema,
    Purge,
    Job,
    Time,
    External,
}

impl ChangeKind {
    /// Its word, as agents read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Config => "config",
            Self::Flag => "flag",
            Self::Rotation => "rotation",
            Self::Route => "route",
            Self::Ntp => "ntp",
            Self::Schema => "schema",
            Self::Purge => "purge",
            Self::Job => "job",
            Self::Time => "time",
            Self::External => "external",
        }
    }

    /// Whether a record of it stands among the changes.
    #[must_use]
    pub const fn is_recorded(self) -> bool {
        !matches!(self, Self::Time | Self::External)
    }
}

/// How a fault begins to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Onset {
    Step,
    Ramp,
    Saw,
    Creep,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// A function of [`super::fault`].
    pub function: String,
    /// Names that it takes, the first one always.
    pub names: Vec<String>,
    /// A kind that it is limited to.
    pub kind: Option<Kind>,
    /// A share that it is limited to, in thousandths.
    pub share: Option<u32>,
}

/// A fact with its label in the family: a predicate about the entities of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its label.
    pub label: String,
    /// The number of the predicate.
    pub predicate: u16,
    /// The name of the entities.
    pub of: String,
}

/// A label that must hold, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The label.
    pub label: String,
    /// Whether it must hold. Of several entities, for one at least.
    pub holds: bool,
}

/// What a step does in a world where something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The number of the verb.
    pub verb: u16,
    /// The name of its target; of several, each.
    pub on: String,
    /// When it does this.
    pub when: Vec<Literal>,
    /// Labels that hold no more.
    pub clears: Vec<String>,
    /// Labels that hold from then on.
    pub sets: Vec<String>,
    /// What it costs the users, in thousandths.
    pub harm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    version: u32,
    group: String,
    root: RootFile,
    trigger: Trigger,
    onset: Onset,
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
    /// What is wrong, and where.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let mut names = BTreeSet::from(["root".to_owned()]);
        let mut bind = Vec::new();
        for (name, expression) in file.bind {
            let expression = Expression::parse(&expression).map_err(|problem| format!("bind.{name}: {problem}"))?;
            if !FUNCTIONS.contains(&&*expression.function) {
                let known = FUNCTIONS.join(", ");
                return Err(format!("bind.{name}: unknown function '{}'; functions: {known}", expression.function));
            }
            if let Some(unknown) = expression.names.iter().find(|name| !names.contains(*name)) {
                return Err(format!("bind.{name}: '{unknown}' stands for nothing before it"));
            }
            if !names.insert(name.clone()) {
                return Err(format!("bind.{name}: stands for something already"));
            }
            bind.push((name, expression));
        }
        let facts = Fact::parse_all(&file.facts, &names, vocabulary, "facts")?;
        let later = Fact::parse_all(&file.later, &names, vocabulary, "later")?;
        let labels: BTreeSet<_> = facts.iter().chain(&later).map(|fact| fact.label.clone()).collect();
        if labels.len() != facts.len() + later.len() {
            return Err("later: a label stands in facts too".to_owned());
        }
        let known = |place: &str, label: &String| {
            if labels.contains(label) { Ok(()) } else { Err(format!("{place}: unknown label '{label}'")) }
        };
        for (place, list) in [("cannot_clear", &file.cannot_clear), ("durable_off", &file.durable_off)] {
            list.iter().try_for_each(|label| known(place, label))?;
        }
        if let Some(unknown) = file.verify.iter().chain([&file.trigger.on]).find(|name| !names.contains(*name)) {
            return Err(format!("'{unknown}' stands for nothing"));
        }
        let op = |place: &str, file: OpFile| -> Result<Op, String> {
            let place = format!("{place} {}", file.verb);
            let verb = vocabulary.verb(&file.verb).ok_or_else(|| format!("{place}: unknown verb"))?;
            if file.on != "trigger" && !names.contains(&file.on) {
                return Err(format!("{place}: '{}' stands for nothing", file.on));
            }
            let literals = file.needs.iter().chain(&file.when).map(|text| {
                let (holds, label) = text.strip_prefix('!').map_or((true, text.as_str()), |label| (false, label));
                known(&place, &label.to_owned())?;
                Ok(Literal { label: label.to_owned(), holds })
            });
            let when = literals.collect::<Result<_, String>>()?;
            file.clears.iter().chain(&file.sets).try_for_each(|label| known(&place, label))?;
            Ok(Op { verb, on: file.on, when, clears: file.clears, sets: file.sets, harm: file.harm })
        };
        let ops = file.op.into_iter().map(|file| op("op", file)).collect::<Result<_, _>>()?;
        let wrong = file.wrong.into_iter().map(|file| op("wrong", file)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: file.id,
            version: file.version,
            group: file.group,
            kinds: file.root.kinds,
            called: file.root.called,
            trigger: file.trigger,
            onset: file.onset,
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

    /// Holds it to what no family may do.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn lint(&self, vocabulary: &Vocabulary) -> Result<(), String> {
        // A look may not tell by itself.
        let mut by_name = BTreeMap::<&str, u64>::new();
        for fact in &self.facts {
            *by_name.entry(&fact.of).or_default() |= vocabulary.predicates[usize::from(fact.predicate)].shows;
        }
        for (name, classes) in by_name {
            for tool in Diagnostic::ALL {
                let of_tool = vocabulary.names(classes & vocabulary.of_tool(*tool));
                if of_tool.len() > 1 {
                    let all = of_tool.join(", ");
                    return Err(format!("at {name}, {tool} would show {all}; it may show one of them at most"));
                }
            }
        }
        let cleared: BTreeSet<_> = self.ops.iter().flat_map(|op| &op.clears).chain(&self.cannot_clear).collect();
        if let Some(fact) = self.facts.iter().find(|fact| !cleared.contains(&fact.label)) {
            return Err(format!("facts.{}: no op clears it, and cannot_clear does not name it", fact.label));
        }
        match self.wrong.iter().find(|op| op.harm <= 0) {
            Some(op) => Err(format!("wrong {}: needs a harm above 0", vocabulary.verbs[usize::from(op.verb)].name)),
            None => Ok(()),
        }
    }
}

impl Fact {
    fn parse_all(
        file: &BTreeMap<String, String>,
        names: &BTreeSet<String>,
        vocabulary: &Vocabulary,
        place: &str,
    ) -> Result<Vec<Self>, String> {
        let parse = |(label, text): (&String, &String)| {
            let Expression { function, names: of, .. } =
                Expression::parse(text).map_err(|problem| format!("{place}.{label}: {problem}"))?;
            let [of] = of.as_slice() else { return Err(format!("{place}.{label}: takes one name")) };
            if !names.contains(of) {
                return Err(format!("{place}.{label}: '{of}' stands for nothing"));
            }
            let predicate = vocabulary
                .predicate(&function)
                .ok_or_else(|| format!("{place}.{label}: unknown predicate '{function}'"))?;
            Ok(Self { label: label.clone(), predicate, of: of.clone() })
        };
        file.iter().map(parse).collect()
    }
}

impl Expression {
    /// `function(name, …, kind, share)`.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no function(name, …)");
        let (function, rest) = text.split_once('(').ok_or_else(wrong)?;
        let arguments = rest.strip_suffix(')').ok_or_else(wrong)?;
        let mut expression = Self { function: function.trim().to_owned(), names: Vec::new(), kind: None, share: None };
        for argument in arguments.split(',').map(str::trim) {
            if let Ok(share) = argument.parse::<u32>() {
                expression.share = Some(share);
            } else if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == argument)
                && !expression.names.is_empty()
                && argument != "root"
            {
                expression.kind = Some(kind);
            } else {
                expression.names.push(argument.to_owned());
            }
        }
        if expression.names.first().is_none_or(String::is_empty) { Err(wrong()) } else { Ok(expression) }
    }
}
