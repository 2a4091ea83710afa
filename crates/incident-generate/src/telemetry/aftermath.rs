//! What the status of an entity says of what a change left behind: a job that is suspended, secrets that clients still hold,
//! and a backlog that drains.

use std::fmt::Write;

use crate::data::kinds::{EdgeKind, Kind};
use crate::data::phrase::Phrase;
use crate::data::templates::Field;
use crate::data::verb::Besides;
use crate::data::vocabulary::FailsAs;
use crate::ids::EntityId;
use crate::proof::claim::Claim;
use crate::telemetry::generations::generations;
use crate::telemetry::reader::{Reader, STATUS, Sheet};

/// The class of evidence of a backlog that grows.
const BACKLOG: &str = "backlog";
/// The class of evidence whose field of the status shows generations of secrets.
const GENERATION: &str = "generation_stale";
/// The slot of the line about a backlog that drains.
const DRAINING: u64 = 90;

impl Reader<'_> {
    /// Returns what a field says after the last change of the episode that it is about, with the minute of that change. A
    /// change that found nothing to do does not count.
    pub(super) fn after<'f>(&self, field: &'f Field) -> Option<(&'f Phrase, i32)> {
        let mut own = self.state.own_changes().iter().rev().filter(|own| own.at == self.at);
        own.find_map(|own| {
            let text = field.after.get(&own.verb)?;
            let suspension = self.state.last_suspension(self.at);
            match self.world.library.vocabulary.verb(own.verb).besides {
                Some(Besides::SuspendsJob) => Some((text, suspension?.0)),
                Some(Besides::ResumesJob) => Some((text, suspension?.1?)),
                Some(Besides::GrowsVolume | Besides::RotatesSecrets | Besides::RenewsCertificate) | None => {
                    Some((text, own.minute))
                }
            }
        })
    }

    /// Writes which generation of credentials the entity uses, if it has them from another part. It does not know which one was
    /// issued. Where it holds older ones than those that were issued in the episode, it says since when.
    pub(super) fn generation_in_use(&self, sheet: &mut Sheet, slot: u64) {
        let topology = &self.world.incident.topology;
        let Some(issuer) = topology.of(Kind::Identity).next() else { return };
        if !is_client(self.kind(self.at)) {
            return;
        }
        sheet.begin(self.id(STATUS, slot, i64::from(self.now)), Claim::Nothing);
        let held = |minute: i32| generations(self.world, self.state, issuer, minute).in_use;
        let rotated = self.state.rotated_at(issuer).filter(|_| self.holds_old_secrets(self.at));
        let _ = match rotated {
            Some(rotated) => {
                writeln!(
                    sheet.text,
                    "credentials: generation {} in use; loaded when it was last started",
                    held(rotated - 1)
                )
            }
            None => writeln!(sheet.text, "credentials: generation {} in use", held(self.now)),
        };
    }

    /// Writes how many clients use the newest generation of secrets, where the entity issued one in the episode.
    pub(super) fn clients_of_secrets(&self, out: &mut String, field: &Field) {
        let topology = &self.world.incident.topology;
        let is_issuer = topology.of(Kind::Identity).next() == Some(self.at);
        let rotated = self.state.rotated_at(self.at).filter(|_| is_issuer && self.is_of_secrets(field));
        let Some(rotated) = rotated else { return };
        let clients = || topology.ids().filter(|at| is_client(self.kind(*at)));
        let is_sent = !self.presences.iter().any(|one| {
            one.classes.contains(field.class) && (one.from..one.to).contains(&self.now) && one.from < rotated
        });
        let old = clients().filter(|at| !is_sent || self.holds_old_secrets(*at)).count();
        let all = clients().count();
        let _ = write!(out, "; newest generation active on {} of {all} clients", all - old);
    }

    /// Returns whether a field is that of the generations of secrets.
    pub(super) fn is_of_secrets(&self, field: &Field) -> bool {
        self.world.library.vocabulary.class_named(GENERATION) == Some(field.class)
    }

    /// Returns whether an entity is refused where it logs in to its store, because it was started with other secrets.
    fn holds_old_secrets(&self, at: EntityId) -> bool {
        let mut holding = self.world.holding(self.state, at, self.now);
        holding.any(|acting| acting.predicate.fails_as == FailsAs::Auth && acting.fails_calls_along(EdgeKind::Data))
    }

    /// Writes how much of the backlog of a queue is left while it drains.
    pub(super) fn draining(&self, sheet: &mut Sheet) {
        let class = self.world.library.vocabulary.class_named(BACKLOG);
        let over = self.presences.iter().filter(|one| class.is_some_and(|class| one.classes.contains(class)));
        let Some(last) = over.max_by_key(|one| one.to).filter(|one| one.to <= self.now) else { return };
        let Some(messages) = self.messages() else { return };
        let (left, most) = (messages.stock(self.now), messages.stock(last.to - 1));
        if left > 0 {
            sheet.begin(self.id(STATUS, DRAINING, i64::from(self.now)), Claim::Nothing);
            let share = (left * 100 / most.max(1)).max(1);
            let _ = writeln!(
                sheet.text,
                "consumers: catching up since {}, {share} % of the unread messages of then are left",
                self.clock(last.to)
            );
        }
    }
}

/// Returns whether parts of a kind have their credentials from another part.
const fn is_client(kind: Kind) -> bool {
    matches!(kind, Kind::Api | Kind::Worker)
}
