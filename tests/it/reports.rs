//! Tests of all output in its exact form: snapshots of each format, and the numbers in them counted again.

use std::collections::BTreeMap;

use incident_bench::chat::Usage;
use incident_bench::log::summary::{Latency, PassK, RunHead, SCHEMA, ScenarioScore, TaskScore};
use incident_bench::log::{Row, RunId, Summary};
use incident_bench::report::{csv, markdown, protocol, table};
use incident_env::TaskId;
use serde_json::{Value, json};

use crate::binary::{Ended, Place};
use crate::server::{Reply, Seen, Server};

/// Compares a text with its snapshot, without the parts that differ in each run, on each machine and in each version.
pub(crate) fn expect(name: &str, text: &str) {
    let version = format!(
        r#"(bench |bench_version": "|bench_version" value="){}"#,
        env!("CARGO_PKG_VERSION").replace('.', r"\.")
    );
    insta::with_settings!({ filters => vec![
        (r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{4}", "[run]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]"),
        (r"sha256:[0-9a-f]+", "[digest]"),
        (version.as_str(), "$1[version]"),
        (r#" time="[\d.]+""#, " time=\"[seconds]\""),
        (r" +\d+ ms\b", " [ms]"),
        (r#""p(50|99)": [\d.]+"#, r#""p$1": [ms]"#),
        // The last column of the CSV table, and the machine of the reference page.
        (r"(?m)^(.*,overall,.*),[\d.]+$", "$1,[ms]"),
        (r"\d+ processors \(\w+ \w+\)", "[machine]"),
    ] }, { insta::assert_snapshot!(name, text) });
}

const FORMATS: [&str; 5] = ["table", "markdown", "csv", "json", "openenv"];

// ---- help and lists ----

#[test]
fn help() {
    let place = Place::empty();
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_short", &["-h"]),
        ("help_run", &["run", "--help"]),
        ("help_list", &["list", "--help"]),
        ("help_report", &["report", "--help"]),
        ("help_mcp", &["mcp", "--help"]),
        ("help_power", &["power", "--help"]),
        ("help_serve", &["serve", "--help"]),
        ("version", &["--version"]),
        ("completions_bash", &["completions", "bash"]),
    ] {
        let shown = place.bench(arguments).exits(0);
        assert_eq!(shown.stderr, "", "{name}");
        expect(name, &shown.stdout);
    }
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        assert!(place.bench(&["completions", shell]).exits(0).stdout.contains("fail-under"), "{shell}");
    }
}

#[test]
fn lists() {
    let place = Place::empty();
    for what in ["tasks", "scenarios", "models", "agents", "providers", "runs"] {
        let shown = place.bench(&["list", what]).exits(0).stdout;
        let as_json = place.bench(&["list", what, "--format", "json"]).exits(0).stdout;
        let parsed: Value = serde_json::from_str(&as_json).unwrap();
        let lines = shown.lines().count() - usize::from(what != "runs");
        assert_eq!(parsed[what].as_array().map(Vec::len), Some(if what == "runs" { 0 } else { lines }));
        // A test of its own has the list of models, whose prices grow older.
        if what == "models" {
            continue;
        }
        expect(&format!("list_{what}"), &format!("{shown}\n{as_json}"));
    }
    let all = place.bench(&["list"]).exits(0).stdout;
    let parts = ["tasks", "scenarios", "agents", "models", "providers"];
    let parts = parts.map(|what| place.bench(&["list", what]).exits(0).stdout);
    assert_eq!(all, parts.join("\n"));
}

// ---- runs ----

/// Sorts the lines of episodes, which are printed in the order in which episodes end.
fn sorted(lines: &str) -> String {
    let mut episodes: Vec<_> = lines.split_inclusive('\n').fold(Vec::new(), |mut parts: Vec<String>, line| {
        match parts.last_mut() {
            Some(part) if !line.starts_with("[START]") && !line.starts_with('{') => *part += line,
            _ => parts.push(line.to_owned()),
        }
        parts
    });
    let end = episodes.iter().position(|part| part.starts_with('{')).unwrap_or(episodes.len());
    episodes[..end].sort();
    episodes.concat()
}

