//! Tests of queues on the command line, without a server: invalid addresses are refused, and no password is shown.
//! `tests/e2e/queue.sh` uses a real server.

use std::net::TcpListener;

use serde_json::Value;

use crate::binary::{Place, names_in};

/// Returns an address at which no server listens.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("nats://me:s3cret@127.0.0.1:{port}")
}

#[test]
fn what_is_no_queue_is_refused_before_anything_is_made() {
    let place = Place::with_suite();
    let run = ["run", "--suite", "suite", "--agent", "random"];
    for (url, words) in [
        ("http://me:s3cret@host", &["--queue", "nats:// or tls://"][..]),
        ("nats://me:s3cret@host/x", &["must end with the host"]),
        ("nats://me:s3cret@host:x", &["is no URL", "…@host:x"]),
        ("nats://me:s3cret@a,nats://b:s3cret@c", &["different users"]),
    ] {
        for command in [&run[..], &["worker"]] {
            let ended = place.bench(&[command, &["--queue", url]].concat()).fails(2, words);
            assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
        }
    }
    let url = nobody();
    place
        .bench(&[&run[..], &["--queue", &url]].concat())
        .fails(70, &["queue nats://127.0.0.1:", "does not answer", "nats-server", "-js"]);
    // A worker waits for its queue, for as long as it may be idle.
    place.bench(&["worker", "--idle", "1", "--queue", &url]).fails(70, &["trying again", "does not answer"]);
    place.bench(&["worker"]).fails(2, &["--queue", "needs the URL of a queue"]);
    place.bench(&["worker", "--queue", "nats://x", "--episodes", "0"]).fails(2, &["--episodes"]);
    let record = [&run[..], &["--queue", "nats://x", "--record", "tape"]].concat();
    place.bench(&record).fails(2, &["--record", "each worker"]);
    place.bench(&[&run[..], &["--queue", "nats://x", "--queue-lease", "0"]].concat()).fails(2, &["--queue-lease"]);
    let none = [&run[..], &["--queue", "nats://x", "--queue-deliveries", "0"]].concat();
    place.bench(&none).fails(2, &["--queue-deliveries", "at least 1"]);
    let missing = [&run[..], &["--queue", "nats://x", "--queue-creds", "nowhere.creds"]].concat();
    place.bench(&missing).fails(2, &["nowhere.creds"]);
    let missing = [&run[..], &["--queue", "nats://x", "--queue-ca", "nowhere.pem"]].concat();
    place.bench(&missing).fails(2, &["nowhere.pem"]);
    assert!(!place.path("results").exists() || names_in(&place.path("results/runs")).is_empty());
}

#[test]
fn the_plan_names_the_queue_without_who_one_is_there() {
    let place = Place::with_suite();
    let mut command = place.command(&["run", "--suite", "suite", "--agent", "random", "--dry-run"]);
    command.env("BENCH_QUEUE", "nats://me:s3cret@queue");
    let ended = crate::binary::Ended::of(&command.output().unwrap()).exits(0);
    assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"), "{}", ended.stdout);
    assert!(ended.stdout.contains("nats://queue:4222"), "{}", ended.stdout);
}

/// A run of a queue can be finished without it, and a variable that names a queue does not send a run there that was
/// begun without one.
#[test]
fn a_run_goes_on_without_its_queue() {
    let place = Place::with_suite();
    let url = nobody();
    place.bench(&["run", "--suite", "suite", "--agent", "random", "--epochs", "2", "--quiet"]).exits(0);
    let name = format!("results/runs/{}", place.latest());
    let events = place.read(&format!("{name}/events.jsonl"));
    // The log is cut as if a coordinator had been killed after the fourth result.
    let end = events.match_indices("episode.finished").nth(3).unwrap().0;
    let cut = end + events[end..].find('\n').unwrap() + 1;
    place.write(&format!("{name}/events.jsonl"), &events[..cut]);
    let mut manifest: Value = serde_json::from_str(&place.read(&format!("{name}/run.json"))).unwrap();
    manifest["options"]["queue"] = serde_json::json!({ "value": "nats://127.0.0.1:1", "from": "flag" });
    place.write(&format!("{name}/run.json"), &manifest.to_string());
    place.bench(&["resume"]).fails(70, &["queue nats://127.0.0.1:1", "does not answer"]);
    let ended = place.bench(&["resume", "--queue", &url]).fails(70, &["does not answer"]);
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let mut command = place.command(&["resume", "--here", "--quiet"]);
    command.env("BENCH_QUEUE", &url);
    crate::binary::Ended::of(&command.output().unwrap()).exits(0);
    assert_eq!(place.summary()["rows"][0]["unfinished"], 0);
    // Its record says that it was begun without a queue.
    manifest["options"]["queue"] = serde_json::json!({ "value": null, "from": "default" });
    place.write(&format!("{name}/run.json"), &manifest.to_string());
    place.write(&format!("{name}/events.jsonl"), &events[..cut]);
    let mut command = place.command(&["resume", "--quiet"]);
    command.env("BENCH_QUEUE", &url);
    crate::binary::Ended::of(&command.output().unwrap()).exits(0);
}
