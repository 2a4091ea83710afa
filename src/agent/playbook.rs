//! What a responder knows of mechanisms in simulated incidents: their signs, and what is done about them. Data, from
//! `playbook.toml`, which knows no incident.

use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mechanism: Vec<Mechanism>,
}

/// A mechanism as the playbook has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// Its name, as answers have it.
    pub id: String,
    /// Words in what is out of the ordinary at the part that fails.
    pub signs: Vec<String>,
    /// What is done, in order: a verb and what it is done to.
    pub steps: Vec<String>,
}

/// All of them. A test has read the embedded file, so the list is never empty.
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
