//! Ids that are unique in the world and the same for the same run: UUIDs of version 8 over what they name.

use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::log::{EpisodeKey, RunId};

/// Without hyphens: Inspect splits the names of files at them.
fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts read the same.
        hash.update(format!("{} {part}\n", part.len()));
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).as_uuid().simple().to_string()
}

/// The run, which all its contestants share.
pub(super) fn run(run: &RunId) -> String {
    id(&["run", &run.0])
}

/// The evaluation: one contestant in one run.
pub(super) fn eval(run: &RunId, label: &str) -> String {
    id(&["eval", &run.0, label])
}

/// The task as this contestant plays it in this run.
pub(super) fn task(run: &RunId, label: &str) -> String {
    id(&["task", &run.0, label])
}

/// The sample. Not the episode's own id, which a run with the same seed has too.
pub(super) fn sample(run: &RunId, key: &EpisodeKey) -> String {
    id(&["sample", &run.0, &key.model, &key.scenario, &key.epoch.to_string()])
}

/// The n-th thing of a kind in a sample.
pub(super) fn part(sample: &str, kind: &str, n: usize) -> String {
    id(&[kind, sample, &n.to_string()])
}
