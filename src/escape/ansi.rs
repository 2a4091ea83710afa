//! Removes the commands that a text has for a terminal, each as a whole.

/// Removes escape sequences: colours, movements, titles, and all others that begin with ESC or its one-character form. A
/// sequence that does not end takes only its own beginning with it, so that no text is lost.
pub(super) fn without_sequences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c| matches!(c, '\u{1b}' | '\u{90}'..='\u{9f}')) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = &rest[length(rest)..];
    }
    out.push_str(rest);
    out
}

/// The length of the sequence with which a text begins.
fn length(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    let kind = match first {
        '\u{1b}' => match chars.next() {
            Some((_, kind)) => kind,
            None => return first.len_utf8(),
        },
        // The one-character forms of ESC P, ESC [, and so on.
        other => char::from_u32(u32::from(other) - 0x40).unwrap_or(other),
    };
    let body = chars.offset();
    match kind {
        '[' => {
            let end = text[body..].find(|c: char| !matches!(c, ' '..='?'));
            match end.map(|end| body + end) {
                Some(end) if text[end..].starts_with(|c: char| matches!(c, '@'..='~')) => end + 1,
                _ => body,
            }
        }
        // Strings: of the operating system (titles, links), of devices, and others. They end with BEL or ESC \.
        ']' | 'P' | 'X' | '^' | '_' => {
            let end = text[body..].find(['\u{7}', '\u{9c}', '\u{1b}', '\n']);
            match end.map(|end| (body + end, &text[body + end..])) {
                Some((end, tail)) if tail.starts_with("\u{1b}\\") => end + 2,
                Some((end, tail)) if tail.starts_with('\u{7}') => end + 1,
                Some((end, tail)) if tail.starts_with('\u{9c}') => end + '\u{9c}'.len_utf8(),
                _ => body,
            }
        }
        // Two further characters choose a set of characters.
        ' '..='/' => text[body..].chars().next().map_or(body, |next| body + next.len_utf8()),
        '0'..='~' => body,
        // What follows ESC is no part of a sequence.
        _ => first.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_as_a_whole() {
        for (text, expected) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38;2;1;2;3mx\u{1b}[K\u{1b}[2Jy", "xy"),
            ("\u{1b}]0;a title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Bx\u{1b}Mz\u{1b}=", "xz"),
            ("\u{9b}31mred\u{9b}0m", "red"),
            ("\u{1b}Pq…\u{1b}\\x", "x"),
            ("kept\u{1b}", "kept"),
            ("\u{1b}[31", "31"),
            ("\u{1b}]0;no end", "0;no end"),
            ("\u{1b}]0;no end\nnext", "0;no end\nnext"),
            ("\u{1b}é\u{1b}[é", "éé"),
            ("äöü 🦀", "äöü 🦀"),
        ] {
            assert_eq!(without_sequences(text), expected, "{text:?}");
        }
    }
}
