//! Containers: when those of a part were restarted or replaced, which follows from what was seen there and from what was
//! done to it. Whatever tells of a restart tells of these.
//!
//! A container that ends is started again in its pod, under the same name: at once if it had run for long, and after a back-off if
//! it ends again and again at its start. Where somebody restarts or rolls back a part, its pods are replaced by others.

use crate::data::vocabulary::Vocabulary;
use crate::draws::Stream;
use crate::ids::{ClassId, EntityId};
use crate::incident::world::{Presence, State, World};

/// The minutes between two restarts of a container that fills its memory.
pub(super) const FILLS_AFTER: i32 = 17;
/// The minutes between two restarts of a container that ends by itself. A kubelet starts one at once that has run for ten.
pub(super) const RUNS: i32 = 11;
/// The minutes from the first end of a container that cannot start to the next ones, and those between later ones: a kubelet
/// doubles its back-off up to five minutes.
const BACK_OFF: [i32; 5] = [0, 1, 2, 5, 10];
const LONGEST_BACK_OFF: i32 = 5;
/// The milliseconds from the end of a container to the start of the next.
const STARTS_AFTER: i64 = 1700;
/// The milliseconds for which a container runs that cannot start.
const FAILS_WITHIN: i64 = 1400;
/// The minutes after pods were replaced within which they begin to end again, if they cannot start.
const AGAIN: i32 = 3;
/// The minutes before the alert from which restarts are counted at most: a week.
const OLDEST: i32 = 10_080;
/// The classes of evidence that tell of restarts, and of containers that were killed for their memory.
const RESTARTS: &str = "restarts_up";
pub(super) const KILLED: &str = "oom_kill";
/// The class of evidence of a process that does not start with what it reads.
pub(super) const REFUSED: &str = "parse_fail";
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
    /// Whether they end as soon as they are started.
    pub at_start: bool,
}

impl Restarts {
    /// Returns the restarts that are seen with some classes of evidence, if any are.
    pub(super) fn of(presence: &Presence, vocabulary: &Vocabulary) -> Option<Self> {
        let shows = |name: &str| vocabulary.class_named(name).is_some_and(|class| presence.classes.contains(class));
        let Presence { from, to, .. } = *presence;
        let [of_memory, at_start] = [shows(KILLED), shows(REFUSED)];
        shows(RESTARTS).then(|| Self { from: from.max(-OLDEST), to, of_memory, at_start })
    }

    /// Returns the minutes from the first of them to another, given its number.
    fn after(self, number: u32) -> i32 {
        let count = i32::try_from(number).unwrap_or(i32::MAX);
        match BACK_OFF.get(number as usize) {
            _ if self.of_memory => count.saturating_mul(FILLS_AFTER),
            _ if !self.at_start => count.saturating_mul(RUNS),
            Some(minutes) => *minutes,
            None => {
                let [.., last] = BACK_OFF;
                let more = count.saturating_sub(i32::try_from(BACK_OFF.len()).unwrap_or_default() - 1);
                last.saturating_add(more.saturating_mul(LONGEST_BACK_OFF))
            }
        }
    }

    /// Returns how many there were up to a minute.
    fn count(self, minute: i32) -> u32 {
        let last = minute.min(self.to.saturating_sub(1)).saturating_sub(self.from);
        let each = if self.of_memory {
            FILLS_AFTER
        } else if self.at_start {
            LONGEST_BACK_OFF
        } else {
            RUNS
        };
        if last < 0 {
            return 0;
        }
        // The first ones of those that cannot start come sooner than the rest.
        let sure = (last / each).unsigned_abs();
        let most = sure.saturating_add(u32::try_from(BACK_OFF.len()).unwrap_or_default());
        (sure..=most).take_while(|number| self.after(*number) <= last).last().map_or(0, |number| number + 1)
    }

    /// Goes through the minutes of those from one minute to another, newest first.
    pub(super) fn between(self, first: i32, last: i32) -> impl Iterator<Item = i32> {
        let minutes = (0..self.count(last)).rev().map(move |number| self.from.saturating_add(self.after(number)));
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
    /// Whether the pod waits until its container is started again.
    pub waits: bool,
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
    let (mut count, mut newest): (u32, Vec<(i32, bool)>) = (0, Vec::new());
    for (number, one, last) in restarts(world, state, at).map(of_each) {
        count += number;
        newest.extend(one.between(since.saturating_add(1), last).take(2).map(|minute| (minute, one.at_start)));
    }
    newest.sort_unstable_by(|one, other| other.cmp(one));
    let days = world.incident.names.within(Stream::Addresses, u64::from(at), 43, 90_000_000, 900_000_000);
    let began = if replaced > 0 { i64::from(since) * 60_000 + STARTS_AFTER } else { -i64::from(days) };
    let ended = |(minute, _): &(i32, bool)| moment(world, at, *minute);
    // One that cannot start ran for a moment, but for the first, which had been running.
    let started = |one: &(i32, bool)| ended(one) + STARTS_AFTER;
    let before = newest.get(1).map_or(began, started);
    match newest.first() {
        Some(one @ (_, true)) => {
            let started = if newest.len() > 1 { ended(one) - FAILS_WITHIN } else { began };
            Container { replaced, restarts: count, started, last: [started, ended(one)], waits: true }
        }
        Some(one) => {
            Container { replaced, restarts: count, started: started(one), last: [before, ended(one)], waits: false }
        }
        None => Container { replaced, restarts: count, started: began, last: [began; 2], waits: false },
    }
}

/// Returns how many restarts of a part there were within the hour before a minute, also those that somebody ordered. As in a
/// log, what comes in the minute itself is not there yet.
pub(super) fn within_an_hour(world: &World, state: &State, at: EntityId, minute: i32) -> u32 {
    let ordered = replacements(world, state, at).filter(|done| (minute - 60..=minute).contains(done)).count();
    let ended: u32 = restarts(world, state, at).map(|one| one.count(minute - 1) - one.count(minute - 61)).sum();
    ended + u32::try_from(ordered).unwrap_or_default()
}

/// Returns whether pods that were replaced in a minute begin at once to end again.
pub(super) fn fails_again(world: &World, state: &State, at: EntityId, minute: i32) -> bool {
    restarts(world, state, at).any(|one| one.at_start && (minute..minute + AGAIN).contains(&one.from))
}
