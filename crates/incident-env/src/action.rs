//! Actions: the moves that an agent sends.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::severity::Severity;

crate::named_enum! {
    /// An action that reads something about a service and changes nothing. Its target is a service.
    pub enum Diagnostic ("diagnostic", "diagnostics") {
        /// The service's recent log lines.
        QueryLogs = "query_logs",
        /// The service's metrics with their baselines.
        CheckMetrics = "check_metrics",
        /// The calls that the service makes to others, with their outcome.
        CheckDependencies = "check_dependencies",
        /// The changes made to the service, newest first.
        CheckRecentDeploys = "check_recent_deploys",
        /// The service's replicas, restarts, probes and resources.
        CheckServiceStatus = "check_service_status",
    }
}

crate::named_enum! {
    /// An action that may change the world.
    pub enum Remediation ("remediation", "remediations") {
        /// Restarts a service.
        RestartService = "restart_service",
        /// Reverts a service's last change.
        RollbackDeploy = "rollback_deploy",
        /// Gives a service more replicas.
        ScaleService = "scale_service",
        /// Turns a feature flag off.
        DisableFeatureFlag = "disable_feature_flag",
        /// Empties a service's cache.
        ClearCache = "clear_cache",
        /// Runs a step of a runbook.
        ExecuteRunbookStep = "execute_runbook_step",
    }
}

impl Remediation {
    /// Returns the parameters that can name the target, in order of precedence.
    #[must_use]
    pub const fn target_parameters(self) -> &'static [&'static str] {
        match self {
            Self::DisableFeatureFlag => &["flag"],
            Self::ExecuteRunbookStep => &["runbook_action", "target"],
            _ => &["service"],
        }
    }
}

crate::named_enum! {
    /// An action that answers a task.
    pub enum Submission ("submission", "submissions") {
        /// Answers `alert_classification`.
        Severity = "submit_severity",
        /// Answers `root_cause_analysis`.
        RootCause = "submit_root_cause",
        /// Answers `remediation_planning`.
        Resolution = "submit_resolution",
    }
}

/// A kind of action. An unknown kind is a legal, penalised move and not an error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// An action that reads something and changes nothing.
    Diagnostic(Diagnostic),
    /// An action that may change the world.
    Remediation(Remediation),
    /// An action that answers the task and ends the episode.
    Submission(Submission),
    /// A name that no kind of action has.
    Other(Arc<str>),
}

impl ActionKind {
    /// Returns the 14 kinds that exist, in the order of declaration.
    pub fn all() -> impl Iterator<Item = Self> {
        let diagnostics = Diagnostic::ALL.into_iter().map(Self::Diagnostic);
        let remediations = Remediation::ALL.into_iter().map(Self::Remediation);
        let submissions = Submission::ALL.into_iter().map(Self::Submission);
        diagnostics.chain(remediations).chain(submissions)
    }

    /// Returns the name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Diagnostic(kind) => kind.as_str(),
            Self::Remediation(kind) => kind.as_str(),
            Self::Submission(kind) => kind.as_str(),
            Self::Other(name) => name,
        }
    }

    /// Returns whether the kind is one of the three submissions.
    #[must_use]
    pub const fn is_submission(&self) -> bool {
        matches!(self, Self::Submission(_))
    }
}

impl From<&str> for ActionKind {
    /// Finds the kind of an exact name: `Query_Logs` is unknown.
    fn from(name: &str) -> Self {
        Diagnostic::from_name(name)
            .map(Self::Diagnostic)
            .or_else(|| Remediation::from_name(name).map(Self::Remediation))
            .or_else(|| Submission::from_name(name).map(Self::Submission))
            .unwrap_or_else(|| Self::Other(name.into()))
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ActionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ActionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'_, str>::deserialize(deserializer).map(|name| Self::from(&*name))
    }
}

/// The parameters whose JSON type is fixed to string. The only other fixed type is that of `replicas`, an integer.
const TEXT_PARAMETERS: [&str; 8] =
    ["service", "severity", "failure_mode", "summary", "flag", "runbook_action", "target_version", "target"];
const REASONING: &str = "reasoning";
const REPLICAS: &str = "replicas";

/// The reason for which a JSON value is not an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ActionError {
    /// The place of the mistake: `action`, `action_type`, `parameters` or `parameters.KEY`.
    pub place: String,
    /// The problem at that place, with what would be right.
    pub problem: String,
}

impl ActionError {
    fn new(place: impl Into<String>, expected: &str, found: &Value) -> Self {
        Self { place: place.into(), problem: format!("expected {expected}, found {}", type_name(found)) }
    }
}

