//! Tests of full disks, unwritable folders and missing files: earlier data is kept, the failure is reported, and the
//! run goes on once the disk accepts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::binary::{Ended, Place, names_in};
use crate::faults::good;
use crate::resume::{rows, steady};
use crate::server::{Reply, Server};

const FIXED: [&str; 11] =
    ["--suite", "suite", "--model", "m", "--agent", "llm,random", "--epochs", "2", "--quiet", "--max-retries", "0"];

/// Runs `bench` with files of at most this many blocks of 512 bytes. The signal is ignored, so that writes fail as on a
/// full disk.
#[cfg(unix)]
fn limited(place: &Place, blocks: u64, arguments: &[&str]) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_bench")]).args(arguments);
    command.current_dir(place.path("")).env_clear().stdin(std::process::Stdio::null());
    Ended::of(&command.output().unwrap())
}

/// Returns all files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Returns the folder of the newest run, and the content of its log up to its last whole line.
fn whole_lines(place: &Place) -> (PathBuf, Vec<u8>) {
    let folder = place.path(&format!("results/runs/{}", place.latest()));
    let log = fs::read(folder.join("events.jsonl")).unwrap();
    let whole = log.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for line in log[..whole].split_inclusive(|byte| *byte == b'\n') {
        serde_json::from_slice::<Value>(line).unwrap();
    }
    (folder, log[..whole].to_vec())
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_grow_stops_the_run_and_loses_nothing() {
    let server = steady();
    let url = server.base_url();
    let arguments = [&FIXED[..], &["--base-url", &url]].concat();
    let undisturbed = Place::with_suite();
    undisturbed.bench(&arguments).exits(0);
    let expected = rows(&undisturbed.summary());
    let blocks = undisturbed.kept("events.jsonl").len() as u64 / 512;
    let mut torn = 0;
    // The smallest limit has room for run.json and little more.
    for limit in [16, blocks / 3, blocks / 2, blocks * 2 / 3, blocks - 1] {
        let place = Place::with_suite();
        let ended = limited(&place, limit, &arguments);
        let (folder, whole) = whole_lines(&place);
        // Trajectories are small and reports come later, so the log is the file that is too long.
        let path = "/events.jsonl: File too large";
        ended.fails(70, &["error: cannot write the event log results/runs/", path, "hint: ", "`bench resume results/"]);
        torn += usize::from(fs::read(folder.join("events.jsonl")).unwrap().len() > whole.len());
        assert!(files_below(&folder).iter().all(|path| path.extension().is_none_or(|ending| ending != "part")));
        // A second attempt fails in the same way, and loses nothing.
        limited(&place, limit, &["resume", "--quiet"]).fails(70, &["cannot write the event log", "hint: "]);
        assert!(whole_lines(&place).1.starts_with(&whole), "what stood there is gone");
        place.bench(&["resume", "--quiet"]).exits(0);
        assert_eq!(rows(&place.summary()), expected, "after a limit of {limit}");
        assert!(whole_lines(&place).1.starts_with(&whole));
    }
    assert!(torn > 0, "no line was torn: the limits try nothing");
}

#[cfg(unix)]
#[test]
fn a_run_that_cannot_begin_leaves_nothing() {
    let place = Place::with_suite();
    for arguments in [&["--suite", "suite", "--agent", "random"][..], &["--suite", "suite"]] {
        limited(&place, 1, arguments).fails(70, &["error: cannot write results/runs/", "/run.json: File too large"]);
        assert_eq!(files_below(&place.path("results")), Vec::<PathBuf>::new());
        assert_eq!(names_in(&place.path("results/runs")), Vec::<String>::new());
    }
    place.bench(&["resume"]).fails(2, &["no runs are kept in results"]);
}

/// Plays while an object with this name, a file or a folder, appears in the run's folder with the first call of an
/// episode.
fn in_the_way(place: &Place, name: &'static str, folder: bool) -> (Server, Ended) {
    let runs = place.path("results/runs");
    let once = Arc::new(std::sync::Once::new());
    let server = Server::start(move |_, seen| {
        if seen.message(0).contains("Task:") {
            once.call_once(|| {
                let path = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path().join(name);
                if folder { fs::create_dir(path).unwrap() } else { fs::write(path, "in the way").unwrap() }
            });
        }
        good(seen)
    });
    let url = server.base_url();
    // Only the model plays, so that no other agent writes first.
    let ended = place.bench(&["--suite", "suite", "--model", "m", "--agent", "llm", "--quiet", "--base-url", &url]);
    (server, ended)
}

fn undisturbed() -> Vec<Value> {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    place.bench(&["--suite", "suite", "--model", "m", "--agent", "llm", "--quiet", "--base-url", &url]).exits(0);
    rows(&place.summary())
}

#[test]
fn a_report_that_cannot_be_written_is_said_after_the_scores() {
    let expected = undisturbed();
    let all = ["summary.json", "SCORES.md", "scores.csv", "report.html", "junit.xml"];
    for name in all {
        let place = Place::with_suite();
        let (server, ended) = in_the_way(&place, name, true);
        let ended = ended.exits(70);
        for words in ["error: cannot write results/runs/", name, "hint: ", "`bench report results/runs/"] {
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        }
        assert!(ended.stdout.contains(" 0.900 "), "the scores are shown all the same: {}", ended.stdout);
        let folder = place.path(&format!("results/runs/{}", place.latest()));
        let written: Vec<_> = all.iter().filter(|name| folder.join(name).is_file()).collect();
        assert_eq!(written.len(), all.len() - 1, "the others are written");
        fs::remove_dir(folder.join(name)).unwrap();
        let calls = server.calls();
        // This is what the hint says.
        let run = format!("results/runs/{}", place.latest());
        place.bench(&["report", &run]).exits(0);
        assert_eq!((rows(&place.summary()), server.calls()), (expected.clone(), calls));
        assert!(all.iter().all(|name| folder.join(name).is_file()));
    }
}

#[test]
fn a_trajectory_that_cannot_be_written_stops_the_run_until_it_can() {
    let expected = undisturbed();
    let place = Place::with_suite();
    let (_server, ended) = in_the_way(&place, "trajectories", false);
    ended.fails(
        70,
        &["cannot make the folder results/runs/", "/trajectories: ", "hint: ", "`bench resume results/runs/"],
    );
    let (folder, whole) = whole_lines(&place);
    fs::remove_file(folder.join("trajectories")).unwrap();
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(rows(&place.summary()), expected);
    assert!(whole_lines(&place).1.starts_with(&whole));
    let files = names_in(&folder.join("trajectories"));
    assert_eq!(files, ["m--AC-901--0.json", "m--RCA-901--0.json", "m--RP-901--0.json"]);
}

#[test]
fn a_run_json_that_is_gone_or_cut_is_named() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--quiet"]).exits(0);
    let id = place.latest();
    let run = format!("results/runs/{id}");
    let path = place.path(&format!("{run}/run.json"));
    let whole = fs::read(&path).unwrap();
    let commands = |name: &str| {
        let all = [&["resume", name][..], &["report", name], &["verify-run", name], &["regrade", name]];
        all.map(|command| place.bench(command))
    };
    for end in [0, 1, whole.len() / 2, whole.len() - 3] {
        fs::write(&path, &whole[..end]).unwrap();
        for ended in commands("latest") {
            ended.fails(70, &["/run.json: ", " at line ", "hint: bring run.json back"]);
        }
    }
    fs::remove_file(&path).unwrap();
    for name in ["latest", &id, &run] {
        for ended in commands(name) {
            ended.fails(2, &[&format!("{run} has no run.json"), "hint: bring run.json back"]);
        }
    }
    assert_eq!(place.bench(&["list", "runs", "--format", "json"]).exits(0).stdout.matches(&id).count(), 0);
    fs::write(&path, whole).unwrap();
    place.bench(&["resume", "--quiet"]).exits(0);
}

