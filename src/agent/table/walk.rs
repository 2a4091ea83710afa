//! The walk along calls that fail or are slow, from the alerted part to where the trail ends.

use incident_env::Diagnostic;

use super::data::{Relation, Table};
use super::seen::{Level, Look, Seen, Shown};
use crate::agent::records::Call;

/// The share of failing calls, in per cent, from which on a trail goes on where no call counts as failing.
const FEW: f64 = 0.5;

/// The trail of calls that fail or are slow, from the alerted part on.
#[derive(Debug, Default)]
pub(super) struct Trail<'a> {
    /// The parts, the alerted one first.
    pub parts: Vec<&'a str>,
    /// The calls between them.
    pub calls: Vec<Call<'a>>,
    /// Whether the last part is well itself, so that only the calls to it fail.
    pub end_is_well: bool,
    /// The part at which a flood of requests comes in that goes down the trail; none if there is none.
    source: Option<&'a str>,
}

impl<'a> Trail<'a> {
    /// Follows the worst call to a part that got worse lately, until there is none, and returns the trail with the look
    /// that is needed to go on, if one is.
    pub(super) fn follow(seen: &Seen<'a>, alerted: &'a str) -> (Self, Option<Look<'a>>) {
        let mut trail = Self { parts: vec![alerted], ..Self::default() };
        let mut open = trail.go_down(seen, alerted);
        if open.is_none() {
            match trail.source_of_flood(seen) {
                Ok(source) => trail.source = source,
                Err(look) => open = Some(look),
            }
        }
        (trail, open)
    }

    fn go_down(&mut self, seen: &Seen<'a>, alerted: &'a str) -> Option<Look<'a>> {
        let mut part = alerted;
        loop {
            if seen.reading(Diagnostic::CheckDependencies, part).is_none() {
                return Some(Look::at(Diagnostic::CheckDependencies, part));
            }
            // Of a weak fault few calls fail, and they count as well. What has a substitute and fails far more often than
            // its caller does is something that the caller can do without.
            let own = seen.calls.iter().filter(|call| call.from == part && !self.parts.contains(&call.to));
            let mut own: Vec<_> = own.filter(|call| call.is_bad() || call.failing >= FEW).copied().collect();
            let failed = seen.failed(part);
            let spared = |call: &Call<'_>| {
                call.record.text.contains("with fallback")
                    && failed.is_some_and(|failed| call.failing > failed * 1.5 + 2.0)
            };
            own.sort_by(|a, b| spared(a).cmp(&spared(b)).then(b.failing.total_cmp(&a.failing)));
            let mut well = None;
            let mut next = None;
            for call in own {
                match seen.level(call.to) {
                    Level::Unread => return Some(Look::at(Diagnostic::CheckMetrics, call.to)),
                    Level::Rose => {
                        next = Some(call);
                        break;
                    }
                    Level::Well if call.is_bad() => well = well.or(Some(call)),
                    Level::Well | Level::LongBad => {}
                }
            }
            self.end_is_well = next.is_none() && well.is_some();
            let call = next.or(well)?;
            self.parts.push(call.to);
            self.calls.push(call);
            if self.end_is_well {
                return None;
            }
            part = call.to;
        }
    }

    /// Goes up from the first flooded part on the trail, from caller to caller, to the one that no flooded part calls.
    fn source_of_flood(&self, seen: &Seen<'a>) -> Result<Option<&'a str>, Look<'a>> {
        let Some(mut part) = self.parts.iter().copied().find(|part| seen.flooded(part) == Some(true)) else {
            return Ok(None);
        };
        let mut visited = vec![part];
        loop {
            if seen.reading(Diagnostic::CheckDependencies, part).is_none() {
                return Err(Look::at(Diagnostic::CheckDependencies, part));
            }
            let mut above = None;
            for call in
                seen.calls.iter().filter(|call| call.to == part && call.is_bad() && !visited.contains(&call.from))
            {
                match seen.flooded(call.from) {
                    None => return Err(Look::at(Diagnostic::CheckMetrics, call.from)),
                    Some(true) => {
                        above = Some(call.from);
                        break;
                    }
                    Some(false) => {}
                }
            }
            let Some(caller) = above else { return Ok(Some(part)) };
            visited.push(caller);
            part = caller;
        }
    }

    /// Returns the parts in a relation to a root: those on the trail first, the last of them before the others, then those
    /// whose calls fail. Of those that use what all parts stand on, these are the ones on the trail, and those of which a
    /// log was read or a call to a store is refused.
    pub(super) fn related(&self, seen: &Seen<'a>, at: Relation, root: &str) -> Vec<&'a str> {
        let mut found = seen.related(at, root);
        let place = |part: &str| self.parts.iter().position(|one| *one == part);
        let fails = |part: &str| seen.calls.iter().any(|call| (call.from == part || call.to == part) && call.is_bad());
        if matches!(at, Relation::User | Relation::Store) {
            found.retain(|part| {
                place(part).is_some() || fails(part) || seen.reading(Diagnostic::QueryLogs, part).is_some()
            });
        }
        let is_batch = |part: &str| at == Relation::Resident && seen.kind(part) == Some("batch");
        found.sort_by_key(|part| (!is_batch(part), std::cmp::Reverse(place(part)), !fails(part)));
        found
    }

    /// Returns the part where the trail ends.
    pub(super) fn end(&self) -> &'a str {
        self.parts.last().copied().unwrap_or_default()
    }

    /// Returns the parts on the trail at which it can begin: the last one, its caller if only the calls to it fail, and
    /// those that show a sign of their own. What a flood or a slow part does further down is as bad as the cause.
    pub(super) fn marked(&self, seen: &Seen<'a>, table: &Table, signs: bool) -> Vec<&'a str> {
        let ends = self.parts.len().saturating_sub(if self.end_is_well { 2 } else { 1 });
        let shows = |part: &'a str| table.signs().any(|sign| matches!(seen.shown(sign, part, None), Shown::Now { .. }));
        let marked = self.parts.iter().enumerate().filter(|(place, part)| *place >= ends || (signs && shows(part)));
        marked.map(|(_, part)| *part).chain(self.source).collect()
    }

    /// Returns how near a part is to where the trail can begin: the more, the nearer; none if it is not near the trail.
    pub(super) fn nearness(&self, seen: &Seen<'a>, marked: &[&'a str], part: &str) -> Option<f64> {
        let beside = |call: &Call<'_>| {
            marked.iter().any(|end| (call.from == *end && call.to == part) || (call.to == *end && call.from == part))
        };
        let below = |parts: &[&'a str]| parts.iter().any(|one| seen.stands_on(one).any(|base| base == part));
        if part == self.end() {
            Some(2.0)
        } else if marked.contains(&part) {
            Some(1.5)
        } else if seen.calls.iter().any(beside) || below(marked) {
            Some(1.0)
        } else {
            (self.parts.contains(&part) || below(&self.parts)).then_some(0.5)
        }
    }
}
