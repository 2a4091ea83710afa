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
    assert_eq!(digest(Level::Easy, 10), "1d09257baa398ef5c22ecfc6862f7762247f3ac6f1d7dda7cd4313f46d254f9e");
}

#[test]
fn medium_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Medium, 10), "20b833aaad0cfe421ef3b6a6c710694835c1a0e76f534f71d5d46ace5a504e9c");
}

#[test]
fn hard_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Hard, 6), "c3cb0753eb38c73a4d30ce7e05fd7efa80b8bf9cea6bd2dea0cb480db98b55df");
}

#[test]
fn expert_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Expert, 4), "c83f0af0c2e5151ddcf3167393ca4053623a61fc703e4b1bdc0de6c781ca779a");
}

#[test]
fn the_smoke_suite_is_what_it_was() {
    let digest = suite_digest("smoke");
    assert_eq!(digest, "sha256:b40b567d03045150e0f0df97fdb6f2c06dea1f7fb119f9c329bad71700e6cc52");
}

#[test]
#[ignore = "120 incidents take a minute without optimization"]
fn the_lite_suite_is_what_it_was() {
    let digest = suite_digest("lite");
    assert_eq!(digest, "sha256:b552106a41d966a22f352d5c39e8e11ceb620e0e56b80979192e7b0eb475d201");
}

#[test]
#[ignore = "600 incidents take minutes without optimization"]
fn the_full_suite_is_what_it_was() {
    let digest = suite_digest("full");
    assert_eq!(digest, "sha256:eea614326eeade1aa04b659149d0bc9baf8595c85338af1a0302185e3bad725b");
}
