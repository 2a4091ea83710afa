//! The score table as cells, which every rendering of it shows.

use std::fmt::Write;
use std::time::Duration;

use crate::chat::adjust::{Adjusted, Adjustment};
pub use crate::escape::one_line;
use crate::log::{Row, Summary};
use incident_env::TaskId;

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The headings of the columns.
    pub head: Vec<&'static str>,
    /// The rows, each with as many cells as there are headings.
    pub rows: Vec<Vec<String>>,
    /// What a reader must know in order to read the rows correctly, one sentence each.
    pub notes: Vec<String>,
}

/// Below this number of scenarios an interval is wide because they are few.
const FEW: usize = 30;

/// The cell for a missing value.
pub const NONE: &str = "–";

/// Makes the score table of a summary.
#[must_use]
pub fn cells(summary: &Summary) -> Cells {
    let rows = &summary.rows;
    let any_model = rows.iter().any(|row| row.protocol.is_some());
    let mut columns: Vec<Column> = vec![("model", label)];
    if any_model {
        columns.push(("asked by", asked_by));
    }
    columns.extend([
        ("easy", (|row| score(row.task_mean(TaskId::AlertClassification))) as fn(&Row) -> String),
        ("medium", |row| score(row.task_mean(TaskId::RootCauseAnalysis))),
    ]);
    if rows.iter().any(|row| row.cause_right().is_some()) {
        columns.push(("cause right", |row| score(row.cause_right())));
    }
    columns.extend([
        ("hard", (|row| score(row.task_mean(TaskId::RemediationPlanning))) as fn(&Row) -> String),
        ("overall [95 %]", overall),
    ]);
    if rows.iter().any(|row| row.relative.is_some()) {
        columns.push(("relative", |row| place(row.relative)));
    }
    columns.push(("strict", |row| score(row.strict_overall)));
    if summary.run.epochs > 1 {
        columns.push(("pass^k", |row| score(row.pass_hat_k.map(|pass| pass.value))));
    }
    if any_model {
        columns.push(("model-chosen", share));
    }
    columns.push(("steps", |row| row.steps.to_string()));
    if any_model {
        columns.extend([
            ("tokens", tokens as fn(&Row) -> String),
            ("cost", cost),
            ("p50 call", |row| row.latency_ms.map_or(NONE.to_owned(), |latency| duration(latency.p50))),
        ]);
    }
    columns.push(("void", void));
    Cells {
        head: columns.iter().map(|(name, _)| *name).collect(),
        rows: rows.iter().map(|row| columns.iter().map(|(_, cell)| one_line(&cell(row))).collect()).collect(),
        notes: notes(summary).iter().map(|note| one_line(note)).collect(),
    }
}

type Column = (&'static str, fn(&Row) -> String);

fn label(row: &Row) -> String {
    row.contestant.clone()
}

/// How a model was asked: by which protocol, whether it may think before it acts, and with which assistance:
/// `json + think + fallback`, or `json` without both.
pub(super) fn asked_by(row: &Row) -> String {
    let Some(protocol) = row.protocol.as_deref() else { return NONE.to_owned() };
    let think = if row.may_think() { " + think" } else { "" };
    match row.assist.as_deref() {
        Some("off") | None => format!("{protocol}{think}"),
        Some(assist) => format!("{protocol}{think} + {assist}"),
    }
}

pub(super) fn score(value: Option<f64>) -> String {
    value.map_or(NONE.to_owned(), |value| format!("{value:.3}"))
}

/// The place of a score between the heuristic and the oracle, with its sign.
pub(super) fn place(relative: Option<f64>) -> String {
    relative.map_or(NONE.to_owned(), |relative| format!("{relative:+.2}"))
}

fn overall(row: &Row) -> String {
    match (row.overall, row.overall_ci95, row.overall_range) {
        (Some(mean), Some([low, high]), _) => format!("{mean:.3} [{low:.2}, {high:.2}]"),
        (Some(mean), None, Some([low, high])) => format!("{mean:.3} ({low:.2}–{high:.2})"),
        (mean, ..) => score(mean),
    }
}

fn share(row: &Row) -> String {
    row.model_share().map_or(NONE.to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// The tokens of all calls, those of the check before the run included, as they are in the cost.
pub(super) fn tokens(row: &Row) -> String {
    let all: u64 = [row.usage, row.check_usage].iter().map(|usage| usage.prompt_tokens + usage.completion_tokens).sum();
    let counted = if row.calls_without_usage > 0 { "≥ " } else { "" };
    // A program may use a model or none; its tokens are not known here.
    if row.calls == 0 || row.is_program() { NONE.to_owned() } else { format!("{counted}{}", count(all)) }
}

pub(super) fn cost(row: &Row) -> String {
    row.cost_usd.map_or(NONE.to_owned(), |cost| format!("${cost:.4}"))
}

fn void(row: &Row) -> String {
    match (row.void, row.unfinished + row.set_aside) {
        (void, 0) => void.to_string(),
        (void, open) => format!("{void} (+{open} open)"),
    }
}

/// A count in short form: 950, 12.3k or 4.56M.
#[must_use]
pub fn count(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = n as f64;
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{:.1}k", value / 1e3),
        _ => format!("{:.2}M", value / 1e6),
    }
}

/// A duration in short form: 850 ms or 2.4 s.
#[must_use]
pub fn duration(ms: f64) -> String {
    if ms < 1_000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1_000.0) }
}

