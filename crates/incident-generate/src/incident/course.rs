//! The course of a system up to the alert, minute by minute, as rules of alerts see it.

use std::sync::Arc;

use crate::data::kinds::Symptom;
use crate::ids::{ClassId, ClassSet, EntityId, EntitySet};
use crate::incident::incident::Decoy;
use crate::incident::rule::{AlertRule, Sample};
use crate::incident::timed::{HISTORY, Timed, history};
use crate::proof::hypotheses::Laboratory;
use crate::system::reading::Reading;
use crate::system::traffic::Flow;

/// The course of a system.
#[derive(Debug, Clone)]
pub(super) struct Course {
    quiet: Flow,
    /// The readings of all entities in each minute, the last of which is that of the alert.
    minutes: Vec<Arc<[Reading]>>,
    /// The classes of evidence that are there at entities, with the minutes in which they are.
    shown: Vec<(EntityId, ClassSet, [i32; 2])>,
}

impl Course {
    /// Lets everything happen that holds for some time, after a quiet day.
    pub(super) fn of(laboratory: Laboratory<'_>, quiet: &Flow, timed: &[Timed<'_>]) -> Self {
        let (minutes, _) = history(laboratory.traffic, timed);
        let shown =
            timed.iter().map(|one| (one.acting.at, one.acting.predicate.shows, [one.span.from, one.span.to])).collect();
        Self { quiet: quiet.clone(), minutes, shown }
    }

    /// Adds the classes of evidence that decoys show.
    pub(super) fn with(mut self, decoys: &[Decoy]) -> Self {
        self.shown.extend(decoys.iter().map(|decoy| (decoy.at, decoy.shows, [decoy.from, decoy.to])));
        self
    }

    /// Returns the reading of an entity on a quiet day.
    pub(super) fn usual(&self, at: EntityId) -> Reading {
        self.quiet.readings()[at.index()]
    }

    fn reading(&self, at: EntityId, minute: i32) -> Reading {
        let place = usize::try_from(minute + HISTORY).ok().and_then(|place| self.minutes.get(place));
        place.map_or_else(|| self.usual(at), |readings| readings[at.index()])
    }

    /// Returns what a rule can see of an entity in a minute.
    pub(super) fn sample(&self, at: EntityId, class: Option<ClassId>, minute: i32) -> Sample {
        let is_it = |(there, classes, [from, to]): &(EntityId, ClassSet, [i32; 2])| {
            *there == at && class.is_some_and(|class| classes.contains(class)) && (*from..*to).contains(&minute)
        };
        Sample { reading: self.reading(at, minute), is_shown: self.shown.iter().any(is_it) }
    }

    /// Returns the entities that have a symptom in a minute. `class` is the class of evidence that shows it, if one does.
    pub(super) fn having(&self, symptom: Symptom, class: Option<ClassId>, minute: i32) -> EntitySet {
        let has = |at: &EntityId| match class {
            Some(_) => self.sample(*at, class, minute).is_shown,
            None => self.reading(*at, minute).trouble(&self.usual(*at)).has(symptom),
        };
        EntityId::first(self.quiet.readings().len()).filter(has).collect()
    }

    /// Returns the first minute of a stretch in which a rule is met.
    pub(super) fn first(&self, rule: &AlertRule, class: Option<ClassId>, [from, to]: [i32; 2]) -> Option<i32> {
        rule.first(from, to, self.usual(rule.at), |minute| self.sample(rule.at, class, minute))
    }

    /// Returns whether a rule is met in a minute.
    pub(super) fn is_met(&self, rule: &AlertRule, class: Option<ClassId>, minute: i32) -> bool {
        rule.is_met(minute, self.usual(rule.at), |minute| self.sample(rule.at, class, minute))
    }
}
