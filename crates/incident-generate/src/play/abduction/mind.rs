//! The mind: it decides what is done next, and holds nothing but what is known beforehand and what was shown.

use std::collections::VecDeque;

use serde_json::json;

use super::belief::{Belief, trigger, trigger_view};
use super::choice;
use super::known::{Explanation, Known};
use super::reasons::{cited, path, severity, views_of_loss};
use super::seen::{Page, Seen};
use crate::play::answer::{NONE, submission};
use crate::play::command;
use crate::play::limits::SETTLED_AFTER;
use crate::proof::hypotheses::View;
use crate::proof::repair_plan;
use crate::system::fault::{Fault, Op, Thing};
use incident_env::{Action, Diagnostic, Submission, TaskId};

/// The steps that are kept for looks that get no answer.
const SPARE: u32 = 1;

/// What is done next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Move {
    /// Look at an entity.
    Look(View),
    /// Change something, or let time pass.
    Change(Action),
    /// Answer.
    Answer(Action),
}

/// What something costs.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    steps: u32,
    minutes: u32,
}

/// The player without eyes and hands.
#[derive(Debug, Clone)]
pub(super) struct Mind<'a> {
    known: Known<'a>,
    belief: Belief,
    seen: Seen,
    /// What is left to do of a repair, once it was begun.
    repair: Option<VecDeque<Move>>,
    /// The steps that were taken.
    steps: u32,
    /// The minutes since the alert.
    now: u32,
}

impl<'a> Mind<'a> {
    /// Begins with what is known before the first look.
    #[must_use]
    pub(super) fn new(known: Known<'a>) -> Self {
        let belief = Belief::new(&known);
        Self { known, belief, seen: Seen::default(), repair: None, steps: 0, now: 0 }
    }

    /// Returns what is believed.
    #[cfg(test)]
    pub(super) fn belief(&self) -> &Belief {
        &self.belief
    }

