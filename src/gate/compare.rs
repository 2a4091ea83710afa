//! Compares two runs, contestant by contestant and task by task. Pure.

use serde::Serialize;

use super::absent::{self, Absent, There};
use super::contest::{Contest, OVERALL, Scope};
use super::decision::{Verdict, decide_exactly, decide_whole};
use super::difference::ErrorFrom;
use super::drift::{self, Drift};
use super::family::levels;
use super::first_difference::{FirstDifference, Steps};
use super::guard::{flags_by_chance, p_fell};
use crate::log::summary::PASS_THRESHOLD;
use crate::log::{Event, Row, Summary};
use crate::stats::distribution::count;
use crate::stats::mean::mean;

/// The name and version of the format of a comparison.
pub const SCHEMA: &str = "incident-bench/compare/2";

/// The rules of the comparison: what is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The drop of a score that is tolerated.
    pub margin: f64,
    /// The chance that an unchanged command is called worse, and the error of each bound of a row.
    pub alpha: f64,
    /// Whether runs may have different suites, prompts, graders, or requests.
    pub allow_drift: bool,
    /// Whether the new run may lack what the base has.
    pub allow_missing: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { margin: 0.02, alpha: 0.05, allow_drift: false, allow_missing: false }
    }
}

/// A run to compare: its summary, its events if they are known, and which contestant is meant.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The summary of the run.
    pub summary: &'a Summary,
    /// The events of the run; empty if only the summary is known.
    pub events: &'a [Event],
    /// The contestant that is compared; all of them if none is named.
    pub contestant: Option<&'a str>,
    /// Whether the summary is a file apart from its run, which may be a copy.
    pub is_apart: bool,
}

/// The reason why two runs are not compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The runs are not the same measurement.
    #[error(transparent)]
    Drift(#[from] Drift),
    /// Both are the same run.
    #[error("run {0} would be compared with itself")]
    Itself(String),
    /// A run has no score at all.
    #[error("run {0} has no scores")]
    Empty(String),
    /// A run has no contestant of this name.
    #[error("run {run} has no contestant '{name}'; it has {known}")]
    Unknown {
        /// The id of the run.
        run: String,
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Only one side names a contestant, and the other has several others.
    #[error("which contestant of run {run} is meant? It has {known}")]
    Which {
        /// The id of the run.
        run: String,
        /// The names that there are.
        known: String,
    },
    /// A run that has not begun will not play what the base has.
    #[error("the run will not play what the baseline {base} has: {}", .what.join("; "))]
    Missing {
        /// The id of the base.
        base: String,
        /// What is missing, one text for each kind of thing and contestant.
        what: Vec<String>,
    },
}

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The id of the base run.
    pub base_run: String,
    /// The id of the new run.
    pub new_run: String,
    /// The drop of a score that is tolerated.
    pub margin: f64,
    /// The chance that an unchanged command is called worse.
    pub alpha: f64,
    /// The verdict on the whole.
    pub verdict: Verdict,
    /// The rows: for each contestant that both runs have, first the overall score and then each task.
    pub rows: Vec<CompareRow>,
    /// What the base has and the new run lacks.
    pub missing: Vec<Absent>,
    /// Whether that is tolerated.
    pub allow_missing: bool,
    /// What a reader must know, such as contestants that only the new run has.
    pub notes: Vec<String>,
}

