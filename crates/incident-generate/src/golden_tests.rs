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
    assert_eq!(digest(Level::Easy, 10), "1d0cefc4098f4d056ddee8dd14e4c87a322ef99bcb7433d6e0257eaa6fb504c3");
}

#[test]
fn medium_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Medium, 10), "afd98b12a0394bb184b42fbb918ca9a25cfcbf12599d9f43e70258ea04657124");
}

#[test]
fn hard_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Hard, 6), "7309d13cb09a7981906d72a12f7a7772b0c6d98802c2ca690344bcdf275053b2");
}

#[test]
fn expert_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Expert, 4), "97e950f5755c1ba45dca55946d6d74d6f712e959256879c407516b4f4ddc7fbf");
}

#[test]
fn the_smoke_suite_is_what_it_was() {
    let digest = suite_digest("smoke");
    assert_eq!(digest, "sha256:f344b62c44ec4f11406dd8b403c6f98380d02a414752b19ed50a049c32c24e71");
}

#[test]
#[ignore = "120 incidents take a minute without optimization"]
fn the_lite_suite_is_what_it_was() {
    let digest = suite_digest("lite");
    assert_eq!(digest, "sha256:3a085094cefcfd267cf2287dacd1b44f070c31e815cc5f9a23fa9c9d77f105f2");
}

#[test]
#[ignore = "600 incidents take minutes without optimization"]
fn the_full_suite_is_what_it_was() {
    let digest = suite_digest("full");
    assert_eq!(digest, "sha256:8c2819f21d7521d2590d115038a8bfc5205f849dc9ba1d6cbf0391e3227efeb4");
}
