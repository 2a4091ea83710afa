//! Tests of `--dry-run`: with a recording it shows the result of the replayed run, call by call and token by token.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::binary::Place;
use crate::faults::good;
use crate::server::{Reply, Seen, Server, dead_url};

/// The abilities of the endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Able {
    /// The endpoint accepts a schema and tools.
    Everything,
    /// The endpoint refuses a schema.
    NoSchema,
    /// The endpoint refuses a schema and ignores tools.
    TextOnly,
}

/// Starts a model with varied replies: sensible steps, bad steps, prose, broken JSON, a context that is too short, a
/// fault, calls with token counts and calls without. The replies differ from call to call, so every epoch is played
/// differently.
fn moody(able: Able) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |_, seen| {
        let form = (seen.body.get("response_format").is_some(), seen.body.get("tools").is_some());
        if form.0 && able != Able::Everything {
            return Reply::error(400, "bad", "response_format is not supported");
        }
        let tools = form.1 && able != Able::TextOnly;
        let n = asked.fetch_add(1, Ordering::Relaxed);
        if !seen.message(0).contains("Task:") {
            return answer(seen, n, tools.then_some("answer"), if form.0 { r#"{"word": "ready"}"# } else { "ready" });
        }
        let text = seen.body["messages"].to_string();
        let remediation = text.contains("submit_resolution");
        match n % 7 {
            2 => answer(seen, n, None, "I would look at the logs first."),
            4 => answer(seen, n, tools.then_some("query_logs"), r#"{"service": "#),
            5 if remediation && seen.messages() > 6 && !text.contains("[older evidence was dropped") => {
                let error = json!({"code": 400, "type": "exceed_context_size_error", "message": "too long",
                    "n_prompt_tokens": text.len() / 3, "n_ctx": text.len() / 4});
                Reply::json(400, json!({ "error": error }))
            }
            6 if remediation && seen.messages() > 12 => Reply::error(400, "x", "not this one"),
            _ => {
                let services = seen.message(1).split("known services: ").nth(1).unwrap_or_default();
                let service = services.lines().next().unwrap_or_default().split(", ").nth(n % 2).unwrap_or("web");
                let (kind, parameters) = if text.contains("submit_severity") {
                    ("submit_severity", json!({"severity": (["P1", "P3"][n % 2])}))
                } else {
                    (["query_logs", "check_metrics", "check_service_status"][n % 3], json!({"service": service}))
                };
                let said = if tools { parameters.to_string() } else { action(kind, &parameters) };
                answer(seen, n, tools.then_some(kind), &said)
            }
        }
    })
}

fn action(kind: &str, parameters: &Value) -> String {
    json!({"action_type": kind, "parameters": parameters}).to_string()
}

/// Makes a completion with a given count of tokens, or with none.
fn answer(seen: &Seen, n: usize, tool: Option<&str>, said: &str) -> Reply {
    let message = match tool {
        None => json!({"role": "assistant", "content": said}),
        Some(name) => {
            let function = json!({"name": name, "arguments": said});
            json!({"role": "assistant", "content": null,
                "tool_calls": [{"id": format!("call_{n}"), "type": "function", "function": function}]})
        }
    };
    let prompt = seen.body["messages"].to_string().len() / 3;
    let usage = json!({"prompt_tokens": prompt, "completion_tokens": said.len() / 3 + n % 5,
        "prompt_tokens_details": {"cached_tokens": prompt / 2}});
    let mut body = json!({"id": "c", "object": "chat.completion", "model": "m", "usage": usage,
        "choices": [{"message": message, "finish_reason": if tool.is_some() { "tool_calls" } else { "stop" }}]});
    if n % 11 == 3 {
        body.as_object_mut().unwrap().remove("usage");
    }
    Reply::json(200, body)
}

/// Reads the row of a plan, as the dry run of a replay prints it.
fn planned(stdout: &str) -> Value {
    let plan: Value = serde_json::from_str(stdout).unwrap();
    assert_eq!((&plan["schema"], &plan["basis"]), (&json!("incident-bench/plan/1"), &json!("recording")));
    plan["rows"][0].clone()
}

/// The number of calls that the check of the endpoint took, and the number of those that failed.
type Check = (u64, u64);

fn foretold(able: Able, protocol: &str, assist: &str, spoken: &str, check: Check) -> Value {
    let place = Place::with_suite();
    let (server, dead) = (moody(able), dead_url());
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--epochs", "3", "--quiet", "--max-void", "99"];
    let fixed = [&fixed[..], &["--protocol", protocol, "--assist", assist, "--max-retries", "0"]].concat();
    let format = ["--format", "json"];
    let url = server.base_url();
    let live = [&fixed[..], &["--record", "tape", "--base-url", &url], &format].concat();
    place.bench(&live).exits(0);
    let calls = server.calls();
    let replay = [&fixed[..], &["--replay", "tape", "--base-url", &dead], &format].concat();

    let row = planned(&place.bench(&[&replay[..], &["--dry-run"]].concat()).exits(0).stdout);
    let again: Value = serde_json::from_str(&place.bench(&replay).exits(0).stdout).unwrap();
    let run = &again["rows"][0];
    let case = format!("{able:?} {protocol} {assist}");
    for name in ["calls", "usage", "protocol", "assist", "episodes", "model", "agent"] {
        assert_eq!(row[name], run[name], "{case}: {name}");
    }
    for name in ["failed_calls", "calls_without_usage", "void"] {
        assert_eq!(row["replayed"][name], run[name], "{case}: {name}");
    }
    // A missing entry counts as zero: rows without tokens of a check leave it out.
    let nothing = json!({"prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0, "reasoning_tokens": 0});
    let check_usage = run.get("check_usage").unwrap_or(&nothing);
    assert_eq!(row["replayed"]["check_usage"], *check_usage, "{case}");
    let made = (&row["replayed"]["check_calls"], &row["replayed"]["check_failed_calls"]);
    assert_eq!(made, (&json!(check.0), &json!(check.1)), "{case}");
    assert_eq!((&row["protocol"], &row["replayed"]["missing"]), (&json!(spoken), &json!(0)), "{case}");
    // Every request of the live run is counted in exactly one of these numbers, but for those that taught something.
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let all = number(&row["calls"]) + number(&row["replayed"]["failed_calls"]) + number(made.0) + number(made.1);
    let refused = if able == Able::Everything { 0 } else { 2 };
    assert_eq!(all + refused, calls, "{case}");
    run.clone()
}

#[test]
fn a_dry_run_of_a_replay_says_what_the_replay_comes_to() {
    let mut seen = std::collections::BTreeMap::new();
    for protocol in ["text", "json", "tools"] {
        for assist in ["off", "fallback", "repair"] {
            let run = foretold(Able::Everything, protocol, assist, protocol, (2, 0));
            for name in ["repaired_steps", "fallback_steps", "dropped_evidence", "failed_calls", "void"] {
                *seen.entry(name).or_insert(0) += run.get(name).and_then(Value::as_u64).unwrap_or(0);
            }
            *seen.entry("calls_without_usage").or_insert(0) += run["calls_without_usage"].as_u64().unwrap();
        }
    }
    assert!(seen.values().all(|n| *n > 0), "nothing of this was tried: {seen:?}");
    foretold(Able::Everything, "auto", "repair", "json", (2, 0));
    foretold(Able::NoSchema, "auto", "fallback", "tools", (3, 0));
    foretold(Able::TextOnly, "auto", "repair", "text", (4, 0));
}

#[test]
fn a_dry_run_of_a_replay_says_where_its_numbers_come_from() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm,random", "--base-url", &url];
    place.bench(&[&fixed[..], &["--record", "tape"]].concat()).exits(0);
    let calls = server.calls();
    let before = crate::binary::names_in(&place.path("results/runs"));
    let shown = place.bench(&[&fixed[..], &["--replay", "tape", "--dry-run"]].concat()).exits(0).stdout;
    let (plan, _) = shown.split_once("\noptions\n").unwrap();
    assert_eq!(
        plan,
        "3 scenarios × 1 epoch = 3 episodes for each contestant, suite suite, seed 0

m
  endpoint   none: the recording answers
  protocol   text
  check      2 calls; tokens: 200 in, 20 out
  calls      6
  tokens     600 in, 60 out
  cost       nothing

random
  no calls

calls and tokens come from the recording tape, through which every episode was played; nothing is estimated
"
    );
    assert_eq!(server.calls(), calls, "nobody was asked");
    assert_eq!(crate::binary::names_in(&place.path("results/runs")), before, "nothing is kept");
}

#[test]
fn a_recording_that_lacks_something_is_said_and_ends_as_the_run_would() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--base-url", &url];
    place.bench(&[&fixed[..], &["--record", "tape"]].concat()).exits(0);
    let both = |arguments: &[&str], code: i32| {
        let replay = [&fixed[..], &["--replay", "tape"], arguments].concat();
        place.bench(&[&replay[..], &["--quiet"]].concat()).exits(code);
        let dry = [&replay[..], &["--dry-run"]].concat();
        let json: Value =
            serde_json::from_str(&place.bench(&[&dry[..], &["--format", "json"]].concat()).exits(code).stdout).unwrap();
        (place.bench(&dry).exits(code), json["rows"][0].clone())
    };
    // The other epoch was not recorded; the recorded one counts anyway.
    let (shown, row) = both(&["--epochs", "2"], 4);
    assert!(shown.stdout.contains("\n  calls      6, and 3 that failed\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("\n  void       3 episodes would have no score\n"), "{}", shown.stdout);
    let miss = "tape has this request for the epochs 0 and not for 1";
    assert!(shown.stdout.contains("  missing    3 episodes; the first: "), "{}", shown.stdout);
    assert!(shown.stdout.contains(miss), "{}", shown.stdout);
    assert!(shown.stderr.contains("3 episodes are not in the recording"), "{}", shown.stderr);
    assert_eq!((&row["calls"], &row["replayed"]["missing"]), (&json!(6), &json!(3)));
    let first = &row["replayed"]["first_miss"];
    assert_eq!(first["episode"], json!({"model": "m", "scenario": "AC-901", "epoch": 1}));
    assert_eq!((&first["step"], &first["difference"]), (&json!(1), &json!(miss)));
    // The dry run tolerates what the run tolerates.
    let (shown, _) = both(&["--epochs", "2", "--max-void", "3"], 0);
    assert!(shown.stdout.contains(miss) && shown.stderr.is_empty(), "{}", shown.stderr);
    // Without its check the run does not begin.
    let (shown, row) = both(&["--temperature", "0.5"], 2);
    let difference = "temperature: recorded null, asked 0.5";
    assert!(shown.stdout.contains("refused    the run would end before it begins: "), "{}", shown.stdout);
    assert!(shown.stdout.contains(difference) && shown.stderr.contains(difference), "{}", shown.stderr);
    assert!(row["replayed"]["refused"].as_str().unwrap().contains(difference), "{row}");
}

#[test]
fn an_estimate_says_that_it_is_one_and_counts_its_share_only() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--epochs", "4", "--base-url", &url, "--dry-run"];
    let row = |arguments: &[&str]| -> Value {
        let all = [&fixed[..], &["--format", "json"], arguments].concat();
        let plan: Value = serde_json::from_str(&place.bench(&all).exits(0).stdout).unwrap();
        assert_eq!(plan["basis"], json!("estimate"));
        assert_eq!(plan["rows"].as_array().unwrap().len(), 5);
        plan["rows"][0].clone()
    };
    let whole = row(&[]);
    // The fallback's routine: 3 + 5 + 4 steps an epoch; the tasks allow 3 + 10 + 15.
    assert_eq!((&whole["calls"], &whole["episodes"]), (&json!(48), &json!(12)));
    assert_eq!(whole["at_most"], json!({"calls": 112, "completion_tokens": 112 * 16_384}));
    assert_eq!(row(&["--assist", "repair"])["at_most"]["calls"], json!(224), "a repair is a call");
    let shares: Vec<_> = ["1/3", "2/3", "3/3"].iter().map(|shard| row(&["--shard", shard])).collect();
    for pointer in ["/calls", "/episodes", "/usage/prompt_tokens", "/usage/completion_tokens", "/at_most/calls"] {
        let number = |row: &Value| row.pointer(pointer).unwrap().as_u64().unwrap();
        assert_eq!(shares.iter().map(number).sum::<u64>(), number(&whole), "{pointer}");
        assert!(shares.iter().all(|share| number(share) < number(&whole)), "{pointer}");
    }
    let shown = place.bench(&[&fixed[..], &["--protocol", "auto"]].concat()).exits(0).stdout;
    for words in
        ["estimated by playing the fallback's routine", "auto (counted as json)", "2 to 4 calls before the run"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(server.calls(), 0);
}
