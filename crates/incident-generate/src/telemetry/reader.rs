//! The reader: a diagnostic of one entity in one minute, with what all diagnostics need. Each line of a text begins
//! with the id of its record.

use std::cell::OnceCell;
use std::fmt::{self, Write};

use crate::data::dialect::Dialect;
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::calendar::Clock;
use crate::incident::messages::Messages;
use crate::incident::world::{Presence, State, World};
use crate::proof::claim::{Claim, Record};
use crate::record_id::{RecordId, RecordKey};
use crate::system::particulars::Particulars;
use crate::system::times::TIMEOUT;
use crate::system::topology::Edge;
use crate::system::traffic::Acting;
use crate::telemetry::words::Words;
use incident_env::Asked;

/// How many minutes logs and series go back.
pub(super) const WINDOW: i32 = 120;
/// The share of failed calls, in thousandths, from which a caller logs them.
pub(super) const LOGGED: i32 = 25;

/// The milliseconds after which a connection is refused at most, and those after which an answer comes that no work went into.
const REFUSES: u32 = 2;
const ANSWERS: u32 = 11;

/// The numbers of the diagnostics, which are hashed into the ids of records.
pub(super) const LOGS: u64 = 1;
pub(super) const METRICS: u64 = 2;
pub(super) const STATUS: u64 = 3;
pub(super) const DEPENDENCIES: u64 = 4;
pub(super) const CHANGES: u64 = 5;
pub(super) const CATALOGUE: u64 = 6;
/// The slot of the record that says that there is nothing to show.
pub(super) const EMPTY: u64 = 999;

/// What a diagnostic shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The text, one record a line.
    pub text: String,
    /// What each record says, in the order of the lines.
    pub records: Vec<Record>,
}

impl Sheet {
    /// Goes through the records with their texts, without their ids. A text may have several lines.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Record, &str)> {
        let mut rest = self.text.as_str();
        let each = self.records.iter().enumerate();
        each.map(move |(number, record)| {
            let begins = |record: &Record| format!("[{}] ", record.id);
            let text = rest.strip_prefix(begins(record).as_str()).unwrap_or(rest);
            let next = self.records.get(number + 1).and_then(|next| text.find(format!("\n{}", begins(next)).as_str()));
            let (own, after) = next.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
            rest = after;
            (record, own)
        })
    }

    /// Adds a record with its text.
    pub(super) fn add(&mut self, record: Record, text: &str) {
        self.begin(record.id, record.claim);
        self.text.push_str(text.trim_end_matches('\n'));
        self.text.push('\n');
    }

    /// Begins the line of a record.
    pub(super) fn begin(&mut self, id: RecordId, claim: Claim) {
        let _ = write!(self.text, "[{id}] ");
        self.records.push(Record { id, claim });
    }
}

/// A reader of the diagnostics of an entity.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    pub(super) world: &'a World,
    pub(super) state: &'a State,
    pub(super) at: EntityId,
    /// The current minute.
    pub(super) now: i32,
    /// The classes of evidence that are or were there at the entity.
    pub(super) presences: Vec<Presence>,
    /// An entity that calls it, or the entity itself.
    caller: EntityId,
    /// The optional parameters of the diagnostic.
    pub(super) asked: Asked,
    /// The messages of the entity, or of the queue that it reads, once they were asked for.
    messages: OnceCell<Option<Messages>>,
    /// Whether only the records are wanted, and not the values of series.
    pub(super) is_silent: bool,
}

/// The duration of a request, in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum RequestTime {
    /// The request was answered; the 99th percentile is given.
    Answered(u32),
    /// The request was given up after this time.
    GivenUp(u32),
    /// The request was refused at once, after this time at most.
    Refused(u32),
}

impl<'a> Reader<'a> {
    /// Makes the reader of an entity in the current minute of a state, for diagnostics without optional parameters.
    pub(crate) fn new(world: &'a World, state: &'a State, at: EntityId) -> Self {
        let topology = &world.incident.topology;
        let caller = topology.needed_by(at).next().map_or(at, |edge| edge.from);
        let presences = world.presences(state, at).collect();
        let asked = Asked::default();
        Self {
            world,
            state,
            at,
            now: state.minute(),
            presences,
            asked,
            caller,
            messages: OnceCell::new(),
            is_silent: false,
        }
    }

