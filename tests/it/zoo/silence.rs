//! Silence in the midst of an answer. The times are scaled by `--timeout`, the longest silence that is waited for, so that a
//! quarter of it is what thirty seconds are by default.

use std::time::Duration;

use incident_bench::chat::endpoint::Patience;
use serde_json::{Value, json};

use super::endpoint::KEY;
use crate::binary::{Ended, Place};
use crate::server::Server;

/// An answer in pieces: thoughts, and then an action.
fn pieces(between: &str) -> Vec<String> {
    let delta = |delta: Value| {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
    };
    let action = "{\"action_type\": \"submit_severity\", \"parameters\": {\"severity\": \"P1\"}}";
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 9}});
    [
        delta(json!({"role": "assistant", "content": "", "reasoning_content": "Let me"})),
        between.to_owned(),
        delta(json!({"reasoning_content": " see."})),
        between.to_owned(),
        delta(json!({"content": action})),
        format!("data: {end}\n\ndata: [DONE]\n\n"),
    ]
    .into_iter()
    .filter(|piece| !piece.is_empty())
    .collect()
}

fn play(server: &Server, timeout: &str) -> (Ended, Value) {
    let place = Place::empty();
    let url = server.base_url();
    let fixed = ["--model", "m", "--agent", "llm", "--scenario", "AC-001", "--format", "json", "--max-retries", "0"];
    let arguments = [&fixed[..], &["--base-url", &url, "--timeout", timeout]].concat();
    let ended = Ended::of(&place.command(&arguments).env("API_KEY", KEY).output().unwrap());
    let row = serde_json::from_str::<Value>(&ended.stdout).map(|summary| summary["rows"][0].clone());
    (ended, row.unwrap_or_default())
}

#[test]
fn a_gap_of_thirty_seconds_is_waited_for() {
    // The whole answer takes longer than what is waited for at a time.
    let (ended, row) = play(&Server::slowly(pieces(""), Duration::from_millis(300)), "1.2");
    assert_eq!((ended.code, &row["void"], &row["steps"]), (Some(0), &json!(0), &json!(1)), "{}", ended.stderr);
    let comments = pieces(": ping\n\n");
    let (ended, row) = play(&Server::slowly(comments, Duration::from_millis(300)), "1.2");
    assert_eq!((ended.code, &row["void"]), (Some(0), &json!(0)), "{}", ended.stderr);
}

#[test]
fn an_answer_that_stands_still_has_a_name() {
    let begun = pieces("").swap_remove(0);
    let (ended, row) = play(&Server::stalled(begun), "0.3");
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert_eq!(row["void_reasons"], json!({"the answer stood still": 1}));
}

#[test]
fn the_usual_waits_are_those_of_models_that_think() {
    let (usual, reasoning) = (Patience::default(), Patience::with_reasoning());
    let seconds =
        |patience: Patience| [patience.first_data, patience.between_data, patience.whole].map(|time| time.as_secs());
    assert_eq!((seconds(usual), seconds(reasoning)), ([600, 120, 1_800], [600, 600, 1_800]));
}
