//! The oracle: a player that knows the truth. It reads until the truth is proved, cites what proves it, repairs by the
//! shortest plan, lets the system settle and looks at what users get.

use std::cmp::Reverse;

use serde_json::json;

use crate::incident::world::{State, World};
use crate::play::answer::{NONE, submission};
use crate::play::citations::citations;
use crate::play::citing::Citing;
use crate::play::command;
use crate::play::grounding::Deeds;
use crate::play::limits::{PLAYED_OUT_AFTER, SETTLED_AFTER};
use crate::proof::claim::{Claim, Record, is_consistent};
use crate::proof::hypotheses::{Appearance, View};
use crate::record_id::RecordId;
use crate::telemetry::query;
use incident_env::{Action, Diagnostic, Submission, TaskId};

/// The number of views that are read at most after those of the proof.
const MOST_FURTHER_VIEWS: u32 = 20;

/// What was read, and which of it proves the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// The views that were read, in order. A view without an answer is read again.
    pub views: Vec<View>,
    /// The records to cite.
    pub cited: Vec<RecordId>,
}

/// The reason why an incident cannot be answered in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswerable {
    /// The fault acts along no path.
    NoPath,
    /// The fault cannot be shown by as few records as an answer may cite.
    TooManyRecords,
}

/// Returns the actions of the oracle in a task.
#[must_use]
pub(crate) fn play(world: &World, task: TaskId) -> Vec<Action> {
    let incident = &world.incident;
    let name = |at| incident.topology.name(at);
    let look = |view: &View| view.action(name(view.at));
    if task == TaskId::AlertClassification {
        let mut state = world.start();
        let views = views_of_loss(world).into_iter().flat_map(|view| read(world, &mut state, view));
        let mut actions: Vec<_> = views.map(|view| look(&view)).collect();
        let severity = [("severity", json!(incident.severity.as_str())), ("confidence", json!(1.0))];
        actions.push(submission(Submission::Severity, severity));
        return actions;
    }
    let diagnosis = diagnose(world);
    let mut actions: Vec<_> = diagnosis.views.iter().map(look).collect();
    let cited: Vec<_> = diagnosis.cited.iter().map(ToString::to_string).collect();
    let root = incident.fault.as_ref().map_or(NONE, |fault| name(fault.root));
    let mechanism = incident.family(&world.library).map_or(NONE, |family| &family.id);
    let answer = [
        ("service", json!(root)),
        ("mechanism", json!(mechanism)),
        ("trigger", json!(incident.trigger.as_deref().unwrap_or(NONE))),
        ("evidence", json!(cited)),
        ("confidence", json!(1.0)),
    ];
    if task == TaskId::RootCauseAnalysis {
        let path: Vec<_> = world.path().unwrap_or_default().into_iter().map(name).collect();
        let answer = answer.into_iter().chain([("path", json!(path))]);
        actions.push(submission(Submission::RootCause, answer));
        return actions;
    }
    if let Some(fault) = &incident.fault {
        let mut state = repaired(world, count(&diagnosis.views));
        let ops = incident.proof.repair.iter().map(|number| &fault.ops[*number]);
        actions.extend(ops.map(|op| command::action(world, op.verb, op.target)));
        world.pass(&mut state, SETTLED_AFTER);
        actions.push(command::observe(SETTLED_AFTER));
        actions.extend(read(world, &mut state, front_door(world)).iter().map(look));
    }
    let status = if incident.fault.is_some() { "resolved" } else { "no_incident" };
    actions.push(submission(Submission::Resolution, answer.into_iter().chain([("status", json!(status))])));
    actions
}

/// Returns the view of the part through which users come in.
fn front_door(world: &World) -> View {
    View { at: world.incident.topology.gateway, glance: Diagnostic::CheckMetrics.into() }
}

/// Returns the views that show how much users lose: the metrics of the gateway, and those of the services that the
/// journeys enter at.
pub(crate) fn views_of_loss(world: &World) -> Vec<View> {
    let topology = &world.incident.topology;
    let mut parts = vec![topology.gateway];
    for journey in &topology.journeys {
        if !parts.contains(&journey.entry) {
            parts.push(journey.entry);
        }
    }
    parts.into_iter().map(|at| View { at, glance: Diagnostic::CheckMetrics.into() }).collect()
}

/// Counts views, each of which takes a minute.
fn count(views: &[View]) -> u32 {
    u32::try_from(views.len()).unwrap_or(u32::MAX)
}

/// Returns how many minutes the oracle takes in a task.
#[must_use]
pub(crate) fn minutes(world: &World, task: TaskId) -> u32 {
    let mut state = world.start();
    match task {
        TaskId::AlertClassification => {
            for view in views_of_loss(world) {
                read(world, &mut state, view);
            }
        }
        TaskId::RootCauseAnalysis => world.pass(&mut state, count(&diagnose(world).views)),
        TaskId::RemediationPlanning => {
            state = repaired(world, count(&diagnose(world).views));
            if world.incident.fault.is_some() {
                world.pass(&mut state, SETTLED_AFTER);
                read(world, &mut state, front_door(world));
            }
        }
    }
    state.now()
}

