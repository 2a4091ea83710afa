//! The header of a log: what was evaluated, how, and with which result.

use serde_json::{Map, Value, json};

use super::ids;
use super::names::{object, protocol, scorer, task_name, time};
use super::sample::{Sample, error};
use super::usage::Spent;
use crate::log::summary::TaskScore;
use crate::log::{Contestant, EventKind, Fold, Row, Summary};
use crate::report::episodes::ExportedRun;
use crate::stats::mean::{estimate, mean, stratified};
use incident_env::Points;

/// The version of the format.
const VERSION: u32 = 2;

/// The method by which the scores of epochs become one score.
const REDUCER: &str = "mean";

/// A log without its samples.
pub(super) struct Header {
    /// The fields, in the order that readers of a stream need.
    pub(super) log: Map<String, Value>,
    pub(super) reductions: Value,
}

pub(super) fn of(run: &ExportedRun<'_>, contestant: &Contestant, samples: &[Sample]) -> Header {
    let mut fold = Fold::new(run.manifest);
    for event in run.events {
        fold.apply(event);
    }
    let summary = fold.summary();
    let row = summary.rows.iter().find(|row| row.contestant == contestant.label);
    let problem = row.filter(|row| row.episodes > 0 && row.void == row.episodes).map(nothing_scored);
    let log = object(json!({
        "version": VERSION,
        "status": status(run, row, problem.is_some()),
        "eval": eval(run, contestant),
        "plan": plan(contestant),
        "results": row.map(|row| results(run, row, samples)),
        "stats": stats(run, contestant, &summary, samples),
        "error": problem,
    }));
    let Value::Object(log) = log else { return Header { log: Map::new(), reductions: json!([]) } };
    Header { log, reductions: row.map_or(json!([]), |row| reductions(run, row)) }
}

