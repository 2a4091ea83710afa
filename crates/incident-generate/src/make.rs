//! The making of incidents: an attempt is drafted, proved, and accepted or rejected; then the next one is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::library::Library;
use crate::draws::Sources;
use crate::fairness;
use crate::incident::design::Slot;
use crate::incident::draft::{Draft, Origin, Wanted};
use crate::incident::incident::Incident;
use crate::incident::level::{Knobs, Level};
use crate::incident::rejected::Rejected;
use crate::incident::world::World;
use crate::play::oracle::{self, Unanswerable};
use crate::seeds::Master;

/// The version of everything that decides which incident a place in a suite has. Another version makes other suites.
pub const VERSION: &str = "generated/3";

/// The number of attempts after which an incident is given up.
const MOST_ATTEMPTS: u64 = 1600;
/// The number of attempts at a family after which a look may tell the severity all the same.
const MOST_MISLEADING: u64 = 140;
/// The number of attempts after which another family is wanted.
const PATIENCE: u64 = 160;

/// The error that a suite has no incident with this number, with how often each reason for rejection came up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no incident of level {level} in {MOST_ATTEMPTS} attempts at number {number}: {reasons:?}")]
pub struct Exhausted {
    /// The level that was asked for.
    pub level: Level,
    /// The number of the incident.
    pub number: u64,
    /// How often each reason came up.
    pub reasons: BTreeMap<Rejected, u32>,
}

impl From<Unanswerable> for Rejected {
    fn from(reason: Unanswerable) -> Self {
        match reason {
            Unanswerable::NoPath => Self::NoPath,
            Unanswerable::TooManyRecords => Self::TooManyRecords,
        }
    }
}

/// Makes the incident of a suite that has this level and number.
///
/// # Errors
/// No attempt led to an incident that can be proved.
pub(super) fn make(
    library: &Arc<Library>,
    level: Level,
    knobs: &Knobs,
    master: &Master,
    number: u64,
) -> Result<Incident, Box<Exhausted>> {
    let keys = master.incident(VERSION, level, number, knobs);
    let (id, root) = (keys.id(), keys.wanted());
    let slot = Slot::of(master.design(VERSION), level, number);
    let mut reasons = BTreeMap::new();
    for attempt in 0..MOST_ATTEMPTS {
        // What is wanted stays the same for a while, so that incidents that are easily made do not crowd out the
        // others.
        let misleads = slot.trap < knobs.misleading && attempt % PATIENCE < MOST_MISLEADING;
        let wanted = Wanted { slot, family: slot.family(library, root, attempt / PATIENCE), misleads };
        let origin = Origin { id: &id, level, knobs: *knobs, number, attempt };
        match accepted(library, keys.attempt(attempt), &origin, &wanted) {
            Ok(incident) => return Ok(incident),
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    Err(Box::new(Exhausted { level, number, reasons }))
}

/// Makes one attempt. It is accepted if it is proved and if the oracle can answer in full.
fn accepted(
    library: &Arc<Library>,
    sources: Sources,
    origin: &Origin<'_>,
    wanted: &Wanted,
) -> Result<Incident, Rejected> {
    let draft = Draft::new(&origin.knobs, sources);
    let parts = draft.choose(library, &origin.knobs, wanted)?;
    let world = World::new(draft.finish(library, parts, origin), Arc::clone(library));
    let diagnosis = oracle::diagnose(&world);
    oracle::can_be_answered(&world, &diagnosis)?;
    fairness::check(&world, &diagnosis).map_err(|_| Rejected::Unfair)?;
    Ok(world.incident)
}
