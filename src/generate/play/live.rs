//! Generated incidents behind the environment's actions and messages.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use crate::generate::play::answer::{Answer, short};
use crate::generate::proof::claim::Atom;
use crate::generate::system::fault::{Target, Thing};
use crate::generate::play::oracle;
use crate::generate::play::grade::{self, Deeds};
use crate::generate::telemetry::reader::View;
use crate::generate::data::vocabulary::{Takes, Verb};
use crate::generate::incident::world::{State, World};
use crate::env::{Action, CannotRepair, Diagnostic, Grade, Live, LiveState, Points, Remediation, Repaired, TaskId};

/// An incident that can be played.
#[derive(Debug)]
pub struct Playable {
    world: Arc<World>,
    /// Entities in the order of their names, as the observation lists them.
    order: Arc<[u16]>,
    /// The last minute of each task; made when it is first played.
    deadlines: [OnceLock<Option<u32>>; TaskId::ALL.len()],
}

impl Playable {
    /// An incident, ready to be played.
    #[must_use]
    pub fn new(world: World) -> Self {
        let entities = &world.incident.topology.entities;
        let mut order: Vec<u16> = (0..).take(entities.len()).collect();
        order.sort_by_key(|at| &entities[usize::from(*at)].name);
        Self { order: order.into(), world: Arc::new(world), deadlines: Default::default() }
    }

    /// Its world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }
}

impl Live for Playable {
    fn start(&self, task: TaskId) -> Box<dyn LiveState> {
        Box::new(Playing {
            world: Arc::clone(&self.world),
            order: Arc::clone(&self.order),
            task,
            state: self.world.start(),
            paid: self.world.impact(&self.world.start()),
            deeds: Deeds::default(),
            deadline: *self.deadlines[task as usize].get_or_init(|| deadline(&self.world, task)),
        })
    }

    fn oracle(&self, task: TaskId) -> Vec<Action> {
        oracle::play(&self.world, task)
    }
}

/// The minutes that there are for a task, where the knob sets a limit.
#[must_use]
pub fn deadline(world: &World, task: TaskId) -> Option<u32> {
    let share = world.incident.knobs.minutes;
    (share > 0).then(|| (oracle::minutes(world, task) * share).div_ceil(100))
}

/// An incident that is being played.
#[derive(Debug, Clone)]
struct Playing {
    world: Arc<World>,
    order: Arc<[u16]>,
    task: TaskId,
    state: State,
    /// What users lost when a change was last paid for, so that what all of them earn adds up to what they changed.
    paid: i32,
    deeds: Deeds,
    /// The last minute in which anything can be done, where there is one.
    deadline: Option<u32>,
}

impl LiveState for Playing {
    fn fork(&self) -> Box<dyn LiveState> {
        Box::new(self.clone())
    }

    fn look(&mut self, kind: Diagnostic, service: usize) -> String {
        let Some(at) = self.order.get(service).copied() else { return String::new() };
        self.world.pass(&mut self.state, 1);
        if self.world.is_out(&self.state, at, kind) {
            self.deeds.looks.push(self.deeds.seen.len());
            let now = self.world.clock(i32::try_from(self.state.now()).unwrap_or(i32::MAX));
            return format!(
                "{now} {kind}: no answer within 30 s, the tool is overloaded; it may answer when it is asked again"
            );
        }
        let sheet = View::new(&self.world, &self.state, at).sheet(kind);
        // A record of a log or of a change that is read twice is one record; a reading that is taken twice is two.
        let is_again = matches!(kind, Diagnostic::QueryLogs | Diagnostic::CheckRecentDeploys);
        for record in sheet.records {
            if !is_again || !self.deeds.seen.contains(&record) {
                self.deeds.seen.push(record);
            }
        }
        self.deeds.looks.push(self.deeds.seen.len());
        if matches!(kind, Diagnostic::CheckMetrics | Diagnostic::CheckServiceStatus | Diagnostic::QueryLogs) {
            self.deeds.read_since.insert(at);
        }
        sheet.text
    }

    fn repair(&mut self, kind: Remediation, action: &Action) -> Result<Repaired, CannotRepair> {
        let asked = Asked::read(&self.world, kind, action)?;
        self.deeds.before_change.get_or_insert(self.deeds.seen.len());
        let change = self.world.change(&mut self.state, asked.verb, asked.target);
        if change.helped {
            self.deeds.read_since.clear();
        }
        let words = &self.world.library.vocabulary.verbs[usize::from(asked.verb)];
        let minute = i32::try_from(self.state.now()).unwrap_or(i32::MAX);
        let mut text = String::new();
        let _ = write!(
            text,
            "{} {} {}: done, took {} min",
            self.world.clock(minute),
            words.name,
            asked.name,
            change.minutes
        );
        self.deeds.changes.push(change);
        let now = self.world.impact(&self.state);
        let gain = Points::new((std::mem::replace(&mut self.paid, now) - now) * 10);
        let target =
            if kind == Remediation::ExecuteRunbookStep { format!("{} {}", words.name, asked.name) } else { asked.name };
        Ok(Repaired { target: target.into(), text, gain })
    }

