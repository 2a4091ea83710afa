//! Tests of the real binary against faults: network failures give no score, bad replies of a model give one, and a key
//! is never disclosed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Fault, Reply, Seen, Server, dead_url};
use crate::world::small_file;

const KEY: &str = "sk-secret-123";

/// A run of the binary that has ended.
struct Run {
    folder: TempDir,
    output: Output,
}

/// Runs `bench --model m` on the three small scenarios, in an isolated folder and environment.
fn bench(base_url: &str, arguments: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let suite = folder.path().join("suite");
    fs::create_dir(&suite).unwrap();
    for file in ["AC-901.toml", "RCA-901.toml", "RP-901.toml"] {
        fs::write(suite.join(file), small_file(file)).unwrap();
    }
    fs::write(folder.path().join("bench.toml"), "timeout = 5\nmax-retries = 1\nformat = \"json\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--model", "m", "--agent", "llm", "--suite", "suite", "--out", "out"])
        .args(["--base-url", base_url])
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("API_KEY", KEY)
        .output()
        .unwrap();
    let run = Run { folder, output };
    for text in [run.stdout(), run.stderr()] {
        assert!(!text.contains(KEY), "the key is on a stream: {text}");
    }
    no_key_below(&run.folder.path().join("out"));
    run
}

fn no_key_below(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_key_below(&path);
        } else {
            assert!(
                !String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(KEY),
                "the key is in {}",
                path.display()
            );
        }
    }
}

impl Run {
    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Reads a file of the run.
    fn file(&self, name: &str) -> String {
        let out = self.folder.path().join("out");
        let id = fs::read_to_string(out.join("latest")).unwrap();
        fs::read_to_string(out.join("runs").join(id.trim()).join(name)).unwrap()
    }

