//! Names, times and objects in the form that Inspect expects.

use jiff::Timestamp;
use serde_json::Value;

use crate::log::{Contestant, Manifest};

/// The name of the task: the name of the suite, or the last part of the path at which it was found.
pub(super) fn task_name(suite: &str) -> &str {
    let name = suite.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.strip_suffix(".toml").unwrap_or(name);
    if matches!(name, "" | "." | "..") { "suite" } else { name }
}

/// The name of the scorer: the name of the grader, without its version.
pub(super) fn scorer(manifest: &Manifest) -> &str {
    manifest.graders.first().and_then(|grader| grader.split('/').next()).unwrap_or("grade")
}

/// The protocol by which the model is asked; none for built-in agents.
pub(super) fn protocol(contestant: &Contestant) -> Option<&str> {
    contestant.settings.as_ref().map(|settings| settings.protocol.as_str())
}

/// Removes the keys without a value from an object. For a missing key Inspect uses the default, but it does not do so
/// for a null.
pub(super) fn object(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// A time in a form that every version of Python reads, unlike the nanoseconds and the `Z` of our own log.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// The seconds between two times, which are never negative.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
