//! The particulars of a part: what it runs, where it is, how large it is, and what it is called by others. Each is one
//! value wherever it is read.
//!
//! Sizes come from the source of what happens, and addresses and other names from the source of names.

use std::fmt::Write;

use crate::data::companies::{Companies, Provider, Resource};
use crate::data::dialect::Dialects;
use crate::data::kinds::{EdgeKind, Kind};
use crate::draws::{Draws, Stream};
use crate::ids::{DialectId, EntityId};
use crate::system::address::Address;
use crate::system::site::Site;
use crate::system::topology::Topology;

/// The letters of the random parts of pod names, as Kubernetes draws them.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A fixed size of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// The limit of its memory, in MiB.
    Memory,
    /// The limit of its processor time, in cores.
    Cores,
    /// The connections in its pool.
    Pool,
    /// The connections that it accepts.
    Connections,
    /// The size of its volume, in GiB.
    Volume,
    /// The number of its replicas.
    Replicas,
}

/// The particulars of one part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Particulars<'a> {
    topology: &'a Topology,
    draws: Draws,
    names: Draws,
    at: EntityId,
}

impl<'a> Particulars<'a> {
    /// Returns the particulars of a part of a system.
    pub(crate) const fn of(topology: &'a Topology, draws: Draws, names: Draws, at: EntityId) -> Self {
        Self { topology, draws, names, at }
    }

    /// Returns the part itself.
    pub(crate) const fn id(self) -> EntityId {
        self.at
    }

    /// Returns what the operator has chosen for all parts.
    pub(crate) const fn site(self) -> Site {
        Site::of(self.names)
    }

    /// Returns the kind of the part.
    pub(crate) fn kind(self) -> Kind {
        self.topology.entity(self.at).kind
    }