    /// Returns the reader for a diagnostic with these optional parameters.
    pub(super) fn asking(self, asked: &Asked) -> Self {
        Self { asked: asked.clone(), ..self }
    }

    /// Returns the name of an entity.
    pub(super) fn name(&self, at: EntityId) -> &'a str {
        self.world.incident.topology.name(at)
    }

    /// Returns the kind of an entity.
    pub(super) fn kind(&self, at: EntityId) -> Kind {
        self.world.incident.topology.entity(at).kind
    }

    /// Returns the time of day of a minute.
    pub(super) fn clock(&self, minute: i32) -> Clock {
        self.world.clock(minute)
    }

    /// Returns the id of a record. That of an event depends on its place alone, and that of a reading also on the
    /// time when it was taken. Times before the alert are negative, and hashed as large numbers.
    pub(super) fn id(&self, tool: u64, slot: u64, when: i64) -> RecordId {
        let incident = &self.world.incident;
        RecordId::drawn(incident.names, RecordKey { at: self.at, tool, slot, when })
    }

    /// Returns how many minutes logs and series go back.
    pub(super) fn window(&self) -> i32 {
        self.asked.window.and_then(|minutes| i32::try_from(minutes).ok()).map_or(WINDOW, |minutes| minutes.min(WINDOW))
    }

    /// Returns the messages of the entity if it is a queue, or of the queue that it reads, if it is the one whose messages the
    /// queue counts.
    pub(super) fn messages(&self) -> Option<&Messages> {
        let queue = || {
            if self.kind(self.at) == Kind::Queue {
                return Some(self.at);
            }
            let read = self.world.incident.topology.needs(self.at).find(|edge| edge.kind == EdgeKind::Consume)?;
            (self.world.reader_of(read.to) == Some(self.at)).then_some(read.to)
        };
        self.messages.get_or_init(|| queue().and_then(|queue| self.world.messages(self.state, queue))).as_ref()
    }

    /// Returns the particulars of an entity.
    pub(super) fn particulars(&self, of: EntityId) -> Particulars<'a> {
        let incident = &self.world.incident;
        Particulars::of(&incident.topology, incident.draws, incident.names, of)
    }

    /// Returns the technology that an entity runs.
    pub(super) fn dialect(&self, of: EntityId) -> &'a Dialect {
        let dialects = &self.world.library.dialects;
        dialects.get(self.particulars(of).technology(dialects))
    }

    /// Returns what fills the places of phrases about the entity now. `peer` is the other end of the call that the phrase
    /// is about.
    pub(super) fn words(&self, peer: Option<EntityId>, salt: u64) -> Words<'a> {
        Words {
            world: self.world,
            state: self.state,
            at: self.at,
            peer,
            caller: self.caller,
            is_call: peer.is_some(),
            thing: None,
            time: i64::from(self.now) * 60_000,
            ms: None,
            minutes: 0,
            until: self.now,
            salt,
            code: "500",
            ordinal: None,
            of_restart: false,
            change: None,
            outside: None,
            level: "",
            text: "",
            variant: 0,
            later: 0,
            line: 0,
            message: 0,
            gap: 0,
        }
    }

    /// Returns what fills the places of phrases about the entity and a thing of it.
    pub(crate) fn words_about(&self, thing: &'a str) -> Words<'a> {
        Words { thing: Some(thing), ..self.words(None, 0) }
    }

    /// Returns something that the entity calls, for phrases that name one and mean none in particular.
    pub(super) fn some_peer(&self) -> Option<EntityId> {
        self.world.incident.topology.needs(self.at).next().map(|edge| edge.to)
    }

    /// Returns how long one request took, in milliseconds. Each takes a time of its own, and hardly one takes longer than
    /// the 99th percentile.
    pub(super) fn took(&self, time: RequestTime, salt: u64) -> u32 {
        let draws = self.world.incident.draws;
        let spread = draws.within(Stream::Phrases, u64::from(self.at) << 1 | 1, salt, 30, 102);
        match time {
            RequestTime::Answered(ms) => (ms.saturating_mul(spread) / 100).max(1),
            RequestTime::GivenUp(ms) => ms + spread / 3,
            RequestTime::Refused(ms) => 1 + (spread - 30) * ms / 73,
        }
    }

    /// Returns how long a call that failed like this took: who is refused is so at once, unless the other end has waited itself.
    pub(super) fn time_of(&self, to: EntityId, fails_as: FailsAs, minute: i32) -> RequestTime {
        let patience = TIMEOUT / 1000;
        let called = self.world.reading(self.state, to, minute);
        let has_waited =
            fails_as == FailsAs::Unavailable && i32::from(called.hung) * 2 >= i32::from(called.error.max(1));
        match fails_as {
            FailsAs::Timeout => RequestTime::GivenUp(patience),
            FailsAs::Refused | FailsAs::Unreachable => RequestTime::Refused(REFUSES),
            _ if fails_as.is_quick() && !has_waited => RequestTime::Refused(ANSWERS),
            _ => RequestTime::Answered((self.slowest(to, minute, false) / 1000).clamp(1, patience / 10 * 9)),
        }
    }

    /// Returns how long the slowest calls of an entity take, in microseconds. Where callers give up, it is their
    /// patience, and nowhere is it more.
    pub(super) fn slowest(&self, at: EntityId, minute: i32, times_out: bool) -> u32 {
        let latency = self.world.reading(self.state, at, minute).p99;
        if times_out { TIMEOUT } else { latency.min(TIMEOUT) }
    }

    /// Returns the share of calls along an edge that fail, in thousandths, and how the failures look.
    pub(crate) fn fails(&self, edge: &Edge, minute: i32) -> (i32, FailsAs) {
        let spares = |acting: &Acting<'_>| acting.predicate.spares.is_some_and(|toward| toward.includes(edge.kind));
        if self.world.holding(self.state, edge.from, minute).any(|acting| spares(&acting)) {
            return (0, FailsAs::Unavailable);
        }
        let called = i32::from(self.world.reading(self.state, edge.to, minute).error);
        let (mut passes, mut looks) = (1000, None);
        // A name that does not resolve, and a way that there is not, fail calls of the one that calls, to whom it does not reach.
        let is_of_caller =
            |acting: &Acting<'_>| acting.fails_requests() && self.world.severed(acting.predicate.fails_as).is_some();
        let is_severed = |acting: &Acting<'_>| {
            is_of_caller(acting) && self.world.severed(acting.predicate.fails_as) == Some(edge.to)
        };
        let concerns = |acting: &Acting<'_>| acting.fails_calls_along(edge.kind) || is_severed(acting);
        for acting in self.world.holding(self.state, edge.from, minute).filter(concerns) {
            passes = passes * (1000 - acting.error()) / 1000;
            looks = Some(acting.predicate.fails_as);
        }
        let share = 1000 - passes * (1000 - called) / 1000;
        if share < LOGGED {
            return (share, FailsAs::Unavailable);
        }
        let looks = looks.or_else(|| {
            let worst = self
                .world
                .holding(self.state, edge.to, minute)
                .filter(Acting::fails_requests)
                .max_by_key(Acting::error);
            // Whoever does not reach what it calls is reached itself, and answers that it cannot serve.
            worst.filter(|acting| !is_of_caller(acting)).map(|acting| acting.predicate.fails_as)
        });
        (share, looks.unwrap_or(FailsAs::Unavailable))
    }
}

/// Returns the coordinate of the draws of a minute.
pub(super) fn when(minute: i32) -> u64 {
    u64::from(minute.cast_unsigned())
}

/// When an entry is printed, and what its numbers are drawn by.
#[derive(Clone, Copy)]
pub(super) struct When {
    /// Milliseconds after the alert.
    pub ms: i64,
    /// The minute after the alert.
    pub minute: i32,
    /// The coordinate of its numbers.
    pub salt: u64,
}

/// A number of tenths, displayed as a decimal: `12.3`, and without the tenths from 100 on.
pub(crate) struct Tenths(pub(crate) i64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1000.. => write!(f, "{}", self.0 / 10),
            value => write!(f, "{}.{}", value / 10, value % 10),
        }
    }
}