/// Returns what users lose in each minute after the alert while the oracle diagnoses and repairs the fault, in
/// thousandths. After the last minute it stays the same.
#[must_use]
pub(crate) fn lost(world: &World) -> Vec<i32> {
    let mut state = repaired(world, count(&diagnose(world).views));
    world.pass(&mut state, PLAYED_OUT_AFTER);
    state.lost().to_vec()
}

/// Returns the state after so many minutes and the shortest repair.
fn repaired(world: &World, minutes: u32) -> State {
    let mut state = world.start();
    world.pass(&mut state, minutes);
    if let Some(fault) = &world.incident.fault {
        for number in &world.incident.proof.repair {
            let op = &fault.ops[*number];
            world.perform(&mut state, op.verb, op.target);
        }
    }
    state
}

/// Reads a view until it is answered, and returns all tries.
fn read(world: &World, state: &mut State, view: View) -> Vec<View> {
    let mut tries = Vec::new();
    loop {
        world.pass(state, 1);
        tries.push(view);
        if !world.is_out(state, view.at, view.glance.tool) {
            return tries;
        }
    }
}

/// Checks that a full answer can be given by what a diagnosis has read.
///
/// # Errors
/// The reason why it cannot.
pub(crate) fn can_be_answered(world: &World, diagnosis: &Diagnosis) -> Result<(), Unanswerable> {
    if world.incident.fault.is_some() && world.path().is_none() {
        return Err(Unanswerable::NoPath);
    }
    let mut state = world.start();
    let mut deeds = Deeds::default();
    for View { at, glance } in diagnosis.views.iter().copied() {
        world.pass(&mut state, 1);
        if !world.is_out(&state, at, glance.tool) {
            deeds.seen.extend(query::records(world, &state, at, glance));
        }
    }
    let worth = citations(world, &deeds, &diagnosis.cited);
    if worth < 1.0 { Err(Unanswerable::TooManyRecords) } else { Ok(()) }
}

/// Reads until all rivals of the true fault are excluded, and picks the records that exclude them.
#[must_use]
pub(crate) fn diagnose(world: &World) -> Diagnosis {
    let incident = &world.incident;
    let mut reading = Reading { world, state: world.start(), views: Vec::new(), seen: Vec::new() };
    for view in incident.proof.views.iter().flatten() {
        reading.read(*view);
    }
    // If the proof has no views, or if they are not enough, the view that excludes most is read next.
    for _ in 0..MOST_FURTHER_VIEWS {
        let claims = reading.claims();
        let left = consistent(world, &claims);
        if left.is_empty() && !claims.is_empty() {
            break;
        }
        let excludes = |view: &View| reading.excluded_by(*view, &claims, &left);
        let glances = world.library.vocabulary.glances();
        let views =
            incident.topology.ids().flat_map(|at| glances.iter().map(move |glance| View { at, glance: *glance }));
        let best = views.max_by_key(|view| (excludes(view), Reverse(view.at)));
        let Some(view) = best.filter(|view| excludes(view) > 0 || reading.seen.is_empty()) else { break };
        reading.read(view);
    }
    Diagnosis { cited: cite(world, &reading.seen), views: reading.views }
}

/// What was read so far.
struct Reading<'a> {
    world: &'a World,
    state: State,
    views: Vec<View>,
    seen: Vec<Record>,
}

impl Reading<'_> {
    fn read(&mut self, view: View) {
        self.views.extend(read(self.world, &mut self.state, view));
        self.seen.extend(query::records(self.world, &self.state, view.at, view.glance));
    }

    fn claims(&self) -> Vec<Claim> {
        self.seen.iter().map(|record| record.claim).collect()
    }

    /// Counts the rivals of those left that a view would exclude.
    fn excluded_by(&self, view: View, claims: &[Claim], left: &[&Appearance]) -> usize {
        let new = query::records(self.world, &self.state, view.at, view.glance);
        let all: Vec<_> = claims.iter().copied().chain(new.into_iter().map(|record| record.claim)).collect();
        let ambiguity = self.world.incident.knobs.ambiguity;
        left.iter().filter(|rival| !is_consistent(rival, &all, ambiguity)).count()
    }
}

/// Returns the rivals that are consistent with all claims.
fn consistent<'a>(world: &'a World, claims: &[Claim]) -> Vec<&'a Appearance> {
    let incident = &world.incident;
    incident.rivals.iter().filter(|rival| is_consistent(rival, claims, incident.knobs.ambiguity)).collect()
}

/// Picks few records that exclude as many rivals as all records do.
#[must_use]
pub(crate) fn cite(world: &World, seen: &[Record]) -> Vec<RecordId> {
    let incident = &world.incident;
    let is_of_fault = |claim: Claim| match claim {
        Claim::Shows { at, class } => incident.shows(at).contains(class),
        _ => false,
    };
    Citing { rivals: incident.rivals.iter().collect(), ambiguity: incident.knobs.ambiguity }.few(seen, is_of_fault)
}
