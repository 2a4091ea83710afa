//! The world of an incident as time goes on: every action takes minutes, and remediations change the facts that hold.
//!
//! Minutes are counted from the alert, so those before it are negative. Shares are in thousandths.

use std::sync::{Arc, OnceLock};

use crate::data::library::Library;
use crate::data::vocabulary::{FailsAs, Role};
use crate::draws::Stream;
use crate::ids::{ClassSet, EntityId, EntitySet, FactId, FactSet, PredicateId, VerbId};
use crate::incident::calendar::{Clock, DAYS_OF_ALERTS, Moment};
use crate::incident::deed::Deed;
use crate::incident::incident::Incident;
use crate::incident::severed::Severed;
use crate::incident::timed::{HISTORY, Span, Timed, VARIES, history, in_minute};
use crate::system::fault::Fault;
use crate::system::growth::Growth;
use crate::system::named_objects::NamedObjects;
use crate::system::reading::{Reading, Trouble};
use crate::system::strength::Strength;
use crate::system::traffic::{Acting, Flow, LEAVE};
use incident_env::Diagnostic;

/// The rise in the share of failed requests from which an entity is worse off.
const WORSE: i16 = 25;

/// An incident, with everything that its states are read by. The world itself never changes; a [`State`] does.
#[derive(Debug)]
pub struct World {
    /// The incident that takes place.
    pub incident: Incident,
    /// The library that it was made from.
    pub library: Arc<Library>,
    /// The jobs, certificates and flags.
    pub objects: NamedObjects,
    quiet: Flow,
    /// The readings of all entities in each minute of the history, the last of which is that of the alert.
    history: Vec<Arc<[Reading]>>,
    at_alert: Flow,
    /// The number of users in each minute of the history, in thousandths of the mean, once it was asked for.
    users: OnceLock<Vec<i64>>,
    /// The entities that the fault of the alert troubles.
    pub(super) troubled: EntitySet,
    /// Whom callers do not reach by the name or on the way that the fault takes away.
    severed: Severed,
}

/// Classes of evidence that are there at an entity for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Which of all that can be there at the entity it is: facts are numbered first, and then decoys. It stays the same
    /// in every state of the incident.
    pub number: u64,
    /// The classes that are there.
    pub classes: ClassSet,
    /// The first minute in which they are there.
    pub from: i32,
    /// The first minute in which they are no longer there.
    pub to: i32,
}

impl Presence {
    /// Returns whether it is of a fault, and not of an event beside it.
    pub(crate) const fn is_of_fault(&self) -> bool {
        self.number < FactSet::CAPACITY as u64
    }
}

/// The state of a world in one minute.
#[derive(Debug, Clone)]
pub struct State {
    /// Minutes since the alert.
    pub(super) now: u32,
    pub(super) facts: FactSet,
    /// When each fact held last.
    pub(super) spans: Vec<Span>,
    /// When facts held before that, in their order.
    pub(super) past: Vec<(FactId, Span)>,
    flow: Flow,
    /// The readings of all entities in each minute after the alert.
    since: Vec<Arc<[Reading]>>,
    /// Whether another minute would change nothing.
    settled: bool,
    /// What users lost in each minute after the alert.
    lost: Vec<i32>,
    /// The minute in which the last change ended, once there is one.
    pub(super) last_change: Option<u32>,
    /// What is restarted or moved at the moment, and answers nobody.
    pub(super) down: Option<(PredicateId, EntityId)>,
    /// The last minute in which facts may begin, end, or act otherwise than in the minute before.
    pub(super) moves_until: i32,
    /// What was done beside the ends and beginnings of facts, oldest first.
    pub(super) deeds: Vec<Deed>,
    /// The changes that were made in the episode, oldest first.
    own: Vec<OwnChange>,
}

/// A change that was made in the episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChange {
    /// The minute in which it was done.
    pub minute: i32,
    /// The verb that was performed.
    pub verb: VerbId,
    /// The entity that was changed, or that the changed thing belongs to.
    pub at: EntityId,
    /// What the verb was performed on, as the action named it.
    pub name: Arc<str>,
}

