//! Tests of files that people, editors and Windows have touched, and of names that no file system allows.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::faults::good;
use crate::server::Server;
use crate::world::small_file;

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_an_editor_adds_changes_no_digest() {
    let place = Place::empty();
    let text = small_file("AC-901.toml");
    place.write("lf/a.toml", text);
    place.write("crlf/a.toml", &text.replace('\n', "\r\n"));
    place.write("mark/a.TOML", &format!("\u{feff}# a comment\n{text}"));
    fs::create_dir(place.path("wide")).unwrap();
    fs::write(place.path("wide/a.toml"), utf16(&text.replace('\n', "\r\n"))).unwrap();
    let digest = |suite: &str| {
        let ended = place.bench(&["--suite", suite, "--agent", "oracle", "-q"]).exits(0);
        assert_eq!(ended.stderr, "", "{suite}");
        assert!(!place.kept("events.jsonl").contains("\\r"), "{suite}");
        place.summary()["run"]["suite_digest"].clone()
    };
    let expected = digest("lf");
    for suite in ["crlf", "mark", "wide"] {
        assert_eq!(digest(suite), expected, "{suite}");
    }
    place.write("other/a.toml", &text.replace("thumbs", "thumbz"));
    assert_ne!(digest("other"), expected);

    let embedded = format!("{}/prompts/default", env!("CARGO_MANIFEST_DIR"));
    for (folder, ends) in [("p1", "\n"), ("p2", "\r\n")] {
        for name in names_in(embedded.as_ref()) {
            if let Ok(text) = fs::read_to_string(format!("{embedded}/{name}")) {
                place.write(&format!("{folder}/{name}"), &text.replace("\r\n", "\n").replace('\n', ends));
            }
        }
    }
    let prompts = |folder: &str| {
        let ended = place.bench(&["--dry-run", "--prompts", folder, "--format", "json"]).exits(0);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["prompts_digest"].clone()
    };
    assert_eq!(prompts("p1"), prompts("p2"));
}

#[test]
fn what_is_no_scenario_is_passed_over_or_refused() {
    let place = Place::with_suite();
    place.write("suite/._AC-901.toml", "\u{0}\u{5}");
    place.write("suite/.#AC-901.toml", "me@host");
    place.write("suite/.ipynb_checkpoints/AC-901.toml", small_file("AC-901.toml"));
    place.write("suite/.git/x.toml", "");
    place.bench(&["--suite", "suite", "--agent", "oracle", "-q"]).exits(0);

    std::os::unix::fs::symlink(place.path("suite"), place.path("suite/again")).unwrap();
    place.bench(&["--suite", "suite", "-q"]).fails(2, &["suite/again is a link to a folder"]);
    fs::remove_file(place.path("suite/again")).unwrap();
    let made = Command::new("mkfifo").arg(place.path("suite/z.toml")).status().unwrap();
    assert!(made.success());
    place.bench(&["--suite", "suite", "-q"]).fails(2, &["z.toml", "it is a FIFO"]);
    place.bench(&["--suite", "suite/z.toml", "-q"]).fails(2, &["it is a FIFO"]);
    place.bench(&["--suite", "/dev/zero", "-q"]).fails(2, &["it is a device"]);
    place.bench(&["--config", "/dev/zero", "-q"]).fails(2, &["it is a device"]);
}

#[test]
fn long_and_clashing_names_get_files_of_their_own() {
    let place = Place::with_suite();
    let long = format!("/models/{}", "x".repeat(187));
    let (upper, lower) = ("GPT", "gpt");
    let id = format!("AC-{}", "9".repeat(95));
    place.write("long/a.toml", &small_file("AC-901.toml").replace("AC-901", &id));
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let models = [long.as_str(), upper, lower].join(",");
    let arguments = ["--suite", "long", "--agent", "llm", "--model", &models, "--base-url", &url, "-q"];
    place.bench(&[&arguments[..], &["--log-format", "atif"]].concat()).exits(0);
    let run = format!("results/runs/{}", place.latest());
    for folder in ["trajectories", "logs/atif"] {
        let names = names_in(&place.path(&format!("{run}/{folder}")));
        let folded: std::collections::BTreeSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!((names.len(), folded.len()), (3, 3), "{names:?}");
        assert!(names.iter().all(|name| name.len() < 230), "{names:?}");
    }
    place.write("long/a.toml", &small_file("AC-901.toml").replace("AC-901", &"9".repeat(101)));
    place.bench(&["--suite", "long", "-q"]).fails(2, &["id: has 101 characters"]);
}