#[test]
fn a_recording_that_cannot_be_written_costs_no_call() {
    let place = Place::with_suite();
    place.write("file", "in the way");
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    for folder in ["file", "file/deeper"] {
        place
            .bench(&["--suite", "suite", "--model", "m", "--base-url", &url, "--record", folder])
            .fails(70, &["cannot make the folder", folder, "hint: ", "--record"]);
    }
    assert_eq!(server.calls(), 0);
    assert!(!place.path("results").exists(), "nothing was begun");
}

/// If the recording fails during the run, calls that could not be kept have no score, and are made again later.
#[test]
fn a_recording_that_fails_later_makes_void_and_goes_on() {
    let place = Place::with_suite();
    let tape = place.path("tape");
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let breaks = Arc::clone(&broken);
    let server = Server::start(move |index, seen| {
        if index == 2 && breaks.load(std::sync::atomic::Ordering::Relaxed) {
            fs::remove_dir_all(&tape).unwrap();
            fs::write(&tape, "in the way").unwrap();
        }
        if index < 2 { Reply::says("ready") } else { good(seen) }
    });
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--concurrency", "1", "--base-url", &url];
    let ended = place.bench(&[&fixed[..], &["--quiet", "--record", "tape"]].concat()).exits(4);
    assert!(ended.stderr.contains("the recording cannot be written: cannot make the folder tape/"), "{}", ended.stderr);
    assert_eq!(place.summary()["rows"][0]["void_reasons"], json!({"the recording cannot be written": 3}));
    broken.store(false, std::sync::atomic::Ordering::Relaxed);
    fs::remove_file(place.path("tape")).unwrap();
    place.bench(&["resume", "--quiet"]).exits(0);
    let resumed = rows(&place.summary());
    assert_eq!(resumed[0]["void"], json!(0));
    assert!(!names_in(&place.path("tape")).is_empty(), "it is recorded again");
}
