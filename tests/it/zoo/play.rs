//! Runs the real binary at endpoints of the zoo, and checks what became of the run.

use std::process::Output;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::dialect::Dialect;
use super::endpoint::{Endpoint, KEY};
use super::player;
use crate::binary::{Ended, Place};

/// The row of the heuristic responder.
static RESPONDER: LazyLock<Value> = LazyLock::new(|| {
    let ended = Place::empty().bench(&["--agent", "heuristic", "--format", "json"]).exits(0);
    row(&serde_json::from_str(&ended.stdout).unwrap(), "heuristic").clone()
});

/// The overall score of the responder that plays behind every endpoint.
pub(super) fn score_of_responder() -> &'static Value {
    &RESPONDER["overall"]
}

/// A run at one endpoint.
pub(super) struct Played {
    pub(super) place: Place,
    pub(super) ended: Ended,
}

/// The price of a model in `bench.toml`, if it must be configured.
pub(super) fn configured_price(dialect: &Dialect) -> String {
    if !dialect.is_priced_by_table {
        return String::new();
    }
    let price = &dialect.price;
    format!(
        "[models.\"{}\"]\nprice = {{ input = {:?}, cached_input = {:?}, cache_write = {:?}, output = {:?} }}\n",
        dialect.model, price.input, price.read, price.written, price.output
    )
}

/// The command with `--model` and `--base-url` alone, but for the form of the result, and then these arguments.
pub(super) fn arguments<'a>(dialect: &'a Dialect, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["--model", dialect.model, "--base-url", url, "--agent", "llm", "--format", "json"];
    [&fixed[..], more].concat()
}

/// Plays the nine incidents at an endpoint.
pub(super) fn play(dialect: &Dialect, endpoint: &Endpoint, more: &[&str]) -> Played {
    let place = Place::empty();
    place.write("bench.toml", &configured_price(dialect));
    let url = endpoint.base_url();
    let output: Output = place.command(&arguments(dialect, &url, more)).env("API_KEY", KEY).output().unwrap();
    Played { place, ended: Ended::of(&output) }
}

/// The row of a contestant in a printed summary.
pub(super) fn row<'a>(summary: &'a Value, model: &str) -> &'a Value {
    let rows = summary["rows"].as_array().unwrap();
    rows.iter().find(|row| row["model"] == model).unwrap_or_else(|| panic!("no row of {model}: {summary}"))
}

/// Checks a row: all nine incidents have the scores of the responder that plays behind the endpoint, by its own choice.
pub(super) fn problems_of_row(summary: &Value, model: &str) -> Vec<String> {
    let row = row(summary, model);
    let steps = player::steps();
    let mut problems = Vec::new();
    for (name, wanted) in [
        ("episodes", &json!(9)),
        ("void", &json!(0)),
        ("unfinished", &json!(0)),
        ("steps", &json!(steps)),
        ("model_steps", &json!(steps)),
        ("failed_calls", &json!(0)),
        ("calls_without_usage", &json!(0)),
        ("overall", score_of_responder()),
    ] {
        if row[name] != *wanted {
            problems.push(format!("{name} is {} instead of {wanted}", row[name]));
        }
    }
    problems
}

/// Checks what an endpoint noted: nothing was dropped, and nothing was refused but in the check before the run.
pub(super) fn problems_of_book(endpoint: &Endpoint, contestants: usize) -> Vec<String> {
    endpoint.book(|book| {
        let notes = book.notes.iter().take(2).map(|note| format!("noted: {note}"));
        let late = book.refused.iter().filter(|(step, _)| step.is_some());
        let late = late.take(2).map(|(step, says)| format!("refused in step {step:?} of an incident: {says}"));
        let mut problems: Vec<_> = notes.chain(late).collect();
        let steps = player::steps() * contestants;
        if book.answers != steps {
            problems.push(format!("{} answers were given for {steps} steps", book.answers));
        }
        problems
    })
}

/// Checks the cost of a row against the bill of its endpoint.
pub(super) fn problem_of_cost(summary: &Value, model: &str, bill: f64) -> Option<String> {
    let cost = row(summary, model)["cost_usd"].as_f64();
    let is_right = cost.is_some_and(|cost| (cost - bill).abs() <= bill * 0.01);
    (!is_right).then(|| format!("the cost is {cost:?} and the bill {bill}"))
}
