//! Incidents: a system, a fault in it or none, decoys, an alert, and the proof that all of it holds together.

use crate::data::family::{ChangeKind, Family};
use crate::data::library::Library;
use crate::draws::Draws;
use crate::ids::{ClassSet, EntityId, PredicateId};
use crate::incident::level::{Knobs, Level};
use crate::incident::rule::AlertRule;
use crate::proof::hypotheses::{Appearance, Laboratory, View};
use crate::system::fault::Fault;
use crate::system::growth::Growth;
use crate::system::strength::Strength;
use crate::system::topology::Topology;
use crate::system::traffic::TrafficModel;
use incident_env::{Loss, Severity, TaskId};

/// A change in the history of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The id of the change, such as `chg-48213`.
    pub id: String,
    /// The entity that was changed.
    pub at: EntityId,
    /// The kind of change.
    pub kind: ChangeKind,
    /// How many minutes before the alert it was made.
    pub minutes_ago: u32,
    /// The number of the family that it set off, or that it was drawn for as if it had.
    pub(crate) posed: Option<usize>,
    /// Whether what it edited set a fault off.
    pub(crate) set_off: bool,
}

incident_env::named_enum! {
    /// What shows that a decoy has nothing to do with the fault.
    pub enum Refutation ("refutation", "refutations") {
        /// The decoy was there long before the onset.
        Chronic = "chronic",
        /// The decoy began only after the onset.
        TooLate = "too_late",
        /// The decoy came and went long before the onset, and nothing followed.
        TooEarly = "too_early",
        /// The decoy went away by itself before the alert.
        Over = "over",
        /// The decoy began with the fault, and nothing stands beside it that a fault that shows this would show as well.
        Alone = "alone",
    }
}

impl Refutation {
    /// What refutes a decoy by the time at which it began or ended.
    pub const BY_TIME: [Self; 4] = [Self::Chronic, Self::TooLate, Self::TooEarly, Self::Over];
}

/// A decoy: an event that looks like a fault and is none. What is seen of it is true, and so is the little that it does
/// to traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoy {
    /// The entity where it is seen.
    pub at: EntityId,
    /// The classes of evidence that it shows.
    pub shows: ClassSet,
    /// What it does to the entity.
    pub predicate: PredicateId,
    /// How strongly it does so.
    pub strength: Strength,
    /// What refutes it.
    pub refutation: Refutation,
    /// The first minute in which it is there. It is negative before the alert.
    pub from: i32,
    /// The first minute in which it is no longer there.
    pub to: i32,
}

/// What was proved about an incident before it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The number of faults that the system can have.
    pub faults: usize,
    /// The number of those that the alert leaves open.
    pub after_alert: usize,
    /// The entropy of those, in 1024ths of a bit, if all families are equally likely and all roots of a family are.
    pub entropy: u32,
    /// The fewest views that exclude all other faults, or `None` if three were not found to be enough.
    pub views: Option<Vec<View>>,
    /// The ops of a shortest repair, by their numbers in the fault.
    pub repair: Vec<usize>,
    /// The number of calls from the alerted entity to the root.
    pub hops: u32,
}

/// A second fault that is at work at the same time, and that the alert is not about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// The number of its family in the library.
    pub family: usize,
    /// The root of the second fault.
    pub root: EntityId,
    /// The entity where its trigger was made.
    pub trigger_at: EntityId,
    /// The id of the change that set it off, if a change did.
    pub trigger: Option<String>,
    /// Minutes from its onset to the alert.
    pub duration: u32,
    /// The number of its first fact among those of both faults.
    pub first_fact: usize,
    /// The number of facts of the first fault that hold at the alert.
    pub facts_before: usize,
}

/// An incident, with everything that is true of it.
#[derive(Debug, Clone)]
pub struct Incident {
    /// The id of the incident, from which nothing about it follows. It is the same under all names.
    pub id: String,
    /// The level that was asked for.
    pub level: Level,
    /// The number of the incident among those of the suite and level.
    pub number: u64,
    /// The number of attempts that were rejected before.
    pub attempt: u64,
    /// The source of everything that happens in the incident.
    pub draws: Draws,
    /// The source of names and ids. Nothing that happens depends on it.
    pub names: Draws,
    /// The system in which it happens.
    pub topology: Topology,
    /// The traffic through the system.
    pub traffic: TrafficModel,
    /// The fault, joined with the second one if there is one. In a control incident there is no fault, and the alert
    /// is wrong.
    pub fault: Option<Fault>,
    /// The second fault.
    pub second: Option<Second>,
    /// How the fault that the alert is about grows after the alert if nobody ends it, or `None` if it does not.
    pub growth: Option<Growth>,
    /// Minutes from the onset to the alert.
    pub duration: u32,
    /// The history of changes, newest first.
    pub changes: Vec<Change>,
    /// The id of the change that set the fault off, if a change did.
    pub trigger: Option<String>,
    /// The decoys that look like other faults.
    pub decoys: Vec<Decoy>,
    /// The task that the incident poses in a suite.
    pub task: TaskId,
    /// The rule whose alert woke the responder.
    pub alert: AlertRule,
    /// The rules that fired elsewhere, oldest first.
    pub alerts: Vec<AlertRule>,
    /// What users lose.
    pub loss: Loss,
    /// The severity that follows from the impact.
    pub severity: Severity,
    /// The knobs that the incident was made by.
    pub knobs: Knobs,
    /// The classes of evidence that the fault of the alert shows, by entity; empty if there is no fault.
    pub(crate) shows: Vec<ClassSet>,
    /// The appearances of all other faults that the alert leaves open.
    pub rivals: Vec<Appearance>,
    /// The proof that it has one solution.
    pub proof: Proof,
}

impl Incident {
    /// Returns the classes that the fault of the alert itself shows at an entity.
    #[must_use]
    pub fn shows(&self, at: EntityId) -> ClassSet {
        self.shows.get(at.index()).copied().unwrap_or_default()
    }

    /// Returns the laboratory in which the faults of its system are simulated.
    #[must_use]
    pub fn laboratory<'a>(&'a self, library: &'a Library) -> Laboratory<'a> {
        Laboratory { topology: &self.topology, traffic: &self.traffic, vocabulary: &library.vocabulary }
    }

    /// Goes through the ids of the changes that set a fault off.
    pub fn triggers(&self) -> impl Iterator<Item = &String> {
        self.trigger.iter().chain(self.second.iter().flat_map(|second| &second.trigger))
    }

    /// Finds a change by its id.
    #[must_use]
    pub fn change(&self, id: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.id == id)
    }

    /// Returns the family of the fault.
    #[must_use]
    pub fn family<'a>(&self, library: &'a Library) -> Option<&'a Family> {
        self.fault.as_ref().map(|fault| &library.families[fault.family])
    }
}
