//! Tests of the export for Inspect: runs against the scripted server, and the content of their logs.
//! `tests/e2e/inspect.sh` checks whether Inspect itself reads them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use incident_bench::log::{Manifest, reader};
use incident_bench::report::episodes::ExportedRun;
use incident_bench::report::inspect::{self, ExportError, Form};
use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::server::{Reply, Seen, Server};

/// Makes a reply with reasoning and cached tokens, in the form that the protocol requires.
fn act(protocol: &str, number: usize, action: &str, parameters: Value) -> Reply {
    let mut arguments = parameters.to_string();
    if parameters["service"] == "thumbs" {
        // A model that forgets the end writes this.
        arguments.pop();
    }
    let action_json = json!({ "action_type": action, "parameters": parameters });
    let message = match protocol {
        "tools" => json!({
            "content": null, "reasoning_content": "Look first.",
            "tool_calls": [{ "id": format!("call_{number}"), "type": "function",
                "function": { "name": action, "arguments": arguments } }],
        }),
        "json" => json!({ "content": json!({ "action": action_json }).to_string() }),
        _ => json!({ "content": format!("I would do this:\n{action_json}"), "reasoning_content": "Look first." }),
    };
    let finish = if protocol == "tools" { "tool_calls" } else { "stop" };
    Reply::json(
        200,
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "m",
            "choices": [{ "message": message, "finish_reason": finish }],
            "usage": {
                "prompt_tokens": 100 + number, "completion_tokens": 10, "total_tokens": 110 + number,
                "prompt_tokens_details": { "cached_tokens": 60 },
                "completion_tokens_details": { "reasoning_tokens": 4 },
            },
        }),
    )
}

/// Makes the script of a player. It solves the easy task; in the medium task it proposes something pointless first, and
/// its first call fails; it never ends the hard task.
fn player(protocol: &'static str) -> impl Fn(usize, &Seen) -> Reply + Send + Sync {
    let medium_calls = AtomicUsize::new(0);
    move |_, seen| {
        let number = seen.messages().saturating_sub(2) / 2;
        let incident = seen.message(1);
        let act = |action, parameters| act(protocol, number, action, parameters);
        if incident.contains("Thumbnails") {
            match number {
                0 => act("query_logs", json!({ "service": "thumbs" })),
                _ => act("submit_severity", json!({ "severity": "P3" })),
            }
        } else if incident.contains("Logins") {
            match (medium_calls.fetch_add(1, Ordering::Relaxed), number) {
                (0, _) => Reply::error(500, "broken", "the model fell over"),
                (_, 0) => act("query_logs", json!({ "service": "nowhere" })),
                _ => act("submit_root_cause", json!({ "service": "postgres-db", "failure_mode": "disk full" })),
            }
        } else if incident.contains("Checkout") {
            act("query_logs", json!({ "service": "stock-db" }))
        } else {
            act("query_logs", json!({ "service": "x" }))
        }
    }
}

/// A kept run of the player and the oracle, with the requests of its episodes.
struct Played {
    place: Place,
    requests: Vec<Seen>,
    url: String,
}

const VOID: &str = "the model fell over";

fn play(protocol: &'static str) -> Played {
    let place = Place::with_suite();
    let server = Server::start(player(protocol));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--agent", "llm,oracle", "--model", "m", "--base-url", &url, "--quiet"];
    let more = ["--epochs", "2", "--concurrency", "1", "--max-retries", "0", "--assist", "fallback"];
    let ended = place.bench(&[&fixed[..], &more, &["--protocol", protocol]].concat());
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    // The first two requests are the check before the run.
    let requests = server.seen().split_off(2);
    Played { place, requests, url }
}

impl Played {
    /// Writes and reads the log of a contestant, as `bench report --log-format` writes it.
    fn export(&self, label: &str, format: &str) -> Vec<u8> {
        let ended = self.place.bench(&["report", "latest", "--log-format", format]).exits(0);
        let manifest: Manifest = serde_json::from_str(&self.place.kept("run.json")).unwrap();
        let form = if format == "eval" { Form::Eval } else { Form::Json };
        let name = inspect::file_name(&manifest, label, form);
        assert!(ended.stderr.lines().any(|line| line.ends_with(&format!("/logs/{name}"))), "{}", ended.stderr);
        fs::read(self.place.path(&format!("results/runs/{}/logs/{name}", self.place.latest()))).unwrap()
    }

