//! Finds the actions in a text: JSON objects that name one, and calls of functions in the marks of a model's own template.
//!
//! Two kinds of marks are read. Before a JSON object a name makes it the arguments of a call, as in
//! `[TOOL_CALLS]query_logs[ARGS]{"service": "web"}`. And some templates have marks for each parameter, as in
//! `<function=query_logs><parameter=service>web</parameter></function>`.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use super::{json, name, object};
use incident_env::Action;

/// The actions of a text, in its order.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) actions: Vec<Action>,
    /// Whether the text has any JSON.
    pub(super) any_json: bool,
}

/// The most bytes between the mark of a call and its arguments.
const LONGEST_HEADER: usize = 200;

/// The marks after which the name of a function follows, and after the name its arguments as JSON.
const NAME_MARKS: [&str; 9] = [
    "[TOOL_CALLS]",
    "<function=",
    "<tool_call>",
    "invoke name=",
    "<|tool_call_begin|>",
    "<｜tool▁call▁begin｜>",
    "<|tool_call>call:",
    "<start_function_call>call:",
    "to=",
];

/// Words of templates that stand where a name does.
const NO_NAMES: [&str; 7] = ["function", "functions", "tool", "sep", "commentary", "json", "call"];

/// The quotation mark of the templates of Gemma. What is between two of them is a string.
const STRING_MARK: &str = "<|\"|>";

/// How a template writes the parameters of a call.
struct Tagged {
    /// What stands before the name of the function.
    open: &'static str,
    /// What ends the call, whatever the tag has before it.
    close: &'static str,
}

const TAGGED: [Tagged; 3] = [
    Tagged { open: "<function=", close: "</function>" },
    Tagged { open: "invoke name=", close: "invoke>" },
    Tagged { open: "<tool_call>", close: "</tool_call>" },
];

/// Finds the actions of a text.
pub(super) fn find(text: &str) -> Found {
    let text = with_plain_strings(text);
    let mut found = Found::default();
    for (_, action) in placed(&text, &mut found.any_json) {
        found.actions.push(action);
    }
    found
}

/// The end of the last action of a text, if it has one.
pub(super) fn end_of_last(text: &str) -> Option<usize> {
    placed(text, &mut false).into_iter().map(|(place, _)| place.end).next_back()
}

/// The actions of a text with their places, in its order.
fn placed(text: &str, any_json: &mut bool) -> Vec<(Range<usize>, Action)> {
    let mut all = tagged(text);
    let mut with_tags = all.iter().map(|(place, _)| place.clone()).collect::<Vec<_>>().into_iter().peekable();
    let mut before = 0;
    for (place, value) in json::values(text) {
        *any_json = true;
        let between = &text[before..place.start];
        before = place.end;
        while with_tags.next_if(|tags| tags.end <= place.start).is_some() {}
        if with_tags.peek().is_some_and(|tags| tags.contains(&place.start)) {
            continue;
        }
        let action = match (&value, header(between)) {
            (Value::Object(arguments), Some(name)) if name::is_known(name) => {
                Some(object::build(name, arguments.clone()))
            }
            (Value::Object(arguments), Some(name)) => {
                object::from_object(arguments).or_else(|| Some(object::build(name, arguments.clone())))
            }
            _ => object::from_value(&value),
        };
        all.extend(action.map(|action| (place, action)));
    }
    all.sort_by_key(|(place, _)| place.start);
    all
}

/// The name in what stands before a JSON object, if it makes the object the arguments of a call.
fn header(before: &str) -> Option<&str> {
    let start = (before.len().saturating_sub(LONGEST_HEADER)..=before.len()).find(|at| before.is_char_boundary(*at))?;
    let before = &before[start..];
    let mark = NAME_MARKS.iter().filter_map(|mark| Some(before.rfind(mark)? + mark.len())).max();
    if let Some(end) = mark {
        return named(&before[end..]);
    }
    // A name right before the object: `query_logs{"service": "web"}`.
    let rest = before.trim_end_matches([' ', '(']);
    let start = rest.char_indices().rev().take_while(|(_, c)| is_of_name(*c)).last().map(|(at, _)| at)?;
    Some(&rest[start..]).filter(|name| name::is_known(name))
}

/// The name of a function in the words of a header.
fn named(header: &str) -> Option<&str> {
    let words = || header.split(|c: char| !is_of_name(c)).filter(|word| !word.is_empty());
    words().find(|word| name::is_known(word)).or_else(|| words().find(|word| !NO_NAMES.contains(word)))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/')
}

/// The calls whose parameters have marks of their own. A call that does not end is none.
fn tagged(text: &str) -> Vec<(Range<usize>, Action)> {
    let mut heads: Vec<_> = TAGGED
        .iter()
        .flat_map(|form| text.match_indices(form.open).map(move |(at, open)| (at, at + open.len(), form.close)))
        .collect();
    heads.sort_unstable();
    let mut calls = Vec::new();
    for (index, (at, start, close)) in heads.iter().enumerate() {
        let next = heads.get(index + 1).map_or(text.len(), |(next, ..)| *next);
        if let Some(length) = text[*start..next].find(close)
            && let Some(action) = with_tags(&text[*start..*start + length])
        {
            calls.push((*at..*start + length + close.len(), action));
        }
    }
    calls
}

/// Reads a call from its name to before its end; none if its arguments are JSON, or if it has no name.
fn with_tags(call: &str) -> Option<Action> {
    let call = call.trim_start().trim_start_matches(['"', '\'']);
    let end = call.find(|c: char| !is_of_name(c)).unwrap_or(call.len());
    let (name, body) = call.split_at(end);
    let parameters = parameters(body);
    // Without parameters only a real name is a call, because `<tool_call>` may contain anything.
    let is_call = !name.is_empty() && (!parameters.is_empty() || (name::is_known(name) && !body.contains('{')));
    is_call.then(|| object::build(name, parameters))
}

/// The parameters of a call: `<parameter=KEY>VALUE</parameter>`, `<parameter name="KEY">VALUE</parameter>`, or
/// `<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>`, whatever the tags have before their names.
fn parameters(body: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    let mut rest = body;
    while let Some((key, value, after)) = parameter(rest).or_else(|| key_and_value(rest)) {
        parameters.insert(key.to_owned(), Value::from(value.trim()));
        rest = after;
    }
    parameters
}

fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let open =
        ["parameter=", "parameter name="].iter().filter_map(|open| Some((text.find(open)?, open.len()))).min()?;
    let (head, rest) = text[open.0 + open.1..].split_once('>')?;
    // The key may be followed by attributes: `name="service" string="true"`.
    let key = head.split_whitespace().next()?.trim_matches(['"', '\'']);
    let (value, after) = rest.split_once("parameter>")?;
    Some((key, &value[..value.rfind("</")?], after))
}

fn key_and_value(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once("<arg_key>")?.1.split_once("</arg_key>")?;
    let (value, after) = rest.split_once("<arg_value>")?.1.split_once("</arg_value>")?;
    Some((key.trim(), value, after))
}

/// The text with strings in ordinary quotation marks.
fn with_plain_strings(text: &str) -> Cow<'_, str> {
    if !text.contains(STRING_MARK) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for (index, part) in text.split(STRING_MARK).enumerate() {
        if index % 2 == 0 {
            plain.push_str(part);
        } else {
            plain.push_str(&Value::from(part).to_string());
        }
    }
    Cow::Owned(plain)
}
