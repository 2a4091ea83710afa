//! The lines of a `.env` file. Other programs have lines there too, and in dialects of their own, so that a line that cannot be
//! read is named and passed over. Pure.

use std::collections::BTreeMap;

use crate::files::encoding::decode;

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DotEnv {
    /// The variables, of which a later line wins over an earlier one.
    pub(super) variables: BTreeMap<String, String>,
    /// The lines that were passed over, by their numbers from 1, each with the reason. No reason quotes a line, because lines
    /// hold keys.
    pub(super) passed_over: Vec<(usize, &'static str)>,
}

impl DotEnv {
    /// Reads the bytes of a file.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        // One line in another encoding must not hide the others.
        let text = decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes));
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<_> = text.split('\n').collect();
        let (mut found, mut next) = (Self::default(), 0);
        while let Some(line) = lines.get(next) {
            let number = next + 1;
            next += 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match entry(line, lines.get(next..).unwrap_or_default()) {
                Ok((_, value, _)) if value.contains('\u{fffd}') => {
                    found.passed_over.push((number, "its value is not UTF-8"));
                }
                Ok((name, value, more)) => {
                    next += more;
                    found.variables.insert(name.to_owned(), value);
                }
                Err(problem) => found.passed_over.push((number, problem)),
            }
        }
        found
    }
}

/// Reads a line and, where a quotation goes on there, lines after it: the name, the value, and the number of further lines.
fn entry<'a>(line: &'a str, after: &[&str]) -> Result<(&'a str, String, usize), &'static str> {
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => line,
    };
    let (name, value) = line.split_once('=').ok_or("it is not NAME=value")?;
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_name) {
        return Err("what stands before = is no name of a variable");
    }
    let value = value.trim_start();
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok((name, bare(value), 0));
    };
    let (mut text, mut lines) = (value[1..].to_owned(), 0);
    loop {
        if let Some((value, behind)) = quoted(&text, quote) {
            let behind = behind.trim();
            if behind.is_empty() || behind.starts_with('#') {
                return Ok((name, value, lines));
            }
            return Err("something stands behind its closing quotation mark");
        }
        let Some(line) = after.get(lines) else { return Err("its quotation mark is not closed") };
        text = format!("{text}\n{line}");
        lines += 1;
    }
}

/// A value without quotation marks: it ends at a comment, and everything in it stays as it is written.
fn bare(value: &str) -> String {
    if value.starts_with('#') {
        return String::new();
    }
    let comment = value.match_indices('#').find(|(at, _)| value[..*at].ends_with(char::is_whitespace));
    value[..comment.map_or(value.len(), |(at, _)| at)].trim().to_owned()
}

/// The value up to the closing quotation mark, and what stands behind it; none if there is none.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, &text[at + 1..])),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c @ ('"' | '\\' | '$' | '\'' | '`') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<(String, String)>, Vec<usize>) {
        let found = DotEnv::parse(bytes);
        (found.variables.into_iter().collect(), found.passed_over.into_iter().map(|(line, _)| line).collect())
    }

    #[test]
    fn values_are_as_they_are_written() {
        for (line, value) in [
            ("A=b", "b"),
            ("export A = b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=#c", ""),
            ("A=My great app", "My great app"),
            ("A=it's", "it's"),
            ("A={\"a\": 1, \"b\": [2]}", "{\"a\": 1, \"b\": [2]}"),
            ("A=C:\\new\\temp", "C:\\new\\temp"),
            ("A=pa$$word$HOME${X}", "pa$$word$HOME${X}"),
            ("A='a $b \\n #c' # d", "a $b \\n #c"),
            ("A=\"a $b \\\"c\\\" \\$d\\ne \\x\"", "a $b \"c\" $d\ne \\x"),
            ("A=\"--BEGIN\nabc=\n--END\"", "--BEGIN\nabc=\n--END"),
            ("A=\"\"", ""),
            ("A=", ""),
            ("A==", "="),
        ] {
            assert_eq!(read(line.as_bytes()), (vec![("A".to_owned(), value.to_owned())], vec![]), "{line:?}");
        }
    }

    #[test]
    fn lines_that_are_nobodys_business_are_named_and_passed_over() {
        let text = "\n# a\n\nFOO\nfoo-bar=1\nA=1\n1X=2\nB=\"open\nC=3\nD='x' y\nA=4\n{\"json\": 1}\n";
        let (variables, passed_over) = read(text.as_bytes());
        let expected = [("A", "4"), ("C", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!((variables, passed_over), (expected.to_vec(), vec![4, 5, 7, 8, 10, 12]));
    }

    #[test]
    fn files_of_windows_are_read() {
        let utf16: Vec<u8> = "\u{feff}A=1\r\nB=é\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, variables, passed_over) in [
            (&b"\xef\xbb\xbfA=1\r\nB=\xc3\xa9\r\n"[..], 2, vec![]),
            (&utf16, 2, vec![]),
            (b"# caf\xe9\nA=1\nB=caf\xe9\nC=2\n", 2, vec![3]),
        ] {
            let found = read(bytes);
            assert_eq!((found.0.len(), &found.1), (variables, &passed_over), "{found:?}");
            assert_eq!(found.0[0], ("A".to_owned(), "1".to_owned()));
        }
    }
}
