//! Incidents that are made from a seed. From *data* a *system* is built, *proofs* say which faults it can have, an
//! *incident* is chosen, *telemetry* shows it, and an agent *plays* it.
//!
//! # Example
//!
//! ```
//! use incident_env::{Action, ActionKind, Diagnostic, TaskId};
//! use incident_generate::{Generator, Level};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let incident = Generator::embedded()?.incident(Level::Easy, 7, 0)?;
//! incident.prove()?;
//! let mut episode = incident.episode(TaskId::RootCauseAnalysis);
//! let alerted = episode.observation().briefing.alert.affected_services[0].clone();
//! let query = Action::with(ActionKind::Diagnostic(Diagnostic::QueryLogs), &[("service", &alerted)]);
//! let outcome = episode.step(&query);
//! assert!(outcome.observation.evidence[0].text.as_str().contains("log of"));
//! # Ok(())
//! # }
//! ```
//!
//! # Rooms
//!
//! Each room uses only the rooms above it.
//!
//! | room | holds |
//! |---|---|
//! | `ids`, `draws`, `record_id` | numbers and sets of things; randomness by counter; ids of records |
//! | `data` | fault families, vocabulary, templates and texts, parsed and checked |
//! | `system` | topology, traffic, named objects, and faults that are bound to a root |
//! | `proof` | hypotheses, claims and repair plans |
//! | `incident` | the incident, its knobs, its draft, and its world in time |
//! | `telemetry` | what diagnostics show of a state |
//! | `play` | commands, answers, grades, the oracle, the program that reasons by the rules, and scenarios of the environment |
//! | `fairness` | what must hold so that a careful reader can answer |
//! | `seeds` | the master of a suite, and the keys of its incidents |
//! | `make` | attempts that are drafted, proved, and accepted or rejected |
//! | `suite`, `folder`, `verify`, `explain`, `json`, `generator` | what users of the generator call |
//!
//! # Glossary
//!
//! - **entity**: a service, or something that services depend on. Agents know it as a *service* or *part*.
//! - **edge**: a dependency of one entity on another. **Hops** are edges in a row.
//! - **journey**: something that users come for. It enters the system behind the gateway.
//! - **family**: a way for a system to fail. Agents know it as a *mechanism*.
//! - **root**: the entity at which a family is bound to a system.
//! - **fault**: a family bound to a root. It has facts and ops.
//! - **predicate**: something that can be true of an entity, with what it does to traffic and which classes it shows.
//! - **fact**: a predicate about one entity.
//! - **verb**: a remediation that an agent can perform. A **target** is what it is performed on.
//! - **op**: what a verb does to the facts while a condition is met.
//! - **class**: a class of evidence, that is, one symptom which one diagnostic shows.
//! - **reading**: what can be measured at an entity in one minute. An entity is **in trouble** if its errors or
//!   response times are up.
//! - **impact**: the share of what users come for that they do not get. The **severity** follows from it.
//! - **view**: one diagnostic of one entity.
//! - **appearance**: everything that can be seen of a fault. A **hypothesis** is a fault with its appearance and its
//!   impact.
//! - **scene**: everything that there is to be seen in an incident, with its decoys.
//! - **decoy**: evidence that has nothing to do with the fault, and that something refutes.
//! - **rival**: a fault other than the true one that the alert leaves open.
//! - **control**: an incident without a fault, whose alert is wrong.
//! - **trigger**: the change that set a fault off. The **onset** is the minute in which the fault began.
//! - **record**: one line of telemetry, cited by its id. A **claim** is what it says.
//! - **grounding**: how far the records that were read exclude the rivals.
//! - **oracle**: a player that knows the truth and earns the full score.
//! - **abduction**: a player that knows the rules and not the truth. An **explanation** is a hypothesis or that nothing is
//!   wrong, and it **believes** one of those that what it read leaves open.
//! - **source**: what draws come from, which is a key of 128 bits. An attempt has one source of everything that happens,
//!   and one of names and ids.
//! - **skin**: a number on which only the source of names and ids depends.
//!
//! Shares and factors are integers in thousandths, minutes are counted from the alert, and durations of requests are in
//! microseconds, unless a name says otherwise.

mod data;
mod draws;
mod explain;
mod fairness;
pub mod folder;
mod generator;
mod ids;
mod incident;
mod json;
mod make;
mod play;
mod proof;
mod record_id;
mod seeds;
mod suite;
mod system;
mod telemetry;
mod told;
mod verify;

pub use data::family::Family;
pub use data::library::{Library, LibraryError};
pub use explain::explain;
pub use fairness::{Room, Unfair};
pub use generator::{GeneratedIncident, Generator, GeneratorError};
pub use ids::EntityId;
pub use incident::incident::{Change, Decoy, Incident, Refutation};
pub use incident::level::{Knobs, Level};
pub use incident::world::{State, World};
pub use incident_env::Severity;
pub use json::{canonical_bytes, system_json, truth_json};
pub use make::{Exhausted, VERSION};
pub use play::scenario::{scenario, task_of};
pub use seeds::{Secret, Seeds};
pub use suite::{Suite, Unmade};
pub use system::names::Naming;
pub use system::topology::Topology;
pub use telemetry::laws::BrokenLaw;
pub use telemetry::query::read;
pub use telemetry::reader::Sheet;
pub use told::document::mechanisms_page;
pub use verify::{Flaw, prove};

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod alert_tests;
#[cfg(test)]
mod careful;
#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod exploit_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod honest_tests;
#[cfg(test)]
mod knob_tests;
#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod look_tests;
#[cfg(test)]
mod one_number_tests;
#[cfg(test)]
mod play_tests;
#[cfg(test)]
mod relief_tests;
#[cfg(test)]
mod sealed_tests;
#[cfg(test)]
mod telemetry_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told_tests;