/// A number with its noun: 1 epoch or 2 epochs.
#[must_use]
pub fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// How many episodes an agent left before their end, and why; none if it left none.
#[must_use]
pub fn left_early(row: &Row) -> Option<String> {
    let why = row.left_message.as_deref().unwrap_or("no reason was given");
    let of = row.episodes - row.void;
    (row.left_early > 0).then(|| {
        format!(
            "in {} of {} the agent was gone before the end; in the first, {}",
            row.left_early,
            plural(of, "episode"),
            one_line(why)
        )
    })
}

/// Makes a remark on a whole run; none where there is nothing to remark.
type RunNote = fn(&Summary) -> Option<String>;

/// Makes a remark on one row of a run, after the name of the row; none where there is nothing to remark.
type RowNote = fn(&Summary, &Row) -> Option<String>;

const RUN_NOTES: [RunNote; 5] = [|summary| Some(size(summary)), scale, causes, decided, stopped];

const ROW_NOTES: [RowNote; 14] = [
    route,
    chosen_by_fallback,
    repaired,
    spent_on_problems,
    refused,
    spent_without_action,
    |_, row| left_early(row).map(|left| format!("{left}.")),
    dropped_evidence,
    faults_on_purpose,
    answered_by,
    adjusted,
    adjusted_later,
    left_out,
    unfinished,
];

/// What a reader must know in order to read the rows correctly: first about the run, then about each row.
fn notes(summary: &Summary) -> Vec<String> {
    let mut notes: Vec<_> = RUN_NOTES.iter().filter_map(|note| note(summary)).collect();
    for row in &summary.rows {
        // In a table of several runs a model may have many rows.
        let is_alone = summary.rows.iter().filter(|other| other.contestant == row.contestant).count() == 1;
        let name = if is_alone { row.contestant.clone() } else { format!("{} ({})", row.contestant, asked_by(row)) };
        let remarks = ROW_NOTES.iter().filter_map(|note| note(summary, row));
        notes.extend(remarks.map(|remark| format!("{name}: {remark}")));
    }
    let log = summary.run.log_digest.as_ref();
    notes.extend(log.map(|digest| format!("log {digest} (bench verify-run --digest compares it)")));
    notes
}

fn size(summary: &Summary) -> String {
    let scenarios = summary.rows.first().map_or(0, |row| row.tasks.values().map(|task| task.scenarios.len()).sum());
    let size = format!("{} × {}", plural(scenarios, "scenario"), plural(summary.run.epochs as usize, "epoch"));
    let is_any = |of: fn(&Row) -> bool| summary.rows.iter().any(of);
    let few = if scenarios < FEW { ", wide because scenarios are few" } else { "" };
    let mut parts = vec![size];
    if is_any(|row| row.overall_ci95.is_some()) {
        parts.push(format!("[ ] is the 95 % interval for incidents like these{few}"));
    }
    if is_any(|row| row.overall_range.is_some()) {
        parts.push(
            "( ) is the range from the lowest to the highest score, because scenarios are too few for an interval"
                .to_owned(),
        );
    }
    parts.join("; ") + "."
}

fn scale(summary: &Summary) -> Option<String> {
    let is_shown = summary.rows.iter().any(|row| row.relative.is_some());
    is_shown.then(|| "relative: the place of the overall score, where heuristic is 0 and oracle is 1.".to_owned())
}

fn causes(summary: &Summary) -> Option<String> {
    let is_shown = summary.rows.iter().any(|row| row.cause_right().is_some());
    is_shown.then(|| "cause right: the share of root causes whose service is right, whatever the score.".to_owned())
}

fn decided(summary: &Summary) -> Option<String> {
    let planned = summary.run.planned_epochs?;
    Some(format!("Decided against the baseline after {} of {planned} epochs.", summary.run.epochs))
}

fn stopped(summary: &Summary) -> Option<String> {
    let option = summary.run.stopped_by.as_ref()?;
    let set_aside: usize = summary.rows.iter().map(|row| row.set_aside).sum();
    let played = summary.rows.iter().map(|row| row.episodes).max().unwrap_or(0);
    let mut note = format!("Stopped by {option}: every row has the same {}, and no more", plural(played, "episode"));
    if set_aside > 0 {
        let _ = write!(
            note,
            "; {} that not every row has {} kept and left out",
            plural(set_aside, "episode"),
            if set_aside == 1 { "is" } else { "are" }
        );
    }
    Some(note + ".")
}