    /// Returns the model's row, after checking that it is the only one and that the printed summary is the kept one.
    fn row(&self) -> Value {
        let kept: Value = serde_json::from_str(&self.file("summary.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&self.stdout()).unwrap(), kept);
        assert!(kept["run"]["finished_at"].is_string(), "{}", self.stderr());
        let [row] = kept["rows"].as_array().unwrap().as_slice() else { panic!("{kept}") };
        row.clone()
    }

    fn events(&self) -> Vec<Value> {
        self.file("events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn expect_exit(&self, code: i32) {
        assert_eq!(self.output.status.code(), Some(code), "{}", self.stderr());
    }

    /// Checks that all three episodes are void for this reason, and that nothing is printed in place of a score.
    #[track_caller]
    fn expect_void(&self, reason: &str) {
        self.expect_exit(4);
        let row = self.row();
        assert_eq!((&row["episodes"], &row["void"], &row["unfinished"]), (&json!(3), &json!(3), &json!(0)), "{reason}");
        assert_eq!(row["void_reasons"], json!({ reason: 3 }));
        assert_eq!((&row["overall"], &row["steps"]), (&Value::Null, &json!(0)), "{reason}");
        for task in row["tasks"].as_object().unwrap().values() {
            assert_eq!(task["mean"], Value::Null, "{reason}");
            assert!(
                task["scenarios"].as_object().unwrap().values().all(|scenario| scenario["epochs"] == json!([null]))
            );
        }
        let table = self.file("SCORES.md");
        let line = table.lines().find(|line| line.starts_with("| m |")).unwrap();
        assert!(!line.contains("0.0") && table.contains(&format!("3 × {reason}")), "{table}");
        assert!(self.stderr().contains("3 episodes have no score"), "{}", self.stderr());
    }

    /// Checks that all three episodes have a score, and returns the model's row.
    #[track_caller]
    fn expect_scored(&self) -> Value {
        self.expect_scored_times(3)
    }

    /// Checks that all of this many episodes have a score, and returns the model's row.
    #[track_caller]
    fn expect_scored_times(&self, episodes: usize) -> Value {
        self.expect_exit(0);
        let row = self.row();
        assert_eq!(
            (&row["episodes"], &row["void"], &row["unfinished"]),
            (&json!(episodes), &json!(0), &json!(0)),
            "{row}"
        );
        assert!(row["overall"].is_number(), "{row}");
        row
    }
}

/// Returns the answer to a request: a look at a service first, then the right submission.
pub(crate) fn good(seen: &Seen) -> Reply {
    let task = seen.message(0);
    if !task.contains("Task:") {
        return Reply::says("ready");
    }
    let (service, submission) = if task.contains("submit_severity") {
        ("thumbs", json!({"action_type": "submit_severity", "parameters": {"severity": "P3"}}))
    } else if task.contains("submit_root_cause") {
        let parameters = json!({"service": "postgres-db", "failure_mode": "disk full"});
        ("postgres-db", json!({"action_type": "submit_root_cause", "parameters": parameters}))
    } else {
        let parameters = json!({"summary": "The import locked the stock table; it was stopped."});
        ("stock-db", json!({"action_type": "submit_resolution", "parameters": parameters}))
    };
    let look = json!({"action_type": "query_logs", "parameters": {"service": service}});
    Reply::says(&if seen.messages() == 2 { look } else { submission }.to_string())
}

/// Starts a server that answers the call before the run, and gives this reply to every other call.
fn after_check(reply: Reply) -> Server {
    Server::start(move |index, seen| if index < 2 { good(seen) } else { reply.clone() })
}

#[test]
fn a_good_endpoint() {
    let server = Server::start(|_, seen| good(seen));
    let row = bench(&server.base_url(), &[]).expect_scored();
    assert_eq!((&row["steps"], &row["model_steps"], &row["problem_steps"]), (&json!(6), &json!(6), &json!(0)));
    assert_eq!((&row["calls"], &row["retries"], &row["failed_calls"]), (&json!(6), &json!(0), &json!(0)));
    assert_eq!((&row["usage"]["prompt_tokens"], &row["usage"]["completion_tokens"]), (&json!(600), &json!(60)));
    assert_eq!((&row["calls_without_usage"], &row["void_reasons"]), (&json!(0), &Value::Null));
    let mean = |task: &str| row["tasks"][task]["mean"].as_f64().unwrap();
    assert_eq!((mean("alert_classification"), mean("root_cause_analysis")), (1.0, 1.0));
    for seen in server.seen() {
        assert_eq!(seen.header("authorization"), Some("Bearer sk-secret-123"));
    }
}

#[test]
fn replies_that_are_faults_of_the_wire() {
    let echo = format!("wrong key {KEY}");
    for (reply, reason) in [
        (Reply::error(429, "rate_limit_exceeded", "slow down").header("retry-after", "0"), "rate limited"),
        (Reply::error(429, "rate_limit_exceeded", "slow down").header("retry-after", "3600"), "rate limited"),
        (Reply::error(500, "x", &echo).header("retry-after-ms", "1"), "the endpoint failed"),
        (Reply::html(502).header("retry-after-ms", "1"), "the endpoint failed"),
        (Reply::error(401, "invalid_api_key", &echo), "the key was refused"),
        (Reply::error(402, "x", "pay first"), "no credit left"),
        (Reply::error(404, "model_not_found", "no such model"), "the endpoint does not have the model"),
        (Reply::error(400, "x", "no such field"), "the request was refused"),
        (Reply::error(400, "context_length_exceeded", "too long"), "longer than the model's context"),
        (Reply::html(200), "a web page answered where JSON was asked for"),
        (Reply::raw(200, "data: {}\n\n"), "the answer ended before it was complete"),
        (Reply::json(200, json!({"choices": []})), "the answer has no choice"),
        (Reply::json(200, json!({"error": {"message": "odd"}})), "an error came with status 200"),
        (Reply::raw(200, "{\"choices\": ["), "the answer is no chat completion"),
        (
            Reply::raw(307, "").header("location", "http://127.0.0.1:1/"),
            "the endpoint redirects, which is not followed",
        ),
    ] {
        let server = after_check(reply);
        bench(&server.base_url(), &[]).expect_void(reason);
    }
}

#[test]
fn faults_below_http() {
    for fault in Fault::ALL {
        let server = Server::broken(fault);
        let (timeout, reason) =
            if fault == Fault::Silence { ("0.1", "no answer in time") } else { ("5", "the connection broke") };
        let run = bench(&server.base_url(), &["--timeout", timeout, "--max-retries", "0"]);
        run.expect_void(reason);
        assert!(run.stderr().contains("warning"), "{}", run.stderr());
        assert_eq!(server.calls(), 4, "one call before the run and one an episode");
    }
}

#[test]
fn a_reply_of_ten_megabytes() {
    let server = Server::broken(Fault::Flood(10 << 20));
    bench(&server.base_url(), &[]).expect_void("the answer is too large");
}

#[test]
fn nobody_listens() {
    let run = bench(&dead_url(), &["--max-retries", "0"]);
    run.expect_void("no connection");
    assert!(run.stderr().contains("is the endpoint running"), "{}", run.stderr());
}

#[test]
fn void_episodes_can_be_tolerated() {
    for (tolerated, code) in [("2", 4), ("3", 0)] {
        let server = after_check(Reply::html(200));
        bench(&server.base_url(), &["--max-void", tolerated]).expect_exit(code);
    }
}

#[test]
fn what_was_configured_wrongly_ends_the_run_before_it_starts() {
    let echo = format!("Incorrect API key provided: {KEY}");
    // A page may come from a gateway that is out of order, so that it is asked for once more.
    for (reply, words) in [
        (Reply::error(401, "invalid_api_key", &echo), vec!["the key was refused", "HTTP 401", "--api-key-env"]),
        (Reply::error(403, "x", "not for you"), vec!["the key was refused", "not for you"]),
        (
            Reply::error(404, "model_not_found", "no m here"),
            vec!["does not have the model", "no m here", "list models"],
        ),
        (Reply::error(429, "insufficient_quota", "pay"), vec!["no credit left"]),
        (Reply::error(400, "x", "no temperature"), vec!["the request was refused", "no temperature", "--temperature"]),
        (Reply::html(200), vec!["a web page answered", "--base-url"]),
    ] {
        let server = Server::of([reply]);
        let run = bench(&server.base_url(), &[]);
        run.expect_exit(2);
        let said = run.stderr();
        for word in words.into_iter().chain([server.base_url().as_str()]) {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert_eq!(run.stdout(), "");
        assert_eq!(server.calls(), if said.contains("a web page answered") { 2 } else { 1 });
        assert!(!run.folder.path().join("out").exists(), "no run was begun");
    }
}

/// Lists replies that a model can get wrong, each with the protocol in which it is given and the name of the problem.
fn said_badly() -> Vec<(Value, &'static str, &'static str)> {
    let broken = json!([{"id": "c1", "function": {"name": "query_logs", "arguments": "{\"service\": \"we"}}]);
    let message = |message: Value, finish: &str| json!({"message": message, "finish_reason": finish});
    vec![
        (
            message(json!({"content": null}), "content_filter"),
            "text",
            "the provider's content filter stopped the reply",
        ),
        (
            message(json!({"content": "{\"action_type\": \"query_l"}), "length"),
            "text",
            "the reply was cut at the token limit before an action was complete",
        ),
        (
            message(json!({"content": null, "reasoning_content": "hm"}), "stop"),
            "text",
            "the reply has reasoning but no answer",
        ),
        (message(json!({"content": ""}), "stop"), "json", "the reply is empty"),
        (message(json!({"content": "Let me think."}), "stop"), "json", "the reply has no JSON object"),
        (
            message(json!({"content": null, "tool_calls": broken}), "tool_calls"),
            "tools",
            "the arguments of the function call are not valid JSON",
        ),
    ]
}

#[test]
fn what_the_model_says_badly_is_scored() {
    for (choice, protocol, problem) in said_badly() {
        let reply = Reply::choice(choice);
        let server = after_check(reply);
        let run = bench(&server.base_url(), &["--protocol", protocol]);
        let row = run.expect_scored();
        assert_eq!((&row["model_steps"], &row["fallback_steps"]), (&json!(0), &row["steps"]), "{problem}");
        assert_eq!(row["problem_steps"], row["steps"], "{problem}");
        for event in run.events().iter().filter(|event| event["event"]["type"] == "step.taken") {
            assert_eq!(event["event"]["problem"], json!(problem));
        }
    }
}

#[test]
fn each_assist_has_its_source() {
    let choice = json!({"message": {"content": null}, "finish_reason": "content_filter"});
    let server = after_check(Reply::choice(choice.clone()));
    // Every step is spent, and nothing is submitted.
    let row = bench(&server.base_url(), &["--assist", "off"]).expect_scored();
    assert_eq!((&row["model_steps"], &row["overall"]), (&row["steps"], &json!(0.0)));
    assert_eq!((&row["steps"], &row["problem_steps"]), (&json!(3 + 10 + 15), &json!(3 + 10 + 15)));
    // Each step makes two calls, both of them in vain.
    let row = bench(&server.base_url(), &["--assist", "repair"]).expect_scored();
    assert_eq!(row["fallback_steps"], row["steps"]);
    assert_eq!(row["calls"].as_u64(), row["steps"].as_u64().map(|steps| 2 * steps));
    // The message helps the model.
    let server = Server::start(move |index, seen| {
        let last = seen.message(seen.messages().saturating_sub(1));
        if index < 2 || last.starts_with("Your reply cannot be used") {
            Reply::says("{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"web\"}}")
        } else {
            Reply::choice(choice.clone())
        }
    });
    let row = bench(&server.base_url(), &["--assist", "repair", "--scenario", "AC-901"]);
    let row = (row.expect_exit(0), row.row()).1;
    assert_eq!((&row["repaired_steps"], &row["steps"]), (&json!(3), &json!(3)));
}

#[test]
fn token_counts_may_be_missing() {
    for usage in [None, Some(Value::Null), Some(json!({})), Some(json!({"total_tokens": 7}))] {
        let server = Server::start(move |index, seen| {
            if index < 2 {
                return good(seen);
            }
            let submission = "{\"action_type\": \"submit_severity\", \"parameters\": {\"severity\": \"P3\"}}";
            let mut body = json!({"choices": [{"message": {"content": submission}, "finish_reason": "stop"}]});
            if let Some(usage) = &usage {
                body["usage"] = usage.clone();
            }
            Reply::json(200, body)
        });
        let run = bench(&server.base_url(), &["--scenario", "AC-901"]);
        run.expect_exit(0);
        let row = run.row();
        assert_eq!((&row["overall"], &row["calls_without_usage"]), (&json!(1.0), &json!(1)));
        assert_eq!(row["usage"]["prompt_tokens"], json!(0));
    }
}

#[test]
fn every_third_call_fails() {
    let failed = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&failed);
    let server = Server::start(move |index, seen| {
        if index % 3 == 2 {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Reply::error(500, "x", "now and then").header("retry-after-ms", "1")
        } else {
            good(seen)
        }
    });
    let row = bench(&server.base_url(), &["--max-retries", "4"]).expect_scored();
    let failed = failed.load(std::sync::atomic::Ordering::Relaxed);
    assert!(failed >= 3, "{failed}");
    assert_eq!((&row["retries"], &row["failed_calls"]), (&json!(failed), &json!(0)));
    assert_eq!((&row["calls"], &row["model_steps"]), (&json!(6), &json!(6)));
}

#[test]
fn one_episode_of_three_is_void() {
    let server = Server::start(|_, seen| {
        let is_easy = seen.message(0).contains("submit_severity");
        if is_easy { Reply::error(400, "x", "not this one") } else { good(seen) }
    });
    let run = bench(&server.base_url(), &[]);
    run.expect_exit(4);
    let row = run.row();
    assert_eq!((&row["episodes"], &row["void"]), (&json!(3), &json!(1)));
    // A mean over the remaining episodes would measure another contest.
    assert_eq!((&row["overall"], &row["tasks"]["alert_classification"]["mean"]), (&Value::Null, &Value::Null));
    assert_eq!(row["tasks"]["root_cause_analysis"]["mean"], json!(1.0));
}

#[test]
fn a_small_context_drops_evidence_and_goes_on() {
    let server = Server::start(|_, seen| {
        let kept = (2..seen.messages()).filter(|index| seen.message(*index).contains("Result of")).count();
        if kept > 2 {
            let error = json!({
                "code": 400, "type": "exceed_context_size_error", "message": "too long",
                "n_prompt_tokens": 1000, "n_ctx": 990,
            });
            return Reply::json(400, json!({ "error": error }));
        }
        let service = ["postgres-db", "auth-service", "web"][seen.messages() / 2 % 3];
        let look = json!({"action_type": "query_logs", "parameters": {"service": service}});
        if seen.messages() < 12 { Reply::says(&look.to_string()) } else { good(seen) }
    });
    let run = bench(&server.base_url(), &["--scenario", "RCA-901"]);
    run.expect_exit(0);
    let row = run.row();
    assert_eq!((&row["void"], &row["steps"], &row["model_steps"]), (&json!(0), &json!(6), &json!(6)));
    assert!(row["failed_calls"].as_u64() > Some(0), "{row}");
    let last = run.events().into_iter().rev().find(|event| event["event"]["type"] == "model.called").unwrap();
    assert!(last["event"]["dropped_evidence"].as_u64() > Some(1), "{last}");
}

#[test]
fn auto_takes_the_form_that_the_endpoint_speaks() {
    for (speaks, protocol) in [("json", "json"), ("json that is cut", "json"), ("tools", "tools"), ("neither", "text")]
    {
        let server = Server::start(move |_, seen| {
            let asked_json = seen.body["response_format"].is_object();
            let asked_tools = seen.body["tools"].is_array();
            let is_check = !seen.message(0).contains("Task:");
            let refused = (asked_json && !speaks.starts_with("json")) || (asked_tools && speaks != "tools");
            if refused && asked_json {
                Reply::error(400, "x", "response_format json_schema is not supported with this model")
            } else if is_check && asked_json && speaks == "json that is cut" {
                let message = json!({"role": "assistant", "content": "{\"reasoning\": \"The connection"});
                Reply::choice(json!({"message": message, "finish_reason": "length"}))
            } else if is_check && asked_json {
                Reply::says("{\"word\": \"ready\"}")
            } else if is_check && asked_tools && !refused {
                let call = json!([{"id": "c1", "function": {"name": "answer", "arguments": "{\"word\": \"ready\"}"}}]);
                Reply::choice(json!({"message": {"tool_calls": call}, "finish_reason": "tool_calls"}))
            } else {
                good(seen)
            }
        });
        let row = bench(&server.base_url(), &["--protocol", "auto"]).expect_scored();
        assert_eq!(row["protocol"], json!(protocol));
    }
}

#[test]
fn a_key_that_no_header_can_carry() {
    let server = Server::start(|_, seen| good(seen));
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--model", "m", "--agent", "llm", "--base-url", &server.base_url(), "--out", "out"])
        .current_dir(TempDir::new().unwrap().path())
        .env_clear()
        .env("API_KEY", "sk-sec\nret-123")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("sk-sec") && !said.contains("ret-123"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!((output.status.code(), server.calls()), (Some(2), 0), "{said}");
}

// ---- faults on purpose ----

/// Whatever share of the attempts fails on purpose, an episode that has a score has the score that it would have had.
#[test]
fn faults_on_purpose_change_no_score() {
    let server = Server::start(|_, seen| good(seen));
    let play = |arguments: &[&str]| {
        let mut all = vec!["--epochs", "8", "--max-void", "24", "--format", "json"];
        if !arguments.contains(&"--max-retries") {
            all.extend(["--max-retries", "6"]);
        }
        all.extend(arguments);
        bench(&server.base_url(), &all)
    };
    let scores = |run: &Run| -> Vec<(String, u64, Option<f64>)> {
        let finished = run.events().into_iter().filter(|event| event["event"]["type"] == "episode.finished");
        let key = |event: &Value| {
            let scenario = event["episode"]["scenario"].as_str().unwrap().to_owned();
            (scenario, event["episode"]["epoch"].as_u64().unwrap(), event["event"]["score"].as_f64())
        };
        let mut scores: Vec<_> = finished.map(|event| key(&event)).collect();
        scores.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        scores
    };
    let calm = play(&[]);
    let calm_row = calm.expect_scored_times(24);
    assert_eq!((&calm_row["retries"], calm_row.get("waited_ms")), (&json!(0), None));
    let calls = server.calls();

    // Temporary faults are tried again until the call succeeds.
    let passing = play(&["--chaos", "429=20%,timeout=5%,500=5%"]);
    let row = passing.expect_scored_times(24);
    assert_eq!((&row["overall"], &row["tasks"]), (&calm_row["overall"], &calm_row["tasks"]));
    assert_eq!(scores(&passing), scores(&calm));
    let retries = row["retries"].as_u64().unwrap();
    assert!((5..50).contains(&retries) && row["waited_ms"].as_u64().unwrap() > 0, "{row}");
    // An attempt that failed on purpose was never sent; the check before the run is spared.
    assert_eq!(server.calls() - calls, calls);
    let kept = passing.file("SCORES.md");
    assert!(kept.contains("with faults on purpose (429=20%,timeout=5%,500=5%)"), "{kept}");
    let kept: Value = serde_json::from_str(&passing.file("summary.json")).unwrap();
    assert_eq!(kept["run"]["chaos"], "429=20%,timeout=5%,500=5%");

    // Faults that are not tried again leave an episode without a score, and the others as they are.
    let once = |arguments: &[&str]| play(&[arguments, &["--max-retries", "0"]].concat());
    let lossy = once(&["--chaos", "malformed=20%"]);
    lossy.expect_exit(0);
    let row = lossy.row();
    let void = row["void"].as_u64().unwrap();
    assert!((3..20).contains(&void), "{row}");
    assert_eq!(row["void_reasons"]["the answer is no chat completion"], void, "{row}");
    // This is the worst effect that the void episodes could have had on the score.
    let zero = row["reliability"]["overall_void_as_zero"].as_f64().unwrap();
    assert!(zero < row["overall"].as_f64().unwrap(), "{row}");
    let bracket = format!("With 0 for each, overall would be {zero:.3}.");
    assert!(lossy.file("SCORES.md").contains(&bracket), "{}", lossy.file("SCORES.md"));
    for (with, without) in scores(&lossy).iter().zip(scores(&calm)) {
        assert_eq!((&with.0, with.1), (&without.0, without.1));
        assert!(with.2.is_none() || with.2 == without.2, "{with:?} {without:?}");
    }
    // The same seed meets the same faults.
    let again = once(&["--chaos", "malformed=20%", "--concurrency", "1"]);
    assert_eq!(scores(&again), scores(&lossy));
    let other = once(&["--chaos", "malformed=20%", "--seed", "5"]);
    assert_ne!(scores(&other), scores(&lossy));

    for (arguments, words) in
        [(["--chaos", "418=5%"], "unknown fault '418'"), (["--chaos", "429=99%,500=2%"], "more than all attempts")]
    {
        let refused = play(&arguments);
        refused.expect_exit(2);
        assert!(refused.stderr().contains(words), "{}", refused.stderr());
    }
}
