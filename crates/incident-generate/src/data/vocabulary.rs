//! The vocabulary that fault families are written in: classes of evidence, predicates about entities, and verbs that
//! change them. It is data, read from `families/vocabulary.toml`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::data::kinds::{EdgeKind, Kind, Resource, Symptom, Work};
use crate::data::verb::{DirectVerbs, Verb, VerbFile};
use crate::ids::{ClassId, ClassSet, PredicateId, VerbId};
use incident_env::{Diagnostic, Dimension, Remediation};

/// A class of evidence: one symptom that can be seen at an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The name of the class.
    pub name: String,
    /// The diagnostic that shows it.
    pub tool: Diagnostic,
    /// What the metrics have to be split by to show it, if they have to be.
    pub by: Option<Dimension>,
    /// What is seen, as a clause: `clients connect again and again`.
    pub is: String,
    /// What holds where the class is seen without a fault, if it can be.
    pub decoy: Option<PredicateId>,
    /// The kinds of entity at which that event can be; empty if at all.
    pub decoy_at: Vec<Kind>,
}

/// A diagnostic of a part, as an agent can ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glance {
    /// The diagnostic.
    pub tool: Diagnostic,
    /// What its metrics are split by, if they are.
    pub by: Option<Dimension>,
}

impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tool.as_str())?;
        self.by.map_or(Ok(()), |by| write!(f, " by {by}"))
    }
}

impl From<Diagnostic> for Glance {
    fn from(tool: Diagnostic) -> Self {
        Self { tool, by: None }
    }
}

/// Events beside a fault, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Events {
    broken: PredicateId,
    ailing: PredicateId,
    passing_errors: PredicateId,
    passing_latency: PredicateId,
    passing_use: PredicateId,
    passing_lull: PredicateId,
    passing_halt: PredicateId,
}

/// The most minutes that a ramp takes. It is over before the alert, because proofs reason about what acts in full.
const LONGEST_RAMP: i32 = 15;

/// How a failing entity looks to its callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl FailsAs {
    /// Returns whether it is over at once: whoever is refused does not wait for the work to be done.
    #[must_use]
    pub(crate) const fn is_quick(self) -> bool {
        !matches!(self, Self::Timeout | Self::Error)
    }
}

#[cfg(test)]
impl FailsAs {
    /// All ways in which a call can look where it fails.
    pub(crate) const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::Error,
        Self::Refused,
        Self::Timeout,
        Self::Auth,
        Self::Tls,
        Self::Unresolved,
        Self::Unreachable,
        Self::Quota,
    ];
}

/// What a fact means for a repair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The fact does harm, and a repair has to end it.
    #[default]
    Harm,
    /// The fact is a measure that a repair takes on its way, and that has to be taken back at the end.
    Measure,
    /// The fact does no harm and may stay.
    Settled,
    /// The fact cannot be made good by any repair: data is lost, or a store has two leaders for good.
    Catastrophe,
    /// The fact belongs to an event beside the fault, and no repair has to end it.
    Beside,
}

/// A hidden fact that can hold about an entity, and what it does to that entity. Shares and factors are in thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// The name of the predicate.
    pub name: String,
    /// The share of requests that the entity itself fails.
    pub error: i32,
    /// The kind of calls that the predicate is limited to, if it does not concern all requests.
    pub toward: Option<Toward>,
    /// How the failure looks to callers.
    pub fails_as: FailsAs,
    /// The share of its capacity that the entity still has.
    pub capacity: i32,
    /// The factor by which the entity's own work takes longer.
    pub latency: i32,
    /// Requests that the entity sends along `toward` in addition to those of its users, relative to those.
    pub load: i32,
    /// Attempts that the entity makes after a failed one.
    pub retries: i32,
    /// The share of reads that a cache passes on to its store.
    pub miss: i32,
    /// The calls that the entity does not make while the predicate holds, because it has a substitute for their answers.
    pub spares: Option<Toward>,
    /// The minutes until the predicate acts in full once it holds.
    pub ramp: i32,
    /// What the predicate means for a repair.
    pub role: Role,
    /// Whether copies of stored data diverge while the predicate holds.
    pub diverges: bool,
    /// Whether work is late while the predicate holds.
    pub delays: bool,
    /// The classes of evidence that the predicate shows at the entity.
    pub shows: ClassSet,
}

/// The kind of calls that a predicate is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// Calls to stores and caches.
    Data,
    /// Calls to other services.
    Req,
    /// Calls to external providers.
    External,
    /// Reads that a cache passes on to the store that it is filled from.
    Store,
}

impl Predicate {
    /// Returns whether the predicate belongs to an event beside the fault.
    #[must_use]
    pub(crate) fn is_harmless(&self) -> bool {
        self.role == Role::Beside
    }
}

impl Toward {
    /// All kinds of calls.
    pub const ALL: [Self; 4] = [Self::Data, Self::Req, Self::External, Self::Store];

