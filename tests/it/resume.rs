//! Tests of killed, cut and stopped runs that go on: the same scores, no finished call paid twice, no episode repeated.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use incident_bench::log::{Event, reader};
use incident_bench::run::progress::Progress;
use incident_bench::stats::rng::SplitMix64;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::server::{Reply, Server};

/// The number of episodes that the model plays at once; as many calls can be in flight when the process is killed.
const AT_ONCE: usize = 4;

/// Starts a model that looks around and answers by what it was told, so that the same request has the same reply.
pub(crate) fn steady() -> Server {
    Server::start(|index, seen| {
        if index < 2 {
            return Reply::says("ready");
        }
        let step = seen.messages() / 2;
        let task = seen.message(0).split("ends with ").nth(1).unwrap_or_default().split('.').next().unwrap_or_default();
        let services = seen.message(1).split("known services: ").nth(1).unwrap_or_default();
        let service = services.lines().next().unwrap_or_default().split(", ").nth(step % 2).unwrap_or("web");
        let action = match (task, step) {
            (_, 1) => json!({"action_type": "query_logs", "parameters": {"service": service}}),
            // This reply is not an action, so the fallback takes the step.
            (_, 2) => return Reply::says("let me think").late(Duration::from_millis(8)),
            ("submit_severity", _) => json!({"action_type": "submit_severity", "parameters": {"severity": "P2"}}),
            ("submit_root_cause", 7..) => {
                json!({"action_type": "submit_root_cause", "parameters": {"service": service, "failure_mode": "disk"}})
            }
            ("submit_resolution", 9..) => json!({
                "action_type": "submit_resolution",
                "parameters": {"summary": format!("The import held a lock; step {step}; nothing was restarted.")}
            }),
            _ => json!({"action_type": "check_metrics", "parameters": {"service": service, "step": step}}),
        };
        Reply::says(&action.to_string()).late(Duration::from_millis(8))
    })
}

fn arguments(server: &Server) -> Vec<String> {
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm,random,heuristic", "--epochs", "2", "--quiet"];
    let fixed = [&fixed[..], &["--max-retries", "0", "--base-url", &url, "--format", "json"]].concat();
    fixed.into_iter().map(str::to_owned).collect()
}

/// Returns the rows without values that depend on time alone.
pub(crate) fn rows(summary: &Value) -> Vec<Value> {
    let rows = summary["rows"].as_array().unwrap().clone();
    let timeless = |mut row: Value| {
        row.as_object_mut().unwrap().remove("latency_ms");
        row
    };
    rows.into_iter().map(timeless).collect()
}

