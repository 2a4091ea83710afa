//! The names of actions as models write them.

use incident_env::{ActionKind, LookParameter, Submission};

/// Whether an action of this name exists.
pub(super) fn is_known(name: &str) -> bool {
    is_exact(plain(name)) || called(name).is_some()
}

fn is_exact(name: &str) -> bool {
    !matches!(ActionKind::from(name), ActionKind::Other(_))
}

/// The name without what templates of models put around it: namespaces (`functions.x`, `mcp__server__x`), numbers
/// (`functions.x:0`), and marks of channels (`x<|channel|>commentary`). A name that does not exist keeps its namespace.
pub(super) fn plain(name: &str) -> &str {
    let name = name.trim().trim_matches(['"', '\'', '`']);
    let name = name.split("<|").map(str::trim).find(|part| !part.is_empty()).unwrap_or(name);
    if is_exact(name) {
        return name;
    }
    let without_number = match name.rsplit_once(':') {
        Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    let last = without_number.rsplit(['.', '/', ':', '=']).next().unwrap_or(without_number);
    let last = last.rsplit("__").next().unwrap_or(last);
    if is_exact(last) { last } else { name }
}

/// Reads an action that is written as a call in place of its name: `query_logs(web)`, `query_logs(service=web)`.
pub(super) fn called(name: &str) -> Option<(ActionKind, Vec<(String, String)>)> {
    let (name, rest) = name.trim().split_once('(')?;
    let kind = ActionKind::from(plain(name));
    let first = first_parameter(&kind)?;
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let argument = |text: &str| match text.split_once('=') {
        Some((key, value)) => (bare(key), bare(value)),
        None => (first.to_owned(), bare(text)),
    };
    let arguments = rest.strip_suffix(')')?.split(',').filter(|text| !text.trim().is_empty()).map(argument).collect();
    Some((kind, arguments))
}

/// The parameter that a single unnamed argument is; none if the action has several.
pub(super) fn first_parameter(kind: &ActionKind) -> Option<&'static str> {
    match kind {
        ActionKind::Diagnostic(_) => Some("service"),
        ActionKind::Remediation(kind) => Some(kind.target_parameters()[0]),
        ActionKind::Submission(Submission::Severity) => Some("severity"),
        ActionKind::Submission(_) | ActionKind::Other(_) => None,
    }
}

/// The optional parameters of an action with this name.
pub(super) fn optional_parameters(name: &str) -> impl Iterator<Item = &'static str> {
    let of_look = match ActionKind::from(plain(name)) {
        ActionKind::Diagnostic(kind) => LookParameter::of(kind),
        _ => &[],
    };
    of_look.iter().map(|parameter| parameter.as_str())
}
