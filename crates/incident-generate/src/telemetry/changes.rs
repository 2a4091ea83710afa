//! The recent changes of an entity, newest first.

use std::fmt::{self, Write};

use crate::data::kinds::Kind;
use crate::data::phrase::Phrase;
use crate::data::templates::Note;
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::EntityId;
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
        let salt = CHANGES << 32 | slot as u64;
        if let Some((_, note)) = self.note(slot, change) {
            let words = self.words(self.changed_about(slot, change), salt);
            note.write(&mut sheet.text, &Words { change: Some(slot), ..words });
        }
        sheet.text.push('\n');
    }
}

impl<'a> Reader<'a> {
    /// Returns what a change says of itself. Of several changes of one kind that were made to one part, at most one says what a
    /// family needs: the one that set a fault off, or else the newest that was drawn for the family.
    pub(crate) fn note(&self, slot: usize, change: &Change) -> Option<(&'a Note, &'a Phrase)> {
        let library = &self.world.library;
        let posed = self.posed(change);
        let own = change.posed.filter(|family| posed.iter().any(|(at, of)| (*at, of) == (slot, family)));
        let says = |note: &&Note, family: usize| note.of.contains(&library.families[family].id);
        let fits = |note: &&Note| note.kind == change.kind && note.at.contains(&self.kind(self.at));
        let is_free = |note: &&Note| !posed.iter().any(|(_, family)| says(note, *family));
        let of = |is_one: &dyn Fn(&&'a Note) -> bool| -> Vec<(&'a Note, &'a Phrase)> {
            let notes = library.telemetry.notes.iter().filter(fits).filter(|note| is_one(note));
            notes.flat_map(|note| note.texts.iter().map(move |text| (note, text))).collect()
        };
        let choices =
            [own.map(|family| of(&|note| says(note, family))).unwrap_or_default(), of(&is_free), of(&|_| true)];
        let texts = choices.into_iter().find(|texts| !texts.is_empty())?;
        let salt = CHANGES << 32 | slot as u64;
        Some(*self.world.incident.draws.pick(Stream::Phrases, u64::from(self.at), salt, &texts))
    }

    /// Returns which of the changes of one kind that were made to the entity say what a family needs, with the family.
    fn posed(&self, like: &Change) -> Vec<(usize, usize)> {
        let incident = &self.world.incident;
        let all = incident.changes.iter().enumerate();
        let mut posed: Vec<_> = all
            .filter(|(_, one)| one.at == like.at && one.kind == like.kind)
            .filter_map(|(slot, one)| Some((!one.set_off, slot, one.posed?)))
            .collect();
        posed.sort_unstable();
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for (_, slot, family) in posed {
            if !kept.iter().any(|(_, known)| *known == family) {
                kept.push((slot, family));
            }
        }
        kept
    }

    /// Returns whom a change is about beside the entity: whoever is not reached, if it set that off, or else another one.
    fn changed_about(&self, slot: usize, change: &Change) -> Option<EntityId> {
        let incident = &self.world.incident;
        let looks = match self.kind(self.at) {
            Kind::Network => FailsAs::Unreachable,
            Kind::Dns => FailsAs::Unresolved,
            _ => return self.some_peer(),
        };
        let severed = self.world.severed(looks);
        if severed.is_some() && change.set_off {
            return severed;
        }
        let block = |at: EntityId| self.particulars(at).address().block();
        let is_other = |at: &EntityId| severed.is_none_or(|severed| block(severed) != block(*at));
        let has_name = |at: &EntityId| incident.topology.entity(*at).node.is_some();
        let others: Vec<_> = incident.topology.ids().filter(has_name).filter(is_other).collect();
        let salt = CHANGES << 40 | slot as u64;
        (!others.is_empty()).then(|| *incident.draws.pick(Stream::Phrases, u64::from(self.at), salt, &others))
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
