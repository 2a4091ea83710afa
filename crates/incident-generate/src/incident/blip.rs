//! Blips: what made a false alarm fire and is over. Its part's records show it.

use crate::data::kinds::{EdgeKind, Resource, Symptom, Work};
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet, EntityId};
use crate::incident::alarm::Alarms;
use crate::incident::course::Course;
use crate::incident::incident::{Decoy, Refutation};
use crate::incident::rule::AlertRule;
use crate::incident::timed::Timed;
use crate::system::strength::Strength;
use crate::system::traffic::Flow;

/// The minute in which a blip begins that is tried, and the most minutes until its rule is met.
const BEGIN: i32 = -90;
const LONGEST: i32 = 30;
/// The number of strengths that are tried.
const TRIES: u64 = 24;
/// The least and the greatest number of minutes for which a blip goes on after its rule has fired.
const AFTER: [u32; 2] = [2, 6];
/// The last minute of a blip, so that the part is well at the alert.
const LATEST: i32 = -1;
/// One in so many blips comes from work that was planned.
const PLANNED: u32 = 2;

/// What made a false alarm fire.
#[derive(Debug, Clone, Default)]
pub(super) struct Blip {
    /// What was there and has gone; empty if it was noise.
    pub(super) events: Vec<Decoy>,
    /// The entity at which work was planned and the minutes since it began, if that was the reason.
    pub(super) planned: Option<(EntityId, u32)>,
}

impl Alarms<'_> {
    /// Draws what made the rule of a false alarm fire when it did, after a quiet day. It is nothing if the rule is within the noise. Returns
    /// `None` if no event makes such a rule fire.
    pub(super) fn blip(self, rule: &AlertRule, quiet: &Flow) -> Option<Blip> {
        if rule.is_within_noise() {
            return Some(Blip::default());
        }
        let vocabulary = self.laboratory.vocabulary;
        let predicate = vocabulary.passing(rule.symptom)?;
        let class = self.class(rule.symptom);
        // The status of some kinds of entities does not tell of it.
        let kind = self.laboratory.topology.entity(rule.at).kind;
        let fields = &self.library.telemetry.fields;
        let is_told = |id: &ClassId| fields.iter().all(|field| field.class != *id || field.kinds.contains(&kind));
        let own = vocabulary.predicate(predicate).shows.iter().filter(is_told).collect();
        let shows = class.map_or(own, ClassSet::of);
        let places = self.places(rule);
        let events = |strength: Strength, from: i32, to: i32| -> Vec<Decoy> {
            let event =
                |at: &EntityId| Decoy { at: *at, shows, predicate, strength, refutation: Refutation::Over, from, to };
            places.iter().map(event).collect()
        };
        let is_met_after = |strength: Strength| {
            let events = events(strength, BEGIN, i32::MAX);
            let timed: Vec<_> = events.iter().map(|event| Timed::of_decoy(event, vocabulary)).collect();
            let course = Course::of(self.laboratory, quiet, &timed).with(&events);
            // A part that is busy and no more does not fail.
            let is_mild = rule.symptom != Symptom::Saturation(Resource::Processor)
                || course.having(Symptom::Errors, None, BEGIN + LONGEST).is_empty();
            let first = course.first(rule, class, [BEGIN, BEGIN + LONGEST])?;
            is_mild.then_some((strength, first - BEGIN))
        };
        // The share of requests that are not made is one number, because no more than all can be missing.
        let is_lull = rule.symptom == Symptom::Absence(Work::Requests);
        let strength = |label: u64| Strength::drawn(self.draws, u64::from(rule.at), 902 + label);
        let (strength, after) =
            if is_lull { is_met_after(Strength::USUAL)? } else { (0..TRIES).map(strength).find_map(is_met_after)? };
        let fired = -rule.since.cast_signed();
        let met = fired - rule.pending.cast_signed();
        let longer = self.draws.within(Stream::Alert, 0, 3, AFTER[0], AFTER[1]).cast_signed();
        let from = met - after;
        let events = events(strength, from, (fired + longer).min(LATEST));
        let is_planned = self.draws.below(Stream::Alert, 0, 5, PLANNED) == 0;
        let planned = is_planned.then(|| places.first().map(|at| (*at, from.unsigned_abs()))).flatten();
        Some(Blip { events, planned })
    }

    /// Returns the entities at which something passes by: the one that the rule watches, or those that call it where
    /// requests are missing.
    fn places(self, rule: &AlertRule) -> Vec<EntityId> {
        if rule.symptom != Symptom::Absence(Work::Requests) {
            return vec![rule.at];
        }
        let calls = self.laboratory.topology.needed_by(rule.at);
        let mut callers: Vec<_> = calls.filter(|edge| edge.kind == EdgeKind::Req).map(|edge| edge.from).collect();
        callers.dedup();
        callers
    }
}