/// Converts a number of minutes that may be negative elsewhere.
fn signed(minutes: u32) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}

impl World {
    /// Makes the world of an incident.
    #[must_use]
    pub fn new(incident: Incident, library: Arc<Library>) -> Self {
        let objects = NamedObjects::new(&incident.topology, incident.draws, incident.names);
        let vocabulary = &library.vocabulary;
        let events: Vec<_> =
            incident.decoys.iter().map(|decoy| Timed::of_decoy(decoy, vocabulary).going_on(incident.draws)).collect();
        let every_day: Vec<_> =
            events.iter().filter(|event| event.span.from < -HISTORY).map(|event| event.acting).collect();
        let quiet = incident.traffic.settled(&every_day);
        let of_second = |number: usize| incident.second.as_ref().filter(|second| number >= second.facts_before);
        let facts = incident.fault.iter().flat_map(|fault| fault.holding(vocabulary, fault.start));
        let facts = facts.enumerate().map(|(number, acting)| {
            let duration = of_second(number).map_or(incident.duration, |second| second.duration);
            let fact = Timed { acting, span: Span::since(-signed(duration)), growth: None, sway: None };
            fact.swaying(incident.draws, u64::from(of_second(number).is_some()))
        });
        let timed: Vec<_> = facts.chain(events.iter().copied()).collect();
        let (history, at_alert) = history(&incident.traffic, &timed);
        // The path of an answer leads through what the fault of the alert troubles on its own.
        let own: Vec<_> = match &incident.second {
            None => in_minute(&timed, 0),
            Some(second) => {
                timed[..second.facts_before].iter().map(|one| one.acting).chain(in_minute(&events, 0)).collect()
            }
        };
        let troubled = incident.traffic.settled_after(&quiet, &own).troubled(&quiet).any();
        let severed = incident.fault.as_ref().map(|fault| Severed::of(fault, &incident.topology, vocabulary));
        let severed = severed.unwrap_or_default();
        Self { incident, library, objects, quiet, history, at_alert, users: OnceLock::new(), troubled, severed }
    }

    /// Returns the state at the alert.
    #[must_use]
    pub fn start(&self) -> State {
        let incident = &self.incident;
        let (facts, count) =
            incident.fault.as_ref().map_or((FactSet::EMPTY, 0), |fault| (fault.start, fault.facts.len()));
        let span = |fact: FactId| {
            let of_second = incident.second.as_ref().filter(|second| fact.index() >= second.first_fact);
            let duration = of_second.map_or(incident.duration, |second| second.duration);
            if facts.contains(fact) { Span::since(-signed(duration)) } else { Span::NEVER }
        };
        State {
            now: 0,
            facts,
            spans: FactId::first(count).map(span).collect(),
            flow: self.at_alert.clone(),
            since: Vec::new(),
            settled: false,
            lost: Vec::new(),
            past: Vec::new(),
            last_change: None,
            down: None,
            moves_until: VARIES.max(incident.growth.map_or(0, |growth| signed(growth.minutes))),
            deeds: Vec::new(),
            own: Vec::new(),
        }
    }

    /// Returns the reading of an entity in a minute. In a minute later than now it is that of now.
    #[must_use]
    pub fn reading(&self, state: &State, at: EntityId, minute: i32) -> Reading {
        let at = at.index();
        if minute <= 0 {
            let ago = minute.unsigned_abs() as usize;
            let kept = self.history.len().checked_sub(ago + 1).and_then(|place| self.history.get(place));
            return kept.map_or_else(|| self.quiet.readings()[at], |readings| readings[at]);
        }
        let later = ((minute - 1).unsigned_abs() as usize).min(state.since.len().saturating_sub(1));
        state.since.get(later).map_or_else(|| state.flow.readings()[at], |readings| readings[at])
    }

    /// Returns whom callers do not reach that find no address or no way, given how their calls fail.
    #[must_use]
    pub(crate) const fn severed(&self, looks: FailsAs) -> Option<EntityId> {
        self.severed.from(looks)
    }

