//! The repair planner. It finds a shortest sequence of ops that ends everything harmful and harms nobody.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::FactSet;
use crate::system::fault::{Fault, Op};

/// The greatest number of states that are searched.
const MOST_STATES: usize = 20_000;

/// Returns the numbers of the ops of a shortest repair in their order, or `None` if there is no repair within the
/// states that are searched. The search is breadth first.
///
/// The same op on several entities is tried in the order of the entities only. Every permutation is equally long, and
/// exploring all of them is exponential.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EntityId, FactId, VerbId};
    use crate::system::fault::{Condition, Target, Thing};
    use crate::testing::Small;

    #[test]
    fn the_cause_is_removed_before_the_symptom() {
        let fault = Small::new().crash();
        let plan = shortest(&fault).unwrap();
        let things: Vec<_> = plan.iter().map(|number| fault.ops[*number].target.thing).collect();
        assert_eq!(things, [Thing::Job, Thing::Entity]);
        let after = plan.iter().fold(fault.start, |facts, number| fault.ops[*number].apply(facts));
        assert!(after.is_empty());
    }

    fn facts(numbers: &[u8]) -> FactSet {
        numbers.iter().copied().map(FactId).collect()
    }

    fn op(verb: u16, at: u16, clears: &[u8], sets: &[u8]) -> Op {
        let when = Condition { none: FactSet::EMPTY, any: vec![facts(clears)] };
        let target = Target { at: EntityId(at), thing: Thing::Entity };
        Op { verb: VerbId(verb), target, when, clears: facts(clears), sets: facts(sets), harm: 0 }
    }

    fn fault(harmful: &[u8], ops: Vec<Op>) -> Fault {
        Fault {
            start: facts(harmful),
            harmful: facts(harmful),
            catastrophic: facts(&[100]),
            ops,
            ..Small::new().crash()
        }
    }

    #[test]
    fn a_plan_does_no_harm_and_ends_everything() {
        let harmful = Op { harm: 1, ..op(0, 0, &[0, 1], &[]) };
        for (ops, plan) in [
            (vec![op(0, 0, &[0], &[]), op(1, 0, &[1], &[])], Some(vec![0, 1])),
            (vec![op(0, 0, &[0], &[]), op(1, 0, &[1], &[]), op(2, 0, &[0, 1], &[])], Some(vec![2])),
            (vec![harmful.clone(), op(0, 0, &[0], &[]), op(1, 0, &[1], &[])], Some(vec![1, 2])),
            (vec![op(0, 0, &[0, 1], &[100])], None),
            (vec![op(0, 0, &[0], &[])], None),
            // The second op brings back what the first one ended, so only the other order helps.
            (vec![op(0, 0, &[0], &[]), op(1, 0, &[1], &[0])], Some(vec![1, 0])),
        ] {
            assert_eq!(shortest(&fault(&[0, 1], ops.clone())), plan, "{ops:?}");
        }
    }

    #[test]
    fn the_same_op_on_several_entities_is_planned_in_their_order() {
        let ops: Vec<_> = (0..12).map(|at| op(0, u16::from(at), &[at], &[])).collect();
        let all: Vec<_> = (0..12).collect();
        // All permutations would be more states than are searched.
        assert_eq!(shortest(&fault(&all, ops)), Some((0..12).collect()));
    }
}