/// The comparison of one contestant in one scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareRow {
    /// The label of the contestant in the new run.
    #[serde(rename = "model")]
    pub contestant: String,
    /// Its label in the base, if that is another one.
    #[serde(rename = "base_model", skip_serializing_if = "Option::is_none")]
    pub base_contestant: Option<String>,
    /// The scope: `overall`, or the name of a task.
    pub scope: String,
    /// The mean of the task means of the base.
    pub base: f64,
    /// The mean of the task means of the new run.
    pub new: f64,
    /// The new score minus that of the base.
    pub delta: f64,
    /// The error of the difference for *the same scenarios played again*; none if a scenario has fewer than two epochs on
    /// a side.
    pub se_fixed: Option<f64>,
    /// The degrees of freedom of the error by which the row is judged.
    pub df: Option<f64>,
    /// What that error was estimated from; none if nothing shows it, and for an exact row.
    pub error_from: Option<ErrorFrom>,
    /// The one-sided bounds of the difference, each with error alpha. The lower one decides `same`.
    pub bounds_fixed: Option<[f64; 2]>,
    /// The one-sided bounds of the difference with the row's share of the error of the whole command. They decide `worse`,
    /// `worse_than_margin` and `better`.
    pub bounds_family: Option<[f64; 2]>,
    /// The error of the difference for *other incidents of the same kind*; none for fewer than two scenarios.
    pub se_paired: Option<f64>,
    /// The two-sided 95 % t interval of the difference for *other incidents of the same kind*.
    pub ci95_paired: Option<[f64; 2]>,
    /// The two-sided p-value of the sign flip over scenarios.
    pub p_sign_flip: Option<f64>,
    /// The decision of the gate.
    pub verdict: Verdict,
    /// The smallest true drop that these epochs would have called worse four times in five.
    pub mde: Option<f64>,
    /// The epochs of each scenario after which an unchanged agent is called the same four times in five; none without a
    /// margin. After single epochs it is at most that many.
    pub epochs_needed: Option<u64>,
    /// Whether the verdict follows from equal scores or steps and not from statistics.
    pub exact: bool,
    /// Whether the contestant is being measured, as opposed to the built-in agents.
    #[serde(skip)]
    pub is_measured: bool,
    /// Whether the contestant acts at random.
    #[serde(skip)]
    pub by_chance: bool,
    /// The number of scenarios whose `p_worse` chance alone would show, on average.
    pub flags_by_chance: f64,
    /// The scenarios whose score has changed.
    pub changed: Vec<Changed>,
}

/// A scenario whose score has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The id of the scenario.
    pub scenario: String,
    /// Its mean score in the base.
    pub base: f64,
    /// Its mean score in the new run.
    pub new: f64,
    /// The chance that its pass rate fell; none unless that is almost certain.
    pub p_worse: Option<f64>,
    /// The first step at which the trajectories differ, if both are known.
    pub first_difference: Option<FirstDifference>,
}

/// Compares a new run with a base.
///
/// # Errors
/// Fails if the runs cannot be compared: one of them has no scores, both are the same run, a contestant that is named is
/// not there, or suite, prompts, graders or requests differ without [`Rules::allow_drift`].
pub fn compare(base: Side<'_>, new: Side<'_>, rules: &Rules) -> Result<Comparison, Refused> {
    for side in [base, new] {
        has_scores(side.summary)?;
    }
    let chosen = chosen(base, new)?;
    let mut notes = Vec::new();
    let is_same = base.summary.run.id == new.summary.run.id && base.summary.rows == new.summary.rows;
    if is_same && chosen.iter().all(|(a, b)| a.contestant == b.contestant) {
        let id = base.summary.run.id.to_string();
        if !(base.is_apart && new.is_apart) {
            return Err(Refused::Itself(id));
        }
        notes.push(format!("both files are the summary of run {id}"));
    }
    let same_settings = chosen.iter().filter(|(before, after)| before.contestant == after.contestant);
    let of_requests = same_settings.flat_map(|(before, after)| drift::of_requests(before, after));
    for drift in drift::of_runs(base.summary, new.summary).into_iter().chain(of_requests) {
        if !rules.allow_drift {
            return Err(drift.into());
        }
        notes.push(format!("{drift}; the difference is not the agents' alone"));
    }
    let (before, after) = (&base.summary.run, &new.summary.run);
    if before.seed != after.seed {
        notes.push(format!("the runs have different seeds: {} and {}", before.seed, after.seed));
    }
    let same_draws = before.seed == after.seed && before.epochs == after.epochs;
    let contests: Vec<_> = chosen.iter().map(|(before, after)| Contest::new(before, after, same_draws)).collect();
    let mut missing = Vec::new();
    if base.contestant.is_none() && new.contestant.is_none() {
        missing = absent_contestants(base.summary, new.summary);
        notes.extend(only_new(base.summary, new.summary));
    }
    for contest in &contests {
        missing.extend(absent::of_row(contest.before, contest.after, new.summary, There::Played));
        notes.extend(contest.notes(base.summary, new.summary));
    }
    let levels = levels_of(&contests, rules.alpha);
    let rows = contests.iter().zip(levels).flat_map(|(contest, level)| {
        let steps =
            (Steps::of(base.events, &contest.before.contestant), Steps::of(new.events, &contest.after.contestant));
        let judged = Judged { contest, rules, level, steps };
        contest.scopes.iter().map(|scope| judged.row(scope)).collect::<Vec<_>>()
    });
    let mut comparison = Comparison {
        schema: SCHEMA.to_owned(),
        base_run: before.id.to_string(),
        new_run: after.id.to_string(),
        margin: rules.margin,
        alpha: rules.alpha,
        verdict: Verdict::NotDecided,
        rows: rows.collect(),
        missing,
        allow_missing: rules.allow_missing,
        notes,
    };
    let measured_only_in_new = new.summary.judged().any(Row::is_measured)
        && !comparison.rows.iter().any(|row| row.is_measured)
        && new.contestant.is_none();
    if measured_only_in_new && !rules.allow_missing {
        comparison
            .notes
            .push("what the new run measures is not in the base, so nothing says how it compares".to_owned());
    } else {
        comparison.verdict = comparison.whole();
    }
    Ok(comparison)
}