fn status(run: &ExportedRun<'_>, row: Option<&Row>, failed: bool) -> &'static str {
    let cancelled = || {
        let news = run.events.iter().rev().map(|event| &event.event);
        let is_stop =
            |event: &&EventKind| matches!(event, EventKind::RunCancelled { .. } | EventKind::BudgetSpent { .. });
        let mut news = news.filter(|event| is_stop(event) || matches!(event, EventKind::RunResumed));
        news.next().is_some_and(|event| is_stop(&event))
    };
    match row {
        _ if failed => "error",
        Some(row) if row.unfinished == 0 => "success",
        _ if cancelled() => "cancelled",
        // The run is going on, or it was killed: the log of a killed run looks the same.
        _ => "started",
    }
}

fn nothing_scored(row: &Row) -> Value {
    let reasons: Vec<_> = row.void_reasons.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    error(&format!("no episode has a score: {}", reasons.join(", ")))
}

fn eval(run: &ExportedRun<'_>, contestant: &Contestant) -> Value {
    let manifest = run.manifest;
    let task = task_name(&manifest.suite);
    let settings = contestant.settings.as_ref();
    let samples: Vec<_> = manifest.scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    let config = settings
        .map(|settings| object(json!({ "temperature": settings.temperature, "max_tokens": settings.max_tokens })));
    let arguments = settings.map(|settings| {
        object(json!({
            "name": settings.name, "provider": settings.provider, "protocol": settings.protocol,
            "assist": settings.assist, "reasoning_effort": settings.reasoning_effort,
        }))
    });
    object(json!({
        "eval_id": ids::eval(&manifest.id, &contestant.label),
        "run_id": ids::run(&manifest.id),
        "created": time(manifest.started_at),
        "task": task,
        "task_id": ids::task(&manifest.id, &contestant.label),
        "solver": contestant.agent,
        "dataset": { "name": task, "samples": samples.len(), "sample_ids": samples, "shuffled": false },
        "model": contestant.label,
        "model_generate_config": config,
        "model_base_url": settings.map(|settings| settings.base_url.as_str()),
        "model_args": arguments,
        // A void episode ends itself and nothing else.
        "config": { "epochs": manifest.epochs, "epochs_reducer": [REDUCER], "fail_on_error": false },
        "packages": { "incident-bench": manifest.bench_version },
        "metadata": {
            "run": manifest.id, "suite": manifest.suite, "suite_digest": manifest.suite_digest,
            "prompts": manifest.prompts, "prompts_digest": manifest.prompts_digest, "graders": manifest.graders,
            "seed": manifest.seed,
        },
        "scorers": [{ "name": scorer(manifest), "metrics": [{ "name": "mean" }, { "name": "stderr" }] }],
        "headline_metric": { "scorer": scorer(manifest), "metric": "mean" },
    }))
}

fn plan(contestant: &Contestant) -> Value {
    let assist = contestant.settings.as_ref().map(|settings| settings.assist.as_str());
    let params = object(json!({ "protocol": protocol(contestant), "assist": assist }));
    json!({ "name": "plan", "steps": [{ "solver": contestant.agent, "params": params }], "config": {} })
}

/// The numbers of the summary. The headline is the mean of the tasks, which weigh the same.
fn results(run: &ExportedRun<'_>, row: &Row, samples: &[Sample]) -> Value {
    let grader = scorer(run.manifest);
    let by_task: Vec<_> = row.tasks.iter().map(|(task, score)| (*task, exact_means(score))).collect();
    let strata: Vec<_> = by_task.iter().map(|(_, means)| means.clone()).collect();
    let mut metrics = Map::new();
    let mut metric = |name: String, value: Option<f64>| {
        if let Some(value) = value {
            metrics.insert(name.clone(), json!({ "name": name, "value": Points::round(value).to_f64() }));
        }
    };
    metric("mean".to_owned(), row.overall);
    metric("stderr".to_owned(), stratified(&strata).map(|estimate| estimate.se));
    for (task, means) in &by_task {
        metric(task.to_string(), row.task_mean(*task));
        metric(format!("{task}_stderr"), estimate(means).map(|estimate| estimate.se));
    }
    let has_headline = metrics.contains_key("mean");
    let scenarios: usize = row.tasks.values().map(|task| task.scenarios.len()).sum();
    let scored: usize = strata.iter().map(Vec::len).sum();
    let score = json!({
        "name": grader, "scorer": grader, "reducer": REDUCER, "scored_samples": scored,
        "unscored_samples": scenarios - scored, "params": {}, "metrics": metrics,
    });
    object(json!({
        "total_samples": run.manifest.scenarios.len() * run.manifest.epochs as usize,
        "completed_samples": samples.iter().filter(|sample| sample.completed).count(),
        "scores": [score],
        "headline": has_headline.then(|| {
            json!({ "scorer": grader, "score": grader, "metric": "mean", "reducer": REDUCER })
        }),
        "metadata": object(json!({
            "answered_by": row.answered_by, "overall_ci95": row.overall_ci95, "overall_range": row.overall_range, "pass_hat_k": row.pass_hat_k,
            "void": row.void, "void_reasons": row.void_reasons, "unfinished": row.unfinished, "steps": row.steps,
            "model_steps": row.model_steps, "repaired_steps": row.repaired_steps,
            "override_steps": row.override_steps, "fallback_steps": row.fallback_steps,
            "problem_steps": row.problem_steps, "calls": row.calls, "failed_calls": row.failed_calls,
            "retries": row.retries, "calls_without_usage": row.calls_without_usage, "cost_usd": row.cost_usd,
        })),
    }))
}

/// The means of the scenarios that have a score, before rounding.
fn exact_means(task: &TaskScore) -> Vec<f64> {
    let scored = task.scenarios.values().map(|scenario| scenario.epochs.iter().flatten().copied().collect::<Vec<_>>());
    scored.filter_map(|scores| mean(&scores)).collect()
}

/// The score of each scenario over its epochs. A scenario without a score is left out, because there is nothing to
/// reduce.
fn reductions(run: &ExportedRun<'_>, row: &Row) -> Value {
    let in_order = run.manifest.scenarios.iter();
    let samples: Vec<_> = in_order
        .filter_map(|planned| {
            let value = row.tasks.get(&planned.task)?.scenarios.get(&planned.id)?.mean?;
            Some(json!({ "sample_id": planned.id, "value": value }))
        })
        .collect();
    json!([{ "scorer": scorer(run.manifest), "reducer": REDUCER, "samples": samples }])
}

fn stats(run: &ExportedRun<'_>, contestant: &Contestant, summary: &Summary, samples: &[Sample]) -> Value {
    let mut spent = Spent::NOTHING;
    for sample in samples {
        spent.add(&sample.spent);
    }
    let last = summary.run.finished_at.or_else(|| run.events.last().map(|event| event.at));
    json!({
        "started_at": time(run.manifest.started_at),
        "completed_at": last.map(time).unwrap_or_default(),
        "model_usage": spent.by_model(&contestant.label),
    })
}
