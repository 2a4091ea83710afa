//! Tests of recorded runs: the same rows without a network, and an error that names the difference if a request is not
//! recorded.

use serde_json::{Value, json};

use crate::binary::Place;
use crate::faults::good;
use crate::server::{Reply, Server, dead_url};

/// Starts a server that answers well, except for a fault, an unreadable reply, and replies that differ by epoch.
fn moody() -> Server {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |index, seen| {
        let n = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match (index, seen.message(0)) {
            (0, _) => Reply::says("ready"),
            (_, task) if task.contains("submit_severity") && seen.messages() == 2 => Reply::says("hm"),
            (_, task) if task.contains("submit_root_cause") && seen.messages() == 4 => {
                let mode = if n.is_multiple_of(2) { "disk full" } else { "no idea" };
                let parameters = json!({"service": "postgres-db", "failure_mode": mode});
                Reply::says(&json!({"action_type": "submit_root_cause", "parameters": parameters}).to_string())
            }
            (_, task) if task.contains("submit_resolution") && seen.messages() == 4 => {
                Reply::error(400, "x", "not this one")
            }
            _ => good(seen),
        }
    })
}

const FIXED: [&str; 11] =
    ["--suite", "suite", "--model", "m", "--agent", "llm", "--epochs", "3", "--quiet", "--format", "json"];

fn rows(stdout: &str) -> Value {
    serde_json::from_str::<Value>(stdout).unwrap()["rows"].clone()
}

#[test]
fn a_recorded_run_repeats_without_a_network() {
    let place = Place::with_suite();
    let server = moody();
    let url = server.base_url();
    let live = place.bench(&[&FIXED[..], &["--record", "tape", "--base-url", &url]].concat()).exits(4);
    let expected = rows(&live.stdout);
    assert_eq!(expected[0]["void"], json!(3));
    let calls = server.calls();
    for _ in 0..2 {
        // No server listens at the address, and no key is needed.
        let dead = dead_url();
        let again = place.bench(&[&FIXED[..], &["--replay", "tape", "--base-url", &dead]].concat()).exits(4);
        assert_eq!(rows(&again.stdout), expected, "every number, latencies among them");
    }
    assert_eq!(server.calls(), calls, "nothing was asked again");
    let again = place.bench(&[&FIXED[..], &["--replay", "tape", "--concurrency", "1", "--base-url", &url]].concat());
    assert_eq!(rows(&again.exits(4).stdout), expected, "whatever the order of the episodes");
}

#[test]
fn a_miss_says_what_differs() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--base-url", &url, "--quiet"];
    place.bench(&[&fixed[..], &["--record", "tape"]].concat()).exits(0);
    let replay = |arguments: &[&str]| place.bench(&[&fixed[..], &["--replay", "tape"], arguments].concat());
    replay(&[]).exits(0);
    // Another setting changes every request, also the one before the run.
    replay(&["--temperature", "0.5"]).fails(2, &["not in the recording", "temperature: recorded null, asked 0.5"]);
    replay(&["--max-tokens", "7"]).fails(2, &["not in the recording", "max_tokens: recorded 16384, asked 7"]);
    let said = replay(&["--epochs", "2"]).exits(4).stderr;
    assert!(said.contains("has this request for the epochs 0 and not for 1"), "{said}");
    place.bench(&[&fixed[..], &["--replay", "nothing"]].concat()).fails(2, &["nothing holds no recorded requests"]);
    place.bench(&[&fixed[..], &["--replay", "a", "--record", "b"]].concat()).fails(2, &["cannot be used with"]);
}

#[test]
fn two_endpoints_do_not_share_a_recording() {
    let place = Place::empty();
    let (first, second) = (Server::start(|_, seen| good(seen)), Server::start(|_, seen| good(seen)));
    let fixed = ["--scenario", "AC-001", "--model", "m", "--agent", "llm", "--quiet", "--format", "json"];
    let record = |protocol: &str, url: &str| {
        place.bench(&[&fixed[..], &["--record", "tape", "--protocol", protocol, "--base-url", url]].concat())
    };
    record("text", &first.base_url()).exits(0);
    let tape = || {
        let files =
            place.bench(&[&fixed[..], &["--replay", "tape", "--protocol", "text", "--base-url", &dead_url()]].concat());
        files.exits(0).stdout
    };
    let before = tape();
    record("text", &second.base_url()).fails(2, &["tape holds the answers of m at http://127.0.0.1", "another folder"]);
    record("auto", &second.base_url()).fails(2, &["tape holds the answers of m"]);
    assert_eq!(second.calls(), 0, "nothing is paid");
    assert_eq!(rows(&tape()), rows(&before));
    record("text", &first.base_url()).exits(0);
}

#[test]
fn what_was_learnt_is_kept_by_protocol() {
    let place = Place::empty();
    let server = Server::start(|_, seen| match seen.body.get("parallel_tool_calls") {
        Some(_) => {
            Reply::json(400, json!({"error": {"message": "Unsupported parameter", "param": "parallel_tool_calls"}}))
        }
        None => good(seen),
    });
    let url = server.base_url();
    let fixed =
        ["--scenario", "AC-001", "--model", "m", "--agent", "llm", "--quiet", "--format", "json", "--base-url", &url];
    let play = |arguments: &[&str]| place.bench(&[&fixed[..], arguments].concat());
    play(&["--record", "tape", "--protocol", "tools"]);
    play(&["--record", "tape", "--protocol", "text"]);
    let files = std::fs::read_dir(place.path("tape/adjusted")).unwrap();
    let files = files.flatten().map(|file| file.path()).filter(|file| file.extension().is_some());
    let texts: Vec<_> = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(texts.len(), 2);
    assert_eq!(texts.iter().filter(|text| text.contains("parallel_tool_calls")).count(), 1);
}

#[test]
fn a_damaged_recording_is_named() {
    let place = Place::empty();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--scenario", "AC-001", "--model", "m", "--agent", "llm", "--quiet", "--base-url", &url];
    place.bench(&[&fixed[..], &["--record", "tape"]].concat()).exits(0);
    for folder in std::fs::read_dir(place.path("tape")).unwrap().flatten() {
        if folder.file_name() != "adjusted" {
            for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
                std::fs::write(file.path(), "{\"schema\": \"incident-bench/cas").unwrap();
            }
        }
    }
    place.bench(&[&fixed[..], &["--replay", "tape"]].concat()).fails(2, &["is damaged"]);
}
