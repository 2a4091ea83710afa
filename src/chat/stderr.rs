//! What a program wrote to stderr before it ended: its end for the log, and a few lines of it for an error. Pure.

use crate::escape::lines;

/// The bytes that are kept of the end.
pub const KEPT: usize = 2 * 1024;
/// The most lines that an error quotes.
const MOST_LINES: usize = 12;
/// The most characters that an error quotes.
const MOST_CHARS: usize = 1_000;

/// The end of what was written, as text that commands no terminal; none if nothing was said.
#[must_use]
pub fn end(bytes: &[u8]) -> Option<String> {
    let cut = bytes.len().saturating_sub(KEPT);
    let mut text = String::from_utf8_lossy(&bytes[cut..]).into_owned();
    if cut > 0 {
        // The first line is the rest of one, and may begin in the midst of a character or of an escape sequence.
        let rest = text.find('\n').map_or(0, |end| end + 1);
        text.drain(..rest);
    }
    let text = lines(&text.replace('\r', "\n"));
    let kept: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    (!kept.is_empty()).then(|| kept.join("\n"))
}

/// The last lines on one line. The true reason is seldom the last one: Node ends with its version, Rust with a hint, Java with
/// the outermost call.
#[must_use]
pub fn quoted(end: &str) -> String {
    let mut quoted: Vec<&str> = Vec::new();
    let mut chars = 0;
    let said = end.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphanumeric));
    for line in said.rev().take(MOST_LINES) {
        chars += line.chars().count() + 3;
        if chars > MOST_CHARS && !quoted.is_empty() {
            break;
        }
        quoted.insert(0, line);
    }
    quoted.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_in_what_is_quoted() {
        for (said, wanted) in [
            (
                "/a/x.js:3\nthrow new Error('upstream said 500');\n^\n\nError: upstream said 500\n    at x (a.js:1:1)\n    at y (b.js:1:1)\n\nNode.js v20.20.2.\n",
                "Error: upstream said 500 | at x (a.js:1:1) | at y (b.js:1:1) | Node.js v20.20.2.",
            ),
            (
                "thread 'main' panicked at src/main.rs:2:5:\nno model\nnote: run with `RUST_BACKTRACE=1`",
                "panicked at src/main.rs:2:5: | no model | note: run with",
            ),
            ("\u{1b}[31mred\u{1b}[0m\r\n\u{1b}]0;t\u{7}\r\nnext", "red | next"),
            ("progress 1 %\rprogress 2 %\rfailed", "progress 2 % | failed"),
        ] {
            let end = end(said.as_bytes()).unwrap();
            assert!(quoted(&end).contains(wanted), "{}", quoted(&end));
            assert!(!end.contains('\u{1b}') && !end.contains('\r'), "{end:?}");
        }
        assert_eq!(end(b" \n\r\n"), None);
    }

    #[test]
    fn the_end_is_kept_and_cut_at_a_line() {
        let long = (0..400).map(|n| format!("line {n} é\n")).collect::<Vec<_>>().concat();
        let end = end(long.as_bytes()).unwrap();
        assert!(end.len() <= KEPT && end.starts_with("line ") && end.ends_with("line 399 é"), "{end}");
        assert!(quoted(&end).starts_with("line 388 é | ") && quoted(&"x".repeat(3_000)).len() == 3_000);
    }
}
