//! Record ids such as `[e-7f3a]`: what they are made of, and how they are written and read.

use std::fmt;
use std::str::FromStr;

use crate::draws::{Draws, Stream};
use crate::ids::EntityId;

/// The id of a record, displayed as `e-7f3a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub(crate) u16);

/// What tells one record of an incident from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordKey {
    /// The skin of the incident's names. The same incident under other names has other record ids.
    pub(crate) skin: u64,
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
    /// Draws the id of a record: 16 bits from the incident's draws and the key. So an id tells nothing about what the
    /// record says. Two records of an incident can have the same id.
    pub(crate) fn drawn(draws: Draws, key: RecordKey) -> Self {
        let place = key.skin << 32 | u64::from(key.at) << 8 | key.tool;
        let bits = draws.bits(Stream::Evidence, place, key.slot, key.when.cast_unsigned());
        Self((bits >> 48) as u16)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e-{:04x}", self.0)
    }
}

impl FromStr for RecordId {
    type Err = ();

    /// Reads `e-7f3a`, also in square brackets as telemetry shows it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.trim_matches(['[', ']']).strip_prefix("e-").filter(|digits| digits.len() == 4).ok_or(())?;
        u16::from_str_radix(digits, 16).map(Self).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_alike_and_nothing_else_is_read() {
        let key = RecordKey { skin: 0, at: EntityId(3), tool: 1, slot: 2, when: 0 };
        let id = RecordId::drawn(Draws::new(7), key);
        assert_eq!(format!("[{id}]").parse(), Ok(id));
        assert_ne!(RecordId::drawn(Draws::new(7), RecordKey { when: -1, ..key }), id);
        assert_ne!(RecordId::drawn(Draws::new(7), RecordKey { skin: 1, ..key }), id);
        for text in ["7f3a", "e-7f3", "e-7f3a5", "e-xyzw", ""] {
            assert!(text.parse::<RecordId>().is_err(), "{text}");
        }
    }
}
