//! The descriptions of the actions in a set of prompts.

use serde::{Deserialize, Serialize};

use incident_env::{ActionKind, Submission};

/// The lists from which a parameter can be chosen.
const LISTS: [&str; 7] =
    ["known_services", "available_runbooks", "feature_flags", "severities", "mechanisms", "dimensions", "levels"];

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionDoc {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) parameters: Vec<ParameterDoc>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterDoc {
    pub(super) name: String,
    /// The list of the observation from which the parameter is chosen; none for free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<String>,
    /// Whether the action can do without the parameter.
    #[serde(default)]
    pub(super) optional: bool,
}

/// Checks that a set describes every action, with the parameters that carry its target or its answer.
pub(super) fn check(actions: &[ActionDoc]) -> Result<(), String> {
    for kind in ActionKind::all() {
        let mut described = actions.iter().filter(|doc| doc.name == kind.as_str());
        let doc = described.next().ok_or_else(|| format!("no [[action]] describes {kind}"))?;
        if described.next().is_some() {
            return Err(format!("two [[action]] describe {kind}"));
        }
        for needed in needed_parameters(&kind) {
            // In simulated worlds an answer names a mechanism and a status, and uses no words.
            let other = match *needed {
                "failure_mode" => "mechanism",
                "summary" => "status",
                needed => needed,
            };
            if !doc.parameters.iter().any(|parameter| [*needed, other].contains(&parameter.name.as_str())) {
                return Err(format!("{kind} needs the parameter '{needed}'"));
            }
        }
        let unknown = doc.parameters.iter().filter_map(|parameter| parameter.of.as_deref());
        if let Some(of) = unknown.into_iter().find(|of| !LISTS.contains(of)) {
            return Err(format!("{kind}: there is no list '{of}'; lists: {}", LISTS.join(", ")));
        }
    }
    match actions.iter().find(|doc| matches!(ActionKind::from(doc.name.as_str()), ActionKind::Other(_))) {
        Some(doc) => Err(format!("there is no action '{}'", doc.name)),
        None => Ok(()),
    }
}

fn needed_parameters(kind: &ActionKind) -> &'static [&'static str] {
    match kind {
        ActionKind::Remediation(kind) => &kind.target_parameters()[..1],
        ActionKind::Submission(Submission::Severity) => &["severity"],
        ActionKind::Submission(Submission::RootCause) => &["service", "failure_mode"],
        ActionKind::Submission(Submission::Resolution) => &["summary"],
        ActionKind::Diagnostic(_) | ActionKind::Other(_) => &["service"],
    }
}
