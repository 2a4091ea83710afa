//! What was read so far, as the program keeps it.

use std::collections::BTreeMap;

use crate::data::family::Trigger;
use crate::ids::EntityId;
use crate::incident::alarm::DELAY;
use crate::incident::incident::Change;
use crate::incident::rule::AlertRule;
use crate::proof::claim::{Claim, Record};
use crate::proof::hypotheses::View;
use crate::system::fault::Thing;
use incident_env::Diagnostic;

/// A record with what its line prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The record.
    pub(super) record: Record,
    /// The share of requests or of calls that fail, in thousandths, where the line prints it.
    pub(super) fails: Option<i32>,
}

/// What a look showed: its records, and the figures and names in their lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// The records.
    pub(super) lines: Vec<Line>,
    /// The changes, each by the number that its record claims.
    pub(super) changes: Vec<(usize, Change)>,
    /// The names of what belongs to the entity.
    pub(super) objects: Vec<(Thing, String)>,
}

/// What was read so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The pages that were shown.
    pages: BTreeMap<View, Page>,
    /// The looks that were answered, in order.
    order: Vec<View>,
}

impl Seen {
    /// Keeps a page.
    pub(super) fn add(&mut self, view: View, page: Page) {
        self.order.push(view);
        self.pages.insert(view, page);
    }

    /// Returns what a look showed, if it was taken and answered.
    #[must_use]
    pub(super) fn page(&self, view: View) -> Option<&Page> {
        self.pages.get(&view)
    }

    /// Goes through all lines in the order in which they were shown.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        self.order.iter().filter_map(|view| self.pages.get(view)).flat_map(|page| page.lines.iter().copied())
    }

    /// Returns the share of requests that an entity fails, in thousandths, if its metrics were read.
    #[must_use]
    pub(super) fn failed(&self, at: EntityId) -> Option<i32> {
        let page = self.page(View { at, glance: Diagnostic::CheckMetrics.into() })?;
        let line = page.lines.iter().find(|line| matches!(line.record.claim, Claim::Errors { .. }))?;
        line.fails
    }

    /// Returns the name of a thing of an entity, if a status showed it.
    #[must_use]
    pub(super) fn object(&self, at: EntityId, thing: Thing) -> Option<&str> {
        let of_it = self.pages.iter().filter(|(view, _)| view.at == at).flat_map(|(_, page)| &page.objects);
        of_it.filter(|(known, _)| *known == thing).map(|(_, name)| name.as_str()).next()
    }

    /// Returns the change that set off a fault with such a trigger at an entity, given the alert: the newest of its kind
    /// before the onset, unless it is too old. The changes of the entity are known by what was shown of it.
    #[must_use]
    pub(super) fn trigger(&self, at: EntityId, trigger: &Trigger, alert: AlertRule) -> Option<&(usize, Change)> {
        let of_it = self.pages.iter().filter(|(view, _)| view.at == at).flat_map(|(_, page)| &page.changes);
        let [earliest, latest] = [DELAY[0], DELAY[1] + trigger.lag[1]].map(|minutes| alert.since + minutes);
        let fits = |(_, change): &&(usize, Change)| {
            change.at == at && change.kind == trigger.kind && (earliest..=latest).contains(&change.minutes_ago)
        };
        of_it.filter(fits).min_by_key(|(_, change)| change.minutes_ago)
    }
}