    /// Returns the name of the part.
    pub(crate) fn name(self) -> &'a str {
        self.topology.name(self.at)
    }

    /// Returns what the part is for: `orders` of `orders-api`, and `quartz` of `svc-quartz`.
    pub(crate) fn role(self) -> &'a str {
        if let Some(resource) = self.resource() {
            return &resource.name;
        }
        let (first, last) = self.name().split_once('-').unwrap_or((self.name(), ""));
        if matches!(first, "svc" | "ext") { last } else { first }
    }

    /// Returns what the part keeps or works on, if it is named after it.
    pub(crate) fn resource(self) -> Option<&'static Resource> {
        if self.kind() == Kind::External {
            return None;
        }
        self.topology.entity(self.at).keeps.and_then(|number| self.site().business().resources.get(usize::from(number)))
    }

    /// Appends what stores know the part as. A worker or a batch has another user than the service of the same name.
    pub(crate) fn user(self, out: &mut String) {
        match self.kind() {
            Kind::Worker if self.resource().is_some() => self.site().user(out, self.role(), self.site().worker()),
            Kind::Batch if self.resource().is_some() => self.site().user(out, self.role(), "_batch"),
            _ => self.site().user(out, self.role(), ""),
        }
    }

    /// Returns what the part offers, if it is a provider that is named after it.
    pub(crate) fn provider(self) -> Option<&'static Provider> {
        let keeps = self.topology.entity(self.at).keeps.filter(|_| self.kind() == Kind::External);
        keeps.and_then(|number| Companies::all().providers.get(usize::from(number)))
    }

    /// Returns the technology that the part runs.
    pub(crate) fn technology(self, dialects: &Dialects) -> DialectId {
        let queue = self.topology.needs(self.at).find(|edge| edge.kind == EdgeKind::Consume);
        let queue = queue.map(|edge| Self { at: edge.to, ..self }.technology(dialects));
        dialects.pick(self.kind(), queue, self.draws.below(Stream::Technology, u64::from(self.at), 0, u32::MAX))
    }

    /// Returns a fixed size.
    pub(crate) fn size(self, size: Size) -> u32 {
        let of: &[u32] = match (size, self.kind()) {
            (Size::Memory, Kind::Db | Kind::Queue) => &[4096, 8192, 12288, 16384],
            (Size::Memory, Kind::Cache) => &[2048, 4096, 6144, 8192],
            (Size::Memory, Kind::Node) => &[32768, 65536],
            (Size::Memory, _) => &[512, 768, 1024, 1536, 2048],
            (Size::Cores, Kind::Db | Kind::Queue | Kind::Cache) => &[4, 8, 16],
            (Size::Cores, Kind::Node) => &[16, 32],
            (Size::Cores, _) => &[1, 2, 4],
            (Size::Pool, _) => &[8, 10, 12, 15, 16, 20, 24, 30, 32, 40, 50],
            (Size::Connections, Kind::Cache) => &[1000, 2000, 4000, 10_000],
            (Size::Connections, Kind::Db) => &[100, 150, 200, 300, 500],
            (Size::Connections, _) => &[256, 512, 1024],
            (Size::Volume, _) => &[50, 100, 200, 500],
            (Size::Replicas, Kind::Db | Kind::Queue) => &[3],
            (Size::Replicas, Kind::Api | Kind::Worker) => &[3, 4, 6],
            (Size::Replicas, Kind::Batch) => &[1],
            (Size::Replicas, _) => &[2, 3],
        };
        *self.draws.pick(Stream::Sizes, u64::from(self.at), size as u64, of)
    }

    /// Returns the requests a second that reach a part which is no part of requests of users, such as a name server.
    pub(crate) fn requests(self) -> u32 {
        self.draws.within(Stream::Sizes, u64::from(self.at), 101, 180, 1400)
    }

    /// Returns the number of prefixes that a network knows.
    pub(crate) fn prefixes(self) -> u32 {
        self.draws.within(Stream::Sizes, u64::from(self.at), 102, 310, 940)
    }

    /// Returns the generation of documents and credentials that is in use on a usual day.
    pub(crate) fn generation(self) -> u32 {
        self.draws.within(Stream::Sizes, u64::from(self.at), 100, 104, 612)
    }

    /// Draws a number from the source of names that is always the same for the part and a purpose.
    pub(crate) fn drawn(self, purpose: u64, low: u32, high: u32) -> u32 {
        self.names.within(Stream::Addresses, u64::from(self.at), purpose, low, high)
    }

    /// Draws 64 bits from the source of names that are always the same for the part and a purpose.
    pub(crate) fn bits(self, purpose: u64) -> u64 {
        self.names.bits(Stream::Addresses, u64::from(self.at), purpose, 1)
    }

    /// Returns the address of the part's first pod. Parts of a node have addresses of its range.
    pub(crate) fn address(self) -> Address {
        self.address_numbered(0)
    }

    /// Returns the address of one of the part's pods.
    pub(crate) fn address_numbered(self, number: u32) -> Address {
        let purpose = if number == 0 { 1 } else { 300 + u64::from(number) };
        let entity = self.topology.entity(self.at);
        let octet = |purpose: u64, low: u8, high: u8| {
            u8::try_from(self.drawn(purpose, low.into(), high.into())).unwrap_or(high)
        };
        if entity.kind == Kind::External {
            return self.site().outside(octet(purpose, 20, 250));
        }
        match entity.node {
            Some(node) => {
                let [first, second] = self.site().pods();
                Address([first, second, node_octet(node), octet(purpose, 2, 250)])
            }
            None if entity.kind == Kind::Node => self.site().node_address(self.at.index()),
            None => {
                let [first, second] = self.site().services();
                Address([first, second, entity.zone, octet(purpose, 2, 250)])
            }
        }
    }

    /// Appends the name of one of the part's pods, after they were replaced so many times. Stores have numbered pods, which
    /// are replaced by others of the same names.
    pub(crate) fn pod(self, out: &mut String, number: u32, replaced: u32) {
        out.push_str(self.name());
        if self.kind().is_store() || self.kind() == Kind::Cache {
            let _ = write!(out, "-{number}");
            return;
        }
        let mut letters = |count: u32, purpose: u64| {
            out.push('-');
            let mut bits = self.bits(purpose);
            for _ in 0..count {
                out.push(char::from(LETTERS[usize::try_from(bits % 27).unwrap_or_default()]));
                bits /= 27;
            }
        };
        letters(10, 2 + (u64::from(replaced) << 16));
        letters(5, 50 + u64::from(number) + (u64::from(replaced) << 16));
    }
}

/// Returns the octet of an address that tells nodes apart.
fn node_octet(node: EntityId) -> u8 {
    u8::try_from(u64::from(node) % 200).unwrap_or_default() + 10
}
