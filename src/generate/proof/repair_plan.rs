//! The planner: the shortest repair that harms nobody.

use std::collections::{BTreeMap, VecDeque};

use crate::generate::system::fault::{Facts, Fault, Step};

/// More states than these are not searched.
const MOST_STATES: usize = 20_000;

/// The numbers of the steps of a shortest repair, in their order; none where there is none.
///
/// Steps that do the same to several entities are taken in the order of these: another order would be as long, and to try
/// all would take for ever.
#[must_use]
pub fn shortest(fault: &Fault) -> Option<Vec<usize>> {
    let is_done = |facts: Facts| facts & fault.harmful == 0;
    let mut from: BTreeMap<Facts, (Facts, usize)> = BTreeMap::new();
    let mut queue = VecDeque::from([fault.start]);
    while let Some(facts) = queue.pop_front() {
        if is_done(facts) {
            let mut steps = Vec::new();
            let mut at = facts;
            while at != fault.start {
                let (before, step) = from.get(&at)?;
                steps.push(*step);
                at = *before;
            }
            steps.reverse();
            return Some(steps);
        }
        for (number, step) in fault.steps.iter().enumerate() {
            if step.harm > 0 || !step.when.is_met(facts) {
                continue;
            }
            let before = number.checked_sub(1).map(|before| &fault.steps[before]);
            let is_twin = before.is_some_and(|before| are_twins(before, step) && before.when.is_met(facts));
            let after = step.apply(facts);
            if is_twin || after == facts || after & fault.catastrophic != 0 {
                continue;
            }
            if after != fault.start && !from.contains_key(&after) {
                from.insert(after, (facts, number));
                queue.push_back(after);
            }
        }
        if from.len() > MOST_STATES {
            return None;
        }
    }
    None
}

/// Whether two steps are the same one on two entities.
fn are_twins(one: &Step, other: &Step) -> bool {
    one.verb == other.verb
        && one.target.thing == other.target.thing
        && one.target.at != other.target.at
        && one.clears.count_ones() == other.clears.count_ones()
}
