//! Reads calls that are written as in Python: `query_logs(service="web")`, alone on a line or as the first of a list.

use serde_json::{Map, Value};

use super::counts::Counts;
use super::{name, object};
use incident_env::{Action, ActionKind};

/// The most bytes of a line that may be a call.
const LONGEST_LINE: usize = 4 * 1024;

/// Finds the call that counts among the lines of a text.
pub(super) fn find(text: &str, counts: Counts) -> Option<Action> {
    counts.pick(text.lines().filter(|line| line.len() <= LONGEST_LINE && line.contains('(')).filter_map(call))
}

/// Reads a line that is a call, or a list of calls, with or without the marks that templates put around it.
fn call(line: &str) -> Option<Action> {
    let line = without_marks(line.trim()).trim_start_matches('[');
    let (name, rest) = line.split_once('(')?;
    let kind = ActionKind::from(name::plain(name));
    if matches!(kind, ActionKind::Other(_)) || name.contains(char::is_whitespace) {
        return None;
    }
    let (parameters, rest) = arguments(rest, &kind)?;
    let is_whole = matches!(without_marks(rest).trim_start().chars().next(), None | Some(',' | ']' | '`' | '<'));
    is_whole.then(|| object::build(name, parameters))
}

/// The text after the marks `<…>` and code fences that it begins with.
fn without_marks(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        text = match (text.strip_prefix('`'), text.strip_prefix('<')) {
            (Some(rest), _) => rest,
            (_, Some(rest)) => match rest.split_once('>') {
                Some((_, rest)) => rest.trim_start(),
                None => return text,
            },
            _ => return text,
        };
    }
}

/// The arguments up to the closing bracket, and what follows it. A single argument without a key is the first parameter.
fn arguments<'a>(text: &'a str, kind: &ActionKind) -> Option<(Map<String, Value>, &'a str)> {
    let mut parameters = Map::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return Some((parameters, after));
        }
        let end = rest.find(['=', ',', ')', '"', '\''])?;
        let key = if rest[end..].starts_with('=') { rest[..end].trim() } else { "" };
        let (value, after) = value(if key.is_empty() { rest } else { rest[end + 1..].trim_start() })?;
        let key = if key.is_empty() { name::first_parameter(kind)? } else { key };
        parameters.insert(key.to_owned(), Value::from(value));
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
}

/// A value with or without quotation marks, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text.find([',', ')'])?;
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.push(chars.next()?.1),
            c if c == quote => return Some((value, &text[at + 1..])),
            c => value.push(c),
        }
    }
    None
}