    fn check(&self, answer: &Action) -> Result<(), String> {
        Answer::read(&self.world, answer).and_then(|answer| {
            let missing = match self.task {
                TaskId::AlertClassification if answer.severity.is_none() => "the parameter 'severity' is missing",
                TaskId::RootCauseAnalysis if answer.service.is_none() => "the parameter 'service' is missing",
                _ => return Ok(()),
            };
            Err(missing.to_owned())
        })
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.state.now() > deadline)
    }

    fn grade(&self, answer: Option<&Action>) -> Grade {
        let answer = answer.and_then(|answer| Answer::read(&self.world, answer).ok());
        match self.task {
            TaskId::AlertClassification => grade::severity(&self.world, &self.deeds, answer.as_ref()),
            TaskId::RootCauseAnalysis => grade::root_cause(&self.world, &self.deeds, answer.as_ref()),
            TaskId::RemediationPlanning => grade::remediation(&self.world, &self.state, &self.deeds, answer.as_ref()),
        }
    }
}

/// What a remediation is to do, by exact names.
struct Asked {
    verb: u16,
    target: Target,
    /// The target as it was named.
    name: String,
}

impl Asked {
    fn read(world: &World, kind: Remediation, action: &Action) -> Result<Self, CannotRepair> {
        let verbs = &world.library.vocabulary.verbs;
        let number = |is: &dyn Fn(&Verb) -> bool| verbs.iter().position(is).and_then(|n| u16::try_from(n).ok());
        let unknown = |text: String| CannotRepair::Unknown(text);
        let (verb, name, found) = match kind {
            Remediation::ExecuteRunbookStep => {
                let step = action.text("runbook_action").ok_or(CannotRepair::Without("runbook_action"))?;
                // The menu has the kinds beside the verb.
                let step = step.split_once(" (").map_or(step, |(verb, _)| verb);
                let verb = number(&|verb| verb.action == kind && verb.name == step)
                    .ok_or_else(|| unknown(format!("'{}' is none of available_runbooks", short(step))))?;
                let name = action.text("target").ok_or(CannotRepair::Without("target"))?;
                (verb, name, any_target(world, name))
            }
            Remediation::RollbackDeploy => {
                let service = action.text("service").ok_or(CannotRepair::Without("service"))?;
                let version = action.text("target_version").filter(|version| *version != "previous");
                let at = entity(world, service)
                    .ok_or_else(|| unknown(format!("'{}' is none of known_services", short(service))))?;
                let of_it = |change: &&crate::generate::incident::incident::Change| change.at == at;
                let change = world.incident.changes.iter().filter(of_it);
                let change = match version {
                    None => change.min_by_key(|change| change.minutes_ago),
                    Some(id) => change.into_iter().find(|change| change.id == id),
                };
                let change = change.ok_or_else(|| match version {
                    None => unknown(format!("{service} has no change that could be taken back")),
                    Some(id) => unknown(format!("{service} has no change '{}'", short(id))),
                })?;
                let verb = number(&|verb| verb.action == kind);
                (verb.unwrap_or(0), change.id.as_str(), any_target(world, &change.id))
            }
            Remediation::DisableFeatureFlag => {
                let name = action.text("flag").ok_or(CannotRepair::Without("flag"))?;
                let found = any_target(world, name).filter(|target| target.thing == Thing::Flag);
                (number(&|verb| verb.action == kind).unwrap_or(0), name, found)
            }
            _ => {
                let name = action.text("service").ok_or(CannotRepair::Without("service"))?;
                let found = entity(world, name).map(|at| Target { at, thing: Thing::Entity });
                (number(&|verb| verb.action == kind).unwrap_or(0), name, found)
            }
        };
        let words = &verbs[usize::from(verb)];
        let target = found.ok_or_else(|| unknown(format!("{} has no target '{}' here", words.name, short(name))))?;
        let is = match target.thing {
            Thing::Entity => Takes::Entity(world.incident.topology.entity(target.at).kind),
            Thing::Job => Takes::Job,
            Thing::Certificate => Takes::Certificate,
            Thing::Flag => Takes::Flag,
            Thing::Trigger | Thing::Change => Takes::Change,
        };
        if !words.takes.contains(&is) {
            return Err(unknown(format!("{} takes {}; '{name}' is {}", words.name, takes(words), is.as_str())));
        }
        Ok(Self { verb, target, name: name.to_owned() })
    }
}

/// The kinds that a verb takes: `job`, or `db, queue`.
#[must_use]
pub fn takes(verb: &Verb) -> String {
    verb.takes.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

fn entity(world: &World, name: &str) -> Option<u16> {
    let found = (0..).zip(&world.incident.topology.entities).find(|(_, entity)| entity.name == name);
    found.map(|(at, _)| at)
}

/// Whatever has this name.
fn any_target(world: &World, name: &str) -> Option<Target> {
    if let Some(at) = entity(world, name) {
        return Some(Target { at, thing: Thing::Entity });
    }
    let objects = &world.objects;
    for (names, thing) in
        [(&objects.jobs, Thing::Job), (&objects.certificates, Thing::Certificate), (&objects.flags, Thing::Flag)]
    {
        if let Some((at, _)) = (0..).zip(names).find(|(_, known)| !known.is_empty() && *known == name) {
            return Some(Target { at, thing });
        }
    }
    let change = world.incident.changes.iter().find(|change| change.id == name)?;
    let is_trigger = world.incident.triggers().any(|trigger| *trigger == change.id);
    Some(Target { at: change.at, thing: if is_trigger { Thing::Trigger } else { Thing::Change } })
}

/// What an episode has read, for proofs.
#[must_use]
pub fn atoms_of(world: &World, state: &State, at: u16, tool: Diagnostic) -> Vec<(u16, Atom)> {
    View::new(world, state, at).sheet(tool).records
}
