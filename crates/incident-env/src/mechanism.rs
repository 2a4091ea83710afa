//! The closed list of failure mechanisms that an answer can name, read from `graders/mechanisms.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// A way in which a system fails, such as `unbounded_query_oom`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// The id that answers use.
    pub id: String,
    /// The group of the mechanism. Mechanisms of one group are easily confused; naming another one of the right group
    /// is a near miss.
    pub group: String,
    /// Groups of terms. A sentence asserts the mechanism if it contains one term of each group.
    pub(crate) says: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MechanismsFile {
    mechanism: Vec<Mechanism>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static MECHANISMS: LazyLock<Vec<Mechanism>> = LazyLock::new(|| {
    let text = include_str!("../graders/mechanisms.toml");
    let file: MechanismsFile = toml::from_str(text).expect("graders/mechanisms.toml is embedded and valid");
    file.mechanism
});

/// Returns all mechanisms of the closed list.
#[must_use]
pub fn mechanisms() -> &'static [Mechanism] {
    &MECHANISMS
}
