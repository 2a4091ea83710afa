//! The weighing of mechanisms at the parts near the trail.

use incident_env::Diagnostic;

use super::data::{Mechanism, Relation, Table};
use super::seen::{Look, Seen, Shown};
use super::told::{minute, minutes_between};
use super::walk::Trail;
use crate::agent::records::{Change, records};

/// How many parts of a relation are read for a sign that any of them can show.
const ENOUGH: usize = 2;

/// A mechanism at a part, weighed by what was read.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// The mechanism.
    pub mechanism: &'static Mechanism,
    /// The part at the root.
    pub root: &'a str,
    /// How well it fits what was read.
    pub score: f64,
    /// How much better it would fit if all that was not read fitted.
    pub open: f64,
    /// The looks that would tell.
    pub unread: Vec<Look<'a>>,
    /// The records that show its signs, those first that set it apart.
    pub records: Vec<&'a str>,
    /// The part at which its trigger is looked for.
    pub place: &'a str,
    /// The minute of the day since which the root shows it, if a record says so.
    since: Option<i32>,
}

impl<'a> Candidate<'a> {
    /// Weighs a mechanism at a part. Without signs, only the place and the changes count.
    fn weigh(
        seen: &Seen<'a>,
        table: &'static Table,
        trail: &Trail<'a>,
        mechanism: &'static Mechanism,
        root: &'a str,
        near: f64,
        signs: bool,
    ) -> Self {
        let mut found = Self {
            mechanism,
            root,
            score: near,
            open: 0.0,
            unread: Vec::new(),
            records: Vec::new(),
            place: root,
            since: None,
        };
        for placed in mechanism.signs.iter().filter(|_| signs) {
            let Some(sign) = table.sign(&placed.sign) else { continue };
            let apart = mechanism.apart.contains(placed);
            let weight = if apart { 2.5 } else { 1.0 };
            let mut parts = trail.related(seen, placed.at, root);
            let known = !parts.is_empty();
            parts.retain(|part| sign.fits(seen.kind(part)));
            let shown: Vec<_> =
                parts.iter().map(|part| (*part, seen.shown(sign, part, Some((placed.at, root))))).collect();
            let now = shown.iter().find_map(|(part, shown)| match shown {
                Shown::Now { record, since } => Some((*part, *record, *since)),
                _ => None,
            });
            let unread = shown.iter().find_map(|(_, shown)| match shown {
                Shown::Unread(look) => Some(*look),
                _ => None,
            });
            let read = shown.iter().filter(|(_, shown)| !matches!(shown, Shown::Unread(_))).count();
            let foremost = shown.first().is_some_and(|(_, shown)| matches!(shown, Shown::Unread(_)));
            if let Some((part, record, since)) = now {
                found.score += weight;
                found.records.insert(if apart { 0 } else { found.records.len() }, record);
                if mechanism.trigger_shows.as_deref() == Some(&placed.sign) {
                    found.place = part;
                }
                if placed.at == Relation::Root {
                    found.since = found.since.or(since);
                }
            } else if !known {
                let look = Look::at(Diagnostic::CheckDependencies, root);
                if !seen.is_taken(look) {
                    found.open += weight;
                    found.unread.push(look);
                }
            } else if let Some(look) = unread.filter(|_| read < ENOUGH || foremost) {
                found.open += weight;
                found.unread.insert(if apart { 0 } else { found.unread.len() }, look);
            } else {
                let all = if placed.at == Relation::Root { 0.8 } else { 0.4 };
                found.score -= weight * all;
            }
        }
        found.weigh_trigger(seen);
        found
    }

    fn weigh_trigger(&mut self, seen: &Seen<'a>) {
        if self.mechanism.trigger.is_none() {
            return;
        }
        match seen.changes(self.place) {
            None => {
                self.open += 0.5;
                self.unread.push(Look::over_all(Diagnostic::CheckRecentDeploys));
            }
            // The part at which the change was made is still to be found.
            Some(_) if self.mechanism.trigger_shows.is_some() && self.place == self.root => {
                let kind = self.mechanism.trigger.as_deref();
                let made = |part: &&str| {
                    seen.changes(part).is_some_and(|all| all.iter().any(|change| Some(change.kind) == kind))
                };
                let all_known = seen.is_taken(Look::at(Diagnostic::CheckDependencies, self.root));
                let parts = seen.related(self.mechanism.trigger_at, self.root);
                if all_known && !parts.iter().any(made) {
                    self.score -= 2.0;
                }
            }
            Some(_) if self.trigger(seen).is_some() => self.score += 0.5,
            Some(_) => self.score -= 2.0,
        }
    }

