//! The making of incidents: an attempt is drafted, proved, and accepted or rejected; then the next one is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::library::Library;
use crate::draws::Draws;
use crate::fairness;
use crate::incident::design::Slot;
use crate::incident::draft::{Draft, Origin, Rejected, Wanted};
use crate::incident::incident::Incident;
use crate::incident::level::{Knobs, Level};
use crate::incident::world::World;
use crate::play::oracle::{self, Unanswerable};

/// The version of everything that decides which incident a seed gives. Another version makes other suites.
pub const VERSION: &str = "generated/2";

/// The number of attempts after which a seed is given up.
const MOST_ATTEMPTS: u64 = 400;
/// The number of attempts after which another family is wanted.
const PATIENCE: u64 = 60;

/// The error that a seed gives no incident, with how often each reason for rejection came up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no incident of level {level} in {MOST_ATTEMPTS} attempts at seed {seed}, number {number}: {reasons:?}")]
pub struct Exhausted {
    /// The level that was asked for.
    pub level: Level,
    /// The seed that was tried.
    pub seed: u64,
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

/// Makes the incident of a seed that has this number.
///
/// # Errors
/// No attempt led to an incident that can be proved.
pub(super) fn make(
    library: &Arc<Library>,
    level: Level,
    knobs: &Knobs,
    seed: u64,
    number: u64,
) -> Result<Incident, Box<Exhausted>> {
    let design = Draws::new(seed);
    let root = design.child(number).child(u64::from(knobs.services) << 32 | u64::from(knobs.decoys));
    let slot = Slot::of(design, level, number);
    let mut reasons = BTreeMap::new();
    for attempt in 0..MOST_ATTEMPTS {
        // What is wanted stays the same for a while, so that incidents that are easily made do not crowd out the
        // others.
        let wanted = Wanted { slot, family: slot.family(library, root, attempt / PATIENCE) };
        let origin = Origin { level, knobs: *knobs, seed, number, attempt };
        match accepted(library, root.child(attempt), &origin, &wanted) {
            Ok(incident) => return Ok(incident),
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    Err(Box::new(Exhausted { level, seed, number, reasons }))
}

/// Makes one attempt. It is accepted if it is proved and if the oracle can answer in full.
fn accepted(library: &Arc<Library>, draws: Draws, origin: &Origin, wanted: &Wanted) -> Result<Incident, Rejected> {
    let draft = Draft::new(&origin.knobs, draws);
    let parts = draft.choose(library, &origin.knobs, wanted)?;
    let world = World::new(draft.finish(library, parts, origin), Arc::clone(library));
    oracle::can_be_answered(&world)?;
    fairness::check(&world).map_err(|_| Rejected::Unfair)?;
    Ok(world.incident)
}
