//! What agents are told of an incident, and what the tools of changes print.

use serde_json::{Value, json};

use super::Level;
use super::testing::{action, generator, incidents};
use incident_env::{Episode, TaskId};

/// The greatest size of a first observation, in bytes.
const FIRST: usize = 23_000;

fn seen(episode: &Episode) -> Value {
    serde_json::to_value(episode.observation()).unwrap()
}

#[test]
fn the_first_observation_defines_the_words_and_later_ones_do_not() {
    let made = incidents(Level::Hard, 3, 1).next().unwrap();
    for task in TaskId::ALL {
        let mut episode = made.episode(task);
        let first = seen(&episode);
        let schema = &first["action_schema"];
        let length = |list: &str| schema[list].as_object().map_or(0, serde_json::Map::len);
        let (mechanisms, verbs) = match task {
            TaskId::AlertClassification => (0, 0),
            TaskId::RootCauseAnalysis => (generator().library().families.len() + 1, 0),
            TaskId::RemediationPlanning => {
                (generator().library().families.len() + 1, generator().library().vocabulary.verbs.len())
            }
        };
        assert_eq!((length("mechanisms"), length("verbs")), (mechanisms, verbs), "{task}");
        assert!(length("rules") >= 3 && length("submission") == 1, "{task}");
        // Every mechanism that an answer can name is defined.
        for name in first["mechanisms"].as_array().unwrap().iter().filter(|_| mechanisms > 0) {
            assert!(schema["mechanisms"][name.as_str().unwrap()].is_string(), "{task}: {name}");
        }
        let bytes = first.to_string().len();
        assert!(bytes < FIRST, "{task}: {bytes} bytes");
        let part = first["known_services"][0].clone();
        episode.step(&action("check_metrics", &json!({ "service": part })));
        let second = seen(&episode);
        assert!(second.get("action_schema").is_none(), "{task}");
        println!("{task}: first {bytes} bytes, second {}", second.to_string().len());
    }
}

#[test]
fn a_change_says_what_it_did_and_one_without_effect_that_there_was_nothing_to_do() {
    let made = incidents(Level::Easy, 3, 1).next().unwrap();
    let mut episode = made.episode(TaskId::RemediationPlanning);
    // The gateway is never throttled by a fault.
    let gateway = made.incident().topology.name(made.incident().topology.gateway).to_owned();
    let mut perform = |verb: &str| {
        let parameters = json!({ "runbook_action": verb, "target": gateway });
        episode.step(&action("execute_runbook_step", &parameters));
        let shown = seen(&episode)["queried_data"]["execute_runbook_step"][format!("{verb} {gateway}")].clone();
        shown.as_str().unwrap().to_owned()
    };
    let vain = perform("unthrottle");
    assert!(vain.contains("nothing to do: no limit is set on") && vain.ends_with("took 1 min"), "{vain}");
    let set = perform("throttle");
    assert!(set.contains(&format!("limit of admission set on {gateway}")), "{set}");
    let lifted = perform("unthrottle");
    assert!(lifted.contains("limit of admission lifted from"), "{lifted}");
    let again = perform("unthrottle");
    assert!(again.contains("nothing to do"), "{again}");
}

#[test]
fn no_step_of_a_repair_is_said_to_have_done_nothing() {
    for made in incidents(Level::Medium, 3, 12) {
        let scenario = made.scenario(TaskId::RemediationPlanning);
        let mut episode = made.episode(TaskId::RemediationPlanning);
        for step in scenario.oracle() {
            episode.step(&step);
        }
        for (kind, by_target) in seen(&episode)["queried_data"].as_object().unwrap() {
            for text in by_target.as_object().unwrap().values().filter_map(Value::as_str) {
                let is_look = kind.starts_with("check_") || kind == "query_logs";
                let is_change = !is_look && !text.contains(" observe: ");
                assert!(!is_change || text.contains("; took ") && !text.contains("nothing to do"), "{kind}: {text}");
            }
        }
    }
}