/// Returns what kind of JSON value this is, in words.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One move of an agent. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Action(Arc<Body>);

#[derive(Debug)]
struct Body {
    kind: ActionKind,
    parameters: Map<String, Value>,
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.parameters, &other.parameters);
        // An agent that sends an action twice mostly writes its keys in the same order: then no key has to be looked
        // up.
        let same = || if mine.keys().eq(theirs.keys()) { mine.values().eq(theirs.values()) } else { mine == theirs };
        self.kind == other.kind && mine.len() == theirs.len() && same()
    }
}

impl Action {
    /// Makes an action. Optional parameters that are null are left out.
    ///
    /// # Errors
    /// Returns an error that names the first parameter of the wrong JSON type.
    pub fn new(kind: ActionKind, mut parameters: Map<String, Value>) -> Result<Self, ActionError> {
        // An optional parameter that is null counts as left out.
        parameters.retain(|key, value| !(value.is_null() && is_known(key)));
        for (key, value) in &parameters {
            if key == REPLICAS {
                let whole = value.as_f64().is_some_and(|n| n.fract() == 0.0) && value.is_number();
                if !whole {
                    return Err(ActionError::new(format!("parameters.{key}"), "an integer", value));
                }
            } else if is_known(key) && !value.is_string() {
                return Err(ActionError::new(format!("parameters.{key}"), "a string", value));
            }
        }
        Ok(Self(Arc::new(Body { kind, parameters })))
    }

    /// Makes a diagnostic of a service.
    #[must_use]
    pub fn diagnostic(kind: Diagnostic, service: &str) -> Self {
        Self::with(ActionKind::Diagnostic(kind), &[("service", service)])
    }

    /// Makes a remediation of a service, flag or runbook step, which is named by the first parameter that the kind
    /// takes.
    #[must_use]
    pub fn remediation(kind: Remediation, target: &str) -> Self {
        Self::with(ActionKind::Remediation(kind), &[(kind.target_parameters()[0], target)])
    }

    /// Makes a submission of a severity.
    #[must_use]
    pub fn submit_severity(severity: Severity) -> Self {
        Self::with(ActionKind::Submission(Submission::Severity), &[("severity", severity.as_str())])
    }

    /// Makes a submission of a root cause in free text.
    #[must_use]
    pub fn submit_root_cause(service: &str, failure_mode: &str) -> Self {
        let texts = [("service", service), ("failure_mode", failure_mode)];
        Self::with(ActionKind::Submission(Submission::RootCause), &texts)
    }

    /// Makes a submission that summarises a repair.
    #[must_use]
    pub fn submit_resolution(summary: &str) -> Self {
        Self::with(ActionKind::Submission(Submission::Resolution), &[("summary", summary)])
    }

    /// Makes an action whose only parameters are these texts.
    #[must_use]
    pub fn with(kind: ActionKind, texts: &[(&str, &str)]) -> Self {
        let parameters = texts.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        Self(Arc::new(Body { kind, parameters }))
    }

    /// Reads an action from its wire form `{"action_type": …, "parameters": {…}}`, of which the parameters may be left
    /// out. An unknown `action_type` is not an error.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, `action_type` is not a string, `parameters` is not an object, or
    /// a known parameter has the wrong type.
    pub fn from_value(value: Value) -> Result<Self, ActionError> {
        let mut object = match value {
            Value::Object(object) => object,
            other => return Err(ActionError::new("action", "an object with action_type and parameters", &other)),
        };
        Self::from_parts(object.remove("action_type"), object.remove("parameters"))
    }

    /// Reads an action from the values of its two keys, for messages that have other keys as well.
    ///
    /// # Errors
    /// Returns an error as [`Self::from_value`] does.
    pub fn from_parts(action_type: Option<Value>, parameters: Option<Value>) -> Result<Self, ActionError> {
        let kind = match action_type {
            Some(Value::String(name)) => ActionKind::from(name.as_str()),
            Some(other) => return Err(ActionError::new("action_type", "a string", &other)),
            None => {
                return Err(ActionError { place: "action_type".into(), problem: "missing; expected a string".into() });
            }
        };
        let parameters = match parameters {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters,
            Some(other) => return Err(ActionError::new("parameters", "an object", &other)),
        };
        Self::new(kind, parameters)
    }

    /// Returns the kind of the action.
    #[must_use]
    pub fn kind(&self) -> &ActionKind {
        &self.0.kind
    }

    /// Returns the parameters as they were sent.
    #[must_use]
    pub fn parameters(&self) -> &Map<String, Value> {
        &self.0.parameters
    }

