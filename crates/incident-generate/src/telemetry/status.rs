//! The status of an entity: its health, where it runs, what belongs to it, and fields that some kinds of entities have.

use std::fmt::Write;

use crate::draws::Stream;
use crate::ids::ClassSet;
use crate::incident::incident::Decoy;
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::telemetry::reader::{Reader, STATUS, Sheet};
use crate::telemetry::words::Words;

/// The share of failed requests, in thousandths, above which an entity is called failing and not degraded.
const FAILING: i16 = 400;
/// The slot of the first field; the slot before is that of the line about the entity itself.
const FIELDS: u64 = 1;
/// The slot of the line about a known issue, and of how many services that have failed for days there is a ticket.
const KNOWN: u64 = 91;
const TOLD: [u32; 2] = [2, 3];
/// The minutes of an hour, over which some fields count.
const HOUR: i32 = 60;
/// The greatest age of a symptom that is told apart, in minutes.
const OLDEST: i32 = 9000;
/// The age from which a symptom is said to be days old, in minutes.
const DAYS: i32 = 1440;

impl Reader<'_> {
    /// Writes the status of the entity.
    pub(super) fn status(&self, sheet: &mut Sheet) {
        self.about(sheet);
        let entity = self.world.incident.topology.entity(self.at);
        for (number, field) in (0..).zip(&self.world.library.telemetry.fields) {
            if !field.kinds.contains(&entity.kind) {
                if self.is_of_secrets(field) {
                    self.generation_in_use(sheet, FIELDS + number);
                }
                continue;
            }
            let holds = |presence: &&Presence| {
                presence.classes.contains(field.class) && (presence.from..presence.to).contains(&self.now)
            };
            let held = self.presences.iter().find(holds);
            let claim = match held {
                Some(_) => Claim::Shows { at: self.at, class: field.class },
                None => Claim::Lacks { at: self.at, classes: ClassSet::of(field.class) },
            };
            sheet.begin(self.id(STATUS, FIELDS + number, i64::from(self.now)), claim);
            let words = self.words(self.some_peer(), number);
            let ended = self.presences.iter().filter(|presence| presence.classes.contains(field.class));
            let ended = ended.filter(|one| one.to <= self.now && one.to > self.now - HOUR).max_by_key(|one| one.to);
            match held {
                None => match (self.after(field), &field.ended, ended) {
                    (Some((text, until)), ..) => text.write(&mut sheet.text, &Words { until, ..words }),
                    (None, Some(text), Some(one)) => {
                        let minutes = (one.to - one.from.max(self.now - HOUR)).unsigned_abs();
                        text.write(&mut sheet.text, &Words { until: one.to, minutes, ..words });
                    }
                    _ => field.usual.write(&mut sheet.text, &words),
                },
                Some(Presence { from, .. }) => {
                    let age = self.now.saturating_sub(*from).clamp(0, OLDEST);
                    field.shifted.write(&mut sheet.text, &Words { minutes: age.unsigned_abs(), ..words });
                    let _ = if age > DAYS {
                        write!(sheet.text, ", for days")
                    } else {
                        write!(sheet.text, ", since {}", self.clock(*from))
                    };
                }
            }
            self.clients_of_secrets(&mut sheet.text, field);
            sheet.text.push('\n');
        }
        self.draining(sheet);
        self.known_issue(sheet);
    }

    /// Writes that somebody knows that the entity has failed for days, if somebody does.
    fn known_issue(&self, sheet: &mut Sheet) {
        let (incident, vocabulary) = (&self.world.incident, &self.world.library.vocabulary);
        let known = [vocabulary.long_broken(), vocabulary.long_ailing()];
        let is_known = |decoy: &&Decoy| decoy.at == self.at && known.contains(&decoy.predicate);
        let place = u64::from(self.at);
        let is_told = incident.draws.below(Stream::Decoys, place, 6, TOLD[1]) < TOLD[0];
        if !is_told || !incident.decoys.iter().any(|decoy| is_known(&decoy)) {
            return;
        }
        sheet.begin(self.id(STATUS, KNOWN, i64::from(self.now)), Claim::Nothing);
        let number = incident.names.within(Stream::Addresses, place, 44, 1200, 9800);
        let days = incident.draws.within(Stream::Decoys, place, 7, 4, 40);
        let _ = writeln!(
            sheet.text,
            "known issue: ticket {number}, low urgency, open for {days} days: fails some of its requests, callers go on without"
        );
    }

    /// Writes the line about the entity itself.
    fn about(&self, sheet: &mut Sheet) {
        let (incident, objects) = (&self.world.incident, &self.world.objects);
        let entity = incident.topology.entity(self.at);
        let reading = self.world.reading(self.state, self.at, self.now);
        let trouble = self.world.trouble(self.state, self.at, self.now);
        let health = if incident.traffic.usual(self.at) == 0 {
            "running"
        } else if trouble.errors && reading.error > FAILING {
            "failing"
        } else if trouble.any() {
            "degraded"
        } else {
            "healthy"
        };
        sheet.begin(self.id(STATUS, 0, i64::from(self.now)), Claim::Health { at: self.at });
        let zone = if entity.zone == 0 { 'a' } else { 'b' };
        let (name, kind) = (&entity.name, entity.kind.as_str());
        let _ = write!(sheet.text, "{} {name}: {health}; kind {kind}, zone-{zone}", self.clock(self.now));
        if let Some(node) = entity.node {
            let _ = write!(sheet.text, ", on {}", self.name(node));
        }
        let [job, certificate, flag] = [objects.job(self.at), objects.certificate(self.at), objects.flag(self.at)];
        for (what, name) in [("job", job), ("certificate", certificate), ("flag", flag)] {
            if let Some(name) = name {
                let _ = write!(sheet.text, ", {what} {name}");
            }
        }
        let _ = write!(sheet.text, ", runs {}", self.dialect(self.at).name);
        for measure in self.world.measures(self.state, self.at) {
            let _ = write!(sheet.text, ", in force: {}", measure.replace('_', " "));
        }
        sheet.text.push('\n');
    }
}
