//! Ids that are unique in the world and the same for the same run: UUIDs of version 8 over what they name.

use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::log::{EpisodeKey, RunId};

/// Makes an id without hyphens, because Inspect splits the names of files at them.
fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Each part is preceded by its length, so that no two lists of parts read the same.
        hash.update(format!("{} {part}\n", part.len()));
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).as_uuid().simple().to_string()
}

/// The id of the run, which all its contestants share.
pub(super) fn run(run: &RunId) -> String {
    id(&["run", &run.0])
}

/// The id of the evaluation, which is one contestant in one run.
pub(super) fn eval(run: &RunId, label: &str) -> String {
    id(&["eval", &run.0, label])
}

/// The id of the task as this contestant plays it in this run.
pub(super) fn task(run: &RunId, label: &str) -> String {
    id(&["task", &run.0, label])
}

/// The id of the sample. It is not the episode's own id, because a run with the same seed has that, too.
pub(super) fn sample(run: &RunId, key: &EpisodeKey) -> String {
    id(&["sample", &run.0, &key.contestant, &key.scenario, &key.epoch.to_string()])
}

/// The id of the n-th thing of a kind in a sample.
pub(super) fn part(sample: &str, kind: &str, n: usize) -> String {
    id(&[kind, sample, &n.to_string()])
}
