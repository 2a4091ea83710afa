//! Reads JSON that a person or another system has saved: with a byte order mark, or as UTF-16, as `PowerShell` does.

use std::borrow::Cow;

/// Returns the text of a file, whose encoding its first bytes tell.
///
/// # Errors
/// Returns what is wrong with the bytes.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err("it is UTF-32; save it as UTF-8".to_owned()),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        // The first character of JSON is one of ASCII (RFC 4627, section 3).
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes).map(Cow::Owned),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes).map(Cow::Owned),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| format!("it is no UTF-8: {error}"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<_> = pairs.iter().copied().map(unit).collect();
    let whole = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
    whole.ok_or_else(|| "it begins as UTF-16 and does not go on so; save it as UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let json = "{\"a\": \"é😀\"}";
        let wide = |unit: fn(u16) -> [u8; 2]| json.encode_utf16().flat_map(unit).collect::<Vec<_>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            json.as_bytes().to_vec(),
            marked(&[0xEF, 0xBB, 0xBF], json.as_bytes()),
            marked(&[0xFF, 0xFE], &little),
            marked(&[0xFE, 0xFF], &big),
            little.clone(),
            big,
        ] {
            assert_eq!(text(&bytes).unwrap(), json);
        }
        for (bytes, problem) in [
            (marked(&[0xFF, 0xFE, 0, 0], b"{\0\0\0"), "UTF-32"),
            (marked(&[0xFF, 0xFE], &little[1..]), "UTF-16"),
            (vec![b'{', 0xE9], "no UTF-8"),
        ] {
            assert!(text(&bytes).unwrap_err().contains(problem), "{bytes:?}");
        }
    }
}
