//! JSON in which half of a surrogate pair stands, as JavaScript and Python write it where they cut a text between the two halves
//! of a character. No text holds half a character, so readers of JSON refuse it.

use std::borrow::Cow;

/// Replaces each escape from `\uD800` to `\uDFFF` that is not half of a pair by `\uFFFD`, in a text of JSON. Any other text stays
/// as it is.
#[must_use]
pub fn whole_surrogates(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut place = 0;
    while let Some(found) = text.get(place..).and_then(|rest| rest.find('\\')) {
        place += found;
        let escape = &text[place..];
        place += match code_unit(escape) {
            // The escaped character may take more than a byte in what is no JSON.
            None => escape.chars().take(2).map(char::len_utf8).sum(),
            Some(0xD800..=0xDBFF) if matches!(escape.get(6..).and_then(code_unit), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                out.push_str(&text[copied..place]);
                out.push_str("\\ufffd");
                copied = place + 6;
                6
            }
            Some(_) => 6,
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The code unit of an escape such as `\u00e4` at the beginning of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        for (text, expected) in [
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\uDE00x\ud83d\ud83d\ude00"}"#, r#"{"a":"\ufffdx\ufffd\ud83d\ude00"}"#),
            (r#""\ud83d"#, r#""\ufffd"#),
        ] {
            assert_eq!(whole_surrogates(text), expected);
        }
        for text in
            ["", r"\", r"\u", r"\ud8", r"\é\ud83d\ude00", r#""\\ud83d""#, r#"{"a":"\u00e4\n","b":"\ud83d\ude00"}"#]
        {
            assert!(matches!(whole_surrogates(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_of_json_without_halves_is_the_same(text in ".*") {
            let json = serde_json::to_string(&text).unwrap();
            proptest::prop_assert_eq!(whole_surrogates(&json), json.as_str());
        }

        #[test]
        fn no_text_breaks_it(text in r#"(\\|u|d|8|3|e|"|é|D8){0,24}"#) {
            let whole = whole_surrogates(&text).into_owned();
            proptest::prop_assert_eq!(whole_surrogates(&whole), whole.as_str());
        }
    }
}
