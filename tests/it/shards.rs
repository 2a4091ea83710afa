//! Tests of shards: three machines play what one would, and the merged table is the same to the last digit.

use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::faults::good;
use crate::server::Server;

/// Returns the rows without values that depend on time and on the number of processes.
fn rows(summary: &Value) -> Vec<Value> {
    let timeless = |mut row: Value| {
        let fields = row.as_object_mut().unwrap();
        fields.remove("latency_ms");
        fields.remove("check_usage");
        row
    };
    summary["rows"].as_array().unwrap().iter().cloned().map(timeless).collect()
}

#[test]
fn three_shards_are_the_whole() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let url = server.base_url();
    let fixed =
        ["--suite", "suite", "--model", "m", "--base-url", &url, "--epochs", "4", "--quiet", "--format", "json"];
    let whole: Value = serde_json::from_str(&place.bench(&fixed).exits(0).stdout).unwrap();
    let mut shards = Vec::new();
    let mut episodes = 0;
    for shard in ["1/3", "2/3", "3/3"] {
        let ended = place.bench(&[&fixed[..], &["--shard", shard]].concat()).exits(0);
        let part: Value = serde_json::from_str(&ended.stdout).unwrap();
        for row in part["rows"].as_array().unwrap() {
            episodes += row["episodes"].as_u64().unwrap();
            assert_eq!(row["unfinished"], json!(0), "a shard is whole in itself");
        }
        shards.push(place.latest());
    }
    assert_eq!(episodes, 5 * 3 * 4);
    let names: Vec<_> = shards.iter().rev().map(String::as_str).collect();
    let ended = place.bench(&[&["merge", "--format", "json"], &names[..]].concat()).exits(0);
    let merged: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(rows(&merged), rows(&whole));
    place.bench(&["verify-run", "latest"]).exits(0);
    let trajectories = names_in(&place.path(&format!("results/runs/{}/trajectories", place.latest())));
    assert_eq!(trajectories.len(), 5 * 3 * 4);
    let again: Value =
        serde_json::from_str(&place.bench(&["report", "latest", "--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!(rows(&again), rows(&whole));
}

#[test]
fn what_is_no_whole_is_refused() {
    let place = Place::with_suite();
    let mut runs = Vec::new();
    for arguments in
        [&["--shard", "1/2"][..], &["--shard", "2/2"], &["--shard", "2/2", "--seed", "3"], &["--shard", "1/3"], &[]]
    {
        place.bench(&[&["--suite", "suite", "--agent", "random", "--quiet"], arguments].concat()).exits(0);
        runs.push(place.latest());
    }
    let merge = |which: &[usize]| {
        let names: Vec<_> = which.iter().map(|index| runs[*index].as_str()).collect();
        place.bench(&[&["merge"], &names[..]].concat())
    };
    merge(&[0]).fails(2, &["shards are missing: 2/2"]);
    merge(&[0, 0]).fails(2, &["are both shard 1/2"]);
    merge(&[0, 2]).fails(2, &["are not shards of one run", "seed"]);
    merge(&[0, 3]).fails(2, &["are not shards of one run"]);
    merge(&[0, 4]).fails(2, &["is no shard"]);
    merge(&[0, 1]).exits(0);
    place.bench(&["--shard", "0/2"]).fails(2, &["'0/2' is no shard"]);
}

#[test]
fn a_shard_can_be_resumed() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--epochs", "3", "--shard", "2/2", "--quiet"]).exits(0);
    let file = format!("results/runs/{}/events.jsonl", place.latest());
    let (log, before) = (place.read(&file), rows(&place.summary()));
    place.write(&file, &log[..log.len() / 2]);
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(rows(&place.summary()), before);
}

#[test]
fn a_merge_is_whole_or_not_at_all() {
    let place = Place::with_suite();
    let fixed = ["--suite", "suite", "--agent", "oracle", "--quiet", "--epochs", "3"];
    let mut shards = Vec::new();
    for shard in ["1/2", "2/2"] {
        place.bench(&[&fixed[..], &["--shard", shard]].concat()).exits(0);
        shards.push(place.latest());
    }
    let before = names_in(&place.path("results/runs"));
    // What a merge that was cut off leaves is no run.
    place.write("results/merging/2026-01-01T000000Z-0000/run.json", "{}");
    assert_eq!(names_in(&place.path("results/runs")), before);
    place.bench(&["list", "runs"]).exits(0);
    place.bench(&["merge", &shards[0], &shards[1]]).exits(0);
    let merged = place.latest();
    assert!(!before.contains(&merged));
    assert_eq!(names_in(&place.path("results/merging")), ["2026-01-01T000000Z-0000"]);
    place.bench(&["verify-run"]).exits(0);
    place.bench(&["resume"]).fails(2, &["was merged from shards", &shards[0], &shards[1]]);
}
