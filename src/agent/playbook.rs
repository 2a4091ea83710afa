//! The playbook: what a responder knows of mechanisms in simulated incidents, namely their signs and the steps against
//! them. It is data from `playbook.toml`, which contains no incident.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mechanism: Vec<Mechanism>,
}

/// A mechanism as the playbook describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// The name of the mechanism, as answers use it.
    pub id: String,
    /// The words that are conspicuous at the part that fails.
    pub signs: Vec<String>,
    /// The steps to take, in order: each a verb and its target.
    pub steps: Vec<String>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static PLAYBOOK: LazyLock<File> =
    LazyLock::new(|| toml::from_str(include_str!("playbook.toml")).expect("playbook.toml is embedded and valid"));

/// Returns all mechanisms that the responder knows.
#[must_use]
pub fn mechanisms() -> &'static [Mechanism] {
    &PLAYBOOK.mechanism
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playbook_can_be_read() {
        let known: std::collections::BTreeSet<_> = mechanisms().iter().map(|one| one.id.as_str()).collect();
        let all = incident_env::mechanisms().iter().map(|one| one.id.as_str()).collect();
        assert_eq!(known, all);
        for known in mechanisms() {
            assert!(!known.signs.is_empty(), "{}", known.id);
            assert!(known.steps.iter().all(|step| step.contains(' ')), "{}", known.id);
        }
    }
}
