//! Commands: remediations as agents send them, with exact names, and as the world performs them.

use serde_json::{Map, Value, json};

use crate::data::verb::{TargetKind, Verb, VerbRole};
use crate::ids::VerbId;
use crate::incident::world::World;
use crate::play::answer::beginning;
use crate::play::limits::OBSERVED;
use crate::system::fault::{Target, Thing};
use incident_env::{Action, ActionKind, Remediation};

/// A command that was read from an action.
#[derive(Debug)]
pub(super) enum Command {
    /// Change the system.
    Change(Change),
    /// Let so many minutes pass.
    Observe(u32),
    /// Hand over what has this name to others.
    OpenTicket(String),
}

/// A change of the system that an action asks for.
#[derive(Debug)]
pub(super) struct Change {
    /// The verb that is performed.
    pub(super) verb: VerbId,
    /// The target that it is performed on.
    pub(super) target: Target,
    /// The target as the action names it.
    pub(super) name: String,
}

/// Why a remediation cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Impossible {
    /// This parameter is missing.
    Without(&'static str),
    /// A parameter names nothing that this can be performed on. The text says what is wrong and what would be right.
    Unknown(String),
}

fn unknown(text: String) -> Impossible {
    Impossible::Unknown(text)
}

/// Returns a parameter that an action of this type must have.
fn parameter<'a>(action: &'a Action, key: &'static str) -> Result<&'a str, Impossible> {
    action.text(key).ok_or(Impossible::Without(key))
}

impl Command {
    /// Reads a remediation.
    ///
    /// # Errors
    /// A parameter is missing, or names nothing that the verb can be done to, or minutes are out of range.
    pub(super) fn read(world: &World, kind: Remediation, action: &Action) -> Result<Self, Impossible> {
        let vocabulary = &world.library.vocabulary;
        let runbook_action = match kind {
            Remediation::ExecuteRunbookStep => {
                // The menu shows the accepted kinds in parentheses after the verb.
                let step = parameter(action, "runbook_action")?;
                step.split_once(" (").map_or(step, |(verb, _)| verb)
            }
            _ => "",
        };
        let verb = vocabulary.verb_of(kind, runbook_action);
        let verb =
            verb.ok_or_else(|| unknown(format!("'{}' is none of available_runbooks", beginning(runbook_action))))?;
        let verb_data = vocabulary.verb(verb);
        if verb_data.role == VerbRole::Observe {
            return minutes(action).map(Self::Observe);
        }
        let (name, found) = match kind {
            Remediation::ExecuteRunbookStep => {
                let name = parameter(action, "target")?;
                (name, any_target(world, name))
            }
            Remediation::RollbackDeploy => {
                let id = change_to_take_back(world, action)?;
                (id, any_target(world, id))
            }
            Remediation::DisableFeatureFlag => {
                let name = parameter(action, "flag")?;
                (name, any_target(world, name).filter(|target| target.thing == Thing::Flag))
            }
            Remediation::RestartService | Remediation::ScaleService | Remediation::ClearCache => {
                let name = parameter(action, "service")?;
                (name, entity(world, name))
            }
        };
        let verb_name = &verb_data.name;
        let target = found.ok_or_else(|| unknown(format!("{verb_name} has no target '{}' here", beginning(name))))?;
        let is = target_kind(world, target);
        if !verb_data.takes.contains(&is) {
            let accepted = verb_data.accepted();
            return Err(unknown(format!("{verb_name} takes {accepted}; '{name}' is {}", is.as_str())));
        }
        let name = name.to_owned();
        Ok(match verb_data.role {
            VerbRole::Ticket => Self::OpenTicket(name),
            VerbRole::Change | VerbRole::Observe => Self::Change(Change { verb, target, name }),
        })
    }
}

/// The parameter that says how many minutes are observed.
const MINUTES: &str = "minutes";

/// Reads how many minutes are observed, as a number or as digits.
fn minutes(action: &Action) -> Result<u32, Impossible> {
    let value = action.parameters().get(MINUTES).filter(|value| !value.is_null());
    let value = value.ok_or(Impossible::Without(MINUTES))?;
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| OBSERVED.contains(number)).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (least, most) = (OBSERVED.start(), OBSERVED.end());
        unknown(format!("observe takes minutes from {least} to {most}, not '{}'", beginning(&shown)))
    })
}