/// Checks before a run begins that it can be compared with a base at its end. The summary is that of the plan, in which no
/// episode has ended.
///
/// # Errors
/// Fails as [`compare`] does, and if the plan lacks what the base has without [`Rules::allow_missing`].
pub fn check(base: &Summary, planned: &Summary, rules: &Rules) -> Result<(), Refused> {
    has_scores(base)?;
    let pairs = common(base, planned);
    let of_requests = pairs.iter().flat_map(|(before, after)| drift::of_requests(before, after));
    if let Some(drift) = drift::of_runs(base, planned).into_iter().chain(of_requests).find(|_| !rules.allow_drift) {
        return Err(drift.into());
    }
    let mut missing = absent_contestants(base, planned);
    missing.extend(pairs.iter().flat_map(|(before, after)| absent::of_row(before, after, planned, There::Planned)));
    if rules.allow_missing && !pairs.is_empty() || missing.is_empty() {
        return Ok(());
    }
    Err(Refused::Missing { base: base.run.id.to_string(), what: absent::texts(&missing) })
}

fn has_scores(summary: &Summary) -> Result<(), Refused> {
    let scores = summary.rows.iter().flat_map(|row| row.tasks.values()).flat_map(|task| task.scenarios.values());
    let any = scores.into_iter().any(absent::has_score);
    any.then_some(()).ok_or_else(|| Refused::Empty(summary.run.id.to_string()))
}

/// The contestants that both runs have.
fn common<'a>(base: &'a Summary, new: &'a Summary) -> Vec<(&'a Row, &'a Row)> {
    let of_base = |row: &Row| base.rows.iter().find(|other| other.contestant == row.contestant);
    new.rows.iter().filter_map(|row| Some((of_base(row)?, row))).collect()
}

/// The contestants that are compared: all that both runs have, or the two that are named. Where one side names none, it is
/// the one of the same name, or the only one.
fn chosen<'a>(base: Side<'a>, new: Side<'a>) -> Result<Vec<(&'a Row, &'a Row)>, Refused> {
    let names =
        |summary: &Summary| summary.rows.iter().map(|row| row.contestant.as_str()).collect::<Vec<_>>().join(", ");
    let find = |summary: &'a Summary, name: &str| {
        let found = summary.rows.iter().find(|row| row.contestant == name);
        found.ok_or_else(|| Refused::Unknown {
            run: summary.run.id.to_string(),
            name: name.to_owned(),
            known: names(summary),
        })
    };
    let like = |summary: &'a Summary, name: &str| match summary.rows.as_slice() {
        [only] => Ok(only),
        _ => find(summary, name).map_err(|_| Refused::Which { run: summary.run.id.to_string(), known: names(summary) }),
    };
    let (base_of, new_of) = (base.summary, new.summary);
    Ok(match (base.contestant, new.contestant) {
        (None, None) => common(base_of, new_of),
        (Some(a), Some(b)) => vec![(find(base_of, a)?, find(new_of, b)?)],
        (Some(a), None) => vec![(find(base_of, a)?, like(new_of, a)?)],
        (None, Some(b)) => vec![(like(base_of, b)?, find(new_of, b)?)],
    })
}

/// The contestants of the base that have scores and are not in the new run.
fn absent_contestants(base: &Summary, new: &Summary) -> Vec<Absent> {
    let has_any = |row: &&Row| row.tasks.values().any(|task| task.scenarios.values().any(absent::has_score));
    let is_gone = |row: &&Row| new.rows.iter().all(|other| other.contestant != row.contestant);
    let gone = base.rows.iter().filter(has_any).filter(is_gone);
    gone.map(|row| Absent::Contestant { model: row.contestant.clone() }).collect()
}

/// Says which contestants only the new run has.
fn only_new(base: &Summary, new: &Summary) -> Vec<String> {
    let is_new = |row: &&Row| base.rows.iter().all(|other| other.contestant != row.contestant);
    new.rows.iter().filter(is_new).map(|row| format!("{} is not in the base", row.contestant)).collect()
}

