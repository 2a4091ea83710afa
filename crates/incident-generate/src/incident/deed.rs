//! Deeds: what was done in an episode beside ending and beginning facts of a fault, as far as the world has to remember it.

use crate::ids::{ClassSet, EntityId, FactSet};
use crate::system::fault::Target;

/// Something that was done and that the world remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A job was suspended.
    Suspended {
        /// The job.
        job: Target,
        /// The first minute in which it does not run.
        from: i32,
        /// The minute in which it was resumed, if it was.
        until: Option<i32>,
        /// The classes of evidence of a run, which end with it where no fault keeps it going.
        stops: ClassSet,
        /// The facts that ended because of it.
        ended: FactSet,
    },
    /// The volume of a store was made larger.
    Grown {
        /// The store.
        at: EntityId,
        /// The first minute in which it is larger.
        from: i32,
    },
    /// A new generation of secrets was issued.
    Rotated {
        /// The part that issues them.
        at: EntityId,
        /// The first minute in which they are there.
        from: i32,
    },
    /// A certificate was issued anew.
    Renewed {
        /// The part that has it.
        at: EntityId,
        /// The first minute in which it is there.
        from: i32,
        /// The classes of evidence of one that has ended, which end with that.
        stops: ClassSet,
    },
    /// The change that set a fault off was taken back.
    TakenBack {
        /// The part that had been changed.
        at: EntityId,
    },
}
