//! Record ids such as `[e-7k3mf9q2xd]`: what they are made of, and how they are written and read.

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::draws::{Draws, Stream};
use crate::ids::EntityId;

/// The letters of an id, which are the digits of a number in base 32 (Crockford's alphabet). Letters that look like
/// others are left out.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The number of letters of an id, and the number of bits of each.
const LENGTH: u32 = 10;
const BITS: u32 = 5;

/// The id of a record, displayed as `e-7k3mf9q2xd`. It has 50 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u64);

/// What tells one record of an incident from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordKey {
    /// The entity that was read.
    pub(crate) at: EntityId,
    /// The number of the diagnostic that shows the record.
    pub(crate) tool: u64,
    /// The number of the record among those of the diagnostic.
    pub(crate) slot: u64,
    /// The minute of a reading, or 0 for an event, which is the same record whenever it is read. Minutes before the
    /// alert are negative.
    pub(crate) when: i64,
}

impl RecordId {
    /// Draws the id of a record from the source of the incident's names. So an id tells nothing about what the record
    /// says, and two records have the same id with a probability of 2⁻⁵⁰. Incidents in which that happens at the alert
    /// are found by [`prove`](crate::prove).
    pub(crate) fn drawn(names: Draws, key: RecordKey) -> Self {
        let place = u64::from(key.at) << 8 | key.tool;
        let bits = names.bits(Stream::Evidence, place, key.slot, key.when.cast_unsigned());
        Self(bits >> (u64::BITS - BITS * LENGTH))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("e-")?;
        (0..LENGTH).rev().try_for_each(|place| {
            let digit = (self.0 >> (BITS * place)) & 31;
            f.write_char(char::from(LETTERS[digit as usize]))
        })
    }
}

impl FromStr for RecordId {
    type Err = ();

    /// Reads `e-7k3mf9q2xd`, also in square brackets as telemetry shows it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let letters = text.trim_matches(['[', ']']).strip_prefix("e-").ok_or(())?;
        if letters.len() != LENGTH as usize {
            return Err(());
        }
        let digit =
            |letter: u8| (0..).zip(LETTERS).find(|(_, known)| **known == letter).map(|(digit, _)| digit).ok_or(());
        letters.bytes().try_fold(0, |number, letter| Ok(number << BITS | digit(letter)?)).map(Self)
    }
}

#[cfg(test)]
impl RecordId {
    /// Returns the id that tests know by a number.
    pub(crate) fn numbered(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_alike_and_nothing_else_is_read() {
        let key = RecordKey { at: EntityId(3), tool: 1, slot: 2, when: 0 };
        let id = RecordId::drawn(Draws::new(7), key);
        assert_eq!(id.to_string().len(), "e-7k3mf9q2xd".len());
        assert_eq!(format!("[{id}]").parse(), Ok(id));
        for other in [
            RecordId::drawn(Draws::new(7), RecordKey { at: EntityId(4), ..key }),
            RecordId::drawn(Draws::new(7), RecordKey { tool: 2, ..key }),
            RecordId::drawn(Draws::new(7), RecordKey { slot: 3, ..key }),
            RecordId::drawn(Draws::new(7), RecordKey { when: -1, ..key }),
            RecordId::drawn(Draws::new(8), key),
        ] {
            assert_ne!(other, id);
        }
        assert_eq!("e-0000000000".parse(), Ok(RecordId(0)));
        assert_eq!("e-000000000z".parse(), Ok(RecordId(31)));
        assert_eq!("e-zzzzzzzzzz".parse(), Ok(RecordId((1 << 50) - 1)));
        for text in
            ["7k3mf9q2xd", "e-7k3mf9q2x", "e-7k3mf9q2xd0", "e-7k3mf9q2xl", "e-7K3MF9Q2XD", "e-7f3a", "e-äöüäö", ""]
        {
            assert!(text.parse::<RecordId>().is_err(), "{text}");
        }
    }
}
