//! Whom an entry of a log is about beside the part that prints it: who calls the part, and what the part calls or looks up.

use crate::data::dialect::Dialect;
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::{ClassId, EntityId};
use crate::incident::severed::crosses;
use crate::incident::world::Presence;
use crate::system::topology::Edge;
use crate::telemetry::outside::Outside;
use crate::telemetry::reader::{LOGGED, Reader, When};
use crate::telemetry::words::Words;

/// The class of evidence whose entries tell of logins that are refused.
const LOGIN: &str = "auth_reject";
/// The class of evidence whose entries tell of handshakes that fail, and the one of who has the certificate that ended.
const HANDSHAKE: &str = "tls_fail";
const EXPIRED: &str = "handshake_low";
/// The class of evidence whose entries tell of names that do not resolve.
const NAME: &str = "name_fail";
/// The class of evidence whose entries tell of ways that there are not.
const WAY: &str = "no_route";
/// The minutes after which what has begun to fail fails often.
const LATER: i32 = 9;

/// The other end of the calls that entries of a class of evidence are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// The part that it is, if it is one.
    pub part: Option<EntityId>,
    /// The host outside of the system that it is, if it is one.
    pub outside: Option<Outside>,
}

impl<'a> Reader<'a> {
    /// Returns what the entries of a class of evidence are about. If it is about calls along one kind of edge, it is the
    /// other end of such an edge. Handshakes that fail beside a fault are those with a host outside, because the parts of
    /// the system have certificates that are valid then; so are the names that do not resolve then.
    pub(super) fn peer_of(&self, class: ClassId, presence: &Presence) -> Peer {
        let vocabulary = &self.world.library.vocabulary;
        let topology = &self.world.incident.topology;
        let is_handshake = vocabulary.class(class).name == HANDSHAKE;
        let is_name = vocabulary.class(class).name == NAME && self.kind(self.at) != Kind::Dns;
        if (is_handshake || is_name) && !presence.is_of_fault() {
            let outside = Some(Outside::called_by(self.particulars(self.at)));
            return Peer { part: self.some_peer(), outside };
        }
        let is_way = vocabulary.class(class).name == WAY;
        if let Some(part) = (is_name || is_way).then(|| self.not_reached(is_way, presence)).flatten() {
            return Peer { part: Some(part), outside: None };
        }
        let ended = vocabulary.class_named(EXPIRED).filter(|_| is_handshake);
        let has_ended = |edge: &&Edge| {
            let mut there = self.world.presences(self.state, edge.to);
            there.any(|one| one.is_of_fault() && ended.is_some_and(|class| one.classes.contains(class)))
        };
        let mut holding = self.world.holding(self.state, self.at, self.now);
        let toward =
            holding.find(|acting| acting.predicate.shows.contains(class)).and_then(|acting| acting.predicate.toward);
        let along = || toward.and_then(|toward| topology.needs(self.at).find(|edge| toward.includes(edge.kind)));
        let edge = topology.needs(self.at).find(has_ended).or_else(along);
        Peer { part: edge.map(|edge| edge.to).or_else(|| self.some_peer()), outside: None }
    }

    /// Returns whom an entry means that tells of a name that does not resolve or of a way that there is not. Beside a fault it is
    /// somebody in the other zone, because what stays inside a zone is well.
    fn not_reached(&self, is_way: bool, presence: &Presence) -> Option<EntityId> {
        let topology = &self.world.incident.topology;
        let looks = if is_way { FailsAs::Unreachable } else { FailsAs::Unresolved };
        let of_fault = self.world.severed(looks).filter(|_| presence.is_of_fault());
        of_fault.or_else(|| {
            let is_own = |edge: &&Edge| self.kind(self.at) == Kind::Network || edge.from == self.at;
            let edges = topology.edges.iter().filter(is_own).filter(|edge| is_way && crosses(topology, edge));
            let all: Vec<_> = edges.map(|edge| edge.to).collect();
            let draws = self.world.incident.draws;
            (!all.is_empty()).then(|| *draws.pick(Stream::Phrases, u64::from(self.at) | 1 << 45, presence.number, &all))
        })
    }