    /// Returns whether calls along an edge of this kind are meant.
    #[must_use]
    pub const fn includes(self, kind: EdgeKind) -> bool {
        matches!(
            (self, kind),
            (Self::Data, EdgeKind::Data | EdgeKind::Cached)
                | (Self::Req, EdgeKind::Req | EdgeKind::Opt)
                | (Self::External, EdgeKind::External)
                | (Self::Store, EdgeKind::Store)
        )
    }
}

/// The whole vocabulary, each list in the order of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// The classes of evidence.
    pub classes: Vec<Class>,
    /// The predicates that facts state.
    pub predicates: Vec<Predicate>,
    /// The verbs that agents can use.
    pub verbs: Vec<Verb>,
    direct: DirectVerbs,
    events: Events,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event: EventFile,
    class: BTreeMap<String, ClassFile>,
    predicate: BTreeMap<String, PredicateFile>,
    verb: BTreeMap<String, VerbFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventFile {
    broken: String,
    ailing: String,
    passing_errors: String,
    passing_latency: String,
    passing_use: String,
    passing_lull: String,
    passing_halt: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    tool: String,
    by: Option<Dimension>,
    decoy: Option<String>,
    #[serde(default)]
    decoy_at: Vec<Kind>,
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
    ramp: i32,
    spares: Option<Toward>,
    #[serde(default)]
    role: Role,
    #[serde(default)]
    diverges: bool,
    #[serde(default)]
    delays: bool,
    shows: Vec<String>,
}

const fn whole() -> i32 {
    1000
}

