//! The encodings in which people and Windows keep text: UTF-8 with or without a byte order mark, and UTF-16 with one; lines end
//! in LF or CRLF. Pure.

use std::borrow::Cow;

/// Bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// A byte is no UTF-8.
    #[error("line {line} is not UTF-8; save the file in that encoding")]
    Utf8 {
        /// The number of the line, from 1.
        line: usize,
    },
    /// The mark says UTF-16, and what follows is none.
    #[error("it begins as UTF-16 and is none; save the file as UTF-8")]
    Utf16,
}

/// Reads bytes as text, without the mark and with line ends as they are.
///
/// # Errors
/// Says in which line the bytes are no text.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs: Vec<_> = rest.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect();
        let whole = rest.len().is_multiple_of(2);
        whole.then(|| String::from_utf16(&pairs).ok()).flatten().map(Cow::Owned).ok_or(NotText::Utf16)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest).map(Cow::Borrowed).map_err(|error| {
            let line = rest[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            NotText::Utf8 { line }
        }),
    }
}

/// Reads bytes as text whose lines end in LF.
///
/// # Errors
/// Fails as [`decode`] does.
pub fn text(bytes: &[u8]) -> Result<String, NotText> {
    let text = decode(bytes)?;
    Ok(if text.contains('\r') { text.replace("\r\n", "\n") } else { text.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn what_windows_saves_is_read() {
        for bytes in [
            b"a\xc3\xa9\nb".to_vec(),
            b"\xef\xbb\xbfa\xc3\xa9\r\nb".to_vec(),
            utf16("\u{feff}aé\r\nb", u16::to_le_bytes),
            utf16("\u{feff}aé\nb", u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes).as_deref(), Ok("aé\nb"), "{bytes:?}");
        }
        assert_eq!(text(b"a\rb\r\n").as_deref(), Ok("a\rb\n"));
        assert_eq!(text(b"a\nb\n\xe9"), Err(NotText::Utf8 { line: 3 }));
        assert_eq!(text(b"\xff\xfea"), Err(NotText::Utf16));
        assert_eq!(text(b"\xff\xfe\x00\xd8"), Err(NotText::Utf16));
        assert_eq!(text(b"").as_deref(), Ok(""));
    }
}
