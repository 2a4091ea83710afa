//! The paths of requests in texts. Each part has a few routes, under the name of what it is for.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::data::phrase::Known;
use crate::ids::EntityId;
use crate::system::particulars::Particulars;
use crate::telemetry::words::{WORDS, Words};

impl<'a> Words<'a> {
    /// Returns the part whose routes an entry names: whoever is called, if it is about a call of the part to another.
    pub(super) fn route_of(&self) -> EntityId {
        let is_store = |at: EntityId| !matches!(self.of(at).kind(), Kind::Api | Kind::External | Kind::Gateway);
        match self.peer {
            Some(peer) if self.is_call && !is_store(peer) => peer,
            _ => self.at,
        }
    }

    /// Returns the provider that an entry is about: the part itself, or what it calls.
    pub(super) fn partner(&self) -> Particulars<'a> {
        if self.own().kind() == Kind::External { self.own() } else { self.other() }
    }

    /// Appends the path of a request to a part. Each part has a few routes, under the name of what it is for.
    pub(super) fn write_route(&self, out: &mut String, of: EntityId) {
        let index = Known::Route as u64;
        if let Some(outside) = self.outside.filter(|_| self.is_call) {
            let _ = write!(out, "{}/{}", outside.path, self.within(index | 1 << 33, 1000, 99_999));
            return;
        }
        // A gateway has no routes but those of what it passes requests on to.
        let passes_on = self.of(of).kind() == Kind::Gateway;
        let next = || self.world.incident.topology.needs(of).next().map(|edge| edge.to);
        let of = self.of(if passes_on { self.peer.filter(|_| of == self.at).or_else(next).unwrap_or(of) } else { of });
        if of.kind() == Kind::External {
            return self.write_partner_route(out, of, index);
        }
        let before = if of.drawn(54, 0, 3) == 0 { "" } else { "/api" };
        let _ = write!(out, "{before}/{}/", of.role());
        // Each part numbers its things in its own way.
        match of.drawn(53, 0, 3) {
            0 => Self::uuid(out, self.bits(index | 1 << 33), self.bits(index | 1 << 34)),
            1 => {
                let _ = write!(out, "{}", self.within(index | 1 << 33, 10_400_000, 98_700_000));
            }
            _ => {
                let _ = write!(out, "{}", self.within(index | 1 << 33, 1, 314).pow(2) + 17);
            }
        }
        match self.within(index, 0, 4) {
            0 => {
                let _ = write!(out, "/{}", WORDS[of.drawn(40, 0, 15) as usize]);
            }
            1 => {
                let _ = write!(out, "/{}", WORDS[of.drawn(41, 0, 15) as usize]);
            }
            _ => {}
        }
    }

    /// Appends the path of a request to a provider, which offers one kind of thing.
    pub(super) fn write_partner_route(&self, out: &mut String, of: Particulars<'_>, index: u64) {
        let kinds = ["charges/ch", "refunds/re", "labels/lb", "messages/ms"];
        let _ = write!(out, "/v1/{}_{:07x}", kinds[of.drawn(42, 0, 3) as usize], self.bits(index) >> 36);
    }
}
