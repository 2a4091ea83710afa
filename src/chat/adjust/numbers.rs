//! Finds the numbers in a text that count something. Pure.

/// The words before a number that says where in a text something stands.
const PLACES: [&str; 6] = ["line ", "column ", "position ", "char ", "offset ", "http "];

/// All numbers that count something, in their order. Dates and numbers in names, such as `gpt-4o-2024-08-06`, count nothing.
pub(super) fn numbers(text: &str) -> Vec<u64> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
        let end = end_of(bytes, start);
        at = end;
        let before = text[..start].chars().next_back();
        let is_in_name = before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '@'));
        let is_port = before == Some(':') && text[..start - 1].ends_with(|c: char| c.is_ascii_digit());
        let is_place = PLACES.iter().any(|place| text[..start].to_ascii_lowercase().ends_with(place));
        let number = number(&text[start..end]);
        let after = text[end..].chars().next();
        // A version, an address or a fraction goes on behind a full stop.
        let has_dots = after == Some('.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if has_dots {
            at = end + text[end..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len() - end);
        }
        if before == Some('-') || is_in_name || is_port || is_place || has_dots {
            continue;
        }
        // A range has a second number, which is larger; a date goes on.
        if after == Some('-') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            let last = end_of(bytes, end + 1);
            at = last;
            let (low, high) = (number, self::number(&text[end + 1..last]));
            if low < high && !text[last..].starts_with(['-', '_']) {
                found.extend([low, high].into_iter().flatten());
            } else {
                // The rest of a date or a name.
                at = last + text[last..].find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(text.len() - last);
            }
        } else if !matches!(after, Some('_' | '-')) {
            found.extend(number);
        }
    }
    found
}

/// The end of a number with its groups of three digits.
fn end_of(bytes: &[u8], start: usize) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = start + digits(start);
    if end - start <= 3 {
        while matches!(bytes.get(end), Some(b',' | b'_')) && digits(end + 1) == 3 {
            end += 4;
        }
    }
    end
}

fn number(text: &str) -> Option<u64> {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_that_count_are_told_from_names_and_dates() {
        for (text, expected) in [
            ("must be between 1 and 4096", vec![1, 4096]),
            ("max_tokens参数非法：取值范围为[1,4096]", vec![1, 4096]),
            ("16,384 is more than 8,192.", vec![16_384, 8_192]),
            ("max_tokens=16384 > max_model_len=max_total_tokens=8192.", vec![16_384, 8_192]),
            ("range: 1-8192", vec![1, 8_192]),
            ("gpt-4o-2024-08-06, 2024-10-22, claude-3-5-haiku-20241022, 2024-12-01-preview", vec![]),
            ("at line 1 column 5123, from 127.0.0.1:7110, req_2048, v2.5", vec![]),
            ("(8192)", vec![8_192]),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