    /// Returns the calls along a dependency in the current minute, in thousandths of a call a second, given its number among
    /// all dependencies of the system.
    #[must_use]
    pub fn calls(&self, state: &State, dependency: usize) -> i64 {
        state.flow.calls(dependency) * self.users(state, state.minute()) / 1000
    }

    /// Returns the reading of an entity on a quiet day.
    #[must_use]
    pub fn usual(&self, at: EntityId) -> Reading {
        self.quiet.readings()[at.index()]
    }

    /// Returns how many users there are in a minute, in thousandths of the mean: fewer or more by the time of day, and
    /// fewer where they did not get what they came for, because some of them go away and come back later.
    #[must_use]
    pub fn users(&self, state: &State, minute: i32) -> i64 {
        // What was before the alert is the same in all states.
        if (-HISTORY..=0).contains(&minute) {
            let of_history = || (-HISTORY..=0).map(|minute| self.users_in(state, minute)).collect();
            let place = (minute + HISTORY).unsigned_abs() as usize;
            return self.users.get_or_init(of_history).get(place).copied().unwrap_or(1000);
        }
        self.users_in(state, minute)
    }

    fn users_in(&self, state: &State, minute: i32) -> i64 {
        /// The minutes of a day, and how far the hour changes the number of users, in thousandths.
        const DAY: i64 = 1440;
        const SWING: i64 = 160;
        /// The minutes over which users look at what they get.
        const MEMORY: i32 = 12;
        /// The minutes from one turning point of their number to the next, and what marks their draws.
        const STRETCH: i32 = 9;
        const USERS: u64 = 1 << 46;
        let Clock(clock) = self.clock(minute);
        // The fewest come at four in the morning and the most at four in the afternoon.
        let from_low = (clock - 240).rem_euclid(DAY);
        let rise = from_low.min(DAY - from_low);
        let daily = 1000 - SWING / 2 + SWING * rise / (DAY / 2);
        let lost = |minute: i32| {
            let journeys = self.incident.topology.journeys.iter();
            let of = |entry| i64::from(self.reading(state, entry, minute).error);
            journeys.map(|journey| i64::from(journey.requests) * of(journey.entry)).sum::<i64>() / 1000
        };
        // More come in one minute than in the next.
        let noise = self.incident.knobs.noise.min(100);
        let drawn = |coordinate: u64, most: u32| {
            let most = most * noise / 100;
            i64::from(self.incident.draws.below(Stream::Noise, USERS, coordinate, 2 * most + 1)) - i64::from(most)
        };
        let turn = |stretch: i32| drawn(u64::from(stretch.cast_unsigned()) | 1 << 40, 26);
        let (stretch, within) = (minute.div_euclid(STRETCH), i64::from(minute.rem_euclid(STRETCH)));
        let slow = (turn(stretch) * (i64::from(STRETCH) - within) + turn(stretch + 1) * within) / i64::from(STRETCH);
        let daily = daily * (1000 + slow + drawn(u64::from(minute.cast_unsigned()), 14)) / 1000;
        let remembered = (1..=MEMORY / 4).map(|back| lost(minute - back * 4)).sum::<i64>() / i64::from(MEMORY / 4);
        daily * (1000 - remembered * i64::from(LEAVE) / 1000) / 1000
    }

    /// Returns whether errors and response times of an entity are up in a minute.
    #[must_use]
    pub fn trouble(&self, state: &State, at: EntityId, minute: i32) -> Trouble {
        self.reading(state, at, minute).trouble(&self.usual(at))
    }

    /// Goes through the facts with all times at which each held or holds, those that are over first.
    pub(super) fn timed<'a, 's>(&'a self, state: &'s State) -> impl Iterator<Item = (FactId, Timed<'a>)> + use<'a, 's> {
        let spans = state.past.iter().copied().chain(FactId::first(state.spans.len()).zip(state.spans.iter().copied()));
        self.incident.fault.iter().flat_map(move |fault| {
            spans.clone().filter_map(|(id, span)| {
                let acting = fault.facts.get(id.index())?.acting(&self.library.vocabulary);
                let fact = Timed { acting, span, growth: self.growth(id), sway: None };
                Some((id, fact.swaying(self.incident.draws, u64::from(self.is_of_second(id)))))
            })
        })
    }

