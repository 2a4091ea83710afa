//! Reads the lists in which error bodies say what is wrong, field by field. Pure.

use serde_json::Value;

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// The path of the field, with dots.
    path: Option<String>,
    /// What is said of it.
    pub(super) message: Option<String>,
}

/// The fields that hold such lists: of `FastAPI`, problem details (RFC 9457), Google, Spring, and others.
const LISTS: [&str; 10] = [
    "errors",
    "details",
    "fieldViolations",
    "field_violations",
    "invalid_params",
    "invalid-params",
    "violations",
    "issues",
    "fieldErrors",
    "validation_errors",
];

/// The fields of an entry that hold the path of what is wrong.
const PATHS: [&str; 10] =
    ["field", "param", "parameter", "path", "property", "pointer", "instancePath", "dataPath", "loc", "name"];

/// The fields of an entry that hold what is said of it.
const MESSAGES: [&str; 5] = ["message", "description", "msg", "detail", "reason"];

/// The parts of a path before the parameter itself.
const BODY: [&str; 3] = ["body", "$", "#"];

/// What is wrong, by the lists in an error body. What `FastAPI` says in `detail` is not read again.
pub(super) fn problems(error: &Value) -> Vec<Problem> {
    LISTS
        .iter()
        .filter_map(|name| Some((*name, error.get(name)?)))
        .flat_map(|(name, list)| entries(name, list))
        .collect()
}

fn entries(name: &str, list: &Value) -> Vec<Problem> {
    match list {
        Value::Array(entries) => entries.iter().flat_map(entry).collect(),
        // Of ASP.NET: {"temperature": ["The field temperature is invalid."]}
        Value::Object(fields) if name.to_ascii_lowercase().contains("errors") => fields
            .iter()
            .map(|(path, said)| Problem { path: Some(path.clone()), message: first_text(said).map(str::to_owned) })
            .collect(),
        _ => Vec::new(),
    }
}

fn entry(entry: &Value) -> Vec<Problem> {
    let inner = problems(entry);
    if !inner.is_empty() {
        return inner;
    }
    let source = entry.get("source").unwrap_or(entry);
    let path = PATHS.iter().find_map(|name| path_of(source.get(name).or_else(|| entry.get(name))?));
    let message = MESSAGES.iter().find_map(|name| entry.get(name)?.as_str()).or(entry.as_str());
    let is_something = path.is_some() || message.is_some();
    is_something.then(|| Problem { path, message: message.map(str::to_owned) }).into_iter().collect()
}

fn first_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get(0)?.as_str())
}

/// A path as text with dots, if it is one.
fn path_of(value: &Value) -> Option<String> {
    let parts: Vec<String> = match value {
        Value::String(path) => path.split(['/', '.']).map(str::to_owned).collect(),
        Value::Array(parts) => {
            parts.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect()
        }
        _ => return None,
    };
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let path = parts.skip_while(|part| BODY.contains(&part.as_str())).collect::<Vec<_>>().join(".");
    (!path.is_empty()).then_some(path)
}

/// The parameter that an error body names.
pub(super) fn named_parameter(error: &Value, problems: Vec<Problem>) -> Option<String> {
    let field = |name: &str| error.get(name).filter(|value| !value.is_null());
    let of_detail = ["detail", "message"].iter().find_map(|name| validated(field(name)?));
    let text = |name: &&str| field(name).and_then(Value::as_str).filter(|param| !param.is_empty()).map(str::to_owned);
    // A path that is a text is that of the request, and one that is a list is that of the parameter.
    let of_list = || field("path").filter(|path| path.is_array()).and_then(path_of);
    let of_problems = || problems.into_iter().find_map(|problem| problem.path);
    of_detail.or_else(|| ["param", "parameter", "field"].iter().find_map(text)).or_else(of_list).or_else(of_problems)
}

/// The place of the first field that a validator refuses: `loc` of `[{"loc": ["body", "messages", 2, "x"], …}]`, alone
/// or in `detail`, as JSON or as a text with JSON in it.
fn validated(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            validated(&serde_json::from_str::<Value>(text).ok()?)
        }
        Value::Object(fields) => validated(fields.get("detail")?),
        Value::Array(problems) => problems.iter().find_map(|problem| path_of(problem.get("loc")?)),
        _ => None,
    }
}
