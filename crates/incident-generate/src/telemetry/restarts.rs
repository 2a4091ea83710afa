//! Containers: when those of a part were restarted or replaced, which follows from what was seen there and from what was
//! done to it. Whatever tells of a restart tells of these.
//!
//! A container that ends is started again in its pod, under the same name. Where somebody restarts or rolls back a part,
//! its pods are replaced by others.

use crate::data::vocabulary::Vocabulary;
use crate::draws::Stream;
use crate::ids::{ClassId, EntityId};
use crate::incident::world::{Presence, State, World};

/// The minutes between two restarts of a container that fills its memory.
pub(super) const FILLS_AFTER: i32 = 17;
/// The minutes between two restarts of a container that ends by itself. A kubelet starts one at once that has run for ten.
pub(super) const RUNS: i32 = 11;
/// The milliseconds from the end of a container to the start of the next.
const STARTS_AFTER: i64 = 1700;
/// The minutes before the alert from which restarts are counted at most: a week.
const OLDEST: i32 = 10_080;
/// The classes of evidence that tell of restarts, and of containers that were killed for their memory.
const RESTARTS: &str = "restarts_up";
pub(super) const KILLED: &str = "oom_kill";
/// The verbs that replace the pods of a part.
const REPLACES: [&str; 2] = ["restart_service", "rollback_deploy"];

/// The restarts of one part for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restarts {
    /// The minute of the first one.
    from: i32,
    /// The first minute in which there are no more.
    to: i32,
    /// Whether the containers were killed for their memory, and did not end by themselves.
    pub of_memory: bool,
}

impl Restarts {
    /// Returns the restarts that are seen with some classes of evidence, if any are.
    pub(super) fn of(presence: &Presence, vocabulary: &Vocabulary) -> Option<Self> {
        let shows = |name: &str| vocabulary.class_named(name).is_some_and(|class| presence.classes.contains(class));
        let Presence { from, to, .. } = *presence;
        shows(RESTARTS).then(|| Self { from: from.max(-OLDEST), to, of_memory: shows(KILLED) })
    }

    const fn every(self) -> i32 {
        if self.of_memory { FILLS_AFTER } else { RUNS }
    }

    /// Returns how many there were up to a minute.
    fn count(self, minute: i32) -> u32 {
        let last = minute.min(self.to.saturating_sub(1));
        if last < self.from { 0 } else { (last.saturating_sub(self.from) / self.every()).unsigned_abs() + 1 }
    }

    /// Goes through the minutes of those from one minute to another, newest first.
    pub(super) fn between(self, first: i32, last: i32) -> impl Iterator<Item = i32> {
        let (count, every) = (self.count(last), self.every());
        let minutes = (0..count).rev().map(move |number| self.from + i32::try_from(number).unwrap_or(i32::MAX) * every);
        minutes.take_while(move |minute| *minute >= first)
    }
}

/// The container of the first pod of a part, at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Container {
    /// How often the pods of the part were replaced.
    pub replaced: u32,
    /// How often the container was restarted in its pod.
    pub restarts: u32,
    /// When it was started, in milliseconds after the alert.
    pub started: i64,
    /// When the one before was started and ended.
    pub last: [i64; 2],
}

impl Container {
    /// Returns a number that no other container of the pod has had.
    pub(super) fn ordinal(self) -> u64 {
        u64::from(self.replaced) << 32 | u64::from(self.restarts)
    }
}

/// Goes through the restarts of a part, by their reasons.
pub(super) fn restarts<'a>(world: &'a World, state: &'a State, at: EntityId) -> impl Iterator<Item = Restarts> + 'a {
    let seen = world.presences(state, at);
    seen.filter_map(|presence| Restarts::of(&presence, &world.library.vocabulary))
}

/// Returns the class of evidence that tells of restarts.
pub(super) fn class_of_restarts(vocabulary: &Vocabulary) -> Option<ClassId> {
    vocabulary.class_named(RESTARTS)
}

/// Returns the time of the restart of a part in a minute, in milliseconds after the alert.
pub(super) fn moment(world: &World, at: EntityId, minute: i32) -> i64 {
    let draws = world.incident.draws;
    let within =
        draws.within(Stream::Bursts, u64::from(at) << 32 | 1 << 31, u64::from(minute.cast_unsigned()), 3000, 45_000);
    i64::from(minute) * 60_000 + i64::from(within)
}

/// Goes through the minutes in which the pods of a part were replaced, oldest first.
pub(super) fn replacements<'a>(world: &'a World, state: &'a State, at: EntityId) -> impl Iterator<Item = i32> + 'a {
    let replaces = |verb| REPLACES.contains(&world.library.vocabulary.verb(verb).name.as_str());
    let own = state.own_changes().iter().filter(move |own| own.at == at && replaces(own.verb));
    own.map(|own| own.minute)
}

/// Returns whether a container of a part ever ended.
pub(super) fn any(world: &World, state: &State, at: EntityId) -> bool {
    restarts(world, state, at).next().is_some() || replacements(world, state, at).next().is_some()
}

/// Returns the container of the first pod of a part at a time, in milliseconds after the alert.
pub(super) fn container(world: &World, state: &State, at: EntityId, ms: i64) -> Container {
    let minute = i32::try_from(ms.div_euclid(60_000)).unwrap_or(i32::MAX);
    let done = replacements(world, state, at).filter(|done| *done <= minute);
    let (replaced, since) = done.fold((0, i32::MIN), |(count, _), done| (count + 1, done));
    let of_each = |one: Restarts| {
        // What comes later in the minute is not there yet.
        let last = if moment(world, at, minute) <= ms { minute } else { minute.saturating_sub(1) };
        // In the minute in which the pods are replaced there is none since.
        (one.count(last).saturating_sub(one.count(since)), one, last)
    };
    let (mut count, mut newest): (u32, Vec<i32>) = (0, Vec::new());
    for (number, one, last) in restarts(world, state, at).map(of_each) {
        count += number;
        newest.extend(one.between(since.saturating_add(1), last).take(2));
    }
    newest.sort_unstable_by(|one, other| other.cmp(one));
    let days = world.incident.names.within(Stream::Addresses, u64::from(at), 43, 90_000_000, 900_000_000);
    let began = if replaced > 0 { i64::from(since) * 60_000 + STARTS_AFTER } else { -i64::from(days) };
    let ended = |minute: &i32| moment(world, at, *minute);
    let started = |minute: &i32| ended(minute) + STARTS_AFTER;
    let last = [newest.get(1).map_or(began, started), newest.first().map_or(began, ended)];
    Container { replaced, restarts: count, started: newest.first().map_or(began, started), last }
}

/// Returns how many restarts of a part there were within the hour before a minute. As in a log, what comes in the minute
/// itself is not there yet.
pub(super) fn within_an_hour(world: &World, state: &State, at: EntityId, minute: i32) -> u32 {
    restarts(world, state, at).map(|one| one.count(minute - 1) - one.count(minute - 61)).sum()
}