    fn members(&self, label: &str) -> BTreeMap<String, Value> {
        let mut archive = zip::ZipArchive::new(Cursor::new(self.export(label, "eval"))).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        let read = |name: String| {
            let mut member = archive.by_name(&name).unwrap();
            assert_eq!(member.compression(), zip::CompressionMethod::Deflated, "{name}");
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            // Bare constants such as NaN would fail here.
            (name, serde_json::from_str(&text).unwrap())
        };
        names.into_iter().map(read).collect()
    }

    fn row(&self, label: &str) -> Value {
        let rows = self.place.summary()["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["model"] == label).unwrap()
    }

    /// Compares with a snapshot, without the parts that differ in each run and version.
    fn expect(&self, name: &str, value: &Value) {
        let text = serde_json::to_string_pretty(&without_texts(value)).unwrap().replace(&self.url, "[server]");
        let version = env!("CARGO_PKG_VERSION").replace('.', r"\.");
        let version = format!(r#"(incident-bench": "){version}"#);
        insta::with_settings!({ filters => vec![
            (r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{4}", "[run]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", "[time]"),
            (r"\b[0-9a-f]{32}\b", "[id]"),
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
            (r"sha256:[0-9a-f]+", "[digest]"),
            (r#""(working_start|working_time|total_time|time)": [-.e\d]+"#, r#""$1": [s]"#),
            (version.as_str(), "$1[version]"),
        ] }, { insta::assert_snapshot!(name, text) });
    }
}

/// Returns the value without the text of prompts, which other tests pin.
fn without_texts(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains('\n') => json!("[text]"),
        Value::Array(values) => values.iter().map(without_texts).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), without_texts(value))).collect(),
        other => other.clone(),
    }
}

const SAMPLES: [&str; 6] = [
    "samples/AC-901_epoch_1.json",
    "samples/AC-901_epoch_2.json",
    "samples/RCA-901_epoch_1.json",
    "samples/RCA-901_epoch_2.json",
    "samples/RP-901_epoch_1.json",
    "samples/RP-901_epoch_2.json",
];

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn of_kind<'a>(sample: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    list(&sample["events"]).iter().filter(move |event| event["event"] == kind)
}

