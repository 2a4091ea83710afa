//! Text for XML and HTML.

use super::one_line;

/// Escapes a text so that it remains text in content and in quoted attributes, and so that every XML reader accepts it. It
/// becomes one line of what can be seen.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}