    /// Returns how a fact grows after the alert: that of the fault which the alert is about.
    fn growth(&self, fact: FactId) -> Option<Growth> {
        self.incident.growth.filter(|_| !self.is_of_second(fact))
    }

    /// Returns whether a fact is one of the second fault.
    fn is_of_second(&self, fact: FactId) -> bool {
        self.incident.second.as_ref().is_some_and(|second| fact.index() >= second.first_fact)
    }

    /// Goes through the facts about an entity, with all times at which each held or holds.
    fn facts_at<'a>(&'a self, state: &'a State, at: EntityId) -> impl Iterator<Item = (FactId, Timed<'a>)> {
        self.timed(state).filter(move |(_, one)| one.acting.at == at)
    }

    /// Goes through the events beside the fault that are about an entity.
    fn events_at(&self, at: EntityId) -> impl Iterator<Item = Timed<'_>> {
        let here = self.incident.decoys.iter().filter(move |decoy| decoy.at == at);
        here.map(|decoy| Timed::of_decoy(decoy, &self.library.vocabulary).going_on(self.incident.draws))
    }

    /// Goes through the classes of evidence that are or were there at an entity, by the fault and by decoys.
    pub fn presences<'a>(&'a self, state: &'a State, at: EntityId) -> impl Iterator<Item = Presence> + 'a {
        let facts = self.incident.fault.iter().flat_map(Fault::numbered_facts).filter(move |(_, fact)| fact.at == at);
        let numbers: Vec<_> = (0..).zip(facts).map(|(number, (id, _))| (id, number)).collect();
        let real = self.facts_at(state, at).filter_map(move |(id, one)| {
            let (_, number) = numbers.iter().find(|(known, _)| *known == id)?;
            Some(Presence {
                number: *number,
                classes: one.acting.predicate.shows,
                from: one.shows_from(),
                to: one.span.to,
            })
        });
        let here = self.incident.decoys.iter().filter(move |decoy| decoy.at == at);
        let decoys = (FactSet::CAPACITY as u64..).zip(here).map(|(number, decoy)| Presence {
            number,
            classes: decoy.shows,
            from: decoy.from,
            to: state.end_of(decoy),
        });
        real.chain(decoys).filter(|presence| presence.from < presence.to)
    }

    /// Goes through what holds about an entity in a minute: facts of the fault, and events beside it.
    pub fn holding<'a>(&'a self, state: &'a State, at: EntityId, minute: i32) -> impl Iterator<Item = Acting<'a>> {
        let all = self.facts_at(state, at).map(|(_, one)| one).chain(self.events_at(at));
        all.filter(move |one| one.span.contains(minute)).map(move |one| one.ramped(minute))
    }

    /// Returns the time of day of a minute.
    #[must_use]
    pub fn clock(&self, minute: i32) -> Clock {
        Clock((i64::from(self.minute_of_alert()) + i64::from(minute)).rem_euclid(1440))
    }

    /// Returns the minute of the day at which the alert fired.
    fn minute_of_alert(&self) -> u32 {
        self.incident.draws.below(Stream::Alert, 7, 7, 1440)
    }

    /// Returns the moment of the alert. It is at least three weeks from the ends of the year.
    pub(crate) fn moment_of_alert(&self) -> Moment {
        let count = |[first, last]: [u32; 2]| last - first + 1;
        let mut left = self.incident.draws.below(Stream::Alert, 7, 8, DAYS_OF_ALERTS.into_iter().map(count).sum());
        let mut day = DAYS_OF_ALERTS[0][0];
        for year in DAYS_OF_ALERTS {
            if left < count(year) {
                day = year[0] + left;
                break;
            }
            left -= count(year);
        }
        Moment((i64::from(day) * 1440 + i64::from(self.minute_of_alert())) * 60_000)
    }

    /// Returns what users lose now.
    #[must_use]
    pub fn impact(&self, state: &State) -> i32 {
        self.incident.traffic.impact(&state.flow)
    }

    /// Returns what users lose now, against the usual number of users: those who went away count as well.
    #[must_use]
    pub fn impact_with_leavers(&self, state: &State) -> i32 {
        self.incident.traffic.impact_with_leavers(&state.flow)
    }

    /// Lets minutes pass.
    pub fn pass(&self, state: &mut State, minutes: u32) {
        for _ in 0..minutes {
            state.now += 1;
            let is_quiet = state.settled && state.minute() > state.moves_until;
            if let (true, Some(last), Some(lost)) = (is_quiet, state.since.last(), state.lost.last().copied()) {
                state.since.push(Arc::clone(last));
                state.lost.push(lost);
                continue;
            }
            if state.minute() <= state.moves_until {
                self.set(state);
            }
            self.incident.traffic.tick(&mut state.flow);
            state.settled = state.since.last().is_some_and(|last| **last == *state.flow.readings());
            state.since.push(state.flow.readings().into());
            state.lost.push(self.incident.traffic.impact(&state.flow));
        }
    }

    /// Lets traffic follow from the facts that hold in this minute, from those that have ended and fade away, and from what
    /// is down.
    fn set(&self, state: &mut State) {
        let vocabulary = &self.library.vocabulary;
        let down = state.down.map(|(predicate, at)| Acting {
            predicate: vocabulary.predicate(predicate),
            at,
            strength: Strength::USUAL,
        });
        let minute = state.minute();
        let holding = self.timed(state).filter(|(_, one)| one.span.contains(minute)).map(|(_, one)| one.ramped(minute));
        let facts: Vec<_> = holding.chain(self.going_on(minute)).chain(self.fading(state)).chain(down).collect();
        state.flow.set(&facts);
        state.settled = false;
    }

    /// Goes through the events beside the fault that go on at the alert, as they act in a minute.
    fn going_on(&self, minute: i32) -> impl Iterator<Item = Acting<'_>> {
        let events = self.incident.decoys.iter().map(|decoy| Timed::of_decoy(decoy, &self.library.vocabulary));
        let events = events.filter(|event| event.span.contains(0));
        events.map(move |event| event.going_on(self.incident.draws).ramped(minute))
    }

    /// Returns what users still lose after a shortest repair, because not everything can be made good.
    #[must_use]
    pub fn least_impact(&self) -> i32 {
        let Some(fault) = &self.incident.fault else { return 0 };
        let after = self.incident.proof.repair.iter().fold(fault.start, |facts, op| fault.ops[*op].apply(facts));
        let grown = fault.numbered_facts().filter(|(id, _)| after.contains(*id)).map(|(id, fact)| {
            let acting = fact.acting(&self.library.vocabulary);
            let strength = self.growth(id).map_or(acting.strength, |growth| growth.strength(acting.strength, i32::MAX));
            Acting { strength, ..acting }
        });
        let facts: Vec<_> = grown.chain(self.going_on(0)).collect();
        self.incident.traffic.impact(&self.incident.traffic.settled_after(&self.quiet, &facts))
    }

    /// Counts the entities that fail more now than they would if nobody had done anything.
    #[must_use]
    pub fn worse_off(&self, state: &State) -> u32 {
        let mut alone = self.start();
        self.pass(&mut alone, state.now);
        let pairs = state.flow.readings().iter().zip(alone.flow.readings());
        let worse = pairs.filter(|(now, alone)| now.error >= alone.error + WORSE).count();
        u32::try_from(worse).unwrap_or(u32::MAX)
    }

    /// Returns whether a diagnostic of an entity gets no answer in this minute.
    #[must_use]
    pub fn is_out(&self, state: &State, at: EntityId, tool: Diagnostic) -> bool {
        self.is_tool_out(state, u64::from(at), tool)
    }

    /// Returns whether a diagnostic of the whole system gets no answer in this minute.
    #[must_use]
    pub fn is_out_everywhere(&self, state: &State, tool: Diagnostic) -> bool {
        // No entity has so large a number.
        self.is_tool_out(state, 1 << 16, tool)
    }

    fn is_tool_out(&self, state: &State, of: u64, tool: Diagnostic) -> bool {
        let place = of << 8 | tool.index() as u64;
        let share = self.incident.knobs.outage;
        share > 0 && self.incident.draws.below(Stream::Outage, place, u64::from(state.now), 100) < share
    }

    /// Goes through the names of the measures that are in force at an entity.
    pub fn measures<'a>(&'a self, state: &'a State, at: EntityId) -> impl Iterator<Item = &'a str> {
        let in_force = self.holding(state, at, state.minute());
        in_force
            .map(|acting| acting.predicate)
            .filter(|predicate| predicate.role == Role::Measure)
            .map(|p| p.name.as_str())
    }
}

