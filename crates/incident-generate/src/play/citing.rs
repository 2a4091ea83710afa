//! Citing: which of the records that were read an answer cites.

use std::cmp::Reverse;

use crate::play::limits::MOST_CITED;
use crate::proof::claim::{Claim, Record, is_consistent};
use crate::proof::hypotheses::Appearance;
use crate::record_id::RecordId;

/// What citations have to exclude.
#[derive(Debug)]
pub(crate) struct Citing<'a> {
    /// The appearances of the faults that the answer does not name.
    pub(crate) rivals: Vec<&'a Appearance>,
    /// The number of classes at an entity that a fault need not explain.
    pub(crate) ambiguity: u32,
}

impl Citing<'_> {
    /// Counts the rivals that are consistent with all claims.
    #[must_use]
    pub(crate) fn left(&self, claims: &[Claim]) -> usize {
        self.rivals.iter().filter(|rival| is_consistent(rival, claims, self.ambiguity)).count()
    }

    /// Picks few records that exclude as many rivals as all records do. The search is greedy, so there may be fewer. If
    /// there was no rival to exclude, it picks a record of the fault.
    #[must_use]
    pub(crate) fn few(&self, seen: &[Record], is_of_fault: impl Fn(Claim) -> bool) -> Vec<RecordId> {
        /// A number that all sizes of groups divide, so that averages are whole numbers.
        const PARTS: usize = 60;
        let left = |chosen: &[usize]| {
            let claims: Vec<_> = chosen.iter().map(|index| seen[*index].claim).collect();
            self.left(&claims)
        };
        let groups = groups(seen);
        let mut chosen: Vec<usize> = Vec::new();
        loop {
            let now = left(&chosen);
            let fits = |group: &&Vec<usize>| {
                let is_new = group.iter().all(|index| !chosen.contains(index));
                is_new && chosen.len() + group.len() <= MOST_CITED
            };
            // A group is worth what its records exclude on average. Of equals, the first one is taken.
            let worth = |group: &&Vec<usize>| {
                let with: Vec<_> = chosen.iter().chain(group.iter()).copied().collect();
                let excluded = now - left(&with);
                (excluded * PARTS / group.len(), Reverse(group.first().copied()))
            };
            match groups.iter().filter(fits).max_by_key(worth).filter(|group| worth(group).0 > 0) {
                Some(group) => chosen.extend(group),
                None => break,
            }
        }
        if chosen.is_empty() {
            // If the alert alone left no rival, any evidence of the fault will do.
            chosen.extend(seen.iter().position(|record| is_of_fault(record.claim)));
        }
        // Records that later ones made unnecessary are dropped.
        let mut index = 0;
        while index < chosen.len() && chosen.len() > 1 {
            let mut without = chosen.clone();
            without.remove(index);
            if left(&without) == left(&chosen) { chosen = without } else { index += 1 }
        }
        chosen.into_iter().map(|index| seen[index].id).collect()
    }
}

/// Returns groups of records that are worth citing together: each record alone, and evidence at the same entity by
/// twos and threes. One class at an entity may be a decoy; several are more than a decoy shows.
fn groups(seen: &[Record]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..seen.len()).map(|index| vec![index]).collect();
    let sign = |(index, record): (usize, &Record)| match record.claim {
        Claim::Shows { at, class } => Some((index, at, class)),
        _ => None,
    };
    let signs: Vec<_> = seen.iter().enumerate().filter_map(sign).collect();
    for (first, one) in signs.iter().enumerate() {
        let later = |from: usize| signs.iter().enumerate().skip(from).filter(|(_, other)| other.1 == one.1);
        for (second, two) in later(first + 1).filter(|(_, two)| two.2 != one.2) {
            groups.push(vec![one.0, two.0]);
            for (_, three) in later(second + 1).filter(|(_, three)| ![one.2, two.2].contains(&three.2)) {
                groups.push(vec![one.0, two.0, three.0]);
            }
        }
    }
    groups
}
