//! Verification of a finished incident by other means than those that made it: everything is simulated anew, and the
//! oracle plays it through the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::vocabulary::Glance;
use crate::fairness::{self, Unfair};
use crate::incident::draft::beside;
use crate::incident::incident::Incident;
use crate::incident::world::World;
use crate::play::oracle::{self, Diagnosis};
use crate::play::scenario::{scenario, task_of};
use crate::proof::hypotheses::{Beside, Hypotheses, Hypothesis, Scene, log2};
use crate::proof::repair_plan;
use crate::telemetry::laws::{self, BrokenLaw};
use crate::telemetry::query;
use incident_env::Severity;
use incident_env::{Diagnostic, Dimension, Episode, EpisodeId, Points, Tasks};

/// A flaw of an incident.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each means")]
pub enum Flaw {
    #[error("its fault is none that this system can have")]
    NoSuchFault,
    #[error("{0} faults explain what is there, and not one")]
    NotUnique(usize),
    #[error("the alert leaves about {left} faults open; the level asks for {least}")]
    AlertTells { left: u32, least: usize },
    #[error("the alert excludes the true fault")]
    AlertMisleads,
    #[error("{found} views tell it; the level asks for {least}")]
    TooPlain { found: usize, least: usize },
    #[error("the views of the proof leave {0} faults open")]
    ViewsDoNotTell(usize),
    #[error("it has no repair without harm")]
    NoRepair,
    #[error("its repair does not hold: {after} thousandths are lost within an hour after it, and {least} are at least")]
    DoesNotHold { after: i32, least: i32 },
    #[error("its severity is {kept}, and by the rule {right}")]
    Severity { kept: &'static str, right: &'static str },
    #[error("the definitions do not set it apart from a fault of family {0} that the alert leaves open")]
    NotSetApart(usize),
    #[error(transparent)]
    Unfair(#[from] Unfair),
    #[error("the change that set it off came after the onset, or is none that does")]
    Trigger,
    #[error("something that only looks bad stands where the fault is")]
    DecoyAtFault,
    #[error("the oracle earns {0}, not 1.0")]
    NotFull(Points),
    #[error("the oracle takes {steps} steps; {most} are allowed")]
    TooLong { steps: usize, most: u32 },
    #[error("two records have the id {0}; take another number of names")]
    SharedRecordId(String),
    #[error("its records contradict each other: {0}")]
    Contradiction(#[from] BrokenLaw),
}

/// Proves a finished incident: exactly one fault explains it, or exactly one pair if two are at work; the views of
/// the proof identify it; it can be repaired; its severity is right; every record that can be read at the alert has an
/// id of its own; and the oracle earns the full score in its task.
///
/// # Errors
/// The first flaw that is found.
pub fn prove(world: &Arc<World>, tasks: &Tasks) -> Result<(), Flaw> {
    let World { incident, library, .. } = &**world;
    let laboratory = incident.laboratory(library);
    let alone = beside(laboratory, None, &incident.decoys);
    let singly = laboratory.every_fault(&library.families, incident.draws, &alone);
    let find = |family: usize, root| {
        singly.iter().position(|one| (one.fault.family, one.fault.root) == (family, root)).ok_or(Flaw::NoSuchFault)
    };
    let truth = incident.fault.as_ref().map(|fault| find(fault.family, fault.root)).transpose()?;
    let other = incident.second.as_ref().map(|second| find(second.family, second.root)).transpose()?;
    let besides = other.map(|other| Beside { fault: Some(&singly[other].fault), ..alone.clone() });
    let both = besides.as_ref().map(|both| laboratory.every_fault(&library.families, incident.draws, both));
    let all = both.as_ref().unwrap_or(&singly);
    if let Some(truth) = truth
        && incident.decoys.iter().any(|decoy| !all[truth].appearance.shows[decoy.at.index()].is_empty())
    {
        return Err(Flaw::DecoyAtFault);
    }
    let effects = laboratory.effects(incident.fault.as_ref(), &alone);
    let hypotheses = Hypotheses::over(&library.vocabulary, all);
    let seen = incident.decoys.iter().map(|decoy| (decoy.at, decoy.shows));
    let entities = incident.topology.entities.len();
    let scene = hypotheses.scene(truth, effects.troubled, entities, seen, incident.knobs.ambiguity);
    hypotheses.only(&scene, truth).map_err(Flaw::NotUnique)?;
    if let (Some(truth), Some(other)) = (truth, other) {
        laboratory.only_pair(&singly, &scene, [truth, other], &alone).map_err(Flaw::NotUnique)?;
    }
    let right = Severity::of(effects.loss);
    if right != incident.severity {
        return Err(Flaw::Severity { kept: incident.severity.as_str(), right: right.as_str() });
    }
    if let (Some(truth), Some(fault)) = (truth, &incident.fault) {
        alert_and_views(incident, &hypotheses, &scene, all, truth)?;
        let repair = repair_plan::shortest(fault).ok_or(Flaw::NoRepair)?;
        if repair != incident.proof.repair {
            return Err(Flaw::NoRepair);
        }
        holds(world)?;
        triggers(world)?;
    }
    let diagnosis = oracle::diagnose(world);
    fairness::check(world, &diagnosis)?;
    own_ids(world)?;
    laws::check(world, &world.start())?;
    played(world, &diagnosis, tasks)
}

/// Checks that the repair of the proof ends the fault for good: it is played minute by minute, and then nobody does
/// anything more.
fn holds(world: &World) -> Result<(), Flaw> {
    let Some(fault) = &world.incident.fault else { return Ok(()) };
    let mut state = world.start();
    for number in &world.incident.proof.repair {
        let op = &fault.ops[*number];
        world.perform(&mut state, op.verb, op.target);
    }
    let (after, least) = (world.lasting_impact(&state), world.least_impact());
    let is_repaired = world.is_clean(&state) && world.is_durable(&state) && after <= least;
    if is_repaired { Ok(()) } else { Err(Flaw::DoesNotHold { after, least }) }
}

/// Checks that no two records that can be read at the alert have one id. Ids are drawn from the source of names, so an
/// incident cannot be rejected for them when it is made: it would depend on its names.
fn own_ids(world: &World) -> Result<(), Flaw> {
    let state = world.start();
    let tools = Diagnostic::ALL.map(Glance::from).into_iter();
    let splits = Dimension::ALL.map(|by| Glance { tool: Diagnostic::CheckMetrics, by: Some(by) });
    let glances: Vec<_> = tools.chain(splits).collect();
    let views = world.incident.topology.ids().flat_map(|at| glances.iter().map(move |glance| (at, *glance)));
    let sheets: Vec<_> = views.map(|(at, glance)| query::read(world, &state, at, glance).text).collect();
    // Lines of an entry may begin with a bracket of their own.
    let records = sheets.iter().flat_map(|text| text.lines());
    let records = records.filter_map(|line| line.strip_prefix('[')?.split_once("] "));
    let records = records.filter(|(id, _)| id.starts_with("e-"));
    shared_id(records).map_or(Ok(()), |id| Err(Flaw::SharedRecordId(id.to_owned())))
}

/// Returns an id that two of some records have, each given by its id and its first line. A record that two looks show is one
/// record.
fn shared_id<'a>(records: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let mut known = BTreeMap::new();
    records
        .into_iter()
        .find(|(id, line)| known.insert(*id, *line).is_some_and(|before| before != *line))
        .map(|(id, _)| id)
}

/// Checks that the changes that set the faults off came before their onsets, and at the right entities.
fn triggers(world: &World) -> Result<(), Flaw> {
    let World { incident, library, .. } = world;
    let Some((fault, family)) = incident.fault.as_ref().zip(incident.family(library)) else { return Ok(()) };
    let is_before = |id: &str, duration: u32, at| {
        incident.change(id).is_some_and(|change| change.minutes_ago >= duration && change.at == at)
    };
    let fits = match &incident.trigger {
        None => !family.trigger.kind.is_recorded(),
        Some(id) => is_before(id, incident.duration, fault.trigger_at),
    };
    let other_fits = incident
        .second
        .iter()
        .all(|second| second.trigger.iter().all(|id| is_before(id, second.duration, second.trigger_at)));
    if fits && other_fits { Ok(()) } else { Err(Flaw::Trigger) }
}

/// Checks that the alert leaves enough open, and that the views of the proof leave only the true fault.
fn alert_and_views(
    incident: &Incident,
    hypotheses: &Hypotheses<'_>,
    scene: &Scene,
    all: &[Hypothesis],
    truth: usize,
) -> Result<(), Flaw> {
    let knobs = incident.knobs;
    let left = hypotheses.after_alert(incident.alert.at, incident.alert.symptom);
    if !left.contains(&truth) {
        return Err(Flaw::AlertMisleads);
    }
    let entropy = hypotheses.entropy(&left);
    if entropy < log2(knobs.hypotheses as u64) {
        return Err(Flaw::AlertTells { left: 1 << (entropy >> 10), least: knobs.hypotheses });
    }
    let is_apart = |rival: &usize| *rival == truth || hypotheses.is_set_apart(scene, Some(truth), *rival);
    if let Some(rival) = left.iter().find(|rival| !is_apart(rival)) {
        return Err(Flaw::NotSetApart(all[*rival].fault.family));
    }
    let Some(views) = &incident.proof.views else { return Ok(()) };
    if views.len() < knobs.views {
        return Err(Flaw::TooPlain { found: views.len(), least: knobs.views });
    }
    let agrees = |index: &&usize| views.iter().all(|view| hypotheses.agrees(&all[**index], scene, *view));
    match left.iter().filter(agrees).count() {
        1 => Ok(()),
        more => Err(Flaw::ViewsDoNotTell(more)),
    }
}

/// Lets the oracle play the task of the incident through the environment.
fn played(world: &Arc<World>, diagnosis: &Diagnosis, tasks: &Tasks) -> Result<(), Flaw> {
    let task = task_of(&world.incident);
    let scenario = Arc::new(scenario(Arc::clone(world), task, tasks));
    let play = scenario.oracle();
    let most = scenario.briefing().task.max_steps;
    if play.len() > most as usize {
        return Err(Flaw::TooLong { steps: play.len(), most });
    }
    let mut episode = Episode::reset(&scenario, EpisodeId::nil());
    for action in &play {
        episode.step(action);
    }
    let total = episode.grade().map_or(Points::ZERO, |grade| grade.total);
    let is_full = total == Points::ONE && oracle::can_be_answered(world, diagnosis).is_ok();
    if is_full { Ok(()) } else { Err(Flaw::NotFull(total)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Small;

    /// The planner takes the op that does no harm. The verb does what the first op says whose condition is met, and that one
    /// leaves the job running, so the store that is restarted crashes again.
    #[test]
    fn a_repair_that_does_not_hold_is_found() {
        let mut world = Small::new().world();
        assert_eq!(holds(&world), Ok(()));
        let fault = world.incident.fault.as_mut().unwrap();
        let vain = fault.ops.iter().find(|op| op.harm == 0).unwrap().clone();
        let vain = crate::system::fault::Op { harm: 1, clears: crate::ids::FactSet::EMPTY, ..vain };
        fault.ops.insert(0, vain);
        let fault = world.incident.fault.clone().unwrap();
        world.incident.proof.repair = repair_plan::shortest(&fault).unwrap();
        assert!(!world.incident.proof.repair.is_empty());
        assert_eq!(holds(&world), Err(Flaw::DoesNotHold { after: 1000, least: 0 }));
    }

    #[test]
    fn records_that_share_an_id_are_found() {
        let [one, other] = [("e-1", "cpu: 1"), ("e-2", "cpu: 1")];
        assert_eq!(shared_id([]), None);
        assert_eq!(shared_id([one, other]), None);
        assert_eq!(shared_id([one, other, one]), None, "two looks show one record");
        assert_eq!(shared_id([one, other, ("e-2", "cpu: 2")]), Some("e-2"));
    }
}