/// Returns the action that lets so many minutes pass.
#[must_use]
pub(crate) fn observe(minutes: u32) -> Action {
    let kind = ActionKind::Remediation(Remediation::ExecuteRunbookStep);
    let parameters =
        Map::from_iter([("runbook_action".to_owned(), json!("observe")), (MINUTES.to_owned(), Value::from(minutes))]);
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

/// Finds the change that a rollback means: the one that it names, or the only one of its service.
fn change_to_take_back<'a>(world: &'a World, action: &'a Action) -> Result<&'a str, Impossible> {
    let service = parameter(action, "service")?;
    let version = action.text("target_version").filter(|version| *version != "previous");
    let at = world.incident.topology.named(service);
    let at = at.ok_or_else(|| unknown(format!("'{}' is none of known_services", beginning(service))))?;
    let of_it: Vec<_> = world.incident.changes.iter().filter(|change| change.at == at).collect();
    let change = match (version, of_it.as_slice()) {
        (Some(id), all) => all.iter().find(|change| change.id == id).copied(),
        (None, [only]) => Some(*only),
        (None, [] | [_, _, ..]) => None,
    };
    let change = change.ok_or_else(|| {
        let all: Vec<_> = of_it.iter().map(|change| format!("{} ({})", change.id, change.kind.as_str())).collect();
        let changes = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        unknown(match version {
            Some(id) => format!("{service} has no change '{}'; its changes: {changes}", beginning(id)),
            None if all.is_empty() => format!("{service} has no change that could be taken back"),
            None => format!("{service} has several changes, so name one as target_version: {changes}"),
        })
    })?;
    Ok(&change.id)
}

/// Returns what verbs call such a target.
fn target_kind(world: &World, target: Target) -> TargetKind {
    match target.thing {
        Thing::Entity => TargetKind::Entity(world.incident.topology.entity(target.at).kind),
        Thing::Job => TargetKind::Job,
        Thing::Certificate => TargetKind::Certificate,
        Thing::Flag => TargetKind::Flag,
        Thing::Trigger | Thing::Change => TargetKind::Change,
    }
}

/// Finds an entity by its name.
fn entity(world: &World, name: &str) -> Option<Target> {
    world.incident.topology.named(name).map(|at| Target { at, thing: Thing::Entity })
}

/// Finds the entity, the object or the change that has a name.
fn any_target(world: &World, name: &str) -> Option<Target> {
    entity(world, name).or_else(|| world.objects.find(name)).or_else(|| {
        let change = world.incident.change(name)?;
        let is_trigger = world.incident.triggers().any(|trigger| *trigger == change.id);
        Some(Target { at: change.at, thing: if is_trigger { Thing::Trigger } else { Thing::Change } })
    })
}

/// Returns the action that performs a verb on a target.
#[must_use]
pub(crate) fn action(world: &World, verb: VerbId, target: Target) -> Action {
    let verb = world.library.vocabulary.verb(verb);
    let (incident, objects, at) = (&world.incident, &world.objects, target.at);
    let name = incident.topology.name(at);
    let is_there = |id: &&String| incident.change(id).is_some_and(|change| change.at == at);
    let object = match target.thing {
        Thing::Entity => Some(name),
        Thing::Job => objects.job(at),
        Thing::Certificate => objects.certificate(at),
        Thing::Flag => objects.flag(at),
        Thing::Trigger | Thing::Change => incident.triggers().find(is_there).map(String::as_str),
    };
    named(verb, name, object.unwrap_or_default())
}

/// Returns the action that performs a verb on what has this name, at the entity of that name.
#[must_use]
pub(crate) fn named(verb: &Verb, at: &str, object: &str) -> Action {
    let kind = ActionKind::Remediation(verb.action);
    match verb.action {
        Remediation::RollbackDeploy => Action::with(kind, &[("service", at), ("target_version", object)]),
        Remediation::DisableFeatureFlag => Action::with(kind, &[("flag", object)]),
        Remediation::ExecuteRunbookStep => Action::with(kind, &[("runbook_action", &verb.name), ("target", object)]),
        Remediation::RestartService | Remediation::ScaleService | Remediation::ClearCache => {
            Action::with(kind, &[("service", object)])
        }
    }
}