impl State {
    /// Returns the number of minutes since the alert.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.now
    }

    /// Returns the current minute as one that can be compared with minutes before the alert.
    #[must_use]
    pub fn minute(&self) -> i32 {
        signed(self.now)
    }

    /// Returns whether anything was changed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.last_change.is_some()
    }

    /// Keeps a change that was made in the episode, so that the feed of changes shows it.
    pub fn note(&mut self, change: OwnChange) {
        self.own.push(change);
    }

    /// Returns the changes that were made in the episode, oldest first.
    #[must_use]
    pub fn own_changes(&self) -> &[OwnChange] {
        &self.own
    }

    /// Returns what users lost in each minute since the alert.
    #[must_use]
    pub fn lost(&self) -> &[i32] {
        &self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::repair_plan;
    use crate::system::fault::{Target, Thing};
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    #[test]
    fn failures_spread_by_the_minute_and_last_until_the_repair() {
        let world = Small::new().world();
        let mut state = world.start();
        let error = |state: &State, minute| world.reading(state, GATEWAY, minute).error;
        assert_eq!((error(&state, -11), error(&state, 0)), (0, 1000));
        assert_eq!(world.impact(&state), 1000);
        let plan = repair_plan::shortest(world.incident.fault.as_ref().unwrap()).unwrap();
        let ops: Vec<_> =
            plan.iter().map(|number| world.incident.fault.as_ref().unwrap().ops[*number].clone()).collect();
        for op in &ops {
            assert!(!world.is_clean(&state));
            let consequence = world.perform(&mut state, op.verb, op.target);
            assert!(consequence.helped && consequence.harm == 0 && !consequence.catastrophic);
        }
        // Stopping the job takes a minute, and the restart three.
        assert_eq!((state.now(), world.impact(&state)), (4, 0));
        assert_eq!(state.lost(), [1000, 1000, 1000, 0]);
        assert!(world.is_clean(&state) && world.is_durable(&state) && state.is_touched());
        assert_eq!((world.least_impact(), world.worse_off(&state)), (0, 0));
        let store = |minute| {
            world.holding(&state, STORE, minute).map(|acting| acting.predicate.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((store(0), store(1), store(5)), (vec!["crashes", "job_runs"], vec!["crashes"], vec![]));
    }

    #[test]
    fn an_op_that_nothing_called_for_does_harm() {
        let world = Small::new().world();
        let verb = |name| world.library.vocabulary.verb_named(name).unwrap();
        let target = |at| Target { at, thing: Thing::Entity };
        for (name, at, harm, catastrophic) in [
            ("restart", SERVICE, 50, false),
            // Restarting the store helps only once the job is stopped.
            ("restart", STORE, 100, false),
            ("wipe", STORE, 300, true),
        ] {
            let consequence = world.perform(&mut world.start(), verb(name), target(at));
            assert_eq!((consequence.harm, consequence.catastrophic), (harm, catastrophic), "{name} {at:?}");
            assert!(!consequence.helped, "{name} {at:?}");
        }
    }
}