#[test]
fn a_tilde_is_the_home_wherever_a_path_stands() {
    let place = Place::with_suite();
    let home = place.path("home");
    let run = |arguments: &[&str]| {
        let mut command = place.command(&[&["--agent", "oracle", "-q"], arguments].concat());
        crate::binary::Ended::of(&command.env("HOME", &home).output().unwrap())
    };
    place.write("home/s/a.toml", small_file("AC-901.toml"));
    run(&["--out=~/r1", "--suite", "~/s"]).exits(0);
    place.write("bench.toml", "out = '~/r2'\nsuite = '~/s/a.toml'\n");
    run(&[]).exits(0);
    assert_eq!(names_in(&home), ["r1", "r2", "s"]);
    place.write("bench.toml", "out = '$HOME/r'\n");
    run(&[]).fails(2, &["begins with a variable"]);
    fs::remove_file(place.path("bench.toml")).unwrap();
    run(&["--out=~other/x"]).fails(2, &["the home of another user"]);
    let mut command = place.command(&["serve", "--port", "0", "--scenarios", "none"]);
    let ended = crate::binary::Ended::of(&command.env("BENCH_RESULTS", "$HOME/x").output().unwrap());
    assert!(ended.stderr.contains("begins with a variable"), "{}", ended.stderr);
    assert!(names_in(&place.path("")).iter().all(|name| name != "~"));
}

#[test]
fn logs_and_recordings_that_windows_saved_are_read() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--agent", "llm", "--model", "m", "--base-url", &url, "-q"];
    place.bench(&[&fixed[..], &["--record", "tape"]].concat()).exits(0);
    let expected = place.summary()["rows"].clone();
    for folder in fs::read_dir(place.path("tape")).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, utf16(&text)).unwrap();
        }
    }
    place.bench(&[&fixed[..], &["--replay", "tape"]].concat()).exits(0);
    assert_eq!(place.summary()["rows"][0]["overall"], expected[0]["overall"]);
    for file in ["run.json", "events.jsonl"] {
        let name = format!("results/runs/{}/{file}", place.latest());
        let text = place.read(&name);
        for bytes in [format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes(), utf16(&text)] {
            fs::write(place.path(&name), bytes).unwrap();
            place.bench(&["report", "latest"]).exits(0);
            place.bench(&["verify-run"]).exits(0);
        }
        place.write(&name, &text);
    }
}

#[test]
fn a_log_that_is_lost_meanwhile_is_an_error_at_the_end() {
    for (what, words) in [
        ("rm -r results/runs", "cannot write the event log"),
        ("rm results/runs/*/run.json", "run.json"),
        (": > results/runs/*/events.jsonl", "somebody else changed it"),
    ] {
        let place = Place::with_suite();
        let script = format!("read -r line\n{what}\nwhile read -r line; do :; done");
        place.write(
            "agent.sh",
            &script.replace("results/runs/*", "\"$(echo results/runs/*)\"").replace("*\")/", "*)\"/"),
        );
        let ended = place.bench(&[
            "--suite",
            "suite",
            "--scenario",
            "AC-901",
            "--agent",
            "exec:sh agent.sh",
            "-q",
            "--timeout",
            "1",
        ]);
        assert_eq!(ended.code, Some(70), "{what}: {}\n{}", ended.stderr, ended.stdout);
        assert!(ended.stderr.contains(words), "{what}: {}", ended.stderr);
    }
}

#[test]
fn a_renamed_run_is_shown_and_a_damaged_one_is_named() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "oracle", "-q"]).exits(0);
    let runs = place.path("results/runs");
    fs::rename(runs.join(place.latest()), runs.join("base line")).unwrap();
    place.write("results/runs/broken/run.json", "{");
    let index =
        incident_bench::log::run_index::RunIndex::new(incident_bench::log::store::Store::new(place.path("results")));
    let listed = index.list().unwrap();
    assert_eq!(listed.heads.iter().map(|head| head.id.as_str()).collect::<Vec<_>>(), ["base line"]);
    assert_eq!(listed.unreadable.len(), 1);
    assert!(
        listed.unreadable[0].0 == "broken" && listed.unreadable[0].1.contains("run.json"),
        "{:?}",
        listed.unreadable
    );
    assert!(index.events("base line").is_ok() && index.trajectory("base line", 0).is_ok());
    for name in ["../results/runs/base line", "a/b", "..", ".", "", "base line/", "/etc"] {
        assert!(index.events(name).is_err(), "{name}");
    }
}

#[test]
fn recordings_of_several_processes_lose_nothing() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--agent", "llm", "--model", "m", "--base-url", &url, "-q", "--epochs", "12"];
    let shards: Vec<_> = (1..=4)
        .map(|shard| {
            let (shard, out) = (format!("{shard}/4"), format!("s{shard}"));
            place
                .command(&[&fixed[..], &["--record", "tape", "--shard", &shard, "--out", &out]].concat())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut shard in shards {
        assert!(shard.wait().unwrap().success());
    }
    place.bench(&[&fixed[..], &["--replay", "tape"]].concat()).exits(0);
    assert_eq!(place.summary()["rows"][0]["void"], json!(0));
}
