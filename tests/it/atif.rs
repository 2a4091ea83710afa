//! Tests of the export as ATIF: runs against the scripted server, and the content of their trajectories.
//! `tests/e2e/atif.sh` checks whether the official models accept them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use incident_bench::log::{Manifest, reader};
use incident_bench::report::atif;
use incident_bench::report::episodes::ExportedRun;
use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::server::{Reply, Server};

/// Makes a completion with reasoning and cached tokens.
fn says(message: Value) -> Reply {
    let mut message = message;
    message["reasoning_content"] = json!("Look first.");
    Reply::json(
        200,
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "m-2026",
            "choices": [{ "message": message, "finish_reason": "stop" }],
            "usage": {
                "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
                "prompt_tokens_details": { "cached_tokens": 60 },
                "completion_tokens_details": { "reasoning_tokens": 4 },
            },
        }),
    )
}

fn text(content: &str) -> Reply {
    says(json!({ "content": content }))
}

fn act(action: &str, parameters: Value) -> Reply {
    text(&json!({ "action_type": action, "parameters": parameters }).to_string())
}

/// Makes a reply with these calls, each with a name and the arguments as the model writes them.
fn calls(calls: &[(&str, &str)]) -> Reply {
    let call = |(index, (name, arguments)): (usize, &(&str, &str))| {
        json!({
            "id": format!("call_{name}_{index}"), "type": "function",
            "function": { "name": name, "arguments": arguments },
        })
    };
    let calls: Vec<_> = calls.iter().enumerate().map(call).collect();
    says(json!({ "content": null, "tool_calls": calls }))
}

/// Plays the medium task with these replies, which follow the two replies to the check before the run.
fn play(protocol: &str, assist: &str, replies: Vec<Reply>) -> (Place, Server) {
    let place = Place::with_suite();
    let check = if protocol == "tools" { calls(&[("answer", "{}")]) } else { text("{\"ready\": true}") };
    let server = Server::of([check.clone(), check].into_iter().chain(replies));
    let provider = format!("[providers.local]\nbase_url = \"{}\"\n", server.base_url());
    place.write("bench.toml", &format!("{provider}prices = {{ m = {{ input = 2.0, output = 10.0 }} }}\n"));
    let played = ["--suite", "suite", "--scenario", "RCA-901", "--agent", "llm,oracle", "--model", "local/m"];
    let asked = ["--protocol", protocol, "--assist", assist, "--max-retries", "0", "--max-void", "1", "--quiet"];
    place.bench(&[&played[..], &asked, &["--log-format", "atif"]].concat()).exits(0);
    (place, server)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the files of the newest run by name, each checked to be a trajectory by the rules of the format.
fn files(place: &Place) -> BTreeMap<String, Value> {
    let folder = place.path(&format!("results/runs/{}/logs/atif", place.latest()));
    let read = |name: String| {
        let file = serde_json::from_slice(&fs::read(folder.join(&name)).unwrap()).unwrap();
        expect_valid(&file);
        (name, file)
    };
    names_in(&folder).into_iter().map(read).collect()
}

fn expect_valid(file: &Value) {
    let steps = list(&file["steps"]);
    assert!(!steps.is_empty());
    assert_eq!(file["final_metrics"]["total_steps"], json!(steps.len()));
    let mut last = "";
    for (index, step) in steps.iter().enumerate() {
        assert_eq!(step["step_id"], json!(index + 1));
        assert!(step["message"].is_string());
        let at = step["timestamp"].as_str().unwrap();
        assert!(last <= at, "{last}, then {at}");
        last = at;
        let ids: BTreeSet<_> = list(&step["tool_calls"]).iter().map(|call| call["tool_call_id"].as_str()).collect();
        let results = list(&step["observation"]["results"]);
        assert_eq!(results.iter().map(|result| result["source_call_id"].as_str()).collect::<BTreeSet<_>>(), ids);
        let of_a_model = step["llm_call_count"] == json!(1);
        assert_eq!(of_a_model, step["metrics"].is_object(), "{step}");
        assert!(of_a_model || step.get("reasoning_content").is_none(), "{step}");
        if step["source"] != "agent" {
            for key in ["tool_calls", "observation", "llm_call_count", "model_name"] {
                assert_eq!(step.get(key), None, "{step}");
            }
        }
        // A step that the model did not choose is marked twice.
        if let Some(source) = step["extra"]["source"].as_str() {
            assert_eq!(of_a_model, matches!(source, "model" | "repaired"), "{step}");
        }
    }
}

/// Returns the tokens, the cost and the calls of a file, summed over its steps and compared with its totals.
fn spent(file: &Value) -> (BTreeMap<&'static str, u64>, f64, usize) {
    let total = &file["final_metrics"];
    let answers: Vec<_> = list(&file["steps"]).iter().filter(|step| step["metrics"].is_object()).collect();
    let mut tokens = BTreeMap::new();
    for key in ["prompt_tokens", "cached_tokens", "completion_tokens"] {
        let sum: u64 = answers.iter().map(|step| step["metrics"][key].as_u64().unwrap()).sum();
        assert_eq!(total[format!("total_{key}")], json!(sum));
        tokens.insert(key, sum);
    }
    let reasoning = answers.iter().map(|step| step["metrics"]["extra"]["reasoning_tokens"].as_u64().unwrap()).sum();
    assert_eq!(total["extra"]["reasoning_tokens"], json!(reasoning));
    tokens.insert("reasoning_tokens", reasoning);
    let cost: f64 = answers.iter().map(|step| step["metrics"]["cost_usd"].as_f64().unwrap()).sum();
    assert!((total["total_cost_usd"].as_f64().unwrap() - cost).abs() < 1e-9);
    assert_eq!(total["extra"]["calls"], json!(answers.len()));
    (tokens, cost, answers.len())
}

/// Checks that nothing is lost or added on the way from the log to the file of the model's only episode.
fn expect_complete(place: &Place, file: &Value) {
    let summary = place.summary();
    let row = &summary["rows"][0];
    let (tokens, cost, calls) = spent(file);
    assert_eq!((json!(tokens), json!(calls)), (row["usage"].clone(), row["calls"].clone()));
    let events = place.events();
    let of_type = |wanted: &'static str| {
        let all = events.iter().map(|event| (&event["episode"]["model"], &event["event"]));
        all.filter(move |(model, event)| **model == "local/m" && event["type"] == wanted).map(|(_, event)| event)
    };
    // The check before the run belongs to no episode.
    let check = events.iter().find(|event| event["event"]["type"] == "endpoint.checked").unwrap();
    let paid = cost + check["event"]["cost_usd"].as_f64().unwrap();
    assert!((paid - row["cost_usd"].as_f64().unwrap()).abs() < 1e-9, "{paid}");

    let taken: Vec<_> = list(&file["steps"]).iter().filter(|step| step["extra"].get("reward").is_some()).collect();
    let logged: Vec<_> = of_type("step.taken").collect();
    assert_eq!(taken.len(), logged.len());
    for (step, event) in taken.iter().zip(logged) {
        for key in ["step", "source", "problem", "proposed", "reward", "reason", "cumulative", "done"] {
            assert_eq!(step["extra"].get(key), event.get(key).filter(|value| !value.is_null()), "{key}");
        }
        let call = &step["tool_calls"][0];
        assert_eq!((&call["function_name"], &call["arguments"]), (&event["action_type"], &event["parameters"]));
        let seen = step["observation"]["results"][0]["content"].as_str().unwrap();
        for part in ["feedback", "result", "error"] {
            assert!(seen.contains(event[part].as_str().unwrap_or_default()), "{seen}");
        }
    }
    let failed = list(&file["steps"]).iter().filter(|step| step["extra"].get("error").is_some()).count();
    assert_eq!(failed, of_type("model.failed").count());
    let end = of_type("episode.finished").next_back().unwrap();
    for key in ["outcome", "score", "grade"] {
        assert_eq!(file["extra"].get(key).unwrap_or(&Value::Null), &end[key], "{key}");
    }
}

