//! Digests of generated incidents and suites, pinned. Another digest is another suite under the same name.
//!
//! A change that is meant to alter incidents must also raise the version of the generator.

use sha2::{Digest, Sha256};

use super::generator::GeneratedIncident;
use super::suite::Suite;
use super::telemetry::query::read;
use super::testing::{generator, incidents};
use super::{Level, canonical_bytes, scenario};
use incident_env::{Diagnostic, hex};

/// The digest of the first incidents of a level: system, truth, task, briefing, budget, the oracle's play, and every
/// record that can be read at the alert.
fn digest(level: Level, count: u64) -> String {
    let mut hash = Sha256::new();
    incidents(level, 17, count).for_each(|incident| update(&mut hash, &incident));
    hex(&hash.finalize())
}

fn update(hash: &mut Sha256, incident: &GeneratedIncident) {
    let world = incident.world();
    hash.update(canonical_bytes(world));
    let state = world.start();
    for at in world.incident.topology.ids() {
        for tool in Diagnostic::ALL {
            hash.update(read(world, &state, at, tool).text);
            hash.update([0]);
        }
    }
    let task = incident.task();
    let scenario = std::sync::Arc::new(scenario(world.clone(), task, generator().tasks()));
    let briefing = scenario.briefing();
    hash.update(format!("{task} {} {}\n{:?}\n", briefing.task.max_steps, briefing.summary, briefing.alert));
    for action in scenario.oracle() {
        let parameters = serde_json::to_string(action.parameters()).unwrap();
        hash.update(format!("{} {parameters}\n", action.kind().as_str()));
    }
}

fn suite_digest(suite: &str) -> String {
    let suite: Suite = suite.parse().unwrap();
    suite.catalog(generator().library(), generator().tasks()).unwrap().digest().to_owned()
}

#[test]
fn easy_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Easy, 10), "4ed21d81c8ead7b52669e175485c9315ef5206cba2b6bd4bbd4bc01d0d43c917");
}

#[test]
fn medium_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Medium, 10), "39de1dd0fbe687747279d2206c73f6457d5bc8ad3e62e8d56fb9a63cd93abe7d");
}

#[test]
fn hard_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Hard, 6), "65d8ede0866760509f731ba985e9fa91b5055cced6d4ffaf6436e3d4b1fd2b36");
}

#[test]
fn expert_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Expert, 4), "1b512266c0a47fcba50aecb532e470cbb167a9585f236b9d89771c0b9fe3bd53");
}

#[test]
fn the_smoke_suite_is_what_it_was() {
    let digest = suite_digest("smoke");
    assert_eq!(digest, "sha256:6bb1467c3e6f16ba8dcc6c5a615599cde128188b289023049b025e8309ca763e");
}

#[test]
#[ignore = "120 incidents take a minute without optimization"]
fn the_lite_suite_is_what_it_was() {
    let digest = suite_digest("lite");
    assert_eq!(digest, "sha256:450f2ce6a25435acaca2272a2c914f8b04a307436609f160574cab3c1f84fb15");
}

#[test]
#[ignore = "600 incidents take minutes without optimization"]
fn the_full_suite_is_what_it_was() {
    let digest = suite_digest("full");
    assert_eq!(digest, "sha256:478792829286b72902817548cee25e5779e9ded6a53a5f7a4648e88109015cbc");
}