    /// Returns the looks without which the answer is not whole: at the part with the trigger, and at the trigger or the
    /// record that there is none.
    pub(super) fn essential(&self, seen: &Seen<'a>, table: &'static Table) -> Vec<Look<'a>> {
        let mut needed = Vec::new();
        if let Some(sign) =
            self.mechanism.trigger_shows.as_ref().and_then(|id| table.sign(id)).filter(|_| self.place == self.root)
        {
            needed.push(Look::at(Diagnostic::CheckDependencies, self.root));
            let may = |part: &&str| {
                seen.kind(part).is_none_or(|kind| self.mechanism.trigger_kinds.iter().any(|one| one == kind))
            };
            let parts = seen.related(self.mechanism.trigger_at, self.root).into_iter().filter(may);
            needed.extend(parts.filter_map(|part| match seen.shown(sign, part, None) {
                Shown::Unread(look) => Some(look),
                _ => None,
            }));
        }
        needed.push(match self.mechanism.trigger {
            Some(_) => Look::over_all(Diagnostic::CheckRecentDeploys),
            None => Look::at(Diagnostic::CheckRecentDeploys, self.root),
        });
        needed
    }

    /// Returns the change that set the fault off: the newest one of the right kind from before the fault shows.
    pub(super) fn trigger(&self, seen: &Seen<'a>) -> Option<Change<'a>> {
        let kind = self.mechanism.trigger.as_ref()?;
        let mut own = seen.changes(self.place)?;
        own.retain(|change| change.kind == kind);
        own.sort_by_key(|change| change.minutes_ago);
        let made = |change: &Change<'_>| {
            let (head, _) = change.record.text.split_once(" (")?;
            minute(head.rsplit(' ').next()?)
        };
        let before = |change: &&Change<'_>| match (self.since, made(change)) {
            (Some(since), Some(made)) if change.minutes_ago < 600 => minutes_between(made, since) > -11,
            _ => true,
        };
        own.iter().find(before).or(own.first()).copied()
    }

    /// Returns the record of the trigger, or the one that says that there is no change.
    pub(super) fn change_record(&self, seen: &Seen<'a>) -> Option<&'a str> {
        let trigger = self.trigger(seen).map(|change| change.record.id);
        let none = || records(seen.reading(Diagnostic::CheckRecentDeploys, self.root)?).next().map(|record| record.id);
        trigger.or_else(none)
    }
}

/// Weighs all mechanisms at all parts near the trail, and returns them with the best first.
pub(super) fn weigh<'a>(seen: &Seen<'a>, table: &'static Table, trail: &Trail<'a>, signs: bool) -> Vec<Candidate<'a>> {
    let parts = seen.observation.briefing.services.iter().map(|part| &**part);
    let marked = trail.marked(seen, table, signs);
    let near = parts.filter_map(|part| Some((part, trail.nearness(seen, &marked, part)?)));
    let mut found = Vec::new();
    for (part, near) in near {
        let kind = seen.kind(part);
        let fitting =
            table.mechanism.iter().filter(|one| kind.is_none_or(|kind| one.root.iter().any(|root| root == kind)));
        found.extend(fitting.map(|one| Candidate::weigh(seen, table, trail, one, part, near, signs)));
    }
    found.sort_by(|a: &Candidate<'_>, b| b.score.total_cmp(&a.score));
    found
}

/// Returns the look that would tell most about the candidate that could still be the best one; none if no look could
/// make another one the best, and all looks at the best one were taken.
pub(super) fn next_look<'a>(candidates: &[Candidate<'a>]) -> Option<Look<'a>> {
    let best = candidates.first()?.score;
    let open = candidates.iter().filter(|one| !one.unread.is_empty() && one.score + one.open >= best);
    let promising = open.max_by(|a, b| (a.score + a.open / 2.0).total_cmp(&(b.score + b.open / 2.0)))?;
    promising.unread.first().copied()
}
