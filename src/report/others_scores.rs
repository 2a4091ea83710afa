//! Published scores for comparison.

use std::sync::LazyLock;

use serde::Deserialize;

/// A score that somebody else has published.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The name of the model.
    pub model: String,
    /// The score of `alert_classification`.
    pub easy: f64,
    /// The score of `root_cause_analysis`.
    pub medium: f64,
    /// The score of `remediation_planning`.
    pub hard: f64,
    /// The mean of the three scores.
    pub overall: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Published>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static PUBLISHED: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("others_scores.toml")).expect("others_scores.toml is embedded and valid")
});

/// Returns the published rows that can be compared with a suite, which are about the scenarios that people wrote.
#[must_use]
pub fn rows(suite: &str) -> Vec<Published> {
    if suite.starts_with("generated:") {
        return Vec::new();
    }
    PUBLISHED.row.clone()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_is_read() {
        assert!(super::rows("generated:easy").is_empty());
        let rows = super::rows("classic");
        assert_eq!(rows.len(), 2);
        assert!((rows[1].overall - 0.93).abs() < 1e-9);
    }
}
