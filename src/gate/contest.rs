//! One contestant of the base against one of the new run: the scores that both have, scope by scope. Pure.

use super::absent::{has_score, listed};
use super::difference::{Difference, Pair, Play};
use super::family::{p_of_rows, rows};
use crate::log::summary::ScenarioScore;
use crate::log::{Row, Summary};
use incident_env::TaskId;

/// The scope that covers all tasks.
pub(super) const OVERALL: &str = "overall";

/// One contestant of the base against one of the new run.
pub(super) struct Contest<'a> {
    pub(super) before: &'a Row,
    pub(super) after: &'a Row,
    /// Whether nothing is random, so that any difference is real.
    pub(super) is_exact: bool,
    /// The overall score first, and then each task that both have.
    pub(super) scopes: Vec<Scope>,
}

/// The scenarios of one scope, and the difference over them.
pub(super) struct Scope {
    pub(super) name: &'static str,
    pub(super) scenarios: Vec<String>,
    pub(super) pairs: Vec<Pair<TaskId>>,
    pub(super) difference: Difference,
}

impl<'a> Contest<'a> {
    /// Pairs the scores of both sides. With other draws, which is another seed or another number of epochs, a contestant
    /// that acts at random is another player.
    pub(super) fn new(before: &'a Row, after: &'a Row, same_draws: bool) -> Self {
        let varies = |row: &Row| row.is_measured() || row.is_by_chance();
        let play = |row: &Row| if varies(row) { Play::Varies } else { Play::Repeats };
        let (base_plays, new_plays) = (play(before), play(after));
        // A contestant that took the same steps is the same player, even if it is a model.
        let same_steps = before.trajectory_digest.is_some() && before.trajectory_digest == after.trajectory_digest;
        let repeats = |row: &Row, plays| plays == Play::Repeats || (row.is_by_chance() && same_draws);
        let is_exact = same_steps || (repeats(before, base_plays) && repeats(after, new_plays));
        let all: Vec<_> = pairs(before, after);
        let mut scopes: Vec<_> = std::iter::once((OVERALL, all.clone())).collect();
        scopes.extend(TaskId::ALL.map(|task| {
            (task.as_str(), all.iter().filter(|(_, pair)| pair.task == task).cloned().collect::<Vec<_>>())
        }));
        let scope = |(name, all): (&'static str, Vec<(String, Pair<TaskId>)>)| {
            let (scenarios, pairs): (Vec<_>, Vec<_>) = all.into_iter().unzip();
            let difference = Difference::of(&pairs, base_plays, new_plays)?;
            Some(Scope { name, scenarios, pairs, difference })
        };
        Self { before, after, is_exact, scopes: scopes.into_iter().filter_map(scope).collect() }
    }

    /// Whether the contestant is judged by statistics, and so has a share in the error of the command.
    pub(super) fn is_judged_by_statistics(&self) -> bool {
        !self.is_exact && !self.after.is_by_chance()
    }

    /// The number of rows that are judged apart.
    pub(super) fn rows(&self) -> usize {
        rows(self.scopes.len().saturating_sub(1))
    }

    /// The p-value of the contestant having got worse in any of its rows.
    pub(super) fn p_worse(&self) -> f64 {
        let rows = self.scopes.iter().take(self.rows());
        p_of_rows(&rows.map(|scope| scope.difference.p_worse()).collect::<Vec<_>>())
    }

    /// Says what a reader must know of scores that are left out: those that only the new run has, and void episodes.
    pub(super) fn notes(&self, base: &Summary, new: &Summary) -> Vec<String> {
        let label = &self.after.contestant;
        let only_new: Vec<_> = scenarios(self.after)
            .filter(|(task, id, score)| has_score(score) && !find(self.before, *task, id).is_some_and(has_score))
            .map(|(_, id, _)| id.to_owned())
            .collect();
        let mut notes = Vec::new();
        notes.extend(listed("scenario", &only_new).map(|all| format!("{label}: the base has no score for {all}")));
        for (row, run) in [(self.before, &base.run.id), (self.after, &new.run.id)] {
            let zero = row.reliability.as_ref().and_then(|found| found.overall_void_as_zero);
            if let Some((zero, overall)) = zero.zip(row.overall).filter(|_| row.void > 0) {
                notes.push(format!(
                    "{label}: {} of {} episodes of {run} are void and left out; with 0 for each, overall would be {zero:.3} and not {overall:.3}",
                    row.void, row.episodes
                ));
            }
        }
        notes
    }
}

/// The scenarios of a row, with their tasks.
fn scenarios(row: &Row) -> impl Iterator<Item = (TaskId, &str, &ScenarioScore)> {
    row.tasks.iter().flat_map(|(task, score)| score.scenarios.iter().map(|(id, score)| (*task, id.as_str(), score)))
}

fn find<'a>(row: &'a Row, task: TaskId, scenario: &str) -> Option<&'a ScenarioScore> {
    row.tasks.get(&task)?.scenarios.get(scenario)
}

/// The scenarios of which both sides have a score.
fn pairs(before: &Row, after: &Row) -> Vec<(String, Pair<TaskId>)> {
    let scores = |score: &ScenarioScore| score.epochs.iter().flatten().copied().collect::<Vec<_>>();
    let pair = |(task, id, new): (TaskId, &str, &ScenarioScore)| {
        let pair = Pair { task, base: scores(find(before, task, id)?), new: scores(new) };
        (!pair.base.is_empty() && !pair.new.is_empty()).then(|| (id.to_owned(), pair))
    };
    scenarios(after).filter_map(pair).collect()
}