/// Plays one run, and prints the kept run in each format. The output of the run itself must be the same.
fn expect_formats(name: &str, place: &Place, arguments: &[&str]) {
    let live = place.bench(&[arguments, &["--format", "openenv", "--quiet"]].concat()).exits(0);
    assert_eq!(live.stderr, "");
    expect_openenv(place, &live);
    for format in FORMATS {
        let shown = place.bench(&["report", "latest", "--format", format]).exits(0);
        let text = if format == "openenv" {
            assert!(live.stdout.ends_with(&shown.stdout), "{}", live.stdout);
            sorted(&live.stdout)
        } else {
            shown.stdout
        };
        expect(&format!("{name}_{format}"), &text);
    }
}

/// Checks the line protocol of OpenEnv's inference scripts (`[START]`, `[STEP]`, `[END]`, a last line of JSON), and its
/// numbers against the summary.
fn expect_openenv(place: &Place, ended: &Ended) {
    let summary = place.summary();
    let mut episodes = Vec::new();
    let mut lines = ended.stdout.lines().peekable();
    while let Some(line) = lines.next_if(|line| !line.starts_with('{')) {
        let [task, env, model] = fields(line, "[START] ", ["task=", " env=", " model="]);
        assert_eq!(env, "cloud-incident-response");
        let mut rewards = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("[STEP]")) {
            let keys = ["step=", " action=", " reward=", " done=", " error="];
            let [step, action, reward, done, error] = fields(line, "[STEP] ", keys);
            assert_eq!(step, (rewards.len() + 1).to_string());
            let action: Value = serde_json::from_str(&action).unwrap();
            assert!(action["action_type"].is_string() && action["parameters"].is_object(), "{line}");
            assert!(matches!(&*done, "true" | "false") && !error.is_empty(), "{line}");
            assert_eq!(done == "true", !lines.peek().unwrap().starts_with("[STEP]"), "{line}");
            rewards.push(reward);
        }
        let line = lines.next().unwrap();
        let [success, steps, score, listed] = fields(line, "[END] ", ["success=", " steps=", " score=", " rewards="]);
        assert_eq!((steps, listed), (rewards.len().to_string(), rewards.join(",")));
        let score: f64 = score.parse().unwrap();
        assert_eq!(success, (score >= 0.8).to_string());
        episodes.push((model, task, score));
    }
    let rows = summary["rows"].as_array().unwrap();
    for row in rows {
        for (task, of_task) in row["tasks"].as_object().unwrap() {
            let epochs =
                of_task["scenarios"].as_object().unwrap().values().flat_map(|s| s["epochs"].as_array().unwrap());
            let mut kept: Vec<_> = epochs.map(|score| score.as_f64().unwrap()).collect();
            let told = episodes.iter().filter(|(m, t, _)| row["model"] == json!(m) && t == task);
            let mut told: Vec<_> = told.map(|(.., score)| *score).collect();
            kept.sort_by(f64::total_cmp);
            told.sort_by(f64::total_cmp);
            assert_eq!(told, kept, "{task}");
        }
    }
    // There is one last line, about the first contestant; if several play, it has a row for each.
    let last: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let [result] = &last[..] else { panic!("{} last lines", last.len()) };
    let each = result.get("rows").map_or(vec![result], |rows| rows.as_array().unwrap().iter().collect());
    assert_eq!(each.len(), rows.len());
    for (result, row) in each.into_iter().zip(rows).chain([(result, &rows[0])]) {
        assert_eq!((&result["model"], &result["overall"]), (&row["model"], &row["overall"]));
        for task in TaskId::ALL {
            assert_eq!(result[task.as_str()], row["tasks"][task.as_str()]["mean"]);
        }
    }
}

/// Returns the values of a line's keys, which must come in this order.
fn fields<const N: usize>(line: &str, word: &str, keys: [&str; N]) -> [String; N] {
    let mut rest = line.strip_prefix(word).unwrap_or_else(|| panic!("{line}"));
    let starts = keys.map(|key| {
        let at = line.len() - rest.len() + rest.find(key).unwrap_or_else(|| panic!("{key}: {line}"));
        rest = &line[at + key.len()..];
        (at, at + key.len())
    });
    std::array::from_fn(|index| {
        let end = starts.get(index + 1).map_or(line.len(), |(at, _)| *at);
        line[starts[index].1..end].to_owned()
    })
}

