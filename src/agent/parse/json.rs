//! Finds JSON in text, and reads it where it is a little broken.

use std::ops::Range;

use serde_json::{Map, Value};

/// The most bytes of one JSON value.
const LONGEST_VALUE: usize = 64 * 1024;
/// The most bytes that are scanned repeatedly, because a million brackets must not take quadratic time.
const MOST_SCANNED: usize = 8 * 1024 * 1024;
/// The bytes at the end of a text that are searched before all of it.
const TAILS: [usize; 2] = [4 * 1024, 64 * 1024];
/// How often a value may be written as a string of JSON.
const DEEPEST_STRING: usize = 3;

/// Ends of a long text, the shortest first.
pub(super) fn tails(text: &str) -> impl Iterator<Item = &str> {
    TAILS.iter().filter(|length| **length < text.len()).filter_map(|length| {
        let start = (text.len() - length..text.len()).find(|at| text.is_char_boundary(*at))?;
        Some(&text[start..])
    })
}

/// Finds every top-level JSON object or array in a text with its place, repaired if that is possible.
pub(super) fn values(text: &str) -> impl Iterator<Item = (Range<usize>, Value)> + '_ {
    let (mut at, mut left) = (0, MOST_SCANNED);
    std::iter::from_fn(move || {
        while let Some(found) = text[at..].find(['{', '[']).filter(|_| left > 0) {
            let start = at + found;
            let candidate = &text[start..];
            let end = balanced_end(candidate);
            left = left.saturating_sub(end.unwrap_or(LONGEST_VALUE.min(candidate.len())));
            // Prose such as "[note" never closes, but what follows it may.
            at = start + 1;
            if let Some(end) = end
                && let Some(value) = lenient(&candidate[..end])
            {
                at = start + end;
                return Some((start..at, value));
            }
        }
        None
    })
}

/// The end of the bracket that opens a text. Brackets within strings do not count.
fn balanced_end(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate().take(LONGEST_VALUE) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads JSON after removing trailing commas, quoting bare keys and escaping raw line breaks in strings, if that is needed.
pub(super) fn lenient(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text))).ok()
}

/// Reads the object that a text is, however often it is written as a string of JSON. Of several objects in a row the first
/// one counts that has anything in it.
pub(super) fn first_object(text: &str) -> Option<Map<String, Value>> {
    let mut text = text.trim().to_owned();
    for _ in 0..DEEPEST_STRING {
        match lenient(&text) {
            Some(Value::Object(object)) => return Some(object),
            Some(Value::String(inner)) => text = inner,
            Some(_) => return None,
            None => break,
        }
    }
    if !text.starts_with('{') {
        return None;
    }
    let mut end = 0;
    let mut empty = None;
    for (place, value) in values(&text) {
        let is_next = text[end..place.start].trim().is_empty();
        match value {
            Value::Object(object) if is_next && object.is_empty() => empty = Some(object),
            Value::Object(object) if is_next => return Some(object),
            _ => break,
        }
        end = place.end;
    }
    empty
}

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    // A key follows here, which may lack its quotes.
    let mut before_key = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if before_key && !in_string && !c.is_whitespace() {
            before_key = false;
            if let Some(key) = bare_key(&text[at..]) {
                out.extend(["\"", key, "\""]);
                // All characters of a bare key have one byte.
                if key.len() > 1 {
                    chars.nth(key.len() - 2);
                }
                continue;
            }
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '\n' if in_string => {
                out.push_str("\\n");
                continue;
            }
            '\r' | '\t' if in_string => {
                out.push(' ');
                continue;
            }
            '{' if !in_string => before_key = true,
            ',' if !in_string => {
                let next = text[at + 1..].trim_start().chars().next();
                if matches!(next, Some('}' | ']') | None) {
                    continue;
                }
                before_key = true;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The name without quotes that a text begins with, if a colon follows it.
fn bare_key(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (key, rest) = text.split_at(end);
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (is_key && rest.trim_start().starts_with(':')).then_some(key)
}
