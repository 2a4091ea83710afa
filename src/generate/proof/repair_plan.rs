//! The repair planner. It finds a shortest sequence of ops that ends everything harmful and harms nobody.

use std::collections::{BTreeMap, VecDeque};

use crate::generate::ids::FactSet;
use crate::generate::system::fault::{Fault, Op};

/// The greatest number of states that are searched.
const MOST_STATES: usize = 20_000;

/// Returns the numbers of the ops of a shortest repair in their order, or `None` if there is no repair within the states that
/// are searched. The search is breadth first.
///
/// The same op on several entities is tried in the order of the entities only. Every permutation is equally long, and exploring
/// all of them is exponential.
#[must_use]
pub(crate) fn shortest(fault: &Fault) -> Option<Vec<usize>> {
    let mut from: BTreeMap<FactSet, (FactSet, usize)> = BTreeMap::new();
    let mut queue = VecDeque::from([fault.start]);
    while let Some(facts) = queue.pop_front() {
        if !facts.meets(fault.harmful) {
            return way_to(facts, fault.start, &from);
        }
        for (number, op) in fault.ops.iter().enumerate() {
            if op.harm > 0 || !op.when.is_met(facts) {
                continue;
            }
            let before = number.checked_sub(1).map(|before| &fault.ops[before]);
            let is_twin = before.is_some_and(|before| are_twins(before, op) && before.when.is_met(facts));
            let after = op.apply(facts);
            if is_twin || after == facts || after.meets(fault.catastrophic) {
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

/// Returns the ops on the way from the start to a state, given the state before each state and the op between them.
fn way_to(mut at: FactSet, start: FactSet, from: &BTreeMap<FactSet, (FactSet, usize)>) -> Option<Vec<usize>> {
    let mut ops = Vec::new();
    while at != start {
        let (before, op) = from.get(&at)?;
        ops.push(*op);
        at = *before;
    }
    ops.reverse();
    Some(ops)
}

/// Returns whether two ops are the same one on two entities.
fn are_twins(one: &Op, other: &Op) -> bool {
    one.verb == other.verb
        && one.target.thing == other.target.thing
        && one.target.at != other.target.at
        && one.clears.len() == other.clears.len()
}