/// The error of the whole command that the rows of each contestant may use. Contestants that are judged by statistics and
/// count for the verdict share it; any other one that is shown has it to itself, because it fails no command.
fn levels_of(contests: &[Contest<'_>], alpha: f64) -> Vec<f64> {
    let any_measured = contests.iter().any(|contest| contest.after.is_measured());
    let shares =
        |contest: &Contest<'_>| contest.is_judged_by_statistics() && (contest.after.is_measured() || !any_measured);
    let p: Vec<_> = contests.iter().filter(|contest| shares(contest)).map(Contest::p_worse).collect();
    let mut of_shares = levels(&p, alpha).into_iter();
    contests.iter().map(|contest| if shares(contest) { of_shares.next().unwrap_or(alpha) } else { alpha }).collect()
}

/// A contest with what is needed to judge it.
struct Judged<'a> {
    contest: &'a Contest<'a>,
    rules: &'a Rules,
    /// The error that its rows share.
    level: f64,
    steps: (Steps, Steps),
}

impl Judged<'_> {
    fn row(&self, scope: &Scope) -> CompareRow {
        let Contest { before, after, is_exact, .. } = self.contest;
        let Rules { margin, alpha, .. } = *self.rules;
        let found = &scope.difference;
        let of_command = self.level / count(self.contest.rows());
        let (judged, bounds) = found.judge(alpha, of_command, margin);
        let verdict = if *is_exact { decide_exactly(found.delta) } else { judged };
        let changed = scope.scenarios.iter().zip(&scope.pairs).filter_map(|(scenario, pair)| {
            let (base, new) = mean(&pair.base).zip(mean(&pair.new))?;
            ((base - new).abs() > 1e-12).then(|| Changed {
                scenario: scenario.clone(),
                base,
                new,
                p_worse: p_fell(pair, PASS_THRESHOLD),
                first_difference: self.steps.0.first_difference(&self.steps.1, scenario),
            })
        });
        CompareRow {
            contestant: after.contestant.clone(),
            base_contestant: Some(before.contestant.clone()).filter(|base| *base != after.contestant),
            scope: scope.name.to_owned(),
            base: found.base,
            new: found.new,
            delta: found.delta,
            se_fixed: found.se_fixed,
            df: found.error.map(|(error, _)| error.df),
            error_from: found.error.map(|(_, from)| from).filter(|_| !is_exact),
            bounds_fixed: bounds.map(|bounds| bounds.of_row),
            bounds_family: bounds.map(|bounds| bounds.of_command),
            se_paired: found.paired.map(|paired| paired.se),
            ci95_paired: found.paired.map(|paired| paired.ci95),
            p_sign_flip: found.p_sign_flip(),
            verdict,
            mde: found.detectable(of_command, margin),
            epochs_needed: found.epochs_needed(alpha, margin),
            exact: *is_exact,
            is_measured: after.is_measured(),
            by_chance: after.is_by_chance(),
            flags_by_chance: flags_by_chance(&scope.pairs, PASS_THRESHOLD),
            changed: changed.collect(),
        }
    }
}

impl Comparison {
    /// The rows that count for the verdict. If anything is being measured, the built-in agents beside it do not count,
    /// because they are there only for scale. The one that acts at random counts only if there is no other.
    pub fn counting(&self) -> impl Iterator<Item = &CompareRow> {
        let any_measured = self.rows.iter().any(|row| row.is_measured);
        let alone = self.rows.iter().all(|row| row.by_chance);
        self.rows.iter().filter(move |row| if any_measured { row.is_measured } else { alone || !row.by_chance })
    }

    /// Whether the new run lacks what the base has, and that is not tolerated.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.missing.is_empty() && !self.allow_missing
    }

    /// Says what the base has and the new run lacks, one text for each kind of thing and contestant.
    #[must_use]
    pub fn missing_texts(&self) -> Vec<String> {
        absent::texts(&self.missing)
    }

    /// The verdict on the whole. What the new run lacks leaves it undecided, unless something is worse.
    fn whole(&self) -> Verdict {
        let rows = self.counting().map(|row| (row.scope == OVERALL, row.verdict));
        let verdict = decide_whole(rows).unwrap_or(Verdict::NotDecided);
        if self.is_incomplete() && !verdict.is_worse() { Verdict::NotDecided } else { verdict }
    }
}
