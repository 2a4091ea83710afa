//! Tests of exams over several processes: what is begun counts after a stop and after a kill, and one process at a time
//! holds an exam.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::binary::{Ended, Place, names_in};
use crate::serve_cli::Serving;

const EXAM: &[&str] = &["--port", "0", "--exam"];

fn reset(serving: &Serving, episode: &str, scenario: &str) -> String {
    serving.ask(&format!("POST /reset?scenario_id={scenario}&episode_id={episode}"))
}

fn step(serving: &Serving, episode: &str, action: &str, parameters: &Value) -> String {
    let body = json!({"action_type": action, "parameters": parameters}).to_string();
    let answer =
        serving.send("POST /step", &format!("content-type: application/json\r\nx-episode-id: {episode}\r\n"), &body);
    assert!(!answer.contains("1.02") && !answer.contains("grader"), "{answer}");
    answer
}

fn good(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn refused(answer: &str, code: &str) {
    assert!(answer.starts_with("HTTP/1.1 409") && answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
}

/// Plays an episode to its end, and takes one step in another. A third one shows its alert and no more.
fn play_some(serving: &Serving) {
    good(&reset(serving, "done", "AC-001"));
    good(&step(serving, "done", "submit_severity", &json!({"severity": "P1"})));
    good(&reset(serving, "begun", "RP-001"));
    good(&step(serving, "begun", "query_logs", &json!({"service": "postgres-db"})));
    good(&reset(serving, "seen", "RCA-001"));
}

fn summary(place: &Place) -> Value {
    let ended = place.bench(&["report", "latest", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn an_exam_is_a_run_that_bench_reads() {
    let serving = Serving::start(&[EXAM, &["--label", "candidate"]].concat(), &[]);
    good(&reset(&serving, "idle", "AC-001"));
    good(&reset(&serving, "first", "AC-001"));
    good(&step(&serving, "first", "submit_severity", &json!({"severity": "P3"})));
    refused(&reset(&serving, "second", "AC-001"), "scenario_used");
    refused(&step(&serving, "idle", "submit_severity", &json!({"severity": "P1"})), "scenario_used");
    good(&reset(&serving, "other", "AC-003"));
    good(&step(&serving, "other", "submit_severity", &json!({"severity": "P3"})));
    good(&step(&serving, "other", "submit_severity", &json!({"severity": "P3"})));
    good(&reset(&serving, "given-up", "RCA-001"));
    good(&step(&serving, "given-up", "query_logs", &json!({"service": "postgres-db"})));
    // The run is also readable while it goes on.
    assert_eq!(summary(&serving.place)["run"]["finished_at"], Value::Null);
    let (code, said, place) = serving.end_with_place("-TERM");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("kept in "), "{said}");
    let summary = summary(&place);
    let row = &summary["rows"][0];
    assert_eq!((&row["model"], &row["agent"]), (&json!("candidate"), &json!("client")));
    let mean = |task: &str, scenario: &str| row["tasks"][task]["scenarios"][scenario]["mean"].clone();
    assert_eq!(mean("alert_classification", "AC-001"), 0.25);
    assert_eq!(mean("alert_classification", "AC-003"), 1.0);
    assert_eq!(mean("alert_classification", "AC-002"), Value::Null);
    assert_eq!(mean("root_cause_analysis", "RCA-001"), 0.0);
    assert_eq!((&row["episodes"], &row["unfinished"]), (&json!(3), &json!(6)), "{row}");
    assert!(summary["run"]["finished_at"].is_string());
    let verified = place.bench(&["verify-run", "latest"]);
    assert!(verified.stdout.contains("3 episodes, 3 steps, 0 differences"), "{}", verified.stdout);
}

/// A stop, a kill, and a kill in the middle of a write: each is followed by a server that knows what was played.
#[test]
fn after_a_restart_nothing_is_played_twice() {
    for (signal, torn) in [("-TERM", ""), ("-KILL", ""), ("-KILL", "{\"seq\":6,\"at\":\"20")] {
        let serving = Serving::start(EXAM, &[]);
        play_some(&serving);
        let (_, _, place) = serving.end_with_place(signal);
        let log = format!("results/runs/{}/events.jsonl", place.latest());
        std::fs::File::options().append(true).open(place.path(&log)).unwrap().write_all(torn.as_bytes()).unwrap();
        let refusal = place.bench(&["resume", "latest"]);
        assert_eq!(refusal.code, Some(2));
        assert!(refusal.stderr.contains("is an exam") && refusal.stderr.contains("'bench serve --exam'"));

        let serving = Serving::start_in(place, EXAM, &[]);
        assert!(serving.first_line.contains("as an exam that goes on in "), "{}", serving.first_line);
        assert!(serving.first_line.contains("where 2 of 9 episodes are used up"), "{}", serving.first_line);
        for (episode, scenario) in [("done", "AC-001"), ("begun", "RP-001"), ("new", "RP-001")] {
            refused(&reset(&serving, episode, scenario), "scenario_used");
        }
        // Whoever has only seen the alert may begin.
        good(&reset(&serving, "seen", "RCA-001"));
        good(&step(&serving, "seen", "query_logs", &json!({"service": "postgres-db"})));
        let (code, said, place) = serving.end_with_place("-TERM");
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(names_in(&place.path("results/runs")).len(), 1);
        let row = &summary(&place)["rows"][0];
        assert_eq!((&row["episodes"], &row["unfinished"]), (&json!(3), &json!(6)), "{signal}: {row}");
        let outcomes: Vec<_> = place
            .events()
            .iter()
            .filter_map(|event| event["event"]["outcome"]["kind"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(outcomes, ["completed", "given_up", "given_up"]);
        let verified = place.bench(&["verify-run", "latest"]);
        assert!(verified.stdout.contains("3 episodes, 3 steps, 0 differences"), "{}", verified.stdout);
    }
}

/// A kill between the beginning of an episode and its first step leaves an episode without a step, which counts.
#[test]
fn a_kill_before_the_first_step_was_written_uses_the_scenario_up() {
    let serving = Serving::start(EXAM, &[]);
    good(&reset(&serving, "begun", "RCA-001"));
    good(&step(&serving, "begun", "query_logs", &json!({"service": "postgres-db"})));
    let (_, _, place) = serving.end_with_place("-KILL");
    let log = format!("results/runs/{}/events.jsonl", place.latest());
    let lines: Vec<_> = place.read(&log).lines().map(|line| format!("{line}\n")).collect();
    assert!(lines[lines.len() - 2].contains("episode.started") && lines[lines.len() - 1].contains("step.taken"));
    place.write(&log, &lines[..lines.len() - 1].concat());
    let serving = Serving::start_in(place, EXAM, &[]);
    refused(&reset(&serving, "again", "RCA-001"), "scenario_used");
    let (_, _, place) = serving.end_with_place("-TERM");
    let verified = place.bench(&["verify-run", "latest"]);
    assert!(verified.stdout.contains("0 steps, 0 differences"), "{}", verified.stdout);
}

#[test]
fn one_process_at_a_time_holds_an_exam() {
    let serving = Serving::start(EXAM, &[]);
    for command in ["serve", "mcp"] {
        let arguments = if command == "serve" { &["serve", "--port", "0", "--exam"][..] } else { &["mcp", "--exam"] };
        let refusal = serving.place.bench(arguments);
        assert_eq!(refusal.code, Some(2), "{}", refusal.stderr);
        assert!(refusal.stderr.contains("another process holds the exam of 'client'"), "{}", refusal.stderr);
        assert!(refusal.stderr.contains("--label"), "{}", refusal.stderr);
    }
    // Another contestant sits its own exam.
    serving.place.bench(&["mcp", "--exam", "--label", "another"]).exits(0);
    assert_eq!(names_in(&serving.place.path("results/runs")).len(), 2);
    serving.end("-TERM");
}

#[test]
fn servers_that_start_at_once_make_one_run() {
    let place = Place::empty();
    let start = |_| {
        let mut command = place.command(&["mcp", "--exam"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..8).map(start).collect();
    for mut child in children {
        child.wait().unwrap();
    }
    assert_eq!(names_in(&place.path("results/runs")).len(), 1);
}

#[test]
fn an_exam_goes_on_as_it_began() {
    let serving = Serving::start(EXAM, &[]);
    play_some(&serving);
    let (_, _, place) = serving.end_with_place("-TERM");
    let refusal = place.bench(&["serve", "--port", "0", "--exam", "--epochs", "2"]);
    assert_eq!(refusal.code, Some(2));
    assert!(refusal.stderr.contains("has --epochs 1, and not 2"), "{}", refusal.stderr);
    // A server of another suite has nothing to do with it.
    let other = Serving::start_in(place, &[EXAM, &["--suite", "generated:easy,seed=3,count=3"]].concat(), &[]);
    assert!(other.first_line.contains("as an exam that is kept in "), "{}", other.first_line);
    other.end("-TERM");
}

#[test]
fn an_exam_that_is_used_up_is_over() {
    let place = Place::with_suite();
    let exam: Vec<_> = [EXAM, &["--suite", "suite"]].concat();
    let serving = Serving::start_in(place, &exam, &[]);
    for scenario in ["AC-901", "RCA-901", "RP-901"] {
        good(&reset(&serving, scenario, scenario));
        good(&step(&serving, scenario, "query_logs", &json!({"service": "nothing"})));
    }
    let (_, _, place) = serving.end_with_place("-KILL");
    let refusal = place.bench(&["serve", "--exam", "--port", "0", "--suite", "suite"]);
    assert_eq!(refusal.code, Some(2), "{}", refusal.stderr);
    assert!(refusal.stderr.contains("'client' has used up every episode of this exam"), "{}", refusal.stderr);
    // What was open when the server was killed has its grade now.
    assert_eq!(place.summary()["rows"][0]["episodes"], 3);
}

/// Sends lines to `bench mcp --exam`, and returns what it answers.
fn mcp(place: &Place, calls: &[(&str, Value)]) -> Vec<Value> {
    let mut child = place.command(&["mcp", "--exam"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for (name, arguments) in calls {
        let params = json!({"name": name, "arguments": arguments});
        writeln!(pipe, "{}", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})).unwrap();
    }
    drop(pipe);
    let ended = Ended::of(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_client_on_stdio_gets_no_second_try_from_a_new_process() {
    let place = Place::empty();
    let start = ("start_incident", json!({"scenario_id": "RCA-001"}));
    let look = ("query_logs", json!({"service": "postgres-db"}));
    let first = mcp(&place, &[start.clone(), look.clone()]);
    assert!(first.iter().all(|answer| answer["result"]["isError"] == false), "{first:?}");
    let second = mcp(&place, &[start, ("start_incident", json!({"scenario_id": "RP-001"})), look]);
    let problem = second[0]["result"]["content"][0]["text"].as_str().unwrap();
    assert!(problem.contains("is used up"), "{problem}");
    assert_eq!(second[2]["result"]["isError"], false);
    assert_eq!(place.summary()["rows"][0]["episodes"], 2);
}

#[test]
fn exams_of_what_is_public_warn() {
    let secret = [("BENCH_SUITE_SECRET", "0123456789abcdef0123456789abcdef")];
    for (suite, is_public) in [
        ("classic", true),
        ("generated:easy,seed=3,count=3", true),
        ("generated:easy,private=3,count=3", false),
        ("suite", false),
    ] {
        let arguments: Vec<_> = [EXAM, &["--suite", suite]].concat();
        let serving = Serving::start_in(Place::with_suite(), &arguments, &secret);
        let (_, said, place) = serving.end_with_place("-TERM");
        let manifest: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
        assert_eq!(manifest["options"]["public"]["value"], is_public, "{suite}");
        let ended = place.command(&["mcp", "--exam", "--suite", suite]).envs(secret).output().unwrap();
        for text in [said, Ended::of(&ended).stderr] {
            assert_eq!(text.contains(&format!("the incidents of '{suite}' are public")), is_public, "{suite}: {text}");
            assert_eq!(text.contains("private=EPOCH, with a secret in BENCH_SUITE_SECRET"), is_public, "{text}");
        }
    }
    // A server that holds no exam has nothing to warn of.
    let (_, said) = Serving::start(&["--port", "0"], &[]).end("-TERM");
    assert!(!said.contains("public"), "{said}");
}
