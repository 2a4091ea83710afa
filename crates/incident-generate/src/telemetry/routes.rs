//! The paths of requests in texts, and the neighbours of a network. Each part has a few routes, under the name of what it is for.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::data::phrase::Known;
use crate::data::places::NEIGHBORS;
use crate::ids::EntityId;
use crate::system::particulars::Particulars;
use crate::telemetry::words::Words;

impl<'a> Words<'a> {
    /// Returns one of the neighbours of a network, counted from the one that is named first.
    pub(super) fn neighbor(&self, number: usize) -> &'static str {
        let mut first = String::new();
        self.named_drawn(&mut first, "neighbor");
        let place = NEIGHBORS.iter().position(|name| *name == first).unwrap_or_default();
        NEIGHBORS[(place + number) % NEIGHBORS.len()]
    }

    /// Appends the address of one of the neighbours of a network.
    pub(super) fn write_neighbor_ip(&self, out: &mut String, number: u32) -> std::fmt::Result {
        write!(out, "10.255.{}.1", (self.own().drawn(31, 0, 31) + number * 7) % 32)
    }

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
        let before = ["/api", "/api/v1", "/v1", "/v2", "", "/api"][self.site().choice(0, 6) as usize];
        let _ = write!(out, "{before}/{}", of.role());
        let below = of.resource().map(|resource| resource.below.as_slice()).unwrap_or_default();
        let (draw, method) = (self.within(index, 0, 19), self.method()[0]);
        match (method, draw) {
            ("POST", 0..12) => return,
            ("GET", 0..3) => {
                let _ = write!(out, "?limit={}&page={}", [20, 50, 100][of.drawn(55, 0, 2) as usize], draw + 1);
                return;
            }
            _ => out.push('/'),
        }
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
        if method == "POST" || (method == "GET" && draw > 14) {
            let word = below.get(draw as usize % below.len().max(1)).map_or("history", String::as_str);
            let _ = write!(out, "/{word}");
        }
    }

    /// Appends the path of a request to a provider, which offers one kind of thing.
    pub(super) fn write_partner_route(&self, out: &mut String, of: Particulars<'_>, index: u64) {
        let path = of.provider().map_or("/v1/charges/ch_", |provider| provider.path.as_str());
        let _ = write!(out, "{path}{:013x}", self.bits(index) >> 12);
    }
}