    /// Returns the technology of the other end of calls.
    pub(super) fn dialect_of(&self, peer: Peer) -> &'a Dialect {
        let dialects = &self.world.library.dialects;
        match (peer.outside, peer.part) {
            (Some(_), _) => dialects.get(dialects.pick(Kind::External, None, 0)),
            (None, part) => self.dialect(part.unwrap_or(self.at)),
        }
    }

    /// Returns what fills the places of an entry. Each is about one of those that call the part.
    pub(super) fn words_at(&self, peer: Option<EntityId>, when: When) -> Words<'a> {
        let words = self.words(peer, when.salt);
        if self.kind(self.at) == Kind::Dns {
            return self.looked_up(&words, when, false);
        }
        Words { time: when.ms, caller: self.one_of(when, &self.callers(|_| true)).unwrap_or(words.caller), ..words }
    }

    /// Returns what fills the places of a usual entry. Whoever issues credentials or settings has clients that do not call it for
    /// requests.
    pub(super) fn words_of_usual(&self, peer: Option<EntityId>, when: When) -> Words<'a> {
        let words = self.words_at(peer, when);
        Words { caller: self.one_of(when, &self.supplied()).unwrap_or(words.caller), ..words }
    }

    /// Returns the services that have their credentials and settings from a part that no call leads to.
    fn supplied(&self) -> Vec<EntityId> {
        let topology = &self.world.incident.topology;
        if !matches!(self.kind(self.at), Kind::Identity | Kind::Config) {
            return Vec::new();
        }
        topology
            .numbered()
            .filter(|(_, entity)| matches!(entity.kind, Kind::Api | Kind::Worker))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns what fills the places of an entry about a class of evidence.
    pub(super) fn words_of(&self, class: ClassId, peer: Peer, when: When) -> Words<'a> {
        let words = Words { outside: peer.outside, ..self.words_at(peer.part, when) };
        match self.world.library.vocabulary.class(class).name.as_str() {
            NAME if self.kind(self.at) == Kind::Dns => self.looked_up(&words, when, true),
            // Of logins that are refused one is meant whose are.
            LOGIN => {
                let is_refused = |edge: &Edge| {
                    let (share, looks) = self.fails(edge, when.minute);
                    share >= LOGGED && looks == FailsAs::Auth
                };
                let refused = self.one_of(when, &self.callers(is_refused));
                Words { caller: refused.unwrap_or(words.caller), ..words }
            }
            _ => words,
        }
    }

    /// Returns those that call the part along some edges. A cache that is filled by its readers does not.
    fn callers(&self, along: impl Fn(&Edge) -> bool) -> Vec<EntityId> {
        let calls = self.world.incident.topology.needed_by(self.at).filter(|edge| edge.kind != EdgeKind::Store);
        calls.filter(|edge| along(edge)).map(|edge| edge.from).collect()
    }

    /// Draws one of some parts or calls.
    pub(super) fn one_of<T: Copy>(&self, when: When, all: &[T]) -> Option<T> {
        let draws = self.world.incident.draws;
        (!all.is_empty()).then(|| *draws.pick(Stream::Phrases, u64::from(self.at) | 1 << 44, when.salt, all))
    }

    /// Returns what fills the places of an entry of a name server: who asks for the name of whom. Names that are not found
    /// are those that clients fail to look up, or else one that nobody has.
    fn looked_up(&self, words: &Words<'a>, when: When, is_lost: bool) -> Words<'a> {
        let [lost, found] = self.lookups(when.minute);
        let later = || [when.minute.saturating_add(LATER), self.now].map(|minute| self.lookups(minute)[0].clone());
        let lost = if is_lost && lost.is_empty() {
            later().into_iter().find(|lost| !lost.is_empty()).unwrap_or_default()
        } else {
            lost
        };
        let asks = |all: &[[EntityId; 2]]| self.one_of(when, all);
        let (pair, outside) = match asks(&lost).filter(|_| is_lost) {
            Some(pair) => (Some(pair), None),
            None => (asks(&found), is_lost.then(|| Outside::unknown_to(self.particulars(self.at)))),
        };
        let [caller, named] = pair.unwrap_or([words.caller, self.at]);
        Words { time: when.ms, caller, peer: Some(named), is_call: true, outside, ..*words }
    }

    /// Returns who asks for the name of whom in a minute: first those that find no address, and then all others but for
    /// names that somebody does not find.
    fn lookups(&self, minute: i32) -> [Vec<[EntityId; 2]>; 2] {
        let topology = &self.world.incident.topology;
        let is_asked = |edge: &&Edge| edge.kind != EdgeKind::Store && self.kind(edge.from) != Kind::External;
        let is_lost = |edge: &&Edge| {
            let (share, looks) = self.fails(edge, minute);
            share >= LOGGED && looks == FailsAs::Unresolved
        };
        let ends = |edge: &Edge| [edge.from, edge.to];
        let lost: Vec<_> = topology.edges.iter().filter(is_asked).filter(is_lost).map(ends).collect();
        let found = topology.edges.iter().filter(is_asked).map(ends);
        let found = found.filter(|[_, named]| !lost.iter().any(|[_, other]| other == named)).collect();
        [lost, found]
    }
}
