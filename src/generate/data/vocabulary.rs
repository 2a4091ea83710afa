//! What fault families are written in: classes of evidence, predicates of the world, verbs that change it. Data, from
//! `families/vocabulary.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::generate::system::topology::{EdgeKind, Kind};
use crate::env::{Diagnostic, Remediation};

/// The most classes of evidence: a set of them is a word of 64 bits.
pub const MOST_CLASSES: usize = 64;

/// A set of classes of evidence, a bit each.
pub type Classes = u64;

/// What can be seen at an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The diagnostic that shows it.
    pub tool: Diagnostic,
    /// What it means, in a few words.
    pub is: String,
}

/// How a failing entity looks to whoever called it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FailsAs {
    #[default]
    #[serde(rename = "http_503")]
    Unavailable,
    #[serde(rename = "http_500")]
    Error,
    Refused,
    Timeout,
    Auth,
    Tls,
    Unresolved,
    Unreachable,
    Quota,
}

/// What a fact is to a repair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It does harm, and has to go.
    #[default]
    Harm,
    /// A step of the repair, which must be taken back.
    Measure,
    /// It neither harms nor has to go.
    Settled,
    /// An end that no repair makes good: data is lost, or a store leads twice for ever.
    Catastrophe,
}

/// A latent fact about an entity, and what it does to it. Shares and factors are in thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// Its name.
    pub name: String,
    /// The share of requests that the entity fails itself.
    pub error: i32,
    /// The calls that it concerns, where only some: those along this kind of edge.
    pub toward: Option<Toward>,
    /// How the failure looks to callers.
    pub fails_as: FailsAs,
    /// What the entity can still do.
    pub capacity: i32,
    /// How long its own work takes.
    pub latency: i32,
    /// Requests that it sends along `toward` beside those of its users.
    pub load: i32,
    /// Attempts that it makes after a failed one.
    pub retries: i32,
    /// The share of reads that a cache lets through.
    pub miss: i32,
    /// What it is to a repair.
    pub role: Role,
    /// Whether stored data diverges while it holds.
    pub diverges: bool,
    /// What it brings about at the entity.
    pub shows: Classes,
}

/// The calls that a predicate concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// To stores and caches.
    Data,
    /// To other services.
    Req,
    /// To providers.
    External,
}

impl Toward {
    /// Whether an edge of this kind is meant.
    #[must_use]
    pub const fn includes(self, kind: EdgeKind) -> bool {
        matches!(
            (self, kind),
            (Self::Data, EdgeKind::Data | EdgeKind::Cached)
                | (Self::Req, EdgeKind::Req | EdgeKind::Opt)
                | (Self::External, EdgeKind::External)
        )
    }
}

/// What a verb can be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Takes {
    Change,
    Job,
    Flag,
    Certificate,
    #[serde(untagged)]
    Entity(Kind),
}

impl Takes {
    /// Its word, as agents read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Job => "job",
            Self::Flag => "flag",
            Self::Certificate => "certificate",
            Self::Entity(kind) => kind.as_str(),
        }
    }
}

/// Something that an agent can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verb {
    /// Its name; for runbook steps the `runbook_action`.
    pub name: String,
    /// The kind of action on the wire.
    pub action: Remediation,
    /// What it can be done to.
    pub takes: Vec<Takes>,
    /// How long it takes.
    pub minutes: u32,
    /// What holds at the entity meanwhile: a predicate, by its number.
    pub interrupts: Option<u16>,
    /// What it does where nothing called for it, in thousandths.
    pub harm: i32,
    /// The same where its target is a store.
    pub harm_store: i32,
}

