//! The dependencies of an entity, and of others on it, each with how its calls go.

use std::fmt::{self, Write};

use crate::data::kinds::Kind;
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::proof::claim::Claim;
use crate::system::topology::Edge;
use crate::telemetry::reader::{DEPENDENCIES, EMPTY, LOGGED, Reader, Sheet, Tenths, when};
use crate::telemetry::splits::reason;

/// The slot of the first caller; the slots before are those of dependencies.
const CALLERS: u64 = 100;
/// The greatest number of callers that are listed.
const MOST_CALLERS: usize = 40;
/// The share of failed calls, in thousandths, from which calls are no longer called ok.
const SOME: i32 = 10;
/// What marks the draws of the noise of calls.
const CALLS: u64 = 0xCA;
/// The slots of what the entity stands on, and of what is placed on a node.
const UNDER: u64 = 200;
const PLACED: u64 = 300;

/// Why calls fail, as the caller's instrumentation counts them.
struct Why(Option<&'static str>);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

impl Reader<'_> {
    /// Writes the dependencies of the entity, then its callers.
    pub(super) fn dependencies(&self, sheet: &mut Sheet) {
        let topology = &self.world.incident.topology;
        let before = sheet.records.len();
        let numbered = || topology.edges.iter().enumerate();
        for (slot, (number, edge)) in (0..).zip(numbered().filter(|(_, edge)| edge.from == self.at)) {
            self.dependency(sheet, slot, number, edge);
        }
        let callers = numbered().filter(|(_, edge)| edge.to == self.at).take(MOST_CALLERS);
        for (slot, (number, edge)) in (CALLERS..).zip(callers) {
            self.dependency(sheet, slot, number, edge);
        }
        for (slot, (at, why)) in (UNDER..).zip(self.under()) {
            sheet.begin(self.id(DEPENDENCIES, slot, i64::from(self.now)), Claim::Nothing);
            let _ = writeln!(sheet.text, "{} {why} {}", self.name(self.at), self.name(at));
        }
        if self.kind(self.at) == Kind::Node {
            let placed = topology.numbered().filter(|(_, entity)| entity.node == Some(self.at));
            for (slot, (at, _)) in (PLACED..).zip(placed) {
                sheet.begin(self.id(DEPENDENCIES, slot, i64::from(self.now)), Claim::Nothing);
                let _ = writeln!(sheet.text, "{} runs {}", self.name(self.at), self.name(at));
            }
        }
        if sheet.records.len() == before {
            sheet.begin(self.id(DEPENDENCIES, EMPTY, i64::from(self.now)), Claim::Nothing);
            let _ = writeln!(sheet.text, "{} calls nothing; every service uses it", self.name(self.at));
        }
    }

    /// Goes through what the entity stands on without calling it.
    fn under(&self) -> Vec<(EntityId, &'static str)> {
        let topology = &self.world.incident.topology;
        topology
            .under(self.at)
            .into_iter()
            .map(|at| {
                let why = match self.kind(at) {
                    Kind::Dns => "resolves names by",
                    Kind::Config => "is configured by",
                    Kind::Identity => "has its credentials from",
                    Kind::Network => "is routed by",
                    _ => "runs on",
                };
                (at, why)
            })
            .collect()
    }

    /// Returns the calls along a dependency, in tenths of a call a second.
    fn calls_along(&self, number: usize, edge: &Edge) -> i64 {
        let incident = &self.world.incident;
        let most = 10 * incident.knobs.noise / 100;
        let place = u64::from(edge.from) << 24 | u64::from(edge.to) << 8;
        let noise = i64::from(incident.draws.below(Stream::Noise, place | CALLS, when(self.now), 2 * most + 1));
        self.world.calls(self.state, number) / 100 * (1000 - i64::from(most) + noise) / 1000
    }

    fn dependency(&self, sheet: &mut Sheet, slot: u64, number: usize, edge: &Edge) {
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
        } else if share >= SOME {
            "some fail"
        } else {
            "ok"
        };
        let _ = writeln!(
            sheet.text,
            "{} -> {} ({}): {health}, {} % of calls fail{}, p99 {} ms, {} per s",
            self.name(edge.from),
            self.name(edge.to),
            edge.kind.as_str(),
            Tenths(i64::from(share)),
            Why((share >= LOGGED).then(|| reason(fails_as, edge.kind.is_request()))),
            Tenths(tenths),
            Tenths(self.calls_along(number, edge)),
        );
    }
}
