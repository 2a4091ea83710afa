//! The recent changes of an entity, newest first.

use std::fmt::{self, Write};

use crate::draws::Stream;
use crate::incident::incident::Change;
use crate::proof::claim::Claim;
use crate::telemetry::reader::{CHANGES, EMPTY, Reader, Sheet};
use crate::telemetry::words::Words;

impl Reader<'_> {
    /// Writes the changes of the entity, those that were made in the episode first.
    pub(super) fn changes(&self, sheet: &mut Sheet) {
        self.own_changes(sheet);
        let own = sheet.records.len();
        for (slot, change) in self.world.incident.changes.iter().enumerate() {
            if change.at == self.at {
                self.change(sheet, slot, change, None);
            }
        }
        if sheet.records.len() == own {
            let other = if own == 0 { "" } else { "other " };
            sheet.begin(self.id(CHANGES, EMPTY, i64::from(self.now)), Claim::Unchanged { at: self.at });
            let (now, name) = (self.clock(self.now), self.name(self.at));
            let _ = writeln!(sheet.text, "{now} no {other}change of {name} on record");
        }
    }

    /// Writes a change of the entity, with the name of the entity if it is given. It is the same record with the name
    /// and without it.
    pub(super) fn change(&self, sheet: &mut Sheet, slot: usize, change: &Change, name: Option<&str>) {
        sheet.begin(self.id(CHANGES, slot as u64, 0), Claim::Changed { number: slot });
        let ago = i64::from(change.minutes_ago) + i64::from(self.now);
        let minute = -i32::try_from(change.minutes_ago).unwrap_or(i32::MAX);
        let _ = write!(sheet.text, "{} ", change.id);
        if let Some(name) = name {
            let _ = write!(sheet.text, "{name} ");
        }
        let _ = write!(sheet.text, "{} ({}), {}: ", self.clock(minute), Age(ago), change.kind.as_str());
        if let Some(notes) = self.world.library.telemetry.notes.get(&change.kind) {
            let salt = CHANGES << 32 | slot as u64;
            let note = self.world.incident.draws.pick(Stream::Phrases, u64::from(self.at), salt, notes);
            note.write(&mut sheet.text, &Words { change: Some(slot), ..self.words(self.some_peer(), salt) });
        }
        sheet.text.push('\n');
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
