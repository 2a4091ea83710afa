//! Claims: what a record of telemetry says, as far as it helps to tell one fault from another.

use crate::ids::{ClassId, ClassSet, EntityId};
use crate::proof::hypotheses::Appearance;
use crate::record_id::RecordId;

/// A record of telemetry, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The id that the record is cited by.
    pub id: RecordId,
    /// What the record says.
    pub claim: Claim,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The record shows a class of evidence.
    Shows {
        /// The entity where it is seen.
        at: EntityId,
        /// The class that is seen.
        class: ClassId,
    },
    /// The record shows that some classes are absent.
    Lacks {
        /// The entity where they are absent.
        at: EntityId,
        /// The classes that are absent.
        classes: ClassSet,
    },
    /// The record shows whether errors are up.
    Errors {
        /// The entity whose errors are meant.
        at: EntityId,
        /// Whether they are up.
        up: bool,
    },
    /// The record shows whether response times are up.
    Slow {
        /// The entity whose response times are meant.
        at: EntityId,
        /// Whether they are up.
        up: bool,
    },
    /// The record shows how calls from one entity to another go.
    Calls {
        /// The entity that calls.
        from: EntityId,
        /// The entity that is called.
        to: EntityId,
        /// Whether they fail.
        fail: bool,
        /// Whether errors of the called entity are up, if the record shows it.
        errors: Option<bool>,
    },
    /// The record shows whether an entity is healthy.
    Health {
        /// The entity that is meant.
        at: EntityId,
    },
    /// The record shows a change.
    Changed {
        /// The number of the change among those of the incident.
        number: usize,
    },
    /// The record shows that there is no change of an entity.
    Unchanged {
        /// The entity that is meant.
        at: EntityId,
    },
    /// The record shows how much users lose.
    Impact,
    /// The record does not help to tell faults apart, such as a usual line of a log.
    Nothing,
}

impl Claim {
    /// Returns whether the claim can exclude a fault.
    #[must_use]
    pub const fn can_exclude(self) -> bool {
        match self {
            Self::Shows { .. } | Self::Lacks { .. } | Self::Errors { .. } | Self::Slow { .. } => true,
            Self::Calls { errors, .. } => errors.is_some(),
            Self::Health { .. } | Self::Changed { .. } | Self::Unchanged { .. } | Self::Impact | Self::Nothing => false,
        }
    }
}

/// Returns whether a fault with this appearance is consistent with all claims. At each entity so many classes may be
/// seen that the fault does not show, because a decoy may show them.
#[must_use]
pub(crate) fn is_consistent(appearance: &Appearance, claims: &[Claim], ambiguity: u32) -> bool {
    let shows = |at: EntityId| appearance.shows[at.index()];
    let each = claims.iter().all(|claim| match *claim {
        Claim::Lacks { at, classes } => !shows(at).meets(classes),
        Claim::Errors { at, up } | Claim::Calls { to: at, errors: Some(up), .. } => appearance.allows_errors(at, up),
        Claim::Slow { at, up } => appearance.allows_slow(at, up),
        Claim::Shows { .. } => true,
        _ => !claim.can_exclude(),
    });
    each && claims.iter().enumerate().all(|(index, claim)| match *claim {
        Claim::Shows { at, .. } => {
            let class_here = |other: &Claim| match other {
                Claim::Shows { at: other, class } if *other == at => Some(*class),
                _ => None,
            };
            if claims[..index].iter().any(|other| class_here(other).is_some()) {
                // The entity was counted when its first claim was met.
                return true;
            }
            let seen: ClassSet = claims.iter().filter_map(class_here).collect();
            (seen - shows(at)).len() <= ambiguity
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EntitySet;
    use crate::system::reading::Troubled;

    #[test]
    fn a_claim_excludes_what_would_look_otherwise() {
        let (here, there) = (EntityId(0), EntityId(1));
        let (shown, absent, decoy) = (ClassId(2), ClassId(3), ClassId(4));
        let appearance = Appearance {
            shows: vec![ClassSet::of(shown), ClassSet::EMPTY],
            least: Troubled { errors: EntitySet::of(here), ..Troubled::default() },
            most: Troubled { errors: EntitySet::of(here), slow: EntitySet::of(there), ..Troubled::default() },
        };
        for (claims, ambiguity, expected) in [
            (vec![], 0, true),
            (vec![Claim::Shows { at: here, class: shown }], 0, true),
            (vec![Claim::Lacks { at: here, classes: ClassSet::of(shown) }], 9, false),
            (vec![Claim::Lacks { at: here, classes: ClassSet::of(absent) }], 0, true),
            // What the fault does not show may be a decoy, up to the ambiguity at each entity.
            (vec![Claim::Shows { at: there, class: shown }], 0, false),
            (vec![Claim::Shows { at: there, class: shown }], 1, true),
            (vec![Claim::Shows { at: there, class: shown }, Claim::Shows { at: there, class: shown }], 1, true),
            (vec![Claim::Shows { at: there, class: shown }, Claim::Shows { at: there, class: decoy }], 1, false),
            (vec![Claim::Shows { at: here, class: decoy }, Claim::Shows { at: there, class: decoy }], 1, true),
            (vec![Claim::Errors { at: here, up: true }, Claim::Errors { at: there, up: false }], 0, true),
            (vec![Claim::Errors { at: here, up: false }], 9, false),
            (vec![Claim::Slow { at: here, up: true }], 9, false),
            // What depends on the strength excludes nothing.
            (vec![Claim::Slow { at: there, up: true }], 0, true),
            (vec![Claim::Slow { at: there, up: false }], 0, true),
            (vec![Claim::Impact, Claim::Nothing], 0, true),
            // Calls exclude by what they tell of the called entity, and by nothing if they tell nothing.
            (vec![Claim::Calls { from: there, to: here, fail: true, errors: Some(true) }], 0, true),
            (vec![Claim::Calls { from: there, to: here, fail: false, errors: Some(false) }], 0, false),
            (vec![Claim::Calls { from: there, to: here, fail: false, errors: None }], 0, true),
            (vec![Claim::Changed { number: 0 }, Claim::Unchanged { at: here }, Claim::Health { at: here }], 0, true),
        ] {
            assert_eq!(is_consistent(&appearance, &claims, ambiguity), expected, "{claims:?} {ambiguity}");
        }
    }
}
