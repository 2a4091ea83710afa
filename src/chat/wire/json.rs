//! Reads JSON leniently: what endpoints and the gateways before them break in texts must not make a reply void. Pure.

use serde_json::Value;

/// Reads JSON. Bytes that are no UTF-8, and halves of a surrogate pair, become U+FFFD. None if it is no JSON.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&whole_surrogates(&text)).ok()
}

/// Replaces each `\uD800`…`\uDFFF` that is not half of a pair by `\uFFFD`.
fn whole_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        out.push_str(before);
        let length = match code_unit(escape) {
            None => escape.chars().take(2).map(char::len_utf8).sum(),
            Some(0xD800..=0xDBFF) if matches!(escape.get(6..).and_then(code_unit), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                out.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
        };
        out.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The code unit of an escape such as `\u00e4` at the beginning of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
