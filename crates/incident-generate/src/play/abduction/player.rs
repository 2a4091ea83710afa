//! The player: it takes the looks and performs the changes that the mind decides on. It alone sees the world, and hands
//! over nothing but what the pages of the world show.

use incident_env::{Action, ActionKind, Diagnostic, TaskId};

use super::known::{Known, Public};
use super::mind::{Mind, Move};
use super::seen::{Line, Page};
use crate::incident::world::{State, World};
use crate::play::command::{Change, Command};
use crate::proof::claim::{Claim, Record};
use crate::proof::hypotheses::View;
use crate::system::fault::Thing;
use crate::telemetry::query;

/// How long a task goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The steps that are allowed.
    pub(crate) steps: u32,
    /// The last minute, if there is one.
    pub(crate) deadline: Option<u32>,
}

/// Returns the actions of the program in a task.
#[must_use]
pub(crate) fn play(world: &World, task: TaskId, limits: Limits) -> Vec<Action> {
    watched(world, task, limits, |_| {})
}

/// Returns the actions of the program in a task, and shows its mind after each step.
pub(super) fn watched(world: &World, task: TaskId, limits: Limits, mut watch: impl FnMut(&Mind<'_>)) -> Vec<Action> {
    let mut mind = Mind::new(known(world, task, limits));
    let mut state = world.start();
    let mut actions = Vec::new();
    for _ in 0..limits.steps {
        watch(&mind);
        match mind.next() {
            Move::Look(view) => {
                actions.push(view.action(world.incident.topology.name(view.at)));
                let page = look(world, &mut state, view);
                mind.told(view, page, state.now());
            }
            Move::Change(action) => {
                change(world, &mut state, &action);
                actions.push(action);
                mind.passed(state.now());
            }
            Move::Answer(action) => {
                actions.push(action);
                break;
            }
        }
    }
    actions
}

/// Returns what is known before the first look. The source of draws says how families are bound to their roots, such as
/// which caller of several is meant, and is not handed over.
pub(super) fn known(world: &World, task: TaskId, Limits { steps, deadline }: Limits) -> Known<'_> {
    let World { incident, library, .. } = world;
    let laboratory = incident.laboratory(library);
    let all = laboratory.every_fault(&library.families, incident.draws, &laboratory.nothing_beside());
    let public = Public {
        laboratory,
        library,
        alert: incident.alert,
        ambiguity: incident.knobs.ambiguity,
        two_faults: incident.knobs.second > 0,
        task,
        steps,
        deadline,
    };
    Known::new(public, &all)
}

/// Takes a look, and returns what it shows if it is answered.
fn look(world: &World, state: &mut State, View { at, glance }: View) -> Option<Page> {
    world.pass(state, 1);
    if world.is_out(state, at, glance.tool) {
        return None;
    }
    let sheet = query::read(world, state, at, glance);
    let shown = |record: &Record| match record.claim {
        Claim::Changed { number } => Some((number, world.incident.changes.get(number)?.clone())),
        _ => None,
    };
    let changes = sheet.records.iter().filter_map(shown).collect();
    let lines = sheet.entries();
    let lines = lines.map(|(record, text)| Line { record: *record, fails: share(record.claim, text) });
    let names = [
        (Thing::Job, world.objects.job(at)),
        (Thing::Certificate, world.objects.certificate(at)),
        (Thing::Flag, world.objects.flag(at)),
    ];
    let is_status = glance.tool == Diagnostic::CheckServiceStatus;
    let objects = names.into_iter().filter(|_| is_status).filter_map(|(thing, name)| Some((thing, name?.to_owned())));
    Some(Page { lines: lines.collect(), changes, objects: objects.collect() })
}

/// Reads the share of requests or of calls that a line prints, in thousandths: the last point of a series, because those before
/// are means of some minutes, or the percentage of calls that fail.
pub(super) fn share(claim: Claim, text: &str) -> Option<i32> {
    match claim {
        Claim::Errors { .. } => text.rsplit(' ').next().and_then(thousandths),
        Claim::Calls { .. } => {
            let (before, _) = text.split_once(" % of calls fail")?;
            thousandths(before.rsplit(' ').next()?)
        }
        _ => None,
    }
}

/// Reads a percentage such as `12.5`, in thousandths.
fn thousandths(text: &str) -> Option<i32> {
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    Some(whole.parse::<i32>().ok()? * 10 + tenths.parse::<i32>().ok()?)
}

/// Performs a change, or lets time pass. What cannot be performed takes no time.
fn change(world: &World, state: &mut State, action: &Action) {
    let ActionKind::Remediation(kind) = action.kind() else { return };
    match Command::read(world, *kind, action) {
        Ok(Command::Change(Change { verb, target, .. })) => drop(world.perform(state, verb, target)),
        Ok(Command::Observe(minutes)) => world.pass(state, minutes),
        Ok(Command::OpenTicket(_)) => world.pass(state, 1),
        Err(_) => {}
    }
}