/// Compares with a snapshot, without the parts that differ in each run and version.
fn expect(name: &str, server: &Server, file: &Value) {
    let mut file = file.clone();
    file["agent"].as_object_mut().unwrap().remove("tool_definitions");
    for step in file["steps"].as_array_mut().unwrap() {
        // Other tests pin the text of prompts.
        if step["message"].as_str().is_some_and(|text| text.contains("\n\n")) {
            step["message"] = json!("[prompt]");
        }
    }
    let shown = serde_json::to_string_pretty(&file).unwrap().replace(&server.base_url(), "[server]");
    let version = env!("CARGO_PKG_VERSION").replace('.', r"\.");
    let version = format!(r#"("version": "){version}"#);
    insta::with_settings!({ filters => vec![
        (r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{4}", "[run]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "[time]"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
        (r"sha256:[0-9a-f]+", "[digest]"),
        (r#""latency_ms": \d+"#, r#""latency_ms": [ms]"#),
        (version.as_str(), "$1[version]"),
    ] }, { insta::assert_snapshot!(name, shown) });
}

const ANSWER: [&str; 2] = ["postgres-db", "disk full"];

/// The model gives an empty reply, then a pointless action, then meets a context that is too short.
#[test]
fn text_with_the_fallback() {
    let (place, server) = play(
        "text",
        "fallback",
        vec![
            text("I would rather think about it."),
            act("query_logs", json!({ "service": "nowhere" })),
            Reply::error(400, "context_length_exceeded", "too long"),
            act("query_logs", json!({ "service": "postgres-db" })),
            act("submit_root_cause", json!({ "service": ANSWER[0], "failure_mode": ANSWER[1] })),
        ],
    );
    let files = files(&place);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let trajectories = names_in(&place.path(&format!("results/runs/{}/trajectories", place.latest())));
    assert_eq!(names, trajectories);
    let (oracle, model) = (&files["oracle--RCA-901--0.json"], &files[names[0]]);
    expect_complete(&place, model);
    expect("text", &server, model);

    assert_eq!(oracle["steps"][0]["message"], "Logins are failing.");
    assert_eq!((spent(oracle).2, oracle["final_metrics"]["total_cost_usd"].as_f64()), (0, Some(0.0)));
    assert_eq!(oracle["agent"].get("model_name"), None);
    assert_ne!(oracle["trajectory_id"], model["trajectory_id"]);

    // The same run gives the same bytes, by `report` too.
    let path = format!("logs/atif/{}", names[0]);
    let before = place.kept(&path);
    let ended = place.bench(&["report", "latest", "--log-format", "atif"]).exits(0);
    let place_of_it = format!("2 files in results/runs/{}/logs/atif\n", place.latest());
    assert!(ended.stderr.ends_with(&place_of_it), "{}", ended.stderr);
    assert_eq!(place.kept(&path), before);
}

/// The model makes errors that it corrects and one that it does not, a broken call that can still be read, and too many
/// calls.
#[test]
fn tools_with_a_repair() {
    let look = r#"{"service":"postgres-db"}"#;
    let answer = json!({ "service": ANSWER[0], "failure_mode": ANSWER[1] }).to_string();
    let (place, server) = play(
        "tools",
        "repair",
        vec![
            calls(&[("query_logs", r#"{"service":"nowhere"}"#), ("check_metrics", look)]),
            calls(&[("query_logs", r#"{"service":"postgres-db",}"#), ("check_metrics", look), ("query_logs", "{")]),
            calls(&[("check_metrics", r#"{"service":"postgres-db""#)]),
            calls(&[("reboot", look)]),
            calls(&[("reboot", look)]),
            calls(&[("submit_root_cause", answer.as_str())]),
        ],
    );
    let files = files(&place);
    let model = files.values().next().unwrap();
    expect_complete(&place, model);
    expect("tools", &server, model);
    // The definitions are those of the offered tools.
    let offered = list(&server.seen()[2].body["tools"]).to_vec();
    let defined: Vec<_> = list(&model["agent"]["tool_definitions"]).to_vec();
    let plain = |tool: &Value| {
        let function = &tool["function"];
        json!([tool["type"], function["name"], function["description"], function["parameters"]])
    };
    assert!(!defined.is_empty());
    assert_eq!(defined.iter().map(plain).collect::<Vec<_>>(), offered.iter().map(plain).collect::<Vec<_>>());
}

/// Without help an unusable reply costs its step; in the end the endpoint fails.
#[test]
fn json_without_help() {
    let (place, server) = play(
        "json",
        "off",
        vec![
            text("{}"),
            act("query_logs", json!({ "service": "nowhere" })),
            Reply::error(500, "broken", "the model fell over"),
        ],
    );
    let files = files(&place);
    let model = files.values().next().unwrap();
    expect_complete(&place, model);
    expect("json", &server, model);

    // Later the endpoint works again, and the same options write the same kind of log.
    let folder = place.path(&format!("results/runs/{}/logs", place.latest()));
    fs::remove_dir_all(&folder).unwrap();
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(names_in(&folder), ["atif"]);
    place.bench(&["resume", "--quiet", "--log-format", "json"]).exits(0);
    let ending = |name: &String| name.rsplit('.').next().unwrap().to_owned();
    assert_eq!(names_in(&folder).iter().map(ending).collect::<Vec<_>>(), ["json", "json", "atif"]);
}

/// Every beginning of a log gives trajectories by the rules, and the steps of one are kept in the next.
#[test]
fn a_run_that_was_killed() {
    let look = r#"{"service":"postgres-db"}"#;
    let (place, _server) = play(
        "tools",
        "repair",
        vec![
            calls(&[("query_logs", r#"{"service":"nowhere"}"#)]),
            calls(&[("query_logs", look)]),
            Reply::error(400, "context_length_exceeded", "too long"),
        ],
    );
    let manifest: Manifest = serde_json::from_str(&place.kept("run.json")).unwrap();
    let events = reader::parse(place.kept("events.jsonl").as_bytes()).unwrap().events;
    let nothing = BTreeMap::new();
    for count in 0..=events.len() {
        let run = ExportedRun { manifest: &manifest, events: &events[..count], incidents: &nothing };
        let files = atif::export(&run, &BTreeMap::new());
        let begun: BTreeSet<_> = events[..count].iter().filter_map(|event| event.episode.clone()).collect();
        assert_eq!(files.iter().map(|(key, _)| key.clone()).collect::<BTreeSet<_>>(), begun);
        for (_, bytes) in files {
            let file: Value = serde_json::from_slice(&bytes).unwrap();
            expect_valid(&file);
            assert_eq!(file["extra"].get("score").is_some(), file["extra"].get("problem").is_none());
        }
    }
}