impl Vocabulary {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        if file.class.len() > ClassSet::CAPACITY {
            return Err(format!("{} classes; at most {} are possible", file.class.len(), ClassSet::CAPACITY));
        }
        let class = |(name, class): (String, ClassFile)| {
            let tool = match class.tool.as_str() {
                "logs" => Diagnostic::QueryLogs,
                "metrics" => Diagnostic::CheckMetrics,
                "status" => Diagnostic::CheckServiceStatus,
                other => return Err(format!("class.{name}: unknown tool '{other}'; tools: logs, metrics, status")),
            };
            if class.by.is_some() && tool != Diagnostic::CheckMetrics {
                return Err(format!("class.{name}: only metrics are split"));
            }
            let ClassFile { by, is, decoy, decoy_at, .. } = class;
            Ok((Class { name, tool, by, is, decoy: None, decoy_at }, decoy))
        };
        let classes = file.class.into_iter().map(class).collect::<Result<Vec<_>, _>>()?;
        let (mut classes, decoys): (Vec<_>, Vec<_>) = classes.into_iter().unzip();
        let predicate = |(name, file): (String, PredicateFile)| Predicate::parse(name, &file, &classes);
        let predicates = file.predicate.into_iter().map(predicate).collect::<Result<Vec<_>, _>>()?;
        let beside = |place: &str, name: &str| {
            PredicateId::find(&predicates, |predicate| predicate.name == name && predicate.is_harmless())
                .ok_or_else(|| format!("{place}: '{name}' is no predicate with the role 'beside'"))
        };
        for (class, decoy) in classes.iter_mut().zip(decoys) {
            class.decoy = decoy.map(|name| beside(&format!("class.{}", class.name), &name)).transpose()?;
        }
        let events = Events {
            broken: beside("event.broken", &file.event.broken)?,
            ailing: beside("event.ailing", &file.event.ailing)?,
            passing_errors: beside("event.passing_errors", &file.event.passing_errors)?,
            passing_latency: beside("event.passing_latency", &file.event.passing_latency)?,
            passing_use: beside("event.passing_use", &file.event.passing_use)?,
            passing_lull: beside("event.passing_lull", &file.event.passing_lull)?,
            passing_halt: beside("event.passing_halt", &file.event.passing_halt)?,
        };
        let named = |name: &str| PredicateId::find(&predicates, |predicate| predicate.name == name);
        let verb = |(name, file): (String, VerbFile)| Verb::parse(name, file, named);
        let verbs = file.verb.into_iter().map(verb).collect::<Result<Vec<_>, _>>()?;
        let direct = DirectVerbs::among(&verbs)?;
        Ok(Self { classes, predicates, verbs, direct, events })
    }

    /// Returns a predicate.
    #[must_use]
    pub fn predicate(&self, id: PredicateId) -> &Predicate {
        &self.predicates[id.index()]
    }

    /// Returns what holds about a service that has failed for days and that its callers can do without.
    #[must_use]
    pub(crate) fn long_broken(&self) -> PredicateId {
        self.events.broken
    }

    /// Returns what holds about such a service that fails few of its requests.
    #[must_use]
    pub(crate) fn long_ailing(&self) -> PredicateId {
        self.events.ailing
    }

    /// Returns what holds about an entity while a symptom is there for some minutes and goes away by itself, or `None` if no
    /// event shows it. Where requests are missing it holds about those that call the entity.
    #[must_use]
    pub(crate) fn passing(&self, symptom: Symptom) -> Option<PredicateId> {
        match symptom {
            Symptom::Errors => Some(self.events.passing_errors),
            Symptom::Latency => Some(self.events.passing_latency),
            Symptom::Saturation(Resource::Processor) => Some(self.events.passing_use),
            Symptom::Saturation(_) => self.classes[self.class_of(symptom)?.index()].decoy,
            Symptom::Absence(Work::Requests) => Some(self.events.passing_lull),
            Symptom::Absence(Work::Messages | Work::Runs) => Some(self.events.passing_halt),
        }
    }

    /// Returns the class of evidence that shows a symptom, or `None` if it follows from traffic.
    #[must_use]
    pub(crate) fn class_of(&self, symptom: Symptom) -> Option<ClassId> {
        match symptom {
            Symptom::Saturation(resource) => self.class_named(resource.class()?),
            Symptom::Errors | Symptom::Latency | Symptom::Absence(_) => None,
        }
    }

    /// Returns a verb.
    #[must_use]
    pub fn verb(&self, id: VerbId) -> &Verb {
        &self.verbs[id.index()]
    }

    /// Finds a predicate by its name.
    pub(crate) fn predicate_named(&self, name: &str) -> Option<PredicateId> {
        PredicateId::find(&self.predicates, |predicate| predicate.name == name)
    }

    /// Finds a class by its name.
    pub(crate) fn class_named(&self, name: &str) -> Option<ClassId> {
        ClassId::find(&self.classes, |class| class.name == name)
    }

    /// Returns a class.
    #[must_use]
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// Goes through the classes of a set.
    pub(crate) fn classes_in(&self, set: ClassSet) -> impl Iterator<Item = ClassId> {
        ClassId::first(self.classes.len()).filter(move |id| set.contains(*id))
    }

    /// Finds a verb by its name.
    pub(crate) fn verb_named(&self, name: &str) -> Option<VerbId> {
        VerbId::find(&self.verbs, |verb| verb.name == name)
    }

    /// Finds the verb that an action of this type performs. A runbook step performs the verb that it names.
    pub(crate) fn verb_of(&self, action: Remediation, runbook_action: &str) -> Option<VerbId> {
        let named = |verb: &Verb| verb.action == action && verb.name == runbook_action;
        self.direct.of(action).or_else(|| VerbId::find(&self.verbs, named))
    }

    /// Goes through the classes with their numbers.
    pub fn numbered_classes(&self) -> impl Iterator<Item = (ClassId, &Class)> {
        ClassId::first(self.classes.len()).zip(&self.classes)
    }

    /// Returns the classes that a diagnostic shows, with its metrics split like this.
    #[must_use]
    pub fn of_glance(&self, Glance { tool, by }: Glance) -> ClassSet {
        self.numbered_classes().filter(|(_, class)| (class.tool, class.by) == (tool, by)).map(|(id, _)| id).collect()
    }

    /// Returns the glances that show classes of evidence.
    #[must_use]
    pub fn glances(&self) -> Vec<Glance> {
        let mut all: Vec<_> =
            self.classes.iter().map(|Class { tool, by, .. }| Glance { tool: *tool, by: *by }).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the names of the classes in a set.
    #[must_use]
    pub fn names(&self, set: ClassSet) -> Vec<&str> {
        self.numbered_classes().filter(|(id, _)| set.contains(*id)).map(|(_, class)| class.name.as_str()).collect()
    }
}

impl Predicate {
    fn parse(name: String, file: &PredicateFile, classes: &[Class]) -> Result<Self, String> {
        let shares = [file.error, file.miss];
        if shares.iter().any(|share| !(0..=1000).contains(share)) || file.capacity < 1 || file.latency < 1 {
            return Err(format!("predicate.{name}: shares are from 0 to 1000, and factors above 0"));
        }
        if !(0..=LONGEST_RAMP).contains(&file.ramp) {
            return Err(format!("predicate.{name}: a ramp takes 0 to {LONGEST_RAMP} minutes"));
        }
        if file.load > 0 && file.toward.is_none() {
            return Err(format!("predicate.{name}: load needs 'toward'"));
        }
        let known = |shown: &String| {
            ClassId::find(classes, |class| class.name == *shown)
                .ok_or_else(|| format!("predicate.{name}: shows the unknown class '{shown}'"))
        };
        let shows = file.shows.iter().map(known).collect::<Result<ClassSet, _>>()?;
        Ok(Self {
            name,
            error: file.error,
            toward: file.toward,
            fails_as: file.fails_as,
            capacity: file.capacity,
            latency: file.latency,
            load: file.load,
            retries: file.retries,
            miss: file.miss,
            ramp: file.ramp,
            spares: file.spares,
            role: file.role,
            diverges: file.diverges,
            delays: file.delays,
            shows,
        })
    }
}
