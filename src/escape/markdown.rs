//! Text for Markdown, as GitHub and GitLab read it.
//!
//! A backslash keeps a character from being markup. It does not keep `@team`, `#12` or a URL from becoming a link, which is
//! decided after the backslashes are gone; a text with one of them becomes code, in which nothing means anything.

use super::one_line;

/// Makes a text that stands on a line of prose.
#[must_use]
pub fn text(text: &str) -> String {
    let text = one_line(text);
    if calls_or_links(&text) { code_of(&text) } else { begun(escaped(&text)) }
}

/// Makes a cell of a table.
#[must_use]
pub fn cell(text: &str) -> String {
    let text = one_line(text);
    // Tables are cut at bars before anything else is read, in code too.
    if calls_or_links(&text) { code_of(&text).replace('|', "\\|") } else { escaped(&text) }
}

/// Makes code of a text, in which nothing means anything.
#[must_use]
pub fn code(text: &str) -> String {
    code_of(&one_line(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Keeps a line from beginning a list or a rule.
fn begun(mut out: String) -> String {
    let text = out.as_str();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if text.starts_with(['+', '-', '=']) {
        out.insert(0, '\\');
    } else if digits > 0 && text[digits..].starts_with(['.', ')']) && text[digits + 1..].starts_with(' ') {
        out.insert(digits, '\\');
    }
    out
}

fn code_of(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let edge = |c: char| c == '`' || c == ' ';
    let pad = if text.starts_with(edge) || text.ends_with(edge) || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Whether a text has in it what becomes a mention, a reference, a link, a picture of a word or a formula by itself.
fn calls_or_links(text: &str) -> bool {
    let followed = |mark: char, by: fn(char) -> bool| {
        text.match_indices(mark).any(|(at, _)| text[at + mark.len_utf8()..].starts_with(by))
    };
    let lower = text.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    let is_emoji = || {
        let parts: Vec<_> = text.split(':').collect();
        let between = parts.get(1..parts.len() - 1).unwrap_or_default();
        let is_name = |part: &str| part.chars().any(|c| c.is_ascii_alphabetic()) || matches!(part, "+1" | "-1");
        between.iter().any(|part| is_name(part) && part.chars().all(is_word))
    };
    followed('@', char::is_alphanumeric)
        || followed('#', |c| c.is_ascii_digit())
        || followed('!', |c| c.is_ascii_digit())
        || lower.contains("://")
        || lower.contains("www.")
        || lower.contains("mailto:")
        || lower
            .match_indices("gh-")
            .any(|(at, mark)| lower[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
        || (text.matches('$').count() > 1 && !text.contains(' '))
        || is_emoji()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_what_it_is() {
        for (name, expected) in [
            ("a|b\n*c* <x>", "a\\|b \\*c\\* \\<x\\>"),
            ("__init__ and _x_", "\\_\\_init\\_\\_ and \\_x\\_"),
            ("~~gone~~", "\\~\\~gone\\~\\~"),
            ("&#x3c;b&#x3e;", "\\&\\#x3c;b\\&\\#x3e;"),
            ("@octocat/team #12", "`@octocat/team #12`"),
            ("a@example.com|x", "`a@example.com\\|x`"),
            ("http://x.example/y", "`http://x.example/y`"),
            ("www.x.example `a``b`", "```www.x.example `a``b` ```"),
            ("fix GH-12", "`fix GH-12`"),
            ("a :+1: b", "`a :+1: b`"),
            ("$a$", "`$a$`"),
            ("$0.01 of $0.10", "$0.01 of $0.10"),
            ("# head", "\\# head"),
            ("-0.100", "-0.100"),
            ("0.750", "0.750"),
            ("exec:python a.py", "exec:python a.py"),
            ("groq/llama-3.3:free", "groq/llama-3.3:free"),
            ("![x](y)", "\\!\\[x\\](y)"),
            ("x\u{202e}y\u{2028}z\u{200b}", "x\u{fffd}y z\u{fffd}"),
        ] {
            assert_eq!(
                cell(name),
                expected.replace("```www.x.example `a``b` ```", "``` www.x.example `a``b` ```"),
                "{name:?}"
            );
        }
        for (name, expected) in [
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("+ x", "\\+ x"),
            ("1.5 x", "1.5 x"),
            ("a@b|c", "`a@b|c`"),
        ] {
            assert_eq!(text(name), expected, "{name:?}");
        }
        assert_eq!(code("a`b"), "``a`b``");
    }
}
