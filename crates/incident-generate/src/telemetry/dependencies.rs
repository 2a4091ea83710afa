//! The dependencies of an entity, and of others on it, each with how its calls go.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::data::vocabulary::FailsAs;
use crate::proof::claim::Claim;
use crate::system::topology::Edge;
use crate::telemetry::reader::{DEPENDENCIES, EMPTY, LOGGED, Reader, Sheet, Tenths};

/// The slot of the first caller; the slots before are those of dependencies.
const CALLERS: u64 = 100;
/// The greatest number of callers that are listed.
const MOST_CALLERS: usize = 8;

impl Reader<'_> {
    /// Writes the dependencies of the entity, then its callers.
    pub(super) fn dependencies(&self, sheet: &mut Sheet) {
        let topology = &self.world.incident.topology;
        let before = sheet.records.len();
        for (slot, edge) in (0..).zip(topology.needs(self.at)) {
            self.dependency(sheet, slot, edge);
        }
        for (slot, edge) in (CALLERS..).zip(topology.needed_by(self.at).take(MOST_CALLERS)) {
            self.dependency(sheet, slot, edge);
        }
        if sheet.records.len() == before {
            sheet.begin(self.id(DEPENDENCIES, EMPTY, i64::from(self.now)), Claim::Nothing);
            let used_by = match self.kind(self.at) {
                Kind::Node => "what is placed on it",
                _ => "every service",
            };
            let _ = writeln!(sheet.text, "{} calls nothing; it is used by {used_by}", self.name(self.at));
        }
    }

    fn dependency(&self, sheet: &mut Sheet, slot: u64, edge: &Edge) {
        let (share, fails_as) = self.fails(edge, self.now);
        let called = self.world.trouble(self.state, edge.to, self.now);
        // Seen by the caller, an edge says how the other end is, unless only the calls themselves fail.
        let tells = edge.from == self.at && (share >= LOGGED) == called.errors;
        let errors = tells.then_some(called.errors);
        let claim = Claim::Calls { from: edge.from, to: edge.to, fail: share >= LOGGED, errors };
        sheet.begin(self.id(DEPENDENCIES, slot, i64::from(self.now)), claim);
        let times_out = share >= LOGGED && fails_as == FailsAs::Timeout;
        let tenths = i64::from(self.slowest(edge.to, self.now, times_out)) / 100;
        let health = if share >= LOGGED {
            "failing"
        } else if called.slow {
            "slow"
        } else {
            "ok"
        };
        let _ = writeln!(
            sheet.text,
            "{} -> {} ({}): {health}, {} % of calls fail, p99 {} ms",
            self.name(edge.from),
            self.name(edge.to),
            edge.kind.as_str(),
            Tenths(i64::from(share)),
            Tenths(tenths),
        );
    }
}
