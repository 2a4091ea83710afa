//! Generations: the numbers of what a part issues, such as documents, zones and secrets, and the revisions that changes brought.
//! Feed, status and logs have them from here, so those of one document rise with time wherever they are read.

use crate::data::family::ChangeKind;
use crate::data::kinds::Kind;
use crate::ids::EntityId;
use crate::incident::world::{Presence, State, World};
use crate::system::particulars::Particulars;
use crate::telemetry::releases::{minute_of, number_of};

/// The class of evidence of a part that issued another generation than the one in use.
const STALE: &str = "generation_stale";
/// The class of evidence of a store in which two instances lead.
const LEADERS: &str = "two_primaries";
/// The first purposes of the draws of revisions.
const FIRST: u64 = 1 << 22;
const STEP: u64 = 1 << 23;

/// Two generations of what a part issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generations {
    /// The one that is in use.
    pub in_use: u32,
    /// The newest one that was issued.
    pub issued: u32,
}

/// Returns the part whose generations a part speaks of: its own, or those of the documents that it reads.
pub(super) fn issuer_for(world: &World, at: EntityId) -> EntityId {
    let topology = &world.incident.topology;
    let issues = |kind: Kind| matches!(kind, Kind::Config | Kind::Dns | Kind::Identity | Kind::Db | Kind::Queue);
    if issues(topology.entity(at).kind) {
        return at;
    }
    topology.of(Kind::Config).next().unwrap_or(at)
}

/// Returns the generations of an issuer in a minute.
pub(super) fn generations(world: &World, state: &State, at: EntityId, minute: i32) -> Generations {
    let incident = &world.incident;
    let of = Particulars::of(&incident.topology, incident.draws, incident.names, at);
    let count = |number: usize| u32::try_from(number).unwrap_or_default();
    let of_class = |name: &str| -> Vec<Presence> {
        let class = world.library.vocabulary.class_named(name);
        let all = world.presences(state, at);
        all.filter(|one| class.is_some_and(|class| one.classes.contains(class))).collect()
    };
    if of.kind().is_store() {
        // Of stores it is the epoch of who leads.
        let ended = of_class(LEADERS).iter().filter(|one| one.to <= minute).count();
        let in_use = of.generation() + count(ended);
        let differs = of_class(STALE).iter().chain(&of_class(LEADERS)).any(|one| (one.from..one.to).contains(&minute));
        return Generations { in_use, issued: in_use + u32::from(differs) };
    }
    let all = of_class(STALE);
    let rotations = count(state.rotations(at, minute));
    let from_changes = newest(world, of, minute);
    let trigger = trigger_at(world, at).map(|slot| minute_of(&incident.changes[slot]));
    // What the trigger of a fault issued comes into use nowhere, and what ends the fault issues another one.
    let of_fault = || all.iter().filter(|one| one.is_of_fault());
    let begins = of_fault().map(|one| one.from).chain(trigger).min().filter(|_| of_fault().next().is_some());
    let is_document = of.kind() != Kind::Identity;
    if begins.is_some_and(|from| from <= minute) {
        let issued = if is_document { from_changes } else { of.generation() + 1 + rotations };
        // Secrets come into use once a rotation is over.
        let is_rotating = !is_document && state.rotated_at(at).is_some_and(|rotated| minute < rotated);
        if is_rotating || of_fault().any(|one| minute < one.to) {
            return Generations { in_use: of.generation(), issued };
        }
        let issued = issued + u32::from(is_document);
        return Generations { in_use: issued, issued };
    }
    let begun = all.iter().filter(|one| !one.is_of_fault() && one.from <= minute).count();
    let issued = count(begun.min(1)) + if is_document { from_changes } else { of.generation() + rotations };
    let is_stale = all.iter().any(|one| (one.from..one.to).contains(&minute));
    Generations { in_use: issued - u32::from(is_stale), issued }
}

/// Returns the generations that a part tells of in its log in a minute. Whoever reads documents and refuses one tells of that
/// one, and of the one before, for as long as the pods have it.
pub(super) fn told(world: &World, state: &State, at: EntityId, minute: i32) -> Generations {
    let issuer = issuer_for(world, at);
    let now = generations(world, state, issuer, minute);
    if issuer == at {
        return now;
    }
    let class = world.library.vocabulary.class_named(STALE);
    let mut bad = world.presences(state, issuer).filter(Presence::is_of_fault);
    let bad = bad.find(|one| one.from <= minute && class.is_some_and(|class| one.classes.contains(class)));
    match bad {
        Some(one) => generations(world, state, issuer, one.from),
        None => Generations { issued: now.in_use + 1, ..now },
    }
}

/// Returns the revision that a change of the history brought, given its place in the history.
pub(super) fn revision(world: &World, slot: usize) -> u32 {
    let incident = &world.incident;
    let Some(change) = incident.changes.get(slot) else { return 0 };
    let of = Particulars::of(&incident.topology, incident.draws, incident.names, change.at);
    if is_issued_by_changes(of.kind(), change.kind) {
        return top(world, of) - newer(world, of.id(), minute_of(change), Some(slot));
    }
    let kind = (change.kind as u64) << 8;
    let step = |number: u64| of.drawn(STEP | kind | number, 1, 3);
    of.drawn(FIRST | kind, 104, 540) + (0..).take(number_of(world, slot)).map(step).sum::<u32>()
}

/// Returns whether changes of a kind are what issues the generations of a part.
const fn is_issued_by_changes(of: Kind, change: ChangeKind) -> bool {
    matches!((of, change), (Kind::Config | Kind::Dns, ChangeKind::Config))
}

/// Returns the place of the change that set a fault off by issuing something, if one did at this part.
fn trigger_at(world: &World, at: EntityId) -> Option<usize> {
    world.incident.changes.iter().position(|change| change.set_off && change.at == at)
}

/// Returns the generation that the newest change of the history of a part issued. The one that set a fault off issued the one
/// after the generation that stays in use.
fn top(world: &World, of: Particulars<'_>) -> u32 {
    let changes = &world.incident.changes;
    let trigger = trigger_at(world, of.id()).filter(|slot| is_issued_by_changes(of.kind(), changes[*slot].kind));
    let since = trigger.map(|slot| newer(world, of.id(), minute_of(&changes[slot]), Some(slot)) + 1);
    of.generation() + since.unwrap_or_default()
}

/// Counts the changes of a part that issued something after a minute, or after the change at a place of the history.
fn newer(world: &World, at: EntityId, minute: i32, slot: Option<usize>) -> u32 {
    let kind = world.incident.topology.entity(at).kind;
    let changes = world.incident.changes.iter().enumerate();
    let issued = changes.filter(|(_, one)| one.at == at && is_issued_by_changes(kind, one.kind));
    let count = issued.filter(|(place, one)| slot.map_or(minute_of(one) > minute, |slot| *place < slot)).count();
    u32::try_from(count).unwrap_or_default()
}

/// Returns the generation that the changes of the history of a part had issued in a minute.
fn newest(world: &World, of: Particulars<'_>, minute: i32) -> u32 {
    top(world, of) - newer(world, of.id(), minute, None)
}