#[test]
fn built_in_agents() {
    let place = Place::with_suite();
    // The heuristic may become better without a change of any format, so it is left out.
    expect_formats("builtins", &place, &["--suite", "suite", "--agent", "random,fallback,oracle"]);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "oracle", "--quiet"]).exits(0);
    let shown = |when: &str| place.bench(&["report", "latest", "--color", when]).exits(0).stdout;
    let (auto, never, always) = (shown("auto"), shown("never"), shown("always"));
    assert_eq!(auto, never);
    assert!(always.contains("\u{1b}[1m"), "{always:?}");
    assert_eq!(plain(&always), never);
}

fn act(kind: &str, parameters: Value) -> Reply {
    Reply::says(&json!({"action_type": kind, "parameters": parameters}).to_string())
}

/// Returns the task of a request, and its step, from 1. The call before a run has no task.
fn asked(seen: &Seen) -> (TaskId, usize) {
    let system = seen.message(0);
    let task = TaskId::ALL.into_iter().find(|task| system.contains(task.submission().as_str()));
    (task.unwrap_or_else(|| panic!("{system}")), seen.messages() / 2)
}

/// Plays clumsily: reads once and answers rightly (1.0); loses a step to prose and one to a foreign service, then
/// answers rightly; repairs two of three things (0.6 + 0.2 + 0.1).
fn clumsy(index: usize, seen: &Seen) -> Reply {
    if index < 2 {
        return Reply::says("ready");
    }
    match asked(seen) {
        (TaskId::AlertClassification, 1) => act("query_logs", json!({"service": "thumbs"})),
        (TaskId::AlertClassification, _) => act("submit_severity", json!({"severity": "P3"})),
        (TaskId::RootCauseAnalysis, 1) => Reply::says("I would look at the logs first."),
        (TaskId::RootCauseAnalysis, 2) => act("query_logs", json!({"service": "cdn"})),
        (TaskId::RootCauseAnalysis, _) => {
            act("submit_root_cause", json!({"service": "postgres-db", "failure_mode": "its disk is full"}))
        }
        (TaskId::RemediationPlanning, 1) => act("disable_feature_flag", json!({"flag": "bulk_import"})),
        (TaskId::RemediationPlanning, 2) => act("restart_service", json!({"service": "stock-db"})),
        (TaskId::RemediationPlanning, _) => {
            act("submit_resolution", json!({"summary": "The import held a lock; stock-db was restarted."}))
        }
    }
}

/// Counts a model's row again from the events alone, and returns it.
fn expect_counted(place: &Place) -> Value {
    let (events, summary) = (place.events(), place.summary());
    let row = summary["rows"][0].clone();
    let of_type = |wanted: &'static str| {
        let model = row["model"].clone();
        let is_wanted = move |event: &&Value| event["event"]["type"] == wanted && event["episode"]["model"] == model;
        events.iter().filter(is_wanted).map(|event| &event["event"])
    };
    let steps = |source: &'static str| json!(of_type("step.taken").filter(|step| step["source"] == source).count());
    let sources = [("model_steps", "model"), ("repaired_steps", "repaired")];
    for (key, source) in sources.into_iter().chain([("override_steps", "override"), ("fallback_steps", "fallback")]) {
        assert_eq!(row[key], steps(source), "{key}");
    }
    let keys = ["model_steps", "repaired_steps", "override_steps", "fallback_steps"];
    let total: u64 = keys.iter().map(|key| row[*key].as_u64().unwrap()).sum();
    assert_eq!(row["steps"], json!(total), "the sources add up");
    assert_eq!(row["problem_steps"], json!(of_type("step.taken").filter(|step| step["problem"].is_string()).count()));
    assert_eq!(row["calls"], json!(of_type("model.called").count()));
    for tokens in ["prompt_tokens", "completion_tokens"] {
        let sum: u64 = of_type("model.called").map(|call| call["reply"]["usage"][tokens].as_u64().unwrap()).sum();
        assert_eq!(row["usage"][tokens], json!(sum));
    }
    let mut latencies: Vec<_> = of_type("model.called").map(|c| c["reply"]["latency_ms"].as_f64().unwrap()).collect();
    latencies.sort_by(f64::total_cmp);
    let half = latencies.len() / 2;
    let median = if latencies.len() % 2 == 1 { latencies[half] } else { latencies[half - 1].midpoint(latencies[half]) };
    assert_eq!(row["latency_ms"]["p50"].as_f64(), Some(median));
    row
}