/// Checks the parts of a player's log that do not depend on the protocol.
fn expect_log(played: &Played) {
    let members = played.members("m");
    let names: Vec<_> = members.keys().map(String::as_str).collect();
    assert_eq!(names, [&["header.json", "reductions.json"], &SAMPLES[..], &["summaries.json"]].concat());
    let row = played.row("m");

    // Every request is what the events say that it was; they are in the order of the episodes.
    let mut samples: Vec<_> = SAMPLES.iter().map(|name| &members[*name]).collect();
    samples.sort_by_key(|sample| sample["started_at"].as_str().unwrap());
    let mut requests = played.requests.iter();
    let mut usage: BTreeMap<&str, u64> = BTreeMap::new();
    for sample in &samples {
        let pool = list(&sample["events_data"]["messages"]);
        assert_eq!(pool, list(&sample["messages"]));
        let mut calls = 0;
        for event in of_kind(sample, "model") {
            let request = requests.next().unwrap();
            if event["error"].is_string() {
                assert_eq!(event["output"]["choices"], json!([]));
                continue;
            }
            calls += 1;
            assert_eq!(event["input_refs"], json!([[0, request.messages()]]));
            for (index, said) in pool[..request.messages()].iter().enumerate() {
                let sent = &request.body["messages"][index];
                assert_eq!(said["role"], sent["role"]);
                if said["role"] != "assistant" {
                    assert_eq!((&said["content"], &said["tool_call_id"]), (&sent["content"], &sent["tool_call_id"]));
                }
            }
            assert_eq!(pool[request.messages()], event["output"]["choices"][0]["message"]);
        }
        assert_eq!(of_kind(sample, "tool").count(), of_kind(sample, "info").count());
        assert_eq!(list(&sample["messages"]).len(), if calls == 0 { 0 } else { 1 + 2 * calls });
        // The input excludes the cached tokens, which are listed beside it.
        if let Some(tokens) = sample["model_usage"].get("m") {
            let count = |key: &str| tokens[key].as_u64().unwrap();
            let prompt = count("input_tokens") + count("input_tokens_cache_read");
            assert_eq!(count("total_tokens"), prompt + count("output_tokens"));
            assert_eq!(count("input_tokens_cache_read"), 60 * calls as u64);
            for (key, part) in [
                ("prompt_tokens", prompt),
                ("cached_tokens", count("input_tokens_cache_read")),
                ("completion_tokens", count("output_tokens")),
                ("reasoning_tokens", count("reasoning_tokens")),
            ] {
                *usage.entry(key).or_default() += part;
            }
        }
        // Times never go backwards.
        let times: Vec<_> = list(&sample["events"]).iter().map(|event| event["timestamp"].as_str().unwrap()).collect();
        assert!(times.iter().all(|time| *sample["started_at"].as_str().unwrap() <= **time));
        assert_eq!(*times.last().unwrap(), sample["completed_at"].as_str().unwrap());
    }
    assert!(requests.next().is_none());
    assert_eq!(json!(usage), row["usage"]);
    let header = &members["header.json"];
    assert_eq!(
        header["stats"]["model_usage"]["m"]["input_tokens"],
        json!(usage["prompt_tokens"] - usage["cached_tokens"])
    );

    // Each sample has a score; the void one has the error instead.
    for (name, task, scenario, epoch) in [
        (SAMPLES[0], "alert_classification", "AC-901", 0),
        (SAMPLES[2], "root_cause_analysis", "RCA-901", 0),
        (SAMPLES[3], "root_cause_analysis", "RCA-901", 1),
        (SAMPLES[5], "remediation_planning", "RP-901", 1),
    ] {
        let sample = &members[name];
        let score = &row["tasks"][task]["scenarios"][scenario]["epochs"][epoch];
        assert_eq!((&sample["id"], &sample["epoch"]), (&json!(scenario), &json!(epoch + 1)));
        let given = sample.get("scores").map(|scores| scores["classic"]["value"].clone());
        assert_eq!(given.unwrap_or_default(), *score, "{name}");
        assert_eq!(of_kind(sample, "score").count(), usize::from(score.is_number()));
        let summary = list(&members["summaries.json"]).iter().find(|s| s["uuid"] == sample["uuid"]).unwrap();
        assert_eq!(summary["scores"]["classic"]["value"], sample["scores"]["classic"]["value"]);
        assert_eq!(summary["message_count"], json!(list(&sample["messages"]).len()));
    }
    let void = &members[SAMPLES[2]];
    for key in ["message", "traceback", "traceback_ansi"] {
        assert!(void["error"][key].as_str().unwrap().contains(VOID), "{void}");
    }
    assert_eq!(void.get("scores"), None);
    assert_eq!(void["input"], json!("Logins are failing."));
    let means = ["AC-901", "RCA-901", "RP-901"].map(|id| {
        let task = row["tasks"].as_object().unwrap().values().find(|task| task["scenarios"].get(id).is_some());
        json!({ "sample_id": id, "value": task.unwrap()["scenarios"][id]["mean"] })
    });
    assert_eq!(members["reductions.json"], json!([{ "scorer": "classic", "reducer": "mean", "samples": means }]));
    let results = &header["results"];
    assert_eq!(results["scores"][0]["metrics"]["mean"]["value"], row["overall"]);
    assert_eq!((&results["total_samples"], &results["completed_samples"]), (&json!(6), &json!(5)));

    // This is the step that the model did not choose, and the episode without an end.
    let step = of_kind(&members[SAMPLES[3]], "info").next().unwrap();
    assert_eq!((&step["source"], &step["data"]["source"]), (&json!("bench"), &json!("override")));
    assert_eq!(step["data"]["proposed"]["parameters"]["service"], "nowhere");
    assert!(step["data"]["problem"].as_str().unwrap().contains("nowhere"));
    let endless = &members[SAMPLES[4]];
    assert_eq!((&endless["limit"]["type"], &endless["target"]), (&json!("custom"), &json!("submit_resolution")));
    assert_eq!(endless["limit"]["limit"], json!(of_kind(endless, "tool").count()));
}

