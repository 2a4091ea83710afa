//! The recent changes of an entity, newest first.

use std::fmt::{self, Write};

use crate::proof::claim::Claim;
use crate::telemetry::reader::{CHANGES, EMPTY, Reader, Sheet};

impl Reader<'_> {
    /// Writes the changes of the entity.
    pub(super) fn changes(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let mut any = false;
        for (slot, change) in incident.changes.iter().enumerate().filter(|(_, change)| change.at == self.at) {
            any = true;
            sheet.begin(self.id(CHANGES, slot as u64, 0), Claim::Changed { number: slot });
            let ago = i64::from(change.minutes_ago) + i64::from(self.now);
            let minute = -i32::try_from(change.minutes_ago).unwrap_or(i32::MAX);
            let kind = change.kind.as_str();
            let _ = write!(sheet.text, "{} {} ({}), {kind}: ", change.id, self.clock(minute), Age(ago));
            if let Some(notes) = self.world.library.telemetry.notes.get(&change.kind) {
                self.phrase(&mut sheet.text, notes, CHANGES << 32 | slot as u64);
            }
            sheet.text.push('\n');
        }
        if !any {
            sheet.begin(self.id(CHANGES, EMPTY, i64::from(self.now)), Claim::Unchanged { at: self.at });
            let _ = writeln!(sheet.text, "{} no change of {} on record", self.clock(self.now), self.name(self.at));
        }
    }
}

/// A number of minutes, displayed as `47 min ago`, `5 h ago` or `3 d ago`.
struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..120 => write!(f, "{} min ago", self.0),
            120..2880 => write!(f, "{} h ago", self.0 / 60),
            _ => write!(f, "{} d ago", self.0 / 1440),
        }
    }
}