/// The route to a model whose label does not say it. A label that is no alias names the provider and the model itself, or
/// only the model at an endpoint of the user's.
fn route(_: &Summary, row: &Row) -> Option<String> {
    let asked = row.asked.as_ref()?;
    let typed = row.contestant.split('?').next().unwrap_or_default();
    (typed != asked.name && typed != asked.route()).then(|| format!("played by {} at {}.", asked.route(), asked.host))
}

fn chosen_by_fallback(summary: &Summary, row: &Row) -> Option<String> {
    let helped = row.override_steps + row.fallback_steps;
    if helped == 0 {
        return None;
    }
    let mut note = format!(
        "{helped} of {} steps were chosen by the fallback and not by the model ({} instead of a refused proposal, {} instead of an unreadable reply)",
        row.steps, row.override_steps, row.fallback_steps
    );
    if let Some(alone) = summary.rows.iter().find(|other| other.agent == "fallback").and_then(|other| other.overall) {
        let _ = write!(note, "; the fallback alone scores {alone:.3}");
    }
    Some(note + ".")
}

fn repaired(_: &Summary, row: &Row) -> Option<String> {
    (row.repaired_steps > 0).then(|| {
        format!("{} steps were chosen by the model after one message that said what was wrong.", row.repaired_steps)
    })
}

fn spent_on_problems(_: &Summary, row: &Row) -> Option<String> {
    (row.assist.as_deref() == Some("off") && row.problem_steps > 0).then(|| {
        format!(
            "{} of {} steps were spent on replies that were unreadable or pointless by the rules.",
            row.problem_steps, row.steps
        )
    })
}

fn refused(_: &Summary, row: &Row) -> Option<String> {
    (row.refusals > 0)
        .then(|| format!("the model, or what guards it, refused to answer {}.", plural(row.refusals, "time")))
}

fn spent_without_action(_: &Summary, row: &Row) -> Option<String> {
    (row.is_program() && row.problem_steps > 0).then(|| {
        format!(
            "{} of {} steps were spent without an action: on answers that could not be read, or because the agent was gone.",
            row.problem_steps, row.steps
        )
    })
}

fn dropped_evidence(_: &Summary, row: &Row) -> Option<String> {
    (row.dropped_evidence > 0).then(|| {
        format!(
            "{} of older evidence did not fit the model's context and {} dropped.",
            plural(row.dropped_evidence, "piece"),
            if row.dropped_evidence == 1 { "was" } else { "were" },
        )
    })
}

fn faults_on_purpose(summary: &Summary, row: &Row) -> Option<String> {
    let chaos = summary.run.chaos.as_ref().filter(|_| row.retries + row.failed_calls > 0)?;
    Some(format!(
        "with faults on purpose ({chaos}) {} took {} more and {:.1} s of waiting; {} failed for good.",
        plural(row.calls + row.failed_calls, "call"),
        plural(row.retries, "attempt"),
        Duration::from_millis(row.waited_ms).as_secs_f64(),
        row.failed_calls,
    ))
}

fn answered_by(_: &Summary, row: &Row) -> Option<String> {
    row.answered_by.as_ref().map(|answered| format!("the endpoint says that '{answered}' answered."))
}

fn adjusted(_: &Summary, row: &Row) -> Option<String> {
    adjustments(&row.asked.as_ref()?.adjusted).map(|all| format!("adjusted to what its endpoint takes: {all}."))
}

fn adjusted_later(_: &Summary, row: &Row) -> Option<String> {
    let all = adjustments(&row.asked.as_ref()?.adjusted_later)?;
    Some(format!("adjusted during the run, so that its first calls were asked in another way: {all}."))
}

/// The changes with the endpoint's words; none without changes.
fn adjustments(adjusted: &Adjusted) -> Option<String> {
    let one = |adjustment: &Adjustment| format!("{} ({})", adjustment.change, adjustment.words.trim_end_matches('.'));
    let all: Vec<_> = adjusted.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn left_out(_: &Summary, row: &Row) -> Option<String> {
    if row.void == 0 {
        return None;
    }
    let reasons: Vec<_> = row.void_reasons.iter().map(|(reason, n)| format!("{n} × {reason}")).collect();
    let zero = row.reliability.as_ref().and_then(|found| found.overall_void_as_zero);
    let bracket = zero.map_or(String::new(), |zero| format!(" With 0 for each, overall would be {zero:.3}."));
    Some(format!(
        "{} of {} episodes are void and left out of the scores: {}.{bracket}",
        row.void,
        row.episodes,
        reasons.join(", ")
    ))
}

fn unfinished(summary: &Summary, row: &Row) -> Option<String> {
    (row.unfinished > 0 && summary.run.stopped_by.is_none())
        .then(|| format!("{} episodes did not end; the scores are partial.", row.unfinished))
}
