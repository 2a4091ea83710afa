//! The laws of generated worlds hold whatever agents do: after every change that one makes, and at the end, no two readings
//! of the system contradict each other.

use incident_bench::agent::builtin::{Random, Scripted};
use incident_bench::agent::greedy::Greedy;
use incident_bench::agent::heuristic::Heuristic;
use incident_bench::agent::{Policy, Turn};
use incident_env::{ActionKind, TaskId};
use incident_generate::{GeneratedIncident, Generator, Level};

/// Plays an incident, and checks the laws after every action that is no look.
fn play(incident: &GeneratedIncident, task: TaskId, agent: &str, policy: &mut dyn Policy) {
    let mut episode = incident.episode(task);
    let place = || format!("{} {} {task} {agent}", incident.incident().level, incident.incident().number);
    while !episode.is_done() {
        let Turn::Act(decision) = policy.turn(episode.observation()) else { panic!("a built-in agent asked a model") };
        let is_look = matches!(decision.action.kind(), ActionKind::Diagnostic(_));
        episode.step(&decision.action);
        if !is_look || episode.is_done() {
            assert_eq!(episode.contradiction(), None, "{}", place());
        }
    }
}

/// Plays so many incidents of each level with four agents.
fn played(seed: u64, count: u64) {
    let generator = Generator::embedded().unwrap();
    for level in Level::ALL {
        for number in 0..count {
            let incident = generator.incident(level, seed, number).unwrap();
            let task = incident.task();
            play(&incident, task, "random", &mut Random::new(number));
            play(&incident, task, "heuristic", &mut Heuristic::default());
            play(&incident, task, "greedy", &mut Greedy::default());
            play(&incident, task, "oracle", &mut Scripted::new(incident.scenario(task).oracle()));
        }
    }
}

#[test]
fn no_two_readings_contradict_each_other() {
    played(3, 2);
}

/// `cargo test --release --test it -- laws --include-ignored` takes some minutes.
#[test]
#[ignore = "takes minutes"]
fn no_two_readings_contradict_each_other_in_five_hundred_episodes_a_level() {
    played(4, 125);
}
