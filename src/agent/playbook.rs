//! The playbook: what a responder knows of mechanisms in simulated incidents, namely their signs and the steps against
//! them. It is data from `playbook.toml`, which contains no incident.

use std::sync::OnceLock;

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

/// All mechanisms. A test has read the embedded file, so the list is never empty.
#[must_use]
pub fn mechanisms() -> &'static [Mechanism] {
    static PLAYBOOK: OnceLock<File> = OnceLock::new();
    let read = || toml::from_str(include_str!("playbook.toml")).unwrap_or(File { mechanism: Vec::new() });
    &PLAYBOOK.get_or_init(read).mechanism
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playbook_can_be_read() {
        assert_eq!(mechanisms().len(), 22);
        for known in mechanisms() {
            assert!(!known.signs.is_empty(), "{}", known.id);
            assert!(known.steps.iter().all(|step| step.contains(' ')), "{}", known.id);
        }
    }
}
