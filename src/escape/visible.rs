//! Text for a terminal: what is written is what is seen, and nothing commands the terminal.

use super::ansi;

/// What stands in the place of a character that cannot be seen and changes what is.
const SIGN: char = '\u{fffd}';

/// Makes a text one line: sequences for a terminal go, line breaks and other control characters become spaces, and
/// characters that are not seen become a visible sign, so that two names that differ look different.
#[must_use]
pub fn one_line(text: &str) -> String {
    ansi::without_sequences(text).chars().map(|c| if is_break(c) { ' ' } else { seen(c) }).collect()
}

/// Does the same with a text of several lines, which stay.
#[must_use]
pub fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept = |c| match c {
        '\n' => '\n',
        c if is_break(c) => ' ',
        c => seen(c),
    };
    ansi::without_sequences(&text).chars().map(kept).collect()
}

/// Whether a character is shown as what it is.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !is_break(c) && !is_hidden(c)
}

/// Whether a character ends a line or commands a terminal.
fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn seen(c: char) -> char {
    if is_hidden(c) { SIGN } else { c }
}

/// Whether a character is not seen: marks of direction, characters without width, tags, fillers, variants of the character
/// before, and what no text may have.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_seen() {
        for (text, expected) in [
            ("abc\u{202e}gnp.exe", "abc\u{fffd}gnp.exe"),
            ("m\u{2028}x\u{2029}y\u{85}z", "m x y z"),
            ("gpt\u{200b}-4\u{feff}", "gpt\u{fffd}-4\u{fffd}"),
            ("a\u{e0041}\u{e0020}\u{2066}\u{61c}\u{ad}b", "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}b"),
            ("\u{1b}[1mbold\u{1b}[0m\r\n\ttab\u{0}", "bold  \u{20}tab "),
            ("naïve 東京 🦀 é", "naïve 東京 🦀 é"),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
        assert_eq!(lines("a\r\nb\u{1b}[31m\n\u{202e}c\u{7}"), "a\nb\n\u{fffd}c ");
    }
}
