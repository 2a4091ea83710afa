//! What the knobs of time and of faults at once do.

use super::generator::GeneratedIncident;
use super::testing::{generator, place, play, total};
use super::{Knobs, Level, system_json, truth_json};
use crate::play::{command, oracle};
use incident_env::grade::strict::Strict;
use incident_env::{Action, ActionKind, Breakdown, Points, Submission, TaskId};

/// Incidents with a fault, by knobs turned from those of their level.
fn incidents(count: u64, turn: impl Fn(Knobs) -> Knobs) -> Vec<GeneratedIncident> {
    let each = [Level::Easy, Level::Medium].into_iter().flat_map(|level| (0..count).map(move |number| (level, number)));
    each.map(|(level, number)| generator().incident_with(level, &turn(Knobs::of(level)), 3, number).unwrap())
        .filter(|made| made.incident().fault.is_some())
        .collect()
}

fn two_faults(knobs: Knobs) -> Knobs {
    Knobs { second: 100, ..knobs }
}

#[test]
fn two_faults_are_proved_as_one_is() {
    for made in incidents(5, two_faults) {
        let (world, incident, place) = (made.world(), made.incident(), place(&made));
        let (fault, second) = (incident.fault.as_ref().unwrap(), incident.second.as_ref().unwrap());
        made.prove().unwrap_or_else(|flaw| panic!("{place}: {flaw}"));
        assert_ne!(fault.family, second.family, "{place}");
        assert_ne!(fault.root, second.root, "{place}");
        for task in TaskId::ALL {
            let actions = oracle::play(world, task);
            assert_eq!(total(&play(&made, task, &actions)), Points::ONE, "{place} {task}");
        }
    }
}

#[test]
fn the_other_fault_is_no_answer_and_must_be_repaired_too() {
    for made in incidents(5, two_faults) {
        let (world, incident, place) = (made.world(), made.incident(), place(&made));
        let (fault, second) = (incident.fault.as_ref().unwrap(), incident.second.as_ref().unwrap());
        let name = |at| incident.topology.name(at);

        // The oracle's evidence, and the other fault's root.
        let mut actions = oracle::play(world, TaskId::RootCauseAnalysis);
        let mut answer = actions.pop().unwrap().parameters().clone();
        answer["service"] = name(second.root).into();
        actions.push(Action::new(ActionKind::Submission(Submission::RootCause), answer).unwrap());
        assert_eq!(total(&play(&made, TaskId::RootCauseAnalysis, &actions)), Points::ZERO, "{place}");

        // Only the fault that the alert is about is repaired.
        let laboratory = incident.laboratory(&world.library);
        let alone = laboratory.every_fault(&world.library.families, incident.draws, &laboratory.nothing_beside());
        let own = alone.iter().find(|one| (one.fault.family, one.fault.root) == (fault.family, fault.root)).unwrap();
        let whole = oracle::play(world, TaskId::RemediationPlanning);
        let ops = incident.proof.repair.iter().map(|number| &fault.ops[*number]);
        let others: Vec<_> = ops
            .filter(|op| !own.fault.ops.iter().any(|known| (known.verb, known.target) == (op.verb, op.target)))
            .map(|op| command::action(world, op.verb, op.target))
            .collect();
        assert!(!others.is_empty(), "{place}");
        let half: Vec<_> = whole.into_iter().filter(|action| !others.contains(action)).collect();
        let episode = play(&made, TaskId::RemediationPlanning, &half);
        let Breakdown::Strict(parts) = &episode.grade().unwrap().breakdown else { panic!("{place}") };
        let Strict::Remediation(parts) = &**parts else { panic!("{place}") };
        assert!(!parts.clean && total(&episode) < Points::ONE, "{place}: {parts:?}");
    }
}

/// Knobs that concern play alone leave the incident as it is, and the others do not.
#[test]
fn knobs_change_what_they_say() {
    let of = |turn: &[(&str, u32)]| {
        let mut knobs = Knobs::of(Level::Easy);
        for (name, value) in turn {
            knobs.turn(name, *value).unwrap();
        }
        let made = generator().incident_with(Level::Easy, &knobs, 3, 1).unwrap();
        let steps = made.scenario(TaskId::RootCauseAnalysis).briefing().task.max_steps;
        ((system_json(made.world()), truth_json(made.world())), made.incident().second.is_some(), steps)
    };
    let (usual, has_second, steps) = of(&[]);
    assert!(!has_second);
    for (turn, is_same, more_steps) in [
        ([("slack", 1000)], true, true),
        ([("minutes", 100)], true, false),
        ([("names", 5)], false, false),
        ([("services", 12)], false, false),
        ([("decoys", 5)], false, false),
        ([("second", 100)], false, false),
    ] {
        let (whole, has_second, now) = of(&turn);
        assert_eq!(whole == usual, is_same, "{turn:?}");
        assert_eq!(has_second, turn == [("second", 100)], "{turn:?}");
        assert!(!more_steps || now > steps, "{turn:?}");
    }
}

#[test]
fn slow_players_run_out_of_time() {
    for made in incidents(4, |knobs| Knobs { minutes: 100, ..knobs }) {
        let (world, incident, place) = (made.world(), made.incident(), place(&made));
        for task in TaskId::ALL {
            let mut actions = oracle::play(world, task);
            let exact = play(&made, task, &actions);
            assert_eq!(total(&exact), Points::ONE, "{place} {task}");
            let summary = &exact.observation().briefing.summary;
            let minutes = format!("There are {} minutes, until ", oracle::minutes(world, task));
            assert!(summary.contains(&minutes), "{place} {task}: {summary}");
            // This is one query more than there is time for.
            let service = incident.topology.name(incident.alert.at);
            actions.insert(0, Action::with(ActionKind::from("query_logs"), &[("service", service)]));
            let late = play(&made, task, &actions);
            assert!(late.is_done(), "{place} {task}");
            // A repair is graded by what it did, with or without an answer.
            assert!(task == TaskId::RemediationPlanning || total(&late) < Points::ONE, "{place} {task}");
            let feedback = late.observation().feedback.to_string();
            assert!(feedback.starts_with("Out of time without a submission."), "{place} {task}: {feedback}");
        }
    }
}