/// All of it, each kind by its number in the order of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Classes of evidence.
    pub classes: Vec<Class>,
    /// Predicates.
    pub predicates: Vec<Predicate>,
    /// Verbs.
    pub verbs: Vec<Verb>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: BTreeMap<String, ClassFile>,
    predicate: BTreeMap<String, PredicateFile>,
    verb: BTreeMap<String, VerbFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    tool: String,
    is: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredicateFile {
    #[serde(default)]
    error: i32,
    toward: Option<Toward>,
    #[serde(default)]
    fails_as: FailsAs,
    #[serde(default = "whole")]
    capacity: i32,
    #[serde(default = "whole")]
    latency: i32,
    #[serde(default)]
    load: i32,
    #[serde(default)]
    retries: i32,
    #[serde(default)]
    miss: i32,
    #[serde(default)]
    role: Role,
    #[serde(default)]
    diverges: bool,
    shows: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerbFile {
    #[serde(default = "runbook_step")]
    action: Remediation,
    takes: Vec<Takes>,
    minutes: u32,
    interrupts: Option<String>,
    harm: i32,
    harm_store: Option<i32>,
}

const fn whole() -> i32 {
    1000
}

const fn runbook_step() -> Remediation {
    Remediation::ExecuteRunbookStep
}

impl Vocabulary {
    /// Reads and checks it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        if file.class.len() > MOST_CLASSES {
            return Err(format!("{} classes; at most {MOST_CLASSES} are possible", file.class.len()));
        }
        let class = |(name, class): (String, ClassFile)| {
            let tool = match class.tool.as_str() {
                "logs" => Diagnostic::QueryLogs,
                "metrics" => Diagnostic::CheckMetrics,
                "status" => Diagnostic::CheckServiceStatus,
                other => return Err(format!("class.{name}: unknown tool '{other}'; tools: logs, metrics, status")),
            };
            Ok(Class { name, tool, is: class.is })
        };
        let classes = file.class.into_iter().map(class).collect::<Result<Vec<_>, _>>()?;
        let predicate = |(name, file): (String, PredicateFile)| {
            let shares = [file.error, file.miss];
            if shares.iter().any(|share| !(0..=1000).contains(share)) || file.capacity < 1 || file.latency < 1 {
                return Err(format!("predicate.{name}: shares are from 0 to 1000, and factors above 0"));
            }
            if file.load > 0 && file.toward.is_none() {
                return Err(format!("predicate.{name}: load needs 'toward'"));
            }
            let shows = set(&classes, &file.shows)
                .map_err(|unknown| format!("predicate.{name}: shows the unknown class '{unknown}'"))?;
            Ok(Predicate {
                name,
                error: file.error,
                toward: file.toward,
                fails_as: file.fails_as,
                capacity: file.capacity,
                latency: file.latency,
                load: file.load,
                retries: file.retries,
                miss: file.miss,
                role: file.role,
                diverges: file.diverges,
                shows,
            })
        };
        let predicates = file.predicate.into_iter().map(predicate).collect::<Result<Vec<_>, _>>()?;
        let verb = |(name, file): (String, VerbFile)| {
            if file.takes.is_empty() || file.minutes == 0 || file.harm < 0 {
                return Err(format!("verb.{name}: takes something, some minutes, and does no good unasked"));
            }
            let VerbFile { action, takes, minutes, interrupts, harm, harm_store } = file;
            let interrupts = match interrupts {
                None => None,
                Some(known) => Some(
                    number(&predicates, |predicate| predicate.name == known)
                        .ok_or_else(|| format!("verb.{name}: interrupts by the unknown predicate '{known}'"))?,
                ),
            };
            Ok(Verb { name, action, takes, minutes, interrupts, harm, harm_store: harm_store.unwrap_or(harm) })
        };
        let verbs = file.verb.into_iter().map(verb).collect::<Result<_, _>>()?;
        Ok(Self { classes, predicates, verbs })
    }

    /// The number of a predicate.
    pub(crate) fn predicate(&self, name: &str) -> Option<u16> {
        number(&self.predicates, |predicate| predicate.name == name)
    }

    /// The number of a verb.
    pub(crate) fn verb(&self, name: &str) -> Option<u16> {
        number(&self.verbs, |verb| verb.name == name)
    }

    /// The classes that a diagnostic shows.
    #[must_use]
    pub fn of_tool(&self, tool: Diagnostic) -> Classes {
        let classes = self.classes.iter().enumerate().filter(|(_, class)| class.tool == tool);
        classes.fold(0, |set, (bit, _)| set | 1 << bit)
    }

    /// The names of the classes in a set.
    #[must_use]
    pub fn names(&self, set: Classes) -> Vec<&str> {
        let classes = self.classes.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0);
        classes.map(|(_, class)| class.name.as_str()).collect()
    }
}

fn number<T>(all: &[T], is: impl Fn(&T) -> bool) -> Option<u16> {
    all.iter().position(is).and_then(|index| u16::try_from(index).ok())
}

fn set(classes: &[Class], names: &[String]) -> Result<Classes, String> {
    names.iter().try_fold(0, |set, name| {
        let bit = classes.iter().position(|class| class.name == *name).ok_or_else(|| name.clone())?;
        Ok(set | 1 << bit)
    })
}
