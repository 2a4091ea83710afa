//! Digests of generated incidents and suites, pinned: another digest is another suite under the same name.
//!
//! A change that is meant to alter incidents must also raise the version of the generator.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::generate::suite::{Suite, scenario, task_of};
use crate::generate::telemetry::reader::View;
use super::{Incident, Level, Library, World};
use crate::env::{Catalog, Diagnostic, hex, verify};

/// The digest of the first incidents of a level: system, truth, task, briefing, budget, the oracle's play, and every
/// record that can be read at the alert.
fn digest(level: Level, count: u64) -> String {
    let library = Arc::new(Library::embedded().unwrap());
    let rules = Catalog::embedded().unwrap();
    let mut hash = Sha256::new();
    for number in 0..count {
        let world = World::new(Incident::new(&library, level, 17, number).unwrap(), Arc::clone(&library));
        hash.update(crate::generate::json::canonical(&world));
        let state = world.start();
        for at in (0..).take(world.incident.topology.entities.len()) {
            for tool in Diagnostic::ALL {
                hash.update(View::new(&world, &state, at).sheet(*tool).text);
                hash.update([0]);
            }
        }
        let task = task_of(&world.incident);
        let scenario = Arc::new(scenario(world, task, rules.tasks(), "golden"));
        let briefing = scenario.briefing();
        hash.update(format!("{task} {} {}\n{:?}\n", briefing.task.max_steps, briefing.summary, briefing.alert));
        for action in verify::oracle(&scenario) {
            let parameters = serde_json::to_string(action.parameters()).unwrap();
            hash.update(format!("{} {parameters}\n", action.kind().as_str()));
        }
    }
    hex(&hash.finalize())
}

fn suite_digest(suite: &str) -> String {
    let library = Arc::new(Library::embedded().unwrap());
    let suite: Suite = suite.parse().unwrap();
    let rules = Catalog::embedded().unwrap();
    suite.catalog(&library, rules.tasks()).unwrap().digest().to_owned()
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
