//! Fields of CSV (RFC 4180), as spreadsheets read them.

use super::one_line;

/// Makes one field of a text. A text with which a spreadsheet would begin a formula gets an apostrophe before it; numbers
/// stay numbers.
#[must_use]
pub fn field(text: &str) -> String {
    let mut text = one_line(text);
    if is_formula(&text) {
        text.insert(0, '\'');
    }
    let is_plain = !text.contains([',', '"', ';', '|']) && text.trim() == text;
    if is_plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn is_formula(text: &str) -> bool {
    let begins = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    begins && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        for (text, expected) in [
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1+cmd", "'+1+cmd"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "' =1"),
            ("＝1", "'＝1"),
            ("-0.137", "-0.137"),
            ("+1e5", "+1e5"),
            ("a=b", "a=b"),
            ("a,b", "\"a,b\""),
            ("a;=1", "\"a;=1\""),
            ("a\r\nb\u{202e}", "a  b\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(field(text), expected, "{text:?}");
        }
    }
}
