//! The chain over a log: a digest that each line makes anew from the one before. Whoever keeps the last one, as tables print it, can
//! tell later whether anything before it was changed, left out or added. Pure.

use std::fmt;

use incident_env::Digest;

/// The digest of `run.json` and of all lines of a log so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain(Digest);

impl Chain {
    /// Begins a chain with the text of `run.json`.
    #[must_use]
    pub fn of(manifest: &str) -> Self {
        Self(Digest::of(format!("incident-bench/log\n{}", manifest.replace("\r\n", "\n"))))
    }

    /// Adds a line, without its end.
    pub fn add(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.0 = Digest::of([self.0.bytes(), line].concat());
    }

    /// Adds every whole line of a text.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).for_each(|line| self.add(line.as_bytes()));
        self
    }

    /// Whether somebody means this digest: whole, or its first twelve digits and more.
    #[must_use]
    pub fn is(&self, said: &str) -> bool {
        let said = said.trim().to_ascii_lowercase();
        let digits = said.strip_prefix("sha256:").unwrap_or(&said);
        digits.len() >= 12 && self.0.hex().starts_with(digits)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_and_their_order_count() {
        let of = |text: &str| Chain::of("{}\n").with(text);
        let whole = of("a\nb\nc\n");
        for other in ["a\nc\nb\n", "a\nb\n", "a\nb\nc\nd\n", "ab\nc\n", "a\nb\nC\n", ""] {
            assert_ne!(of(other), whole, "{other:?}");
        }
        assert_ne!(Chain::of("{ }\n").with("a\nb\nc\n"), whole);
        // What Windows does to line ends does not count, nor does a torn line.
        assert_eq!(Chain::of("{}\r\n").with("a\r\nb\r\nc\r\nto"), whole);
        let said = whole.to_string();
        assert!(whole.is(&said) && whole.is(&said[..19]) && whole.is(&said[7..].to_uppercase()));
        assert!(!whole.is(&said[..18]) && !whole.is("") && !of("").is(&said));
    }
}
