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
    assert_eq!(digest(Level::Easy, 10), "6d21669cc4e920da2244770a858e196f4487709a48b06c77ff22f71db04e8b39");
}

#[test]
fn medium_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Medium, 10), "4ef6ae37acc5a25c5f895306e1ab2de70fdf151a7a8484b9e9b0f456caf8c336");
}

#[test]
fn hard_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Hard, 6), "7309d13cb09a7981906d72a12f7a7772b0c6d98802c2ca690344bcdf275053b2");
}

#[test]
fn expert_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Expert, 4), "6ae500f8ba3668e5296a2d59f57effa1edcfc689fb38f6a48af34b84c74b83a6");
}

#[test]
fn the_smoke_suite_is_what_it_was() {
    let digest = suite_digest("smoke");
    assert_eq!(digest, "sha256:19d521022f67b34113e2002374141fa92a725c0f2401eb27ae26906180713574");
}

#[test]
#[ignore = "120 incidents take a minute without optimization"]
fn the_lite_suite_is_what_it_was() {
    let digest = suite_digest("lite");
    assert_eq!(digest, "sha256:00e9a4b4a72767250062b626b613dc052b39ec0b5b2f8c1f1c165f0e30b447d6");
}

#[test]
#[ignore = "600 incidents take minutes without optimization"]
fn the_full_suite_is_what_it_was() {
    let digest = suite_digest("full");
    assert_eq!(digest, "sha256:00ef6c0dd565e64beaae4501aed0d057ec81f8a5f068eecedf8c05cbdf18172d");
}
