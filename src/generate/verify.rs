//! Proofs of a finished incident, by other means than those that made it: everything is simulated anew, and played.

use std::sync::Arc;

use crate::generate::proof::hypotheses::{Hypotheses, Looks, Scene};
use crate::generate::suite::{scenario, task_of};
use super::play::oracle;
use super::proof::repair_plan as plan;
use super::{Incident, Knobs, Severity, World};
use crate::env::{Episode, EpisodeId, Points, Tasks, verify};

/// What an incident lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each means")]
pub enum Flaw {
    #[error("its fault is none that this system can have")]
    NoSuchFault,
    #[error("{0} faults explain what is there, and not one")]
    NotUnique(usize),
    #[error("the alert leaves {left} faults open; the level asks for {least}")]
    AlertTells { left: usize, least: usize },
    #[error("the alert excludes the true fault")]
    AlertMisleads,
    #[error("{found} views tell it; the level asks for {least}")]
    TooPlain { found: usize, least: usize },
    #[error("the views of the proof leave {0} faults open")]
    ViewsDoNotTell(usize),
    #[error("it has no repair without harm")]
    NoRepair,
    #[error("its severity is {kept}, and by the rule {right}")]
    Severity { kept: &'static str, right: &'static str },
    #[error("the change that set it off came after the onset, or is none that does")]
    Trigger,
    #[error("something that only looks bad stands where the fault is")]
    DecoyAtFault,
    #[error("the oracle earns {0}, not 1.0")]
    NotFull(Points),
    #[error("the oracle takes {steps} steps; {most} are allowed")]
    TooLong { steps: usize, most: u32 },
}

/// Proves an incident: one fault alone explains it, or one pair where two are at work; it can be told and repaired, it is not
/// trivial, its severity is right, and the oracle's play of its task earns everything.
///
/// # Errors
/// The first thing that it lacks.
pub fn prove(world: &World, tasks: &Tasks) -> Result<(), Flaw> {
    let World { incident, library, .. } = world;
    let knobs = incident.knobs;
    let laboratory = incident.laboratory(library);
    let alone = laboratory.every_fault(&library.families, incident.draws, None);
    let find = |family: usize, root: u16| {
        alone.iter().position(|one| (one.fault.family, one.fault.root) == (family, root)).ok_or(Flaw::NoSuchFault)
    };
    let truth = incident.fault.as_ref().map(|fault| find(fault.family, fault.root)).transpose()?;
    let other = incident.second.as_ref().map(|second| find(second.family, second.root)).transpose()?;
    let beside =
        other.map(|other| laboratory.every_fault(&library.families, incident.draws, Some(&alone[other].fault)));
    let all = beside.as_ref().unwrap_or(&alone);
    let nothing = Looks { shows: vec![0; incident.topology.entities.len()], errors: 0, slow: 0 };
    let looks = truth.map_or(nothing, |truth| all[truth].looks.clone());
    if incident.decoys.iter().any(|decoy| looks.shows[usize::from(decoy.at)] != 0) {
        return Err(Flaw::DecoyAtFault);
    }
    let mut scene = Scene { looks, tolerance: knobs.tolerance };
    for decoy in &incident.decoys {
        scene.looks.shows[usize::from(decoy.at)] |= decoy.shows;
    }
    let checker = Hypotheses::over(&library.vocabulary, all);
    let explaining: Vec<_> = (0..all.len()).filter(|index| checker.explains(&all[*index], &scene)).collect();
    if explaining != truth.into_iter().collect::<Vec<_>>() {
        return Err(Flaw::NotUnique(explaining.len()));
    }
    if let (Some(truth), Some(other)) = (truth, other) {
        let found = laboratory.explaining(&alone, &scene);
        if found != [vec![truth.min(other), truth.max(other)]] {
            return Err(Flaw::NotUnique(found.len()));
        }
    }
    let (impact, diverges) = truth.map_or((0, false), |truth| (all[truth].impact, all[truth].diverges));
    let right = Severity::of(impact, diverges);
    if right != incident.severity {
        return Err(Flaw::Severity { kept: incident.severity.as_str(), right: right.as_str() });
    }
    if let (Some(truth), Some(fault)) = (truth, &incident.fault) {
        alert_and_views(incident, &knobs, &checker, &scene, all, truth)?;
        let repair = plan::shortest(fault).ok_or(Flaw::NoRepair)?;
        if repair != incident.proof.repair {
            return Err(Flaw::NoRepair);
        }
        let family = &library.families[fault.family];
        let trigger = incident.trigger.as_ref().map(|id| incident.changes.iter().find(|change| change.id == *id));
        let fits = match trigger {
            None => !family.trigger.kind.is_recorded(),
            Some(None) => false,
            Some(Some(change)) => change.minutes_ago >= incident.duration && change.at == fault.trigger_at,
        };
        let other_fits = incident.second.iter().all(|second| {
            second.trigger.iter().all(|id| {
                let change = incident.changes.iter().find(|change| change.id == *id);
                change.is_some_and(|change| change.minutes_ago >= second.duration && change.at == second.trigger_at)
            })
        });
        if !fits || !other_fits {
            return Err(Flaw::Trigger);
        }
    }
    played(world, tasks)
}

fn alert_and_views(
    incident: &Incident,
    knobs: &Knobs,
    checker: &Hypotheses<'_>,
    scene: &Scene,
    all: &[crate::generate::proof::hypotheses::Hypothesis],
    truth: usize,
) -> Result<(), Flaw> {
    let left = checker.after_alert(&[incident.alerted]);
    if !left.contains(&truth) {
        return Err(Flaw::AlertMisleads);
    }
    if left.len() < knobs.hypotheses {
        return Err(Flaw::AlertTells { left: left.len(), least: knobs.hypotheses });
    }
    let Some(views) = &incident.proof.views else { return Ok(()) };
    if views.len() < knobs.views {
        return Err(Flaw::TooPlain { found: views.len(), least: knobs.views });
    }
    let agrees = |index: &&usize| views.iter().all(|view| checker.agrees(&all[**index], scene, *view));
    match left.iter().filter(agrees).count() {
        1 => Ok(()),
        more => Err(Flaw::ViewsDoNotTell(more)),
    }
}

/// The oracle's play of the incident's task, through the environment.
fn played(world: &World, tasks: &Tasks) -> Result<(), Flaw> {
    let task = task_of(&world.incident);
    let again = World::new(world.incident.clone(), Arc::clone(&world.library));
    let scenario = Arc::new(scenario(again, task, tasks, "proof"));
    let path = verify::oracle(&scenario);
    let most = scenario.briefing().task.max_steps;
    if path.len() > most as usize {
        return Err(Flaw::TooLong { steps: path.len(), most });
    }
    let mut episode = Episode::reset(&scenario, EpisodeId::nil());
    for action in &path {
        episode.step(action);
    }
    let total = episode.grade().map_or(Points::ZERO, |grade| grade.total);
    if total == Points::ONE && oracle::can_be_answered(world).is_ok() { Ok(()) } else { Err(Flaw::NotFull(total)) }
}