fn start(place: &Place, arguments: &[String]) -> Child {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a run and then its resumption again and again, each after a few milliseconds, until one comes to its end.
/// Returns how often it was killed.
fn kill_until_done(place: &Place, server: &Server, rng: &mut SplitMix64) -> usize {
    let mut kills = 0;
    loop {
        let begun = place.path("results/latest").exists();
        let resume = ["resume", "--quiet"].map(str::to_owned).to_vec();
        let mut child = start(place, &if begun { resume } else { arguments(server) });
        let patience = Duration::from_millis(30 + rng.below(150) as u64);
        std::thread::sleep(patience);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
}

fn kills(wanted: usize, seed: u64) {
    let undisturbed = Place::with_suite();
    let server = steady();
    let all: Vec<_> = arguments(&server);
    undisturbed.bench(&all.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    let (expected, needed) = (rows(&undisturbed.summary()), server.calls());
    let mut rng = SplitMix64::new(seed);
    let mut so_far = 0;
    while so_far < wanted {
        let (place, server) = (Place::with_suite(), steady());
        let killed = kill_until_done(&place, &server, &mut rng);
        so_far += killed;
        assert_eq!(rows(&place.summary()), expected, "after {killed} kills");
        // A kill before anything was kept starts the run anew, with its check of the endpoint.
        assert!(server.calls() <= needed + killed * (AT_ONCE + 1), "{killed} kills, {} calls", server.calls());
        let steps: Vec<_> = place.events().iter().filter(|e| e["event"]["type"] == "step.taken").cloned().collect();
        let mut keys: Vec<_> =
            steps.iter().map(|e| (e["episode"].to_string(), e["event"]["step"].to_string())).collect();
        keys.sort();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count, "a step was taken twice");
    }
}

#[test]
fn kills_change_nothing() {
    kills(12, 1);
}

/// This test takes minutes: `cargo test --test it -- --ignored two_hundred_kills`.
#[test]
#[ignore = "takes minutes; the end-to-end stage runs it"]
fn two_hundred_kills_change_nothing() {
    kills(200, 2);
}

/// A finished run is cut at every place of its log; the missing part is played again.
#[test]
fn a_log_that_was_cut_goes_on() {
    let (place, server) = (Place::with_suite(), steady());
    let all: Vec<_> = arguments(&server);
    place.bench(&all.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    let expected = rows(&place.summary());
    let path = place.path(&format!("results/runs/{}/events.jsonl", place.latest()));
    let log = fs::read(&path).unwrap();
    let mut rng = SplitMix64::new(7);
    let middle = (0..10).map(|_| rng.below(log.len()));
    for end in middle.chain([0, 1, log.len() - 1]) {
        fs::write(&path, &log[..end]).unwrap();
        place.bench(&["resume", "latest", "--quiet"]).exits(0);
        assert_eq!(rows(&place.summary()), expected, "cut after {end} bytes");
    }
    // Nothing is left to do: no call is made, and the result is the same.
    let before = server.calls();
    place.bench(&["resume"]).exits(0);
    assert_eq!((rows(&place.summary()), server.calls()), (expected, before));
}

#[test]
fn what_the_infrastructure_broke_is_played_again() {
    let place = Place::with_suite();
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = std::sync::Arc::clone(&broken);
    let server = Server::start(move |index, seen| {
        if index > 0 && seen.messages() > 4 && switch.load(std::sync::atomic::Ordering::Relaxed) {
            return Reply::error(500, "x", "out of order");
        }
        Reply::says(&json!({"action_type": "query_logs", "parameters": {"service": "web"}}).to_string())
    });
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--task", "root_cause_analysis", "--model", "m", "--agent", "llm"];
    place.bench(&[&fixed[..], &["--max-retries", "0", "--quiet", "--base-url", &url]].concat()).exits(4);
    assert_eq!(place.summary()["rows"][0]["void"], json!(1));
    broken.store(false, std::sync::atomic::Ordering::Relaxed);
    let before = server.calls();
    place.bench(&["resume", "--quiet"]).exits(0);
    let row = &place.summary()["rows"][0];
    assert_eq!((&row["void"], &row["episodes"], &row["steps"]), (&json!(0), &json!(1), &json!(10)));
    assert_eq!(server.calls() - before, 10 - 2, "the two finished calls are not made again");
    let trajectory: Value = serde_json::from_str(&place.kept("trajectories/m--RCA-901--0.json")).unwrap();
    assert_eq!(trajectory["outcome"]["kind"], json!("step_limit"));
    assert!(trajectory["steps"].as_array().unwrap().iter().all(|step| step["calls"].as_array().unwrap().len() == 1));
}

#[test]
fn a_run_has_one_writer() {
    let place = Place::with_suite();
    let server = Server::start(|index, _| match index {
        0 | 1 => Reply::says("ready"),
        _ => Reply::says("late").late(Duration::from_secs(600)),
    });
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--quiet", "--base-url", &url];
    let mut first = place.command(&fixed).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..500 {
        if server.calls() > 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    place.bench(&["resume"]).fails(2, &["another process is writing", "wait for it"]);
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_changed_suite_is_not_the_same_run() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "random"]).exits(0);
    let text = place.read("suite/AC-901.toml");
    place.write("suite/AC-901.toml", &text.replace("decode error", "decoding error"));
    place.bench(&["resume"]).fails(2, &["the suite changed since the run began", "start a new run"]);
    place.bench(&["resume", "nope"]).fails(2, &["no run 'nope'"]);
}

fn log_of_a_run() -> Vec<u8> {
    static LOG: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let place = Place::with_suite();
        place.bench(&["--suite", "suite", "--epochs", "2"]).exits(0);
        place.kept("events.jsonl").into_bytes()
    });
    LOG.clone()
}

proptest! {
    /// Every prefix of a log is a log: its whole lines can be read, and tell how far the run came.
    #[test]
    fn every_prefix_is_read(share in 0.0..=1.0_f64) {
        let log = log_of_a_run();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
        let end = (log.len() as f64 * share) as usize;
        let contents = reader::parse(&log[..end]).unwrap();
        prop_assert!(contents.whole_bytes <= end);
        prop_assert_eq!(contents.events.len(), log[..end].split(|byte| *byte == b'\n').count() - 1);
        let progress = Progress::of(&contents.events);
        let ended = |event: &&Event| matches!(event.event, incident_bench::log::EventKind::EpisodeFinished { .. });
        for event in contents.events.iter().filter(ended) {
            prop_assert!(progress.is_finished(event.episode.as_ref().unwrap()));
        }
    }
}

/// A scheduler may start a job again and again: there is one run, which one of the starts finishes.
#[test]
fn a_job_that_is_started_again_goes_on_with_its_run() {
    let place = Place::with_suite();
    let job = ["run", "--suite", "suite", "--agent", "random", "--epochs", "2", "--or-resume", "--format", "csv"];
    let first = place.bench(&job).exits(0);
    let run = place.latest();
    let log = format!("results/runs/{run}/events.jsonl");
    let events = place.read(&log);
    place.write(&log, &events[..events.len() / 2]);
    let again = place.bench(&job).exits(0);
    assert_eq!(again.stdout, first.stdout);
    assert!(again.stderr.contains("goes on"), "{}", again.stderr);
    // The run is over, and nothing more is played.
    assert_eq!(place.bench(&job).exits(0).stdout, first.stdout);
    assert_eq!(names_in(&place.path("results/runs")).len(), 1);
    // Another plan makes another run.
    let other = [&job[..], &["--seed", "1"]].concat();
    place.bench(&other).exits(0);
    assert_eq!(names_in(&place.path("results/runs")).len(), 2);
    // A folder without a `run.json` does not stop the job.
    fs::remove_file(place.path(&format!("results/runs/{}/run.json", place.latest()))).unwrap();
    place.bench(&other).exits(0);
}
