//! What the knobs of time and of faults at once do.

use std::sync::Arc;

use crate::generate::suite::scenario;
use super::play::oracle;
use super::{Incident, Knobs, Level, Library, World, verify};
use crate::env::grade::strict::Strict;
use crate::env::{Action, ActionKind, Breakdown, Catalog, Episode, EpisodeId, Points, Submission, TaskId};

/// Incidents with a fault, by knobs turned from those of their level.
fn worlds(count: u64, turn: impl Fn(Knobs) -> Knobs) -> Vec<World> {
    let library = Arc::new(Library::embedded().unwrap());
    let each = [Level::Easy, Level::Medium].into_iter().flat_map(|level| (0..count).map(move |number| (level, number)));
    each.map(|(level, number)| {
        let incident = Incident::with(&library, level, &turn(Knobs::of(level)), 3, number).unwrap();
        World::new(incident, Arc::clone(&library))
    })
    .filter(|world| world.incident.fault.is_some())
    .collect()
}

fn two_faults(knobs: Knobs) -> Knobs {
    Knobs { faults: 2, ..knobs }
}

fn play(world: &World, task: TaskId, actions: &[Action]) -> Episode {
    let again = World::new(world.incident.clone(), Arc::clone(&world.library));
    let scenario = Arc::new(scenario(again, task, Catalog::embedded().unwrap().tasks(), "test"));
    let mut episode = Episode::reset(&scenario, EpisodeId::nil());
    for action in actions {
        episode.step(action);
    }
    episode
}

fn total(episode: &Episode) -> Points {
    episode.grade().map_or(Points::ZERO, |grade| grade.total)
}

#[test]
fn two_faults_are_proved_as_one_is() {
    let catalog = Catalog::embedded().unwrap();
    for world in worlds(5, two_faults) {
        let (incident, place) = (&world.incident, format!("{} {}", world.incident.level, world.incident.number));
        let (fault, second) = (incident.fault.as_ref().unwrap(), incident.second.as_ref().unwrap());
        verify::prove(&world, catalog.tasks()).unwrap_or_else(|flaw| panic!("{place}: {flaw}"));
        assert_ne!(fault.family, second.family, "{place}");
        assert_ne!(fault.root, second.root, "{place}");
        for task in TaskId::ALL {
            let actions = oracle::play(&world, task);
            assert_eq!(total(&play(&world, task, &actions)), Points::ONE, "{place} {task}");
        }
    }
}

#[test]
fn the_other_fault_is_no_answer_and_must_be_repaired_too() {
    for world in worlds(5, two_faults) {
        let (incident, place) = (&world.incident, format!("{} {}", world.incident.level, world.incident.number));
        let (fault, second) = (incident.fault.as_ref().unwrap(), incident.second.as_ref().unwrap());
        let name = |at: u16| incident.topology.entity(at).name.as_str();

        // The oracle's evidence, and the other fault's root.
        let mut actions = oracle::play(&world, TaskId::RootCauseAnalysis);
        let mut answer = actions.pop().unwrap().parameters().clone();
        answer["service"] = name(second.root).into();
        actions.push(Action::new(ActionKind::Submission(Submission::RootCause), answer).unwrap());
        assert_eq!(total(&play(&world, TaskId::RootCauseAnalysis, &actions)), Points::ZERO, "{place}");

        // Only the fault that the alert is about is repaired.
        let alone = incident.laboratory(&world.library).every_fault(&world.library.families, incident.draws, None);
        let own = alone.iter().find(|one| (one.fault.family, one.fault.root) == (fault.family, fault.root)).unwrap();
        let whole = oracle::play(&world, TaskId::RemediationPlanning);
        let steps = incident.proof.repair.iter().map(|number| &fault.steps[*number]);
        let others: Vec<_> = steps
            .filter(|step| !own.fault.steps.iter().any(|known| (known.verb, known.target) == (step.verb, step.target)))
            .map(|step| oracle::repair(&world, step.verb, step.target))
            .collect();
        assert!(!others.is_empty(), "{place}");
        let half: Vec<_> = whole.into_iter().filter(|action| !others.contains(action)).collect();
        let episode = play(&world, TaskId::RemediationPlanning, &half);
        let Breakdown::Strict(parts) = &episode.grade().unwrap().breakdown else { panic!("{place}") };
        let Strict::Remediation(parts) = &**parts else { panic!("{place}") };
        assert!(!parts.clean && total(&episode) < Points::ONE, "{place}: {parts:?}");
    }
}

#[test]
fn without_the_knob_nothing_is_another() {
    let library = Arc::new(Library::embedded().unwrap());
    let one = Incident::new(&library, Level::Easy, 3, 0).unwrap();
    let same = Incident::with(&library, Level::Easy, &Knobs { faults: 1, ..Knobs::of(Level::Easy) }, 3, 0).unwrap();
    let canonical = |incident| crate::generate::json::canonical(&World::new(incident, Arc::clone(&library)));
    assert!(one.second.is_none());
    assert_eq!(canonical(one), canonical(same));
}

#[test]
fn who_is_slow_runs_out_of_time() {
    for world in worlds(4, |knobs| Knobs { minutes: 100, ..knobs }) {
        let (incident, place) = (&world.incident, format!("{} {}", world.incident.level, world.incident.number));
        for task in TaskId::ALL {
            let mut actions = oracle::play(&world, task);
            let exact = play(&world, task, &actions);
            assert_eq!(total(&exact), Points::ONE, "{place} {task}");
            let summary = &exact.observation().briefing.summary;
            let minutes = format!("There are {} minutes, until ", oracle::minutes(&world, task));
            assert!(summary.contains(&minutes), "{place} {task}: {summary}");
            // One look more than there is time for.
            let service = incident.topology.entity(incident.alerted).name.as_str();
            actions.insert(0, Action::with(ActionKind::from("query_logs"), &[("service", service)]));
            let late = play(&world, task, &actions);
            assert!(late.is_done(), "{place} {task}");
            // A repair is graded by what it did, with or without a word.
            assert!(task == TaskId::RemediationPlanning || total(&late) < Points::ONE, "{place} {task}");
            let feedback = late.observation().feedback.to_string();
            assert!(feedback.starts_with("Out of time without a submission."), "{place} {task}: {feedback}");
        }
    }
}
