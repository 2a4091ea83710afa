//! What a record says, as far as it helps to tell faults apart.

use crate::generate::proof::hypotheses::Looks;
use crate::generate::data::vocabulary::Classes;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atom {
    /// A class of evidence is there.
    Shows {
        /// Where.
        at: u16,
        /// The class, as a set of one.
        class: Classes,
    },
    /// None of these classes is there.
    Lacks {
        /// Where.
        at: u16,
        /// The classes.
        classes: Classes,
    },
    /// Whether errors are up.
    Errors {
        /// Where.
        at: u16,
        /// Whether they are.
        up: bool,
    },
    /// Whether times are up.
    Slow {
        /// Where.
        at: u16,
        /// Whether they are.
        up: bool,
    },
    /// What users get of what they come for.
    Impact,
    /// Nothing that tells one fault from another: a usual line, a note of a change, what was seen after the world was changed.
    Nothing,
}

/// Whether a fault that looks like this is consistent with all of these, where so many classes may be left over at an entity.
#[must_use]
pub fn is_consistent(looks: &Looks, atoms: &[Atom], tolerance: u32) -> bool {
    let shows = |at: u16| looks.shows[usize::from(at)];
    let is_in = |set: u128, at: u16| set >> (at % 128) & 1 == 1;
    let each = atoms.iter().all(|atom| match *atom {
        Atom::Lacks { at, classes } => shows(at) & classes == 0,
        Atom::Errors { at, up } => is_in(looks.errors, at) == up,
        Atom::Slow { at, up } => is_in(looks.slow, at) == up,
        Atom::Shows { .. } | Atom::Impact | Atom::Nothing => true,
    });
    // What is there and not explained by it must be little enough to be something else.
    each && atoms.iter().enumerate().all(|(index, atom)| match *atom {
        Atom::Shows { at, .. } => {
            let here = |other: &Atom| matches!(other, Atom::Shows { at: other, .. } if *other == at);
            if atoms[..index].iter().any(here) {
                return true;
            }
            let seen = atoms.iter().fold(0, |seen, other| match other {
                Atom::Shows { at: other, class } if *other == at => seen | class,
                _ => seen,
            });
            (seen & !shows(at)).count_ones() <= tolerance
        }
        _ => true,
    })
}
