//! Phrases: texts with named places that are filled in.

use std::fmt::Write;

use crate::draws::{Draws, Stream};

/// A text with named places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Itself,
    Peer,
    Caller,
    Job,
    Cert,
    Flag,
    Zone,
    Ip,
    Word,
    Ms,
    N,
    Few,
    Pct,
    Mb,
    Minutes,
    Short,
    Rows,
    Gen,
    Next,
}

const PLACES: [(&str, Place); 19] = [
    ("self", Place::Itself),
    ("peer", Place::Peer),
    ("caller", Place::Caller),
    ("job", Place::Job),
    ("cert", Place::Cert),
    ("flag", Place::Flag),
    ("zone", Place::Zone),
    ("ip", Place::Ip),
    ("word", Place::Word),
    ("ms", Place::Ms),
    ("n", Place::N),
    ("few", Place::Few),
    ("pct", Place::Pct),
    ("mb", Place::Mb),
    ("minutes", Place::Minutes),
    ("short", Place::Short),
    ("rows", Place::Rows),
    ("gen", Place::Gen),
    ("next", Place::Next),
];

const WORDS: [&str; 16] = [
    "orders", "accounts", "sessions", "items", "quotes", "reviews", "invoices", "routes", "profiles", "stock",
    "prices", "labels", "slots", "ledgers", "tickets", "media",
];

/// What fills the places of a phrase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// The name of the entity itself.
    pub itself: &'a str,
    /// The name of an entity that it calls.
    pub peer: &'a str,
    /// The name of an entity that calls it.
    pub caller: &'a str,
    /// The name of its job; empty if it has none.
    pub job: &'a str,
    /// The name of its certificate; empty if it has none.
    pub cert: &'a str,
    /// The name of its feature flag; empty if it has none.
    pub flag: &'a str,
    /// The number of its zone.
    pub zone: u8,
    /// The duration to report in milliseconds. If it is unknown, one is drawn.
    pub ms: Option<u32>,
    /// Minutes since the symptom began.
    pub minutes: u32,
    /// The source of all other numbers.
    pub draws: Draws,
    /// The coordinate of the numbers: records with the same salt show the same numbers.
    pub salt: u64,
}

impl Phrase {
    /// Reads `text with {places}`.
    ///
    /// # Errors
    /// The text names the unknown place, or says that a brace is not closed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| format!("'{text}': a brace is not closed"))?;
            let place = PLACES.iter().find(|(known, _)| *known == name);
            let (_, place) = place.ok_or_else(|| format!("'{text}': unknown place '{{{name}}}'"))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Place(*place));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Appends the text with its places filled in.
    pub(crate) fn write(&self, out: &mut String, words: &Words<'_>) {
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place(place) => words.write(out, *place, index as u64),
            }
        }
    }
}

impl Words<'_> {
    fn write(&self, out: &mut String, place: Place, index: u64) {
        let within = |low, high| self.draws.within(Stream::Phrases, self.salt, index, low, high);
        // The number of a document or an epoch must be the same wherever it is read.
        let generation = self.draws.within(Stream::Phrases, self.salt, 1 << 32, 104, 612);
        let _ = match place {
            Place::Itself => out.write_str(self.itself),
            Place::Peer => out.write_str(self.peer),
            Place::Caller => out.write_str(self.caller),
            Place::Job => out.write_str(self.job),
            Place::Cert => out.write_str(self.cert),
            Place::Flag => out.write_str(self.flag),
            Place::Zone => write!(out, "zone-{}", if self.zone == 0 { 'a' } else { 'b' }),
            Place::Ip => write!(out, "10.{}.{}.{}", within(8, 12), within(1, 250), within(2, 250)),
            Place::Word => out.write_str(WORDS[within(0, 15) as usize]),
            Place::Ms => write!(out, "{}", self.ms.unwrap_or_else(|| within(2000, 9800))),
            Place::N => write!(out, "{}", within(3, 96)),
            Place::Few => write!(out, "{}", within(0, 2)),
            Place::Pct => write!(out, "{}", within(61, 94)),
            Place::Mb => write!(out, "{}", within(900, 7900)),
            Place::Minutes => write!(out, "{}", self.minutes),
            Place::Short => write!(out, "{}", (self.minutes * within(8, 30) / 100).max(1)),
            Place::Rows => write!(out, "{}", within(48_000, 9_600_000)),
            Place::Gen => write!(out, "{generation}"),
            Place::Next => write!(out, "{}", generation + 1),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_in() {
        let words = Words {
            itself: "svc-a",
            peer: "svc-b",
            caller: "svc-c",
            job: "job-1",
            cert: "crt-1",
            flag: "ff-1",
            zone: 1,
            ms: Some(12),
            minutes: 7,
            draws: Draws::new(1),
            salt: 3,
        };
        let mut out = String::new();
        Phrase::parse("{self} to {peer}: {ms} ms, {gen} < {next} in {zone}").unwrap().write(&mut out, &words);
        assert!(out.starts_with("svc-a to svc-b: 12 ms, ") && out.ends_with(" in zone-b"), "{out}");
        assert!(Phrase::parse("{nothing}").unwrap_err().contains("'{nothing}'"));
        assert!(Phrase::parse("{self").is_err());
        assert_eq!(Phrase::parse("plain").unwrap(), Phrase(vec![Part::Text("plain".to_owned())]));
    }
}
