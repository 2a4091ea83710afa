//! Tests of thinking before acting, and of what counts as the model's own fault, by the binary and a scripted endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::binary::Place;
use crate::server::{Reply, Server};

/// The arguments of a run of the small suite by a model that is asked this way.
fn arguments<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed =
        ["--suite", "suite", "--model", "m", "--agent", "llm", "--quiet", "--max-retries", "0", "--base-url", url];
    fixed.iter().copied().chain(more.iter().copied()).collect()
}

/// The words of a model that thinks of one look, and then decides on another.
fn of_two_minds() -> String {
    let action = |kind: &str| json!({"action_type": kind, "parameters": {"service": "web"}});
    format!("Perhaps {}. No:\n{}", action("query_logs"), action("check_metrics"))
}

fn taken(place: &Place) -> Vec<String> {
    let events = place.events();
    let steps = events.iter().filter(|event| event["event"]["type"] == "step.taken");
    let mut kinds: Vec<_> = steps.map(|event| event["event"]["action_type"].as_str().unwrap().to_owned()).collect();
    kinds.dedup();
    kinds
}

#[test]
fn a_model_is_told_and_read_as_the_option_says() {
    for (option, label, told, kind, asked) in [
        (&[][..], "default/2", "You may think first", "check_metrics", "text + think"),
        (&["--think", "on"], "default/2", "You may think first", "check_metrics", "text + think"),
        (&["--think", "off"], "default/1", "and nothing else.", "query_logs", "text"),
    ] {
        let (place, server) = (Place::with_suite(), Server::start(|_, _| Reply::says(&of_two_minds())));
        let url = server.base_url();
        let more = [&["--task", "root_cause_analysis", "--assist", "off", "--format", "markdown"], option].concat();
        let ended = place.bench(&arguments(&url, &more)).exits(0);
        assert!(ended.stdout.contains(&format!("| m | {asked} |")), "{}", ended.stdout);
        assert_eq!(taken(&place), [kind], "{option:?}");
        assert!(server.seen().last().unwrap().message(0).contains(told), "{option:?}");
        let run: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
        assert_eq!(run["prompts"], label);
        assert_eq!(run["contestants"][0]["settings"]["think"], option.last().copied().unwrap_or("on"));
        assert_eq!(place.summary()["rows"][0]["think"], run["contestants"][0]["settings"]["think"]);
    }
    Place::with_suite().bench(&["--think", "maybe"]).fails(2, &["--think", "on", "off"]);
}

/// A run of a version that knew no choice was played without thinking, and goes on so.
#[test]
fn an_older_run_goes_on_as_it_began() {
    let place = Place::with_suite();
    let able = Arc::new(AtomicBool::new(false));
    let is_able = Arc::clone(&able);
    let server = Server::start(move |index, _| match (index, is_able.load(Ordering::SeqCst)) {
        (0, _) => Reply::says("ready"),
        (_, false) => Reply::error(503, "x", "no"),
        (_, true) => Reply::says(&of_two_minds()),
    });
    let url = server.base_url();
    place.bench(&arguments(&url, &["--think", "off", "--assist", "off"])).exits(4);

    let file = format!("results/runs/{}/run.json", place.latest());
    let mut run: Value = serde_json::from_str(&place.read(&file)).unwrap();
    run["options"].as_object_mut().unwrap().remove("think").unwrap();
    run["contestants"][0]["settings"].as_object_mut().unwrap().remove("think").unwrap();
    place.write(&file, &run.to_string());

    able.store(true, Ordering::SeqCst);
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(taken(&place), ["query_logs"]);
    assert!(server.seen().last().unwrap().message(0).contains("and nothing else."));
    assert_eq!(place.summary()["rows"][0]["think"], "off");
}

/// What is the model's own fault is scored, whatever the host says about it.
#[test]
fn a_models_own_fault_is_never_void() {
    let refused =
        json!({"message": {"role": "assistant", "content": null, "refusal": "I can't."}, "finish_reason": "stop"});
    let filtered = json!({"message": {"role": "assistant", "content": ""}, "finish_reason": "content_filter"});
    let thought =
        json!({"message": {"role": "assistant", "content": "", "reasoning_content": "hm"}, "finish_reason": "stop"});
    let cut = json!({"message": {"role": "assistant", "content": "<think>so"}, "finish_reason": "length"});
    let malformed = |written: &str| {
        let error = json!({"message": "Failed to call a function.", "type": "invalid_request_error",
            "code": "tool_use_failed", "failed_generation": written});
        Reply::json(400, json!({ "error": error }))
    };
    for (reply, problem, failure, refusals) in [
        (Reply::choice(refused), "the model refused to answer", "refusal", 28),
        (Reply::choice(filtered), "the provider's content filter stopped the reply", "refusal", 28),
        (Reply::choice(thought), "the reply has reasoning but no answer", "format", 0),
        (Reply::choice(cut), "the reply was cut at the token limit while the model was still thinking", "format", 0),
        (malformed("<function=query"), "the host refused what the model wrote, which has no whole action", "format", 0),
    ] {
        let place = Place::with_suite();
        let server = Server::start(move |index, _| if index < 2 { Reply::says("ready") } else { reply.clone() });
        let url = server.base_url();
        place.bench(&arguments(&url, &["--assist", "off"])).exits(0);
        let row = &place.summary()["rows"][0];
        assert_eq!((&row["void"], &row["episodes"], &row["steps"]), (&json!(0), &json!(3), &json!(28)), "{problem}");
        assert_eq!(row["failures"], json!({ failure: 3 }), "{problem}");
        assert_eq!(row.get("refusals").cloned().unwrap_or_else(|| json!(0)), json!(refusals), "{problem}");
        let events = place.events();
        let problems = events.iter().filter(|event| event["event"]["type"] == "step.taken");
        assert!(problems.map(|event| &event["event"]["problem"]).all(|found| found == problem), "{problem}");
        let notes = place.kept("SCORES.md");
        assert_eq!(
            notes.contains("m: the model, or what guards it, refused to answer 28 times."),
            refusals > 0,
            "{notes}"
        );
    }
    // A call that its host refuses counts as it would at a host that passes it on.
    let place = Place::with_suite();
    let written = "<function=query_logs>{\"service\": \"web\"}</function>";
    let server = Server::start(move |index, _| if index < 2 { Reply::says("ready") } else { malformed(written) });
    let url = server.base_url();
    place.bench(&arguments(&url, &["--task", "root_cause_analysis", "--assist", "off"])).exits(0);
    let row = &place.summary()["rows"][0];
    assert_eq!((&row["void"], &row["model_steps"], &row["problem_steps"]), (&json!(0), &json!(10), &json!(0)));
    assert_eq!(taken(&place), ["query_logs"]);
}