#[test]
fn a_model_with_the_fallback() {
    let place = Place::with_suite();
    let server = Server::start(clumsy);
    let prices = "prices = { m = { input = 2.0, output = 10.0 } }";
    place.write("bench.toml", &format!("[providers.local]\nbase_url = \"{}\"\n{prices}\n", server.base_url()));
    let arguments = ["--suite", "suite", "--model", "local/m", "--agent", "llm,fallback,oracle"];
    expect_formats("fallback", &place, &arguments);
    let row = expect_counted(&place);
    // 2 + 3 + 3 steps and calls, of which one was unreadable and one refused; 100 and 10 tokens a call.
    assert_eq!((&row["steps"], &row["model_steps"]), (&json!(8), &json!(6)));
    assert_eq!((&row["override_steps"], &row["fallback_steps"]), (&json!(1), &json!(1)));
    assert_eq!((&row["usage"]["prompt_tokens"], &row["usage"]["completion_tokens"]), (&json!(800), &json!(80)));
    // 1000 × 2 $/M + 100 × 10 $/M: the two calls before the run are paid for as well.
    let cost = row["cost_usd"].as_f64().unwrap();
    assert!((cost - 0.003).abs() < 1e-12, "{cost}");
    assert_eq!(row["tasks"]["remediation_planning"]["mean"], json!(0.9));
}

#[test]
fn a_model_without_help_in_two_epochs() {
    let place = Place::with_suite();
    // The model is the same as above, but every second answer of the easy task is two levels off.
    let severities = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |index, seen| {
        let is_second = || severities.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2 == 1;
        if index > 0 && asked(seen) == (TaskId::AlertClassification, 2) && is_second() {
            act("submit_severity", json!({"severity": "P1"}))
        } else {
            clumsy(index, seen)
        }
    });
    let url = server.base_url();
    let arguments = ["--suite", "suite", "--model", "m", "--agent", "llm,fallback", "--base-url", &url];
    let arguments = [&arguments[..], &["--assist", "off", "--epochs", "2"]].concat();
    let ended = place.bench(&[&arguments[..], &["--format", "openenv", "--quiet"]].concat()).exits(0);
    expect_openenv(&place, &ended);
    expect("off_openenv", &sorted(&ended.stdout));
    for format in ["table", "markdown"] {
        expect(&format!("off_{format}"), &place.bench(&["report", "latest", "--format", format]).exits(0).stdout);
    }
    let row = expect_counted(&place);
    assert_eq!((&row["steps"], &row["model_steps"], &row["problem_steps"]), (&json!(16), &json!(16), &json!(4)));
    // Easy fails once in two epochs; without any look there is no bonus, so medium fails twice; hard passes twice.
    assert_eq!(row["pass_hat_k"], json!({"k": 2, "threshold": 0.8, "value": 0.3333}));
    let found = &row["reliability"];
    assert_eq!((&found["pass_at"], &found["pass_hat"]), (&json!([0.5, 0.6667]), &json!([0.5, 0.3333])));
    assert_eq!(found["flip_rate"], json!(0.3333));
    // Only the easy scenario varies, between 1 and 0.25: √(1/9 · 0.28125/2).
    assert_eq!(found["se_fixed"], json!(0.125));
    let mean = |task: &str| row["tasks"][task]["mean"].clone();
    let means = ["alert_classification", "root_cause_analysis", "remediation_planning"].map(mean);
    assert_eq!(means, [json!(0.625), json!(0.6), json!(0.9)]);
    assert_eq!(row["overall"], json!(0.7083));
}

#[test]
fn progress_of_a_model() {
    let place = Place::with_suite();
    let server = Server::start(clumsy);
    let url = server.base_url();
    let ended =
        place.bench(&["--suite", "suite", "--model", "m", "--agent", "llm,oracle", "--base-url", &url]).exits(0);
    let mut lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.remove(0), format!("run {0} → results/runs/{0}", place.latest()));
    // The oracle's episodes are counted and not shown; episodes end in any order.
    for (task, result) in [("AC-901", "score 1.00, 2"), ("RCA-901", "score 1.00, 3"), ("RP-901", "score 0.90, 3")] {
        let line = lines.iter().find(|line| line.contains(task)).unwrap();
        assert!(line.contains("/6] m on ") && line.contains(&format!(": {result} steps (")), "{line}");
    }
    assert_eq!(lines.len(), 3, "{lines:?}");
    let last = lines[2];
    assert!(last.ends_with("(8 calls · 880 tokens · mean 0.967)"), "{last}");
}

