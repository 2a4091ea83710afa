//! The design of suites: which task, severity and family the incidents of a level have.
//!
//! Twelve incidents are one design of three tasks and four severities. So are three of each level, if all four levels
//! take the same numbers: a small suite of all levels is a small copy of a large one. Families come up by quota, so
//! that each has its share at every severity that it can have.

use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::incident::level::Level;
use incident_env::{Severity, TaskId};

/// The cells of a design: each task with each severity.
const CELLS: u64 = 12;
/// The levels take a quarter of the cells each at a time.
const QUARTER: u64 = 3;
/// Of three P4 incidents one is a control, and in one of so many designs another one is too. So one incident in ten is
/// a control.
const SECOND_CONTROL: u32 = 5;
/// Places among the quotas: fractions of 2³² that are spread evenly however many of them are taken, as multiples of the
/// golden ratio are (Weyl 1916).
const GOLDEN: u32 = 0x9e37_79b9;

/// What an incident of a suite has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The task that it poses.
    pub task: TaskId,
    /// Its severity, or `None` for a control, which is always P4.
    pub severity: Option<Severity>,
    /// A number from 0 to 99 that decides whether no single look may tell its severity.
    pub trap: u32,
    /// A number from 0 to 99 that decides whether another fault is at work.
    pub second: u32,
    /// Its place among the quotas of the families, as a fraction of 2³².
    place: u32,
}

impl Slot {
    /// Returns what the incident of a level that has this number has to be. The draws are those of the whole suite.
    #[must_use]
    pub(crate) fn of(draws: Draws, level: Level, number: u64) -> Self {
        let (design, turn) = (number / CELLS, number % CELLS / QUARTER);
        let own = level.index() as u64;
        let cells = draws.shuffled(Stream::Design, design << 8, 12);
        // Each level takes another quarter at each turn, so after four turns all have taken all.
        let quarter = usize::try_from((own + turn) % 4 * QUARTER).unwrap_or_default();
        let order = draws.shuffled(Stream::Design, design << 8 | 1 << 4 | own << 2 | turn, 3);
        let cell = cells[quarter + order[usize::try_from(number % QUARTER).unwrap_or_default()]];
        let (task, severity) = (TaskId::ALL[cell % 3], Severity::ALL[cell / 3]);
        // The task is the same at all levels, so of twelve incidents of all levels one is a control.
        let first = draws.below(Stream::Design, 0, 1, 3) as usize + usize::try_from(design % 3).unwrap_or_default();
        let is_first = task.index() == first % 3;
        let second = design > 0 && draws.below(Stream::Design, design << 8 | own, 2, SECOND_CONTROL) == 0;
        let is_control = severity == Severity::P4 && (is_first || (second && task.index() == (first + 1) % 3));
        let count = design * 3 + task.index() as u64;
        let start = draws.below(Stream::Design, own << 8 | severity.index() as u64, 3, u32::MAX);
        Self {
            task,
            severity: (!is_control).then_some(severity),
            trap: draws.below(Stream::Design, number << 8 | own, 5, 100),
            second: draws.below(Stream::Design, number << 8 | own, 6, 100),
            place: spread(start, count),
        }
    }

    /// Returns the family that is tried after so many others were given up, or `None` for a control.
    #[must_use]
    pub(crate) fn family(self, library: &Library, draws: Draws, given_up: u64) -> Option<usize> {
        let quotas = library.quotas(self.severity?);
        let place = match given_up {
            0 => self.place,
            _ => draws.below(Stream::Design, given_up, 4, u32::MAX),
        };
        quota(quotas, place)
    }
}

/// Returns which quota is at a place, given as a fraction of 2³², if the quotas are laid one after another.
pub(super) fn quota(quotas: &[u32], place: u32) -> Option<usize> {
    let whole: u64 = quotas.iter().map(|quota| u64::from(*quota)).sum();
    let mut left = (u64::from(place) * whole) >> 32;
    quotas.iter().position(|quota| match left.checked_sub(u64::from(*quota)) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    })
}

/// Returns the place that is so many multiples of the golden ratio after the start, as fractions of 2³².
fn spread(start: u32, count: u64) -> u32 {
    let steps = u128::from(count) * u128::from(GOLDEN) + u128::from(start);
    u32::try_from(steps % (1 << 32)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::testing::generator;

    fn slots(level: Level, numbers: std::ops::Range<u64>) -> impl Iterator<Item = Slot> {
        numbers.map(move |number| Slot::of(Draws::new(5), level, number))
    }

    fn cell(slot: Slot) -> (TaskId, Severity) {
        (slot.task, slot.severity.unwrap_or(Severity::P4))
    }

    #[test]
    fn twelve_of_a_level_and_three_of_each_are_a_whole_design() {
        for start in [0, 12, 120] {
            for level in Level::ALL {
                let cells: BTreeSet<_> = slots(level, start..start + 12).map(cell).collect();
                assert_eq!(cells.len(), 12, "{level} {start}");
            }
            for turn in 0..4 {
                let from = start + 3 * turn;
                let three = Level::ALL.into_iter().flat_map(|level| slots(level, from..from + 3));
                assert_eq!(three.map(cell).collect::<BTreeSet<_>>().len(), 12, "{start} {turn}");
            }
        }
    }

    #[test]
    fn the_smallest_suite_has_one_control() {
        for seed in 0..40 {
            let slots = Level::ALL.into_iter().flat_map(|level| (0..3).map(move |number| (level, number)));
            let of = slots.map(|(level, number)| Slot::of(Draws::new(seed), level, number));
            assert_eq!(of.filter(|slot| slot.severity.is_none()).count(), 1, "{seed}");
        }
    }

    #[test]
    fn one_in_ten_is_a_control_in_every_task() {
        for level in Level::ALL {
            let controls: Vec<_> = slots(level, 0..1200).filter(|slot| slot.severity.is_none()).collect();
            assert!((105..=135).contains(&controls.len()), "{level} {}", controls.len());
            for task in TaskId::ALL {
                let of_task = controls.iter().filter(|slot| slot.task == task).count();
                assert!((30..=50).contains(&of_task), "{level} {task} {of_task}");
            }
        }
    }

    #[test]
    fn families_come_up_by_their_quotas() {
        let library = generator().library();
        let mut counts = BTreeMap::new();
        for slot in slots(Level::Hard, 0..1200).filter(|slot| slot.severity.is_some()) {
            *counts.entry(slot.family(library, Draws::new(5), 0).unwrap()).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), library.families.len());
        let even = 1080 / u32::try_from(library.families.len()).unwrap();
        assert!(counts.values().all(|count| (even / 2..=even * 3 / 2).contains(count)), "{even}: {counts:?}");
    }
}
