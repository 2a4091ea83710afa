//! What counts as what, by each API: the model's own faults are scored and named, and faults of the wire are tried again.

use incident_bench::chat::Api;
use serde_json::{Value, json};

use super::dialect::{Dialect, Key, USUAL};
use super::endpoint::Endpoint;
use super::play::{play, row, score_of_responder};
use super::player;
use crate::server::Reply;

/// The step of each incident in which something goes wrong. Every incident has one more.
const STEP: usize = 0;

const CHAT: Dialect = USUAL;
const RESPONSES: Dialect = Dialect { apis: &[Api::Responses], ..USUAL };
const MESSAGES: Dialect = Dialect { apis: &[Api::Messages], key: Key::OfMessages, ..USUAL };

/// Makes a dialect that gives this reply in one step of each incident, at the first attempt or at each.
macro_rules! failing {
    ($dialect:expr, $reply:expr, $attempts:expr) => {{
        static FAILING: Dialect = Dialect {
            falters: |step, attempt| (step == STEP && $attempts.contains(&attempt)).then(|| $reply),
            ..$dialect
        };
        &FAILING
    }};
}

fn completion(message: Value, finish: &str) -> Reply {
    Reply::choice(json!({"index": 0, "message": message, "finish_reason": finish}))
}

fn response(item: Value, status: &str) -> Reply {
    let usage = json!({"input_tokens": 100, "output_tokens": 10, "total_tokens": 110});
    let why = if status == "incomplete" { json!({"reason": "max_output_tokens"}) } else { Value::Null };
    Reply::json(
        200,
        json!({"id": "resp_1", "status": status, "incomplete_details": why, "model": "m", "output": [item], "usage": usage}),
    )
}

fn message(blocks: Value, reason: &str) -> Reply {
    let usage = json!({"input_tokens": 100, "output_tokens": 10});
    Reply::json(
        200,
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": blocks, "stop_reason": reason, "usage": usage}),
    )
}

fn refusing_item(words: &str) -> Value {
    json!({"type": "message", "role": "assistant", "status": "completed", "content": [{"type": "refusal", "refusal": words}]})
}

fn summary(dialect: &'static Dialect) -> Value {
    let endpoint = Endpoint::of(dialect);
    let ended = play(dialect, &endpoint, &["--max-retries", "2"]).ended.exits(0);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Plays with a fault of the model in one step of each incident, and returns its row.
fn scored(dialect: &'static Dialect, what: &str) -> Value {
    let summary = summary(dialect);
    let row = row(&summary, dialect.model).clone();
    assert_eq!((&row["void"], &row["episodes"]), (&json!(0), &json!(9)), "{what}");
    assert!(row["overall"].is_number(), "{what}");
    assert_eq!(row["problem_steps"], 9, "{what}");
    assert_eq!(row["retries"], 0, "{what}: what the model says is not asked for again");
    row
}

#[test]
fn a_refusal_is_scored_and_counted() {
    const WORDS: &str = "I can't help with that.";
    for (what, dialect) in [
        (
            "chat",
            failing!(CHAT, completion(json!({"role": "assistant", "content": null, "refusal": WORDS}), "stop"), 1..),
        ),
        (
            "chat, by its finish",
            failing!(CHAT, completion(json!({"role": "assistant", "content": WORDS}), "refusal"), 1..),
        ),
        (
            "chat, by a filter",
            failing!(CHAT, completion(json!({"role": "assistant", "content": ""}), "content_filter"), 1..),
        ),
        (
            "chat, by a filter that answers with an error",
            failing!(CHAT, Reply::error(400, "content_filter", "The response was filtered"), 1..),
        ),
        ("responses", failing!(RESPONSES, response(refusing_item(WORDS), "completed"), 1..)),
        ("messages", failing!(MESSAGES, message(json!([{"type": "text", "text": WORDS}]), "refusal"), 1..)),
        ("messages, without a word", failing!(MESSAGES, message(json!([]), "refusal"), 1..)),
    ] {
        let row = scored(dialect, what);
        assert_eq!(row["refusals"], 9, "{what}: {row}");
    }
}

#[test]
fn thoughts_without_an_answer_and_cut_answers_are_scored() {
    for (what, dialect) in [
        (
            "chat, only thoughts",
            failing!(
                CHAT,
                completion(json!({"role": "assistant", "content": "", "reasoning_content": "hm"}), "stop"),
                1..
            ),
        ),
        (
            "chat, cut",
            failing!(
                CHAT,
                completion(json!({"role": "assistant", "content": null, "reasoning_content": "hm"}), "length"),
                1..
            ),
        ),
        (
            "responses, only thoughts",
            failing!(
                RESPONSES,
                response(
                    json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
                    "completed"
                ),
                1..
            ),
        ),
        (
            "responses, cut",
            failing!(
                RESPONSES,
                response(
                    json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
                    "incomplete"
                ),
                1..
            ),
        ),
        (
            "messages, only thoughts",
            failing!(
                MESSAGES,
                message(json!([{"type": "thinking", "thinking": "hm", "signature": "EqQB"}]), "end_turn"),
                1..
            ),
        ),
        (
            "messages, cut",
            failing!(
                MESSAGES,
                message(json!([{"type": "thinking", "thinking": "hm", "signature": "EqQB"}]), "max_tokens"),
                1..
            ),
        ),
    ] {
        // A number that is zero may be left out.
        assert_eq!(scored(dialect, what)["refusals"].as_u64().unwrap_or(0), 0, "{what}");
    }
}

#[test]
fn faults_of_the_wire_are_tried_again() {
    for (what, dialect) in [
        ("empty choices", failing!(CHAT, Reply::json(200, json!({"id": "c", "choices": []})), [1])),
        ("a web page", failing!(CHAT, Reply::html(200), [1])),
        ("a cut body", failing!(CHAT, Reply::raw(200, "{\"id\": \"c\", \"choices\": [{\"index\": 0, \"mess"), [1])),
        (
            "an error with 200",
            failing!(CHAT, Reply::json(200, json!({"error": {"message": "Overloaded", "code": 503}})), [1]),
        ),
        (
            "a reason of the wire",
            failing!(CHAT, completion(json!({"role": "assistant", "content": "hal"}), "network_error"), [1]),
        ),
        (
            "a choice that is nothing",
            failing!(CHAT, Reply::choice(json!({"index": 0, "message": null, "finish_reason": "stop"})), [1]),
        ),
        ("no room", failing!(CHAT, Reply::error(498, "capacity_exceeded", "no room"), [1])),
        (
            "nothing of a response",
            failing!(RESPONSES, Reply::json(200, json!({"status": "completed", "output": []})), [1]),
        ),
        (
            "overloaded",
            failing!(
                MESSAGES,
                Reply::json(
                    529,
                    json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
                ),
                [1]
            ),
        ),
    ] {
        let summary = summary(dialect);
        let row = row(&summary, dialect.model);
        assert_eq!((&row["void"], &row["retries"]), (&json!(0), &json!(9)), "{what}");
        assert_eq!((&row["overall"], &row["model_steps"]), (score_of_responder(), &json!(player::steps())), "{what}");
    }
}