#[test]
fn the_reference_page() {
    let place = Place::with_suite();
    let server = Server::start(clumsy);
    let url = server.base_url();
    place.bench(&["--suite", "suite", "--quiet", "--agent", "fallback,oracle"]).exits(0);
    let first = place.latest();
    let asked = ["--suite", "suite", "--quiet", "--base-url", &url, "--agent", "llm", "--model", "a|b"];
    place.bench(&asked).exits(0);
    let second = place.latest();
    place.write(
        "results/models.toml",
        "[[model]]\nname = \"a|b\"\nabout = \"a script\"\nsha256 = \"00ff\"\nsource = \"here\"\nserver = \"axum\"\n",
    );
    let shown = place.bench(&["report", &first, &second, "--publish", "--format", "json"]).exits(0);
    assert_eq!(shown.stderr, "published 3 rows in results/README.md\n");
    expect("reference_page", &place.read("results/README.md").replace(&url, "[server]"));
    assert_eq!(place.read("results/reference.json"), shown.stdout);
    let csv = place.bench(&["report", &first, &second, "--format", "csv"]).exits(0).stdout;
    assert_eq!(place.read("results/scores.csv"), csv);

    place.write("results/models.toml", "[[model]]\nname = \"x\"\nweights = 3\n");
    place.bench(&["report", &first, "--publish"]).fails(2, &["results/models.toml", "line 3", "weights"]);
}

// ---- renderers alone ----

const CASES: [(&str, TaskId); 3] = [
    ("AC-1", TaskId::AlertClassification),
    ("RCA-1", TaskId::RootCauseAnalysis),
    ("RP-1", TaskId::RemediationPlanning),
];

/// Makes a row whose scenarios have these scores by epoch. It is that of a model, unless its name is `oracle`.
pub(crate) fn row(model: &str, scores: [&[Option<f64>]; 3]) -> Row {
    let is_model = model != "oracle";
    let mean = |scores: &[Option<f64>]| {
        let known: Vec<_> = scores.iter().flatten().copied().collect();
        #[allow(clippy::cast_precision_loss, reason = "a few epochs")]
        let count = known.len() as f64;
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / count)
    };
    let task = |((id, task), scores): ((&str, TaskId), &[Option<f64>])| {
        let scenario = ScenarioScore { mean: mean(scores), epochs: scores.to_vec(), void: BTreeMap::new() };
        let scenarios = BTreeMap::from([(id.to_owned(), scenario)]);
        (task, TaskScore { mean: mean(scores), scenarios, ..TaskScore::default() })
    };
    let means: Option<Vec<_>> = scores.iter().map(|scores| mean(scores)).collect();
    Row {
        left_early: 0,
        left_message: None,
        contestant: model.to_owned(),
        agent: if is_model { "llm" } else { model }.to_owned(),
        protocol: is_model.then(|| "json".to_owned()),
        asked: None,
        think: None,
        assist: is_model.then(|| "off".to_owned()),
        answered_by: None,
        tasks: CASES.into_iter().zip(scores).map(task).collect(),
        overall: means.map(|means| means.iter().sum::<f64>() / 3.0),
        overall_ci95: None,
        overall_range: None,
        relative: None,
        strict_overall: None,
        conduct: BTreeMap::new(),
        pass_hat_k: None,
        episodes: 3,
        void: 0,
        unfinished: 0,
        set_aside: 0,
        steps: 10,
        model_steps: if is_model { 10 } else { 0 },
        repaired_steps: 0,
        override_steps: 0,
        fallback_steps: 0,
        problem_steps: 0,
        refusals: 0,
        calls: if is_model { 10 } else { 0 },
        failed_calls: 0,
        retries: 0,
        waited_ms: 0,
        usage: Usage {
            prompt_tokens: 1_200,
            cached_tokens: 0,
            completion_tokens: 34,
            reasoning_tokens: 0,
            ..Usage::default()
        },
        check_usage: Usage::default(),
        trajectory_digest: None,
        reliability: None,
        failures: BTreeMap::new(),
        answered: BTreeMap::new(),
        dropped_evidence: 0,
        void_message: None,
        calls_without_usage: 0,
        cost_usd: None,
        latency_ms: is_model.then_some(Latency { p50: 1_500.0, p99: 2_000.0 }),
        void_reasons: BTreeMap::new(),
    }
}

