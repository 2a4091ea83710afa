//! How names are spelt where they stand: tables, classes, functions, and loggers of the width that a pattern has.

use std::fmt::Write;

use crate::system::particulars::Particulars;

/// What users store and ask for.
pub(super) const WORDS: [&str; 16] = [
    "orders", "accounts", "sessions", "items", "quotes", "reviews", "invoices", "routes", "profiles", "stock",
    "prices", "labels", "slots", "ledgers", "tickets", "media",
];

/// Returns the table of a database that entries are about.
pub(super) fn table_of(of: Particulars<'_>) -> &'static str {
    match of.resource() {
        Some(resource) => &resource.tables[of.drawn(15, 0, 59) as usize % resource.tables.len().max(1)],
        None => WORDS[of.drawn(15, 0, 15) as usize],
    }
}

/// Appends a name of words as that of a class.
pub(super) fn write_pascal(out: &mut String, name: &str) {
    let mut upper = true;
    for letter in name.chars() {
        match letter {
            '_' | '-' | ' ' => upper = true,
            _ if upper => {
                out.push(letter.to_ascii_uppercase());
                upper = false;
            }
            _ => out.push(letter),
        }
    }
}

/// Shortens the name of a logger, which is the last word, to 39 letters and fills it up to 40, as Logback does: packages are cut
/// to one letter from the left on.
pub(super) fn pad_logger(out: &mut String) {
    const SHORTENED: usize = 39;
    let start = out.rfind(' ').map_or(0, |at| at + 1);
    let mut parts: Vec<String> = out[start..].split('.').map(str::to_owned).collect();
    out.truncate(start);
    let long = |parts: &[String]| parts.iter().map(|part| part.len() + 1).sum::<usize>() - 1;
    for at in 0..parts.len().saturating_sub(1) {
        if long(&parts) <= SHORTENED {
            break;
        }
        parts[at].truncate(1);
    }
    let name = parts.join(".");
    let _ = write!(out, "{name:<40} ");
}

/// Appends a name in lower camel case.
pub(super) fn write_camel(out: &mut String, name: &str) {
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            _ if upper => {
                out.push(letter.to_ascii_uppercase());
                upper = false;
            }
            _ => out.push(letter),
        }
    }
}

/// Appends a name with lines below instead of hyphens.
pub(super) fn snake(out: &mut String, name: &str) {
    out.extend(name.chars().map(|letter| if letter == '-' { '_' } else { letter }));
}
