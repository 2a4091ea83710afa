//! Renders the scores as CSV in long form (RFC 4180), with a row for each contestant overall, by task and by scenario.

use crate::escape::csv::field;
use crate::log::{Row, Summary};
use incident_env::TaskId;

/// The number of columns.
const WIDTH: usize = 26;
/// The number of columns that every row can have; the others belong to a contestant as a whole.
const COMMON: usize = 15;

const HEAD: [&str; WIDTH] = [
    "model",
    "agent",
    "protocol",
    "assist",
    "scope",
    "task",
    "scenario",
    "score",
    "ci95_low",
    "ci95_high",
    "range_low",
    "range_high",
    "relative",
    "cause_right",
    "epochs",
    "episodes",
    "void",
    "steps",
    "model_steps",
    "repaired_steps",
    "override_steps",
    "fallback_steps",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "latency_p50_ms",
];

/// Renders the scores of a summary. Values that belong to a contestant as a whole are only in its `overall` row.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut text = line(HEAD.map(str::to_owned));
    for row in &summary.rows {
        text += &line(overall(row, summary.run.epochs));
        for (task, score) in &row.tasks {
            let cause_right = row.cause_right().filter(|_| *task == TaskId::RootCauseAnalysis);
            let scores = Scores {
                mean: score.mean,
                ci95: score.ci95,
                range: score.range,
                relative: score.relative,
                cause_right,
            };
            text += &line(cells(row, "task", Some(*task), None, scores, None));
            for (id, scenario) in &score.scenarios {
                let epochs: Vec<_> =
                    scenario.epochs.iter().map(|score| score.map_or("none".to_owned(), |s| s.to_string())).collect();
                let epochs = Some(epochs.join(" "));
                let scores = Scores { mean: scenario.mean, ..Scores::default() };
                text += &line(cells(row, "scenario", Some(*task), Some(id), scores, epochs));
            }
        }
    }
    text
}

/// The scores of one row of the table.
#[derive(Clone, Copy, Default)]
struct Scores {
    mean: Option<f64>,
    ci95: Option<[f64; 2]>,
    range: Option<[f64; 2]>,
    relative: Option<f64>,
    cause_right: Option<f64>,
}

fn overall(row: &Row, epochs: u32) -> [String; WIDTH] {
    let scores = Scores {
        mean: row.overall,
        ci95: row.overall_ci95,
        range: row.overall_range,
        relative: row.relative,
        cause_right: None,
    };
    let mut line = cells(row, "overall", None, None, scores, Some(epochs.to_string()));
    let more = [
        row.episodes.to_string(),
        row.void.to_string(),
        row.steps.to_string(),
        row.model_steps.to_string(),
        row.repaired_steps.to_string(),
        row.override_steps.to_string(),
        row.fallback_steps.to_string(),
        row.usage.prompt_tokens.to_string(),
        row.usage.completion_tokens.to_string(),
        optional(row.cost_usd),
        optional(row.latency_ms.map(|latency| latency.p50)),
    ];
    line[COMMON..].clone_from_slice(&more);
    line
}

fn cells(
    row: &Row,
    scope: &str,
    task: Option<TaskId>,
    scenario: Option<&str>,
    scores: Scores,
    epochs: Option<String>,
) -> [String; WIDTH] {
    let mut line = [const { String::new() }; WIDTH];
    let first = [
        row.contestant.clone(),
        row.agent.clone(),
        row.protocol.clone().unwrap_or_default(),
        row.assist.clone().unwrap_or_default(),
        scope.to_owned(),
        task.map(|task| task.to_string()).unwrap_or_default(),
        scenario.unwrap_or_default().to_owned(),
        optional(scores.mean),
        optional(scores.ci95.map(|[low, _]| low)),
        optional(scores.ci95.map(|[_, high]| high)),
        optional(scores.range.map(|[low, _]| low)),
        optional(scores.range.map(|[_, high]| high)),
        optional(scores.relative),
        optional(scores.cause_right),
        epochs.unwrap_or_default(),
    ];
    line[..COMMON].clone_from_slice(&first);
    line
}

fn optional(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn line(cells: [String; WIDTH]) -> String {
    cells.map(|cell| field(&cell)).join(",") + "\n"
}