pub(crate) fn summary(epochs: u32, rows: Vec<Row>) -> Summary {
    let run = RunHead {
        id: RunId("2026-01-02T030405Z-0000".to_owned()),
        started_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        finished_at: None,
        bench_version: "1.2.3".to_owned(),
        suite: "classic".to_owned(),
        suite_digest: "sha256:00".to_owned(),
        prompts: "default/1".to_owned(),
        prompts_digest: "sha256:11".to_owned(),
        graders: vec!["classic/1".to_owned()],
        epochs,
        seed: 7,
        log_digest: None,
        planned_epochs: None,
        stopped_by: None,
        chaos: None,
    };
    Summary { schema: SCHEMA.to_owned(), run, rows }
}

const ONE: &[Option<f64>] = &[Some(1.0)];
const HALF: &[Option<f64>] = &[Some(0.5)];
const NONE: &[Option<f64>] = &[None];

/// Returns what a terminal shows if styles are dropped. Only our own styles are dropped; any other one is kept.
fn plain(text: &str) -> String {
    ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"].iter().fold(text.to_owned(), |text, style| text.replace(style, ""))
}

#[test]
fn what_is_missing_void_or_open_is_said() {
    let rows = vec![
        Row {
            assist: Some("fallback".to_owned()),
            overall_ci95: Some([0.25, 1.0]),
            model_steps: 6,
            override_steps: 3,
            fallback_steps: 1,
            problem_steps: 4,
            cost_usd: Some(0.123_456),
            latency_ms: Some(Latency { p50: 999.4, p99: 2_000.0 }),
            pass_hat_k: Some(PassK { k: 2, threshold: 0.8, value: 0.6667 }),
            answered_by: Some("helped-2024".to_owned()),
            ..row("helped", [&[Some(1.0), Some(0.5)], &[Some(1.0), Some(1.0)], &[Some(0.0), Some(0.5)]])
        },
        Row {
            void: 1,
            episodes: 6,
            calls_without_usage: 2,
            usage: Usage { prompt_tokens: 1_234_567, completion_tokens: 8, ..Usage::default() },
            void_reasons: BTreeMap::from([("no answer in time".to_owned(), 1)]),
            problem_steps: 2,
            ..row("partly void", [&[Some(1.0), None], &[Some(1.0), Some(1.0)], &[Some(1.0), Some(1.0)]])
        },
        Row {
            void: 6,
            episodes: 6,
            steps: 0,
            model_steps: 0,
            calls: 0,
            usage: Usage::default(),
            latency_ms: None,
            void_reasons: BTreeMap::from([("no connection".to_owned(), 4), ("rate limited".to_owned(), 2)]),
            ..row("all void", [&[None, None]; 3])
        },
        Row {
            unfinished: 4,
            episodes: 2,
            repaired_steps: 3,
            model_steps: 7,
            assist: Some("repair".to_owned()),
            ..row("stopped", [&[Some(1.0), None], &[Some(0.5), None], &[None, None]])
        },
        Row {
            pass_hat_k: Some(PassK { k: 2, threshold: 0.8, value: 1.0 }),
            ..row("oracle", [&[Some(1.0), Some(1.0)]; 3])
        },
    ];
    let summary = summary(2, rows);
    insta::assert_snapshot!("said_table", plain(&table::render(&summary)));
    insta::assert_snapshot!("said_markdown", markdown::render(&summary));
    insta::assert_snapshot!("said_csv", csv::render(&summary));
}

#[test]
fn a_summary_without_rows_or_models() {
    for rows in [vec![], vec![row("oracle", [ONE, HALF, NONE])]] {
        let summary = summary(1, rows);
        let (table, markdown) = (plain(&table::render(&summary)), markdown::render(&summary));
        for text in [&table, &markdown] {
            assert!(!text.contains("asked by") && !text.contains("tokens") && !text.contains("pass^k"), "{text}");
        }
        assert_eq!(csv::render(&summary).lines().count(), 1 + 7 * summary.rows.len());
    }
}