#[test]
fn text() {
    let played = play("text");
    expect_log(&played);
    let members = played.members("m");
    played.expect("header", &members["header.json"]);
    played.expect("summaries", &members["summaries.json"]);
    let said = &members[SAMPLES[0]]["messages"][2]["content"];
    assert_eq!(said[0], json!({ "type": "reasoning", "reasoning": "Look first." }));
    assert_eq!(said[1]["type"], "text");

    // The other form says the same; the samples come after the parts that a reader of a stream needs first.
    let log: Value = serde_json::from_slice(&played.export("m", "json")).unwrap();
    let keys: Vec<_> = log.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["version", "status", "eval", "plan", "results", "stats", "samples", "reductions"]);
    let samples: Vec<_> = SAMPLES.iter().map(|name| members[*name].clone()).collect();
    assert_eq!((&log["samples"], &log["reductions"]), (&json!(samples), &members["reductions.json"]));
    for (key, value) in members["header.json"].as_object().unwrap() {
        assert_eq!(log[key], *value);
    }

    // The same run gives the same bytes, and another contestant another log.
    assert_eq!(played.export("m", "eval"), played.export("m", "eval"));
    let logs = names_in(&played.place.path(&format!("results/runs/{}/logs", played.place.latest())));
    assert_eq!(logs.len(), 4, "{logs:?}");
    let oracle = played.members("oracle");
    let sample = &oracle[SAMPLES[0]];
    assert_eq!(sample["input"], json!("Thumbnails are missing on some pages."));
    assert_eq!((&sample["messages"], &sample["model_usage"]), (&json!([]), &json!({})));
    assert_eq!(of_kind(sample, "model").count(), 0);
    assert!(of_kind(sample, "tool").count() > 0);
    assert_ne!(oracle["header.json"]["eval"]["eval_id"], members["header.json"]["eval"]["eval_id"]);
    assert_eq!(oracle["header.json"]["eval"]["run_id"], members["header.json"]["eval"]["run_id"]);
    assert_ne!(sample["uuid"], members[SAMPLES[0]]["uuid"]);
}

#[test]
fn json_schema() {
    expect_log(&play("json"));
}

#[test]
fn tools() {
    let played = play("tools");
    expect_log(&played);
    let members = played.members("m");
    let mut sample = members[SAMPLES[0]].clone();
    sample.as_object_mut().unwrap().remove("events_data");
    played.expect("sample_tools", &sample);
    let call = &members[SAMPLES[0]]["messages"][2]["tool_calls"][0];
    assert_eq!(call["arguments"], json!({ "arguments": "{\"service\":\"thumbs\"" }));
    assert!(call["parse_error"].is_string());
    let result = &members[SAMPLES[0]]["messages"][3];
    assert_eq!((&result["tool_call_id"], &result["function"]), (&json!("call_0"), &json!("query_logs")));
}

#[test]
fn a_run_that_was_killed() {
    let played = play("json");
    let text = played.place.kept("events.jsonl");
    let manifest: Manifest = serde_json::from_str(&played.place.kept("run.json")).unwrap();
    let events = reader::parse(text.as_bytes()).unwrap().events;
    let none = BTreeMap::new();
    for count in 0..events.len() {
        let run = ExportedRun { manifest: &manifest, events: &events[..count], incidents: &none };
        for label in ["m", "oracle"] {
            let log: Value = serde_json::from_slice(&inspect::export(&run, label, Form::Json).unwrap()).unwrap();
            let ended = |sample: &&Value| sample.get("error").is_none();
            let samples = list(&log["samples"]);
            let completed = samples.iter().filter(ended).count();
            assert_eq!(log["results"]["completed_samples"], json!(completed));
            assert!(samples.iter().filter(ended).all(|sample| sample["scores"]["classic"]["value"].is_number()));
            for sample in samples {
                assert_eq!(of_kind(sample, "span_begin").count(), of_kind(sample, "span_end").count());
            }
            let whole = samples.len() == 6 && log["status"] != "started";
            assert!(whole || log["status"] == "started", "{}", log["status"]);
        }
    }
    let run = ExportedRun { manifest: &manifest, events: &events, incidents: &none };
    let error = inspect::export(&run, "gpt", Form::Eval).unwrap_err();
    assert!(matches!(&error, ExportError::Unknown { known, .. } if known == "m, oracle"), "{error}");
}
