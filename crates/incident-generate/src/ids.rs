//! The numbers that entities, classes, predicates, verbs and facts are known by, and sets of them.
//!
//! A number is an index into one list of one system or vocabulary. Each kind has its own type, so that the number of an
//! entity cannot be taken for that of a predicate.

use std::ops::{BitAnd, BitOr, BitOrAssign, BitXor, Sub, SubAssign};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) $number);

        impl $name {
            /// Returns the place in the list that the number refers to.
            #[must_use]
            pub fn index(self) -> usize {
                usize::from(self.0)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                Self::from(id.0)
            }
        }
    };
}

macro_rules! counted {
    ($name:ident($number:ty)) => {
        impl $name {
            /// Counts through the first numbers of a list that has `count` elements.
            pub(crate) fn first(count: usize) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
                (0..<$number>::try_from(count).unwrap_or(<$number>::MAX)).map(Self)
            }
        }
    };
}

macro_rules! found {
    ($name:ident($number:ty)) => {
        impl $name {
            /// Finds the first element of a list that fulfils a condition.
            pub(crate) fn find<T>(all: &[T], is: impl FnMut(&T) -> bool) -> Option<Self> {
                all.iter().position(is).and_then(|index| <$number>::try_from(index).ok()).map(Self)
            }
        }
    };
}

id! {
    /// The number of an entity in its topology.
    EntityId(u16)
}
counted!(EntityId(u16));
found!(EntityId(u16));
id! {
    /// The number of a dialect.
    DialectId(u8)
}
found!(DialectId(u8));
id! {
    /// The number of a class of evidence in the vocabulary.
    ClassId(u8)
}
counted!(ClassId(u8));
found!(ClassId(u8));
id! {
    /// The number of a predicate in the vocabulary.
    PredicateId(u16)
}
found!(PredicateId(u16));
id! {
    /// The number of a verb in the vocabulary.
    VerbId(u16)
}
found!(VerbId(u16));
id! {
    /// The number of a fact in its fault.
    FactId(u8)
}
counted!(FactId(u8));

macro_rules! set {
    ($(#[$doc:meta])* $name:ident of $id:ident in $word:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($word);

        impl $name {
            /// The set without any element.
            pub const EMPTY: Self = Self(0);

            /// The number of elements that a set can tell apart.
            pub(crate) const CAPACITY: usize = <$word>::BITS as usize;

            /// Makes the set of one element.
            ///
            /// Whoever makes identifiers keeps them below [`Self::CAPACITY`]. An identifier beyond it belongs to no
            /// set.
            pub(crate) fn of(id: $id) -> Self {
                debug_assert!(id.index() < Self::CAPACITY, "{id:?} is beyond the {} elements of a set", Self::CAPACITY);
                Self((1 as $word).checked_shl(u32::from(id.0)).unwrap_or(0))
            }

            /// Returns whether the set contains an element.
            #[must_use]
            pub fn contains(self, id: $id) -> bool {
                !(self & Self::of(id)).is_empty()
            }

            /// Returns whether the set has no element.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns whether the two sets have an element in common.
            #[must_use]
            pub const fn meets(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Counts the elements.
            #[must_use]
            pub const fn len(self) -> u32 {
                self.0.count_ones()
            }

            /// Goes through the elements in ascending order.
            pub fn iter(self) -> impl Iterator<Item = $id> {
                let mut left = self.0;
                std::iter::from_fn(move || {
                    let lowest = (left != 0).then(|| left.trailing_zeros())?;
                    left &= left - 1;
                    lowest.try_into().ok().map($id)
                })
            }
        }

        impl FromIterator<$id> for $name {
            fn from_iter<I: IntoIterator<Item = $id>>(ids: I) -> Self {
                ids.into_iter().fold(Self::EMPTY, |set, id| set | Self::of(id))
            }
        }

        impl FromIterator<$name> for $name {
            fn from_iter<I: IntoIterator<Item = $name>>(sets: I) -> Self {
                sets.into_iter().fold(Self::EMPTY, |all, set| all | set)
            }
        }

        impl BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }

        impl BitAnd for $name {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl BitXor for $name {
            type Output = Self;
            fn bitxor(self, other: Self) -> Self {
                Self(self.0 ^ other.0)
            }
        }

        /// The elements of the first set that are not in the second one.
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 &= !other.0;
            }
        }
    };
}

set! {
    /// A set of classes of evidence. The vocabulary refuses more classes than a set can hold.
    ClassSet of ClassId in u64
}
set! {
    /// A set of entities of one topology. The largest topology has fewer entities than a set can hold.
    EntitySet of EntityId in u128
}
set! {
    /// A set of facts of one fault. Binding refuses a fault with more facts than a set can hold.
    FactSet of FactId in u128
}

impl EntitySet {
    /// Returns the lowest element that is at a place in the list or behind it.
    pub(crate) fn first_from(self, place: usize) -> Option<EntityId> {
        Self(self.0 & behind(place)).iter().next()
    }

    /// Returns the highest element that is before a place in the list.
    pub(crate) fn last_before(self, place: usize) -> Option<EntityId> {
        let highest = (self.0 & !behind(place)).checked_ilog2()?;
        highest.try_into().ok().map(EntityId)
    }
}

/// Returns the bits of a place in the list of entities and of all behind it.
fn behind(place: usize) -> u128 {
    u32::try_from(place).ok().and_then(|place| u128::MAX.checked_shl(place)).unwrap_or(0)
}

impl FactSet {
    /// Renumbers the facts, so that fact 0 becomes fact `by`, as when a fault is joined to another that has `by` facts.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self(u32::try_from(by).ok().and_then(|by| self.0.checked_shl(by)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_the_usual_algebra() {
        let set = |ids: &[u16]| ids.iter().copied().map(EntityId).collect::<EntitySet>();
        let (one, other) = (set(&[0, 3, 127]), set(&[3, 4]));
        assert!(one.contains(EntityId(127)) && !one.contains(EntityId(4)));
        assert_eq!((one | other).iter().collect::<Vec<_>>(), [0, 3, 4, 127].map(EntityId));
        assert_eq!((one & other, one - other, one ^ other), (set(&[3]), set(&[0, 127]), set(&[0, 4, 127])));
        assert!(one.meets(other) && !(one - other).meets(other));
        assert_eq!((one.len(), EntitySet::EMPTY.len(), EntitySet::EMPTY.is_empty()), (3, 0, true));
    }

    #[test]
    fn neighbours_in_a_set_are_found_from_any_place() {
        let set: EntitySet = [0, 3, 127].map(EntityId).into_iter().collect();
        assert_eq!(
            [0, 1, 3, 4, 128].map(|place| set.first_from(place).map(EntityId::index)),
            [Some(0), Some(3), Some(3), Some(127), None]
        );
        assert_eq!(
            [0, 1, 3, 4, 128].map(|place| set.last_before(place).map(EntityId::index)),
            [None, Some(0), Some(0), Some(3), Some(127)]
        );
    }

    #[test]
    fn facts_are_renumbered_and_none_wraps() {
        let facts: FactSet = [FactId(0), FactId(2)].into_iter().collect();
        assert_eq!(facts.shifted(5).iter().collect::<Vec<_>>(), [FactId(5), FactId(7)]);
        assert!(facts.shifted(200).is_empty());
    }

    #[test]
    #[should_panic(expected = "beyond the 128 elements")]
    #[cfg(debug_assertions)]
    fn an_entity_beyond_the_capacity_is_a_mistake() {
        let _ = EntitySet::EMPTY.contains(EntityId(128));
    }
}
