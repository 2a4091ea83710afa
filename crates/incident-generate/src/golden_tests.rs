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
    assert_eq!(digest(Level::Easy, 10), "c441aa665db643955d2c267508317d634f1cbba992dd8916e311a637c0ec7782");
}

#[test]
fn medium_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Medium, 10), "d81ebad9001e6c623f5fb1f26c29c3d3e2574a5fe2f0325377308690afefaeca");
}

#[test]
fn hard_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Hard, 6), "ff3105ed8b5f5a61156a9a8eb32c12e08ceca2bdd58df8e79f861c525d320afb");
}

#[test]
fn expert_incidents_are_what_they_were() {
    assert_eq!(digest(Level::Expert, 4), "df3f053b720bbebb60242756c56a0671dbbf757cc07bbe343b1f1dfdf9a78aa2");
}

#[test]
fn the_smoke_suite_is_what_it_was() {
    let digest = suite_digest("smoke");
    assert_eq!(digest, "sha256:2c87ebe2412121f09d0ee864073c686976ea5a8e7f560574f35c88a8f8334720");
}

#[test]
#[ignore = "120 incidents take a minute without optimization"]
fn the_lite_suite_is_what_it_was() {
    let digest = suite_digest("lite");
    assert_eq!(digest, "sha256:5038bf7c3999902b48a7743f3dcd2be73e66f312282b4612d3ce45bb59d15828");
}

#[test]
#[ignore = "600 incidents take minutes without optimization"]
fn the_full_suite_is_what_it_was() {
    let digest = suite_digest("full");
    assert_eq!(digest, "sha256:90d4586286c846438a2b9ca7e4dcaac422c8bcbbf09af1d02899495ecf8f6658");
}
