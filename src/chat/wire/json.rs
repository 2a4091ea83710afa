//! Reads JSON leniently: what endpoints and the gateways before them break in texts must not make a reply void. Numbers that
//! no machine number holds are kept as they came, because what was read is sent back. Pure.

use std::borrow::Cow;

use serde_json::Value;

use crate::escape::whole_surrogates;

/// What stands around a number that is kept as a text. It is a character that nobody uses.
const AROUND: char = '\u{e000}';

/// Reads JSON. Bytes that are no UTF-8, and halves of a surrogate pair, become U+FFFD. None if it is no JSON.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    let text = with_long_numbers(&text);
    serde_json::from_str(&whole_surrogates(&text)).ok()
}

/// Writes JSON with every number as it was read.
#[must_use]
pub fn json_text(value: &Value) -> String {
    let text = value.to_string();
    let begin = format!("\"{AROUND}");
    if !text.contains(&begin) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(place) = rest.find(&begin) {
        let (before, number) = (&rest[..place], &rest[place + begin.len()..]);
        out.push_str(before);
        let end = number.find(AROUND).filter(|end| number[*end..].starts_with(&format!("{AROUND}\"")));
        if let Some(end) = end.filter(|end| *end > 0 && number[..*end].bytes().all(is_of_number)) {
            out.push_str(&number[..end]);
            rest = &number[end + AROUND.len_utf8() + 1..];
        } else {
            out.push_str(&begin);
            rest = number;
        }
    }
    out.push_str(rest);
    out
}

/// Makes texts of the numbers that no machine number holds: whole ones of more than 64 bits, and those beyond all floats.
fn with_long_numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut kept, mut place, mut in_text) = (0, 0, false);
    while place < bytes.len() {
        match bytes[place] {
            b'\\' if in_text => place += 1,
            b'"' => in_text = !in_text,
            b'-' | b'0'..=b'9' if !in_text => {
                let length = bytes[place..].iter().take_while(|byte| is_of_number(**byte)).count();
                let number = &text[place..place + length];
                if is_too_long(number) {
                    out.push_str(&text[kept..place]);
                    out.extend(['"', AROUND]);
                    out.push_str(number);
                    out.extend([AROUND, '"']);
                    kept = place + length;
                }
                place += length - 1;
            }
            _ => {}
        }
        place += 1;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

const fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Whether a number is one that no machine number holds. What is no number is not.
fn is_too_long(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.len() > 18 && number.parse::<i64>().is_err() && number.parse::<u64>().is_err();
    }
    number.ends_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok_and(f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_back_as_they_came() {
        for text in [
            r#"{"a":12345678901234567890123,"b":[-98765432109876543210,1e400,-1.5E+999]}"#,
            r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":0.1,"d":[0,7]}"#,
            r#"{"a":"12345678901234567890123","b":"\\\"1e400 ","c":"\\\\"}"#,
        ] {
            assert_eq!(json_text(&read(text.as_bytes()).unwrap()), text);
        }
        // A text that looks like one of ours stays a text.
        let text = json!({"a": "\u{e000}1,2\u{e000}", "b": "\u{e000}", "c": "\u{e000}1"});
        assert_eq!(json_text(&text), text.to_string());
        for broken in ["1e", "-", "12345678901234567890123x", "[1e400"] {
            assert_eq!(read(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn halves_of_a_pair_become_the_replacement_character() {
        for (text, value) in [
            (r#""\ud83d\ude00""#, json!("😀")),
            (r#""\ud83d""#, json!("\u{fffd}")),
            (r#""\ude00\ud83d""#, json!("\u{fffd}\u{fffd}")),
            (r#""a\ud83d\n\\ude00""#, json!("a\u{fffd}\n\\ude00")),
            (r#""\ud83d\ud83d\ude00""#, json!("\u{fffd}😀")),
            (r#"{"\udc00": ["\u00e4\ud800x"]}"#, json!({"\u{fffd}": ["ä\u{fffd}x"]})),
        ] {
            assert_eq!(read(text.as_bytes()), Some(value), "{text}");
        }
        assert_eq!(read(b"\"a\xF0\x9F\""), Some(json!("a\u{fffd}")));
        for broken in [r#""\u12""#, r#""\"#, "", "{", r#""\ud8"#] {
            assert_eq!(read(broken.as_bytes()), None, "{broken}");
        }
    }
}