    /// Returns a text parameter, trimmed, or `None` if it is missing or blank.
    #[must_use]
    pub fn text(&self, parameter: &str) -> Option<&str> {
        self.0.parameters.get(parameter).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Returns a parameter that lists texts, either as an array of them or as a text with commas, or `None` if it is
    /// missing or has another form.
    #[must_use]
    pub fn texts(&self, parameter: &str) -> Option<Vec<&str>> {
        match self.0.parameters.get(parameter)? {
            Value::Array(items) => items.iter().map(|item| item.as_str().map(str::trim)).collect(),
            Value::String(text) => {
                Some(text.trim_matches(['[', ']']).split(',').map(str::trim).filter(|text| !text.is_empty()).collect())
            }
            _ => None,
        }
    }

    /// Returns the target of the action (a service, flag or runbook step), or `None` for submissions and unknown
    /// actions.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self.kind() {
            ActionKind::Diagnostic(_) => self.text("service"),
            ActionKind::Remediation(kind) => kind.target_parameters().iter().find_map(|name| self.text(name)),
            ActionKind::Submission(_) | ActionKind::Other(_) => None,
        }
    }
}

fn is_known(key: &str) -> bool {
    TEXT_PARAMETERS.contains(&key) || key == REASONING || key == REPLICAS
}

impl PartialEq for Action {
    /// Compares kind and parameters; the order of keys does not matter.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl fmt::Display for Action {
    /// Writes the action as `query_logs(service=postgres-db)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.kind())?;
        for (index, (key, value)) in self.parameters().iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match value {
                Value::String(text) => write!(f, "{comma}{key}={text}")?,
                other => write!(f, "{comma}{key}={other}")?,
            }
        }
        f.write_str(")")
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut action = serializer.serialize_struct("Action", 2)?;
        action.serialize_field("action_type", self.kind())?;
        action.serialize_field("parameters", self.parameters())?;
        action.end()
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes_that_are_refused_and_where() {
        for (value, message) in [
            (json!([]), "action: expected an object with action_type and parameters, found an array"),
            (json!({}), "action_type: missing; expected a string"),
            (json!({"action_type": 3}), "action_type: expected a string, found a number"),
            (json!({"action_type": "x", "parameters": []}), "parameters: expected an object, found an array"),
            (
                json!({"action_type": "x", "parameters": {"service": 1}}),
                "parameters.service: expected a string, found a number",
            ),
            (
                json!({"action_type": "x", "parameters": {"reasoning": {}}}),
                "parameters.reasoning: expected a string, found an object",
            ),
            (
                json!({"action_type": "x", "parameters": {"replicas": "3"}}),
                "parameters.replicas: expected an integer, found a string",
            ),
            (
                json!({"action_type": "x", "parameters": {"replicas": 2.5}}),
                "parameters.replicas: expected an integer, found a number",
            ),
        ] {
            assert_eq!(Action::from_value(value).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn missing_parameters_and_unknown_kinds_are_legal() {
        let parse = |value| Action::from_value(value).unwrap();
        assert_eq!(parse(json!({"action_type": "nap"})).kind(), &ActionKind::Other("nap".into()));
        assert_eq!(parse(json!({"action_type": "x", "parameters": null})), parse(json!({"action_type": "x"})));
        assert_eq!(
            parse(json!({"action_type": "x", "parameters": {"flag": null, "replicas": 3}})),
            parse(json!({"action_type": "x", "parameters": {"replicas": 3}, "more": 1})),
        );
        let extra = parse(json!({"action_type": "query_logs", "parameters": {"service": " a ", "depth": [1]}}));
        assert_eq!(extra.target(), Some("a"));
        assert_eq!(extra.parameters()["depth"], json!([1]));
        assert_eq!(parse(json!({"action_type": "query_logs", "parameters": {"service": "  "}})).target(), None);
    }

    #[test]
    fn a_runbook_may_be_named_by_target() {
        let kind = ActionKind::Remediation(Remediation::ExecuteRunbookStep);
        assert_eq!(Action::with(kind.clone(), &[("target", "b")]).target(), Some("b"));
        assert_eq!(Action::with(kind.clone(), &[("target", "b"), ("runbook_action", "a")]).target(), Some("a"));
        assert_eq!(Action::with(kind, &[("target", "b"), ("runbook_action", " ")]).target(), Some("b"));
    }

    #[test]
    fn there_are_fourteen_kinds() {
        assert_eq!(ActionKind::all().count(), 14);
        for kind in ActionKind::all() {
            assert_eq!(ActionKind::from(kind.as_str()), kind);
        }
    }
}