#[test]
fn a_hostile_name_breaks_no_line_and_commands_no_terminal() {
    let long = "x".repeat(200);
    let names = [
        "a|b",
        "two\nlines\r\nof it",
        "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}",
        "\u{9b}2J\u{7f}\t\0",
        "*bold* `code` <b>x</b> [x](http://h) \\",
        "a,\"b\"",
        "模型 é́ 🙂",
        "",
        &long,
    ];
    let rows: Vec<_> = names
        .iter()
        .map(|name| Row {
            answered_by: Some(format!("{name} itself")),
            assist: Some((*name).to_owned()),
            void: 1,
            void_reasons: BTreeMap::from([((*name).to_owned(), 1)]),
            ..row(name, [ONE, HALF, ONE])
        })
        .collect();
    let summary = summary(1, rows);
    let is_clean = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());

    let table = plain(&table::render(&summary));
    assert!(is_clean(&table), "{table:?}");
    assert_eq!(table.lines().count(), 2 + names.len() + 1 + 2 * names.len() + 6, "{table}");
    insta::assert_snapshot!(
        "hostile_table",
        table.replace(&long, "[200 characters]").replace(&"─".repeat(200), "[line]")
    );

    let markdown = markdown::render(&summary);
    assert!(is_clean(&markdown), "{markdown:?}");
    for table in markdown.split("\n\n").filter(|part| part.starts_with("| ")) {
        let columns = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        let mut lines = table.lines();
        let head = columns(lines.next().unwrap());
        assert!(lines.all(|line| line.starts_with('|') && line.ends_with('|') && columns(line) == head), "{table}");
    }
    insta::assert_snapshot!("hostile_markdown", markdown.replace(&long, "[200 characters]"));

    let csv = csv::render(&summary);
    assert!(is_clean(&csv), "{csv:?}");
    assert_eq!(csv.lines().count(), 1 + 7 * names.len());
    assert!(csv.contains("\n\"a,\"\"b\"\"\",llm,"), "{csv}");

    let line = protocol::result_line(&summary);
    assert!(is_clean(&line) && line.lines().count() == 1, "{line:?}");
    let result: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(result["model"], json!(names[0]));
    for (row, name) in result["rows"].as_array().unwrap().iter().zip(names) {
        assert_eq!(row["model"], json!(name));
    }
}

#[test]
fn what_an_endpoint_says_commands_no_terminal() {
    let escape = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J";
    let is_clean = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    let play = |server: &Server, arguments: &[&str]| {
        let place = Place::with_suite();
        let url = server.base_url();
        let fixed = ["--suite", "suite", "--agent", "llm", "--model", "m", "--max-retries", "0", "--base-url", &url];
        let ended = place.bench(&[&fixed, arguments].concat());
        assert!(is_clean(&ended.stderr) && is_clean(&ended.stdout), "{:?}\n{:?}", ended.stderr, ended.stdout);
        ended
    };
    // These are errors of the endpoint, before the run and within it.
    let refuses = move |status| Reply::error(status, "x", &format!("no {escape} today")).header("x-request-id", "r1");
    assert!(play(&Server::start(move |_, _| refuses(401)), &[]).exits(2).stderr.contains("no red"));
    for progress in ["lines", "bar"] {
        let server = Server::start(move |index, _| if index < 2 { Reply::says("ready") } else { refuses(500) });
        play(&server, &["--progress", progress]).exits(4);
    }
    // These are the name of the model that answered, and its replies.
    let says = move |seen: &Seen| {
        let kind = if seen.messages() > 4 { "submit_severity" } else { escape };
        let content = json!({"action_type": kind, "parameters": {"service": escape, "severity": escape}}).to_string();
        let message = json!({"message": {"content": content}, "finish_reason": "stop"});
        Reply::json(200, json!({"id": escape, "model": format!("m-{escape}"), "choices": [message]}))
    };
    for format in FORMATS {
        for assist in ["off", "fallback"] {
            let server = Server::start(move |_, seen| says(seen));
            let arguments = ["--format", format, "--assist", assist, "--scenario", "AC-901"];
            play(&server, &arguments).exits(0);
        }
    }
    let server = Server::start(move |_, seen| says(seen));
    let place = Place::empty();
    let ended = place.bench(&["doctor", "--model", "m", "--base-url", &server.base_url()]);
    assert!(is_clean(&ended.stderr) && is_clean(&ended.stdout), "{:?}", ended.stdout);
    assert!(ended.stdout.contains("answered"), "{}", ended.stdout);
}
