//! What holds about an entity for some time, and what the traffic of a system was like while it did.
//!
//! Minutes are counted from the alert, so those before it are negative.

use std::sync::Arc;

use crate::data::vocabulary::Vocabulary;
use crate::incident::incident::Decoy;
use crate::system::fault::Fault;
use crate::system::growth::Growth;
use crate::system::reading::Reading;
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
}

impl<'a> Timed<'a> {
    /// Returns how it acts in a minute in which it holds: more and more strongly, until its ramp is over.
    pub(super) fn ramped(&self, minute: i32) -> Acting<'a> {
        let (over, ramp) = (minute.saturating_sub(self.span.from), self.ramp());
        let over = if self.span.is_relapse { over } else { over.saturating_add(1) };
        let strength = match self.growth {
            Some(growth) if self.span.from <= 0 || self.span.is_relapse => {
                growth.strength(self.acting.strength, minute)
            }
            _ => self.acting.strength,
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
        fault.holding(vocabulary, fault.start).map(move |acting| Self { acting, span, growth: None })
    }

    /// Takes what a decoy does.
    pub(super) fn of_decoy(decoy: &Decoy, vocabulary: &'a Vocabulary) -> Self {
        let Decoy { at, predicate, strength, from, to, .. } = *decoy;
        let acting = Acting { predicate: vocabulary.predicate(predicate), at, strength };
        Self { acting, span: Span { from, to, is_relapse: false }, growth: None }
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
            ramp.contains(&minute) || one.span.to == minute
        })
    };
    let mut flow = traffic.settled(&in_minute(timed, -HISTORY));
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
    let flow = traffic.settled(&in_minute(timed, 0));
    if let Some(last) = seen.last_mut() {
        *last = flow.readings().into();
    }
    (seen, flow)
}