    /// Returns what is known beforehand.
    #[cfg(test)]
    pub(super) fn known(&self) -> &Known<'a> {
        &self.known
    }

    /// Takes in what a look showed, which is nothing if it got no answer, and the minutes since the alert.
    pub(super) fn told(&mut self, view: View, page: Option<Page>, now: u32) {
        self.passed(now);
        let Some(page) = page else { return };
        // What is read after a change is the changed world.
        if self.repair.is_none() {
            for line in &page.lines {
                self.belief.learn(&self.known, *line);
            }
            self.seen.add(view, page);
            if view.tool == Diagnostic::CheckRecentDeploys {
                self.belief.learn_changes(&self.known, &self.seen, view.at);
            }
        } else if let Some(repair) = &mut self.repair {
            repair.retain(|next| *next != Move::Look(view));
        }
    }

    /// Takes in that a step was taken, and the minutes since the alert.
    pub(super) fn passed(&mut self, now: u32) {
        self.steps += 1;
        self.now = now;
    }

    /// Decides what is done next.
    #[must_use]
    pub(super) fn next(&mut self) -> Move {
        if self.steps_left() <= 1 {
            return self.answer();
        }
        if let Some(repair) = &mut self.repair {
            // A look stays until it is answered.
            let next = match repair.front() {
                Some(Move::Look(_)) => repair.front().cloned(),
                _ => repair.pop_front(),
            };
            let check = Cost { steps: 1, minutes: if next == Some(wait()) { SETTLED_AFTER + 1 } else { 1 } };
            let is_check = matches!(next, Some(Move::Look(_))) || next == Some(wait());
            return next.filter(|_| !is_check || self.can_afford(check)).unwrap_or_else(|| self.answer());
        }
        if let Some(view) = self.look().filter(|_| self.can_afford(Cost { steps: 1, minutes: 1 })) {
            return Move::Look(view);
        }
        let believed = self.believed();
        match &believed.fault {
            Some(fault) if self.known.public.task == TaskId::RemediationPlanning => {
                let repair = self.moves_of_repair(fault, &believed);
                self.repair = Some(repair);
                self.next()
            }
            _ => self.answer(),
        }
    }

    fn believed(&self) -> Explanation {
        self.belief.likeliest(&self.known).clone()
    }

    fn steps_left(&self) -> u32 {
        self.known.public.steps.saturating_sub(self.steps)
    }

    /// Returns whether something can be done, and an answer given after it.
    fn can_afford(&self, cost: Cost) -> bool {
        let in_time = self.known.public.deadline.is_none_or(|deadline| self.now + cost.minutes <= deadline);
        self.steps_left() > cost.steps && in_time
    }

    /// Returns the next look before anything is changed, or `None` if enough was read.
    fn look(&self) -> Option<View> {
        let unread = |view: &View| self.seen.page(*view).is_none();
        if self.known.public.task == TaskId::AlertClassification {
            let loss = views_of_loss(&self.known).into_iter().find(unread);
            return loss.or_else(|| self.next_split().filter(|_| self.severities_differ()));
        }
        let believed = self.believed();
        let needed: Vec<_> = self.needed(&believed).into_iter().filter(unread).collect();
        let after = self.cost_after(&believed, needed.len());
        let split = Cost { steps: after.steps + 1 + SPARE, minutes: after.minutes + 1 };
        let more = self.next_split().filter(|_| self.can_afford(split));
        more.or_else(|| needed.first().copied())
    }

    /// Returns the look that is expected to leave least open; where none is, the changes at a place at which only some of the
    /// explanations that are left have their trigger.
    fn next_split(&self) -> Option<View> {
        if self.belief.left().len() < 2 {
            return None;
        }
        let by_trigger = || {
            let left = self.belief.left().iter().map(|place| &self.known.open[*place]);
            left.filter_map(|one| trigger_view(&self.known, one)).find(|view| self.seen.page(*view).is_none())
        };
        choice::next(&self.known, &self.belief, &self.seen).or_else(by_trigger)
    }

    /// Returns whether the explanations that are left have more than one severity.
    fn severities_differ(&self) -> bool {
        let left = self.belief.left().iter().map(|place| &self.known.open[*place]);
        let mut severities = left.map(|one| severity(&self.known, &self.seen, one));
        let first = severities.next();
        severities.any(|other| Some(other) != first)
    }

    /// Returns the looks that an answer or a repair by this explanation needs: the changes at the place of the trigger, or of
    /// the root if nothing was changed, and the status that names what a step acts on.
    fn needed(&self, explanation: &Explanation) -> Vec<View> {
        let Some(fault) = &explanation.fault else { return Vec::new() };
        let mut needed = Vec::new();
        if self.known.public.task == TaskId::RootCauseAnalysis {
            needed.extend(trigger_view(&self.known, explanation));
        } else {
            for op in self.plan(fault, explanation) {
                match op.target.thing {
                    Thing::Entity | Thing::Change => {}
                    Thing::Trigger => needed.extend(trigger_view(&self.known, explanation)),
                    Thing::Job | Thing::Certificate | Thing::Flag => {
                        needed.push(View { at: op.target.at, tool: Diagnostic::CheckServiceStatus });
                    }
                }
            }
        }
        needed
    }

    /// Returns what it takes from the end of the diagnosis to the answer, with so many more looks.
    fn cost_after(&self, explanation: &Explanation, looks: usize) -> Cost {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let looks = count(looks);
        match &explanation.fault {
            Some(fault) if self.known.public.task == TaskId::RemediationPlanning => {
                let plan = self.plan(fault, explanation);
                let vocabulary = self.known.public.laboratory.vocabulary;
                let minutes: u32 = plan.iter().map(|op| vocabulary.verb(op.verb).minutes).sum();
                // After the repair come the wait and a look.
                Cost { steps: looks + count(plan.len()) + 2, minutes: looks + minutes + SETTLED_AFTER + 1 }
            }
            _ => Cost { steps: looks, minutes: looks },
        }
    }

    /// Plans a shortest repair. Where the change that set the fault off is not to be found, it does without.
    fn plan<'f>(&self, fault: &'f Fault, explanation: &Explanation) -> Vec<&'f Op> {
        let is_unknown = trigger_view(&self.known, explanation).is_some_and(|view| self.seen.page(view).is_some())
            && trigger(&self.known, &self.seen, explanation).is_none();
        let is_possible = |op: &&Op| !(is_unknown && op.target.thing == Thing::Trigger);
        let ops: Vec<&Op> = fault.ops.iter().filter(is_possible).collect();
        let possible = Fault { ops: ops.iter().map(|op| (*op).clone()).collect(), ..fault.clone() };
        let plan = repair_plan::shortest(&possible).unwrap_or_default();
        plan.into_iter().map(|number| ops[number]).collect()
    }

    /// Returns the moves of a repair, the wait after it, and the look that shows what came of it.
    fn moves_of_repair(&self, fault: &Fault, explanation: &Explanation) -> VecDeque<Move> {
        let topology = self.known.public.laboratory.topology;
        let mut moves: VecDeque<_> = self
            .plan(fault, explanation)
            .into_iter()
            .filter_map(|op| self.action(op, explanation))
            .map(Move::Change)
            .collect();
        if !moves.is_empty() {
            moves.push_back(wait());
            moves.push_back(Move::Look(View { at: topology.gateway, tool: Diagnostic::CheckMetrics }));
        }
        moves
    }

    /// Returns the action of an op, if what it acts on was named by a page.
    fn action(&self, op: &Op, explanation: &Explanation) -> Option<Action> {
        let laboratory = self.known.public.laboratory;
        let at = laboratory.topology.name(op.target.at);
        let object = match op.target.thing {
            Thing::Entity => at,
            Thing::Trigger | Thing::Change => trigger(&self.known, &self.seen, explanation)?.1,
            thing => self.seen.object(op.target.at, thing)?,
        };
        Some(command::named(laboratory.vocabulary.verb(op.verb), at, object))
    }

    /// Returns the answer by what is believed.
    fn answer(&self) -> Move {
        let known = &self.known;
        let believed = self.believed();
        if known.public.task == TaskId::AlertClassification {
            let severity = severity(known, &self.seen, &believed);
            return Move::Answer(submission(Submission::Severity, [("severity", json!(severity.as_str()))]));
        }
        let name = |at| known.public.laboratory.topology.name(at);
        let path = path(known, &self.seen, &believed);
        let cited: Vec<_> = cited(known, &self.seen, &believed, &path).iter().map(ToString::to_string).collect();
        let trigger = trigger(known, &self.seen, &believed).map_or(NONE, |(_, id)| id);
        let answer = [
            ("service", json!(believed.fault.as_ref().map_or(NONE, |fault| name(fault.root)))),
            ("mechanism", json!(known.family(&believed).map_or(NONE, |family| &family.id))),
            ("trigger", json!(trigger)),
            ("evidence", json!(cited)),
        ];
        Move::Answer(if known.public.task == TaskId::RootCauseAnalysis {
            let path: Vec<_> = path.into_iter().map(name).collect();
            submission(Submission::RootCause, answer.into_iter().chain([("path", json!(path))]))
        } else {
            let status = if believed.fault.is_some() { "resolved" } else { "no_incident" };
            submission(Submission::Resolution, answer.into_iter().chain([("status", json!(status))]))
        })
    }
}

/// Returns the wait after a repair.
fn wait() -> Move {
    Move::Change(command::observe(SETTLED_AFTER))
}
