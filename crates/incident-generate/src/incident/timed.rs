//! What holds about an entity for some time, and what the traffic of a system was like while it did.
//!
//! Minutes are counted from the alert, so those before it are negative.

use std::sync::Arc;

use crate::data::vocabulary::{Predicate, Vocabulary};
use crate::draws::Draws;
use crate::incident::incident::Decoy;
use crate::system::fault::Fault;
use crate::system::growth::Growth;
use crate::system::reading::Reading;
use crate::system::sway::Sway;
use crate::system::traffic::{Acting, Flow, TrafficModel};

/// The number of minutes before the alert whose readings are kept. Telemetry goes back no further.
pub(super) const HISTORY: i32 = 150;
/// The least number of minutes in which a fact that was relieved comes back.
const SHORTEST_RELAPSE: i32 = 6;

/// When a fact holds without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The first minute in which it holds.
    pub(super) from: i32,
    /// The first minute in which it no longer holds.
    pub(super) to: i32,
    /// Whether it came back after it had been relieved, so that it begins with nothing.
    pub(super) is_relapse: bool,
}

impl Span {
    pub(super) const NEVER: Self = Self { from: i32::MAX, to: i32::MAX, is_relapse: false };

    pub(super) const fn since(from: i32) -> Self {
        Self { from, to: i32::MAX, is_relapse: false }
    }

    pub(super) fn contains(self, minute: i32) -> bool {
        (self.from..self.to).contains(&minute)
    }
}

/// A fact or an event with the minutes in which it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed<'a> {
    pub(super) acting: Acting<'a>,
    pub(super) span: Span,
    /// How it grows after the alert.
    pub(super) growth: Option<Growth>,
    /// How it varies from minute to minute.
    pub(super) sway: Option<Sway>,
}

/// How much weaker the facts of a fault are in a minute before the alert than at the alert at most, in thousandths, and how much
/// weaker events that go on may be: those that fail most of what they are asked, those that fail little, and others.
const SWAYS: u32 = 180;
const BROKEN: u32 = 450;
const AILING: u32 = 90;
const ASIDE: u32 = 250;
/// The share of requests from which an event fails most of what it is asked, and from which it fails little, in thousandths.
const MOST: i32 = 300;
const LITTLE: i32 = 30;
/// The minutes for which an event acts equally strongly.
const EVERY: i32 = 4;
/// The minutes after the alert for which what goes on varies.
pub(super) const VARIES: i32 = 120;

impl<'a> Timed<'a> {
    /// Returns how it acts in a minute in which it holds: more and more strongly, until its ramp is over.
    pub(super) fn ramped(&self, minute: i32) -> Acting<'a> {
        let (over, ramp) = (minute.saturating_sub(self.span.from), self.ramp());
        let over = if self.span.is_relapse { over } else { over.saturating_add(1) };
        let own = self.acting.strength;
        let sway = self.sway.filter(|_| minute <= VARIES);
        let is_event = self.acting.predicate.is_harmless();
        let strength = match (self.growth, sway) {
            (_, Some(sway)) if is_event => sway.weaker(own, minute.div_euclid(EVERY)),
            (_, Some(sway)) if minute < 0 => sway.weaker(own, minute),
            (Some(growth), sway) if self.span.from <= 0 || self.span.is_relapse => {
                let grown = growth.strength(own, minute);
                sway.map_or(grown, |sway| sway.between(own, grown, minute))
            }
            _ => own,
        };
        Acting { strength: strength.ramped(over, ramp), ..self.acting }
    }

    /// Returns the minutes until it acts in full. What comes back after a relief takes some in any case.
    fn ramp(&self) -> i32 {
        let ramp = self.acting.predicate.ramp;
        if self.span.is_relapse { ramp.max(SHORTEST_RELAPSE) } else { ramp }
    }

    /// Returns the first minute in which it shows. What comes back shows once it acts by half.
    pub(super) fn shows_from(&self) -> i32 {
        if self.span.is_relapse { self.span.from.saturating_add(self.ramp() / 2) } else { self.span.from }
    }

    /// Goes through the facts of a fault that began so many minutes before the alert.
    pub(super) fn of_fault(fault: &'a Fault, vocabulary: &'a Vocabulary, ago: u32) -> impl Iterator<Item = Self> {
        let span = Span::since(-ago.cast_signed());
        fault.holding(vocabulary, fault.start).map(move |acting| Self { acting, span, growth: None, sway: None })
    }

    /// Takes what a decoy does.
    pub(super) fn of_decoy(decoy: &Decoy, vocabulary: &'a Vocabulary) -> Self {
        let Decoy { at, predicate, strength, from, to, .. } = *decoy;
        let acting = Acting { predicate: vocabulary.predicate(predicate), at, strength };
        Self { acting, span: Span { from, to, is_relapse: false }, growth: None, sway: None }
    }

    /// Lets a fact of a fault vary from minute to minute, as all facts of the same fault do.
    pub(super) fn swaying(self, draws: Draws, fault: u64) -> Self {
        Self { sway: Some(Sway::of(draws, fault, SWAYS)), ..self }
    }

    /// Lets an event vary from minute to minute, if it goes on and does anything.
    pub(super) fn going_on(self, draws: Draws) -> Self {
        let Predicate { error, latency, load, capacity, .. } = *self.acting.predicate;
        let does_nothing = error == 0 && latency == 1000 && load == 0 && capacity == 1000;
        if self.span.to != i32::MAX || does_nothing {
            return self;
        }
        let most = match error {
            MOST.. => BROKEN,
            LITTLE.. => AILING,
            _ => ASIDE,
        };
        Self { sway: Some(Sway::of(draws, 2 + u64::from(self.acting.at), most)), ..self }
    }
}

/// Returns what holds in a minute, as strongly as it acts then.
pub(super) fn in_minute<'a>(timed: &[Timed<'a>], minute: i32) -> Vec<Acting<'a>> {
    let holding = timed.iter().filter(|one| one.span.contains(minute));
    holding.map(|one| one.ramped(minute)).collect()
}

/// Returns the readings in each minute of the history up to the alert, and the traffic at the alert.
pub(super) fn history(traffic: &TrafficModel, timed: &[Timed<'_>]) -> (Vec<Arc<[Reading]>>, Flow) {
    let changes = |minute: i32| {
        timed.iter().any(|one| {
            let ramp = one.span.from..=one.span.from.saturating_add(one.acting.predicate.ramp);
            let every = if one.acting.predicate.is_harmless() { EVERY } else { 1 };
            let varies = one.sway.is_some() && minute.rem_euclid(every) == 0 && one.span.contains(minute);
            varies || ramp.contains(&minute) || one.span.to == minute
        })
    };
    let long_ago = traffic.settled(&in_minute(timed, -HISTORY));
    let mut flow = long_ago.clone();
    let mut seen: Vec<Arc<[Reading]>> = vec![flow.readings().into()];
    let mut settled = true;
    for minute in 1 - HISTORY..=0 {
        if changes(minute) {
            flow.set(&in_minute(timed, minute));
            settled = false;
        }
        match seen.last() {
            Some(last) if settled => seen.push(Arc::clone(last)),
            last => {
                traffic.tick(&mut flow);
                settled = last.is_some_and(|last| **last == *flow.readings());
                seen.push(flow.readings().into());
            }
        }
    }
    // The proof reasons about traffic that has settled, so the alert shows that.
    let flow = traffic.settled_after(&long_ago, &in_minute(timed, 0));
    if let Some(last) = seen.last_mut() {
        *last = flow.readings().into();
    }
    (seen, flow)
}
