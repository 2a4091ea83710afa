//! Tests of the runs that a server shows: lists, scores, episodes and comparisons, also of runs in progress, of damaged
//! and of secret ones.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use incident_bench::log::Manifest;
use incident_bench::log::listing::{Listing, key};
use incident_bench::log::reader::parse;
use incident_bench::log::run_index::RunIndex;
use incident_bench::log::store::Store;
use incident_bench::serve::{App, Backing, KeptRuns, Options, Origins, Reveal, Suites, Visibility};
use incident_env::Catalog;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::binary::Place;
use crate::service::{Client, Service, catalog, exam, serving};

/// A source of suites that knows the hand-written scenarios.
#[derive(Debug)]
struct Written;

impl Suites for Written {
    fn of(&self, manifest: &Manifest) -> Option<Catalog> {
        Some(catalog()).filter(|catalog| catalog.digest() == manifest.suite_digest)
    }
}

fn showing(place: &Place, options: Options) -> Service {
    let runs = KeptRuns::new(RunIndex::new(Store::new(place.path("results"))), Arc::new(Written));
    let backing = Backing { runs: Some(Arc::new(runs)), ..Backing::default() };
    serving(&App::backed(catalog(), options, CancellationToken::new(), backing))
}

/// Makes a place with a run of two agents in two epochs.
fn played() -> Place {
    let place = Place::empty();
    place.bench(&["--agent", "oracle,random", "--epochs", "2", "--quiet"]).exits(0);
    place
}

#[tokio::test]
async fn a_run_is_shown_as_it_was() {
    let place = played();
    let mut client = Client::of(&showing(&place, Options::default()));
    let id = place.latest();
    let all = client.get("/runs").await.ok();
    let [run] = all["runs"].as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!((&run["id"], &run["status"]), (&json!(id), &json!("finished")));
    assert_eq!((&run["planned"], &run["ended"]), (&json!(36), &json!(36)));
    assert_eq!(run["contestants"][1]["label"], "oracle");
    assert_eq!(run["contestants"][1]["overall"], 1.0);

    let shown = client.get(&format!("/runs/{id}")).await.ok();
    assert_eq!(shown["summary"], place.summary());
    assert_eq!(shown["labels"], json!(["random", "oracle"]));
    assert_eq!(shown["published"].as_array().unwrap().len(), 2);

    let list = client.get(&format!("/runs/{id}/episodes")).await.ok();
    assert_eq!(list["contestants"], json!(["random", "oracle"]));
    assert_eq!(list["scenarios"][0], json!({"id": "AC-001", "task": "alert_classification", "level": "easy"}));
    let episodes = list["episodes"].as_array().unwrap();
    assert_eq!(episodes.len(), 36);
    for (n, line) in episodes.iter().enumerate() {
        assert_eq!(line["n"], n);
        let one = client.get(&format!("/runs/{id}/episodes/{n}")).await.ok();
        let file = &one["trajectory"];
        let at = |list: &Value, place: &Value| list[usize::try_from(place.as_u64().unwrap()).unwrap()].clone();
        assert_eq!(file["episode"]["model"], at(&list["contestants"], &line["contestant"]));
        assert_eq!(file["episode"]["scenario"], at(&list["scenarios"], &line["scenario"])["id"]);
        assert_eq!((&file["episode"]["epoch"], &file["score"]), (&line["epoch"], &line["score"]));
        assert_eq!(file["outcome"]["kind"], line["outcome"]);
        assert_eq!(file["steps"].as_array().unwrap().len(), usize::try_from(line["steps"].as_u64().unwrap()).unwrap());
        assert_eq!(line["strict"], file["strict"]["total"]);
    }
    let repair = client.get(&format!("/runs/{id}/episodes/34")).await.ok();
    assert_eq!(repair["briefing"]["max_steps"], 15);
    // The steps of the oracle are those that it would take.
    let done: Vec<_> = repair["trajectory"]["steps"].as_array().unwrap().iter().map(|one| &one["step"]).collect();
    let oracle = repair["oracle"].as_array().unwrap();
    assert_eq!(done.len(), oracle.len());
    for (step, action) in done.iter().zip(oracle) {
        assert_eq!((&step["action_type"], &step["parameters"]), (&action["action_type"], &action["parameters"]));
    }
}

#[tokio::test]
async fn what_cannot_be_shown_is_told() {
    let place = played();
    let service = showing(&place, Options::default());
    let mut client = Client::of(&service);
    let id = place.latest();
    place.write("elsewhere/run.json", &place.kept("run.json"));
    for path in ["/runs/nope", "/runs/..", "/runs/..%2F..%2Felsewhere", "/runs/%2e%2e", "/runs/2026"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
    }
    for (path, status, words) in [
        (format!("/runs/{id}/episodes/36"), 404, "no episode 36"),
        (format!("/runs/{id}/episodes/-1"), 404, "no episode -1"),
        (format!("/runs/{id}/episodes/x"), 422, "expected the number of an episode, found 'x'"),
        ("/runs/nope/episodes".to_owned(), 404, "GET /runs lists"),
        (format!("/compare?base={id}"), 422, "new: missing; expected the id of a run"),
        (format!("/compare?base={id}&new=nope"), 404, "GET /runs lists"),
        (format!("/compare?base={id}&new={id}&allow_drift=maybe"), 422, "query: "),
    ] {
        let answer = client.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{path}: {}", answer.text);
    }
    // Neither a server without a folder nor one in an exam shows runs.
    let bare = crate::service::service(Options::default());
    assert_eq!(Client::of(&bare).get("/runs").await.json()["code"], "no_runs");
    let mut examined = Client::of(&showing(&place, exam()));
    for path in
        ["/runs".to_owned(), format!("/runs/{id}"), format!("/runs/{id}/episodes"), format!("/runs/{id}/episodes/0")]
    {
        let answer = examined.get(&path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::FORBIDDEN, &json!("exam")), "{path}");
    }
    // A page that made its own name resolve to this machine reads nothing.
    let local = Options { origins: Origins { local: true, ..Origins::default() }, ..Options::default() };
    let service = showing(&place, local);
    for (host, status) in [("evil.example:7860", 403), ("127.0.0.1:7860", 200), ("localhost", 200)] {
        for path in
            ["/runs".to_owned(), format!("/runs/{id}/episodes/0"), format!("/compare?base={id}:oracle&new={id}:random")]
        {
            let request = Request::get(&path).header("host", host).body(Body::empty()).unwrap();
            let answer = Client::of(&service).send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{host} {path}: {}", answer.text);
        }
    }
    // A client that is told no answers is not told the path to them either.
    let never = Options { visibility: Visibility { reveal: Reveal::Never, exam: false }, ..Options::default() };
    let one = Client::of(&showing(&place, never)).get(&format!("/runs/{id}/episodes/0")).await.ok();
    assert_eq!(one["oracle"], Value::Null);
    // A damaged run hides no other run.
    let log = place.path(&format!("results/runs/{id}/events.jsonl"));
    place.bench(&["--agent", "oracle", "--quiet"]).exits(0);
    fs::write(&log, "nonsense\n").unwrap();
    let all = client.get("/runs").await.ok();
    assert_eq!(all["runs"].as_array().unwrap().len(), 1, "{all}");
    let answer = client.get(&format!("/runs/{id}")).await;
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::CONFLICT, &json!("runs_unreadable")));
}

#[tokio::test]
async fn two_runs_are_compared_as_the_command_does() {
    let place = played();
    let base = place.latest();
    place.bench(&["--agent", "oracle,random", "--epochs", "2", "--seed", "5", "--quiet"]).exits(0);
    let new = place.latest();
    let told = place.bench(&["compare", &base, &new, "--format", "json"]);
    let mut client = Client::of(&showing(&place, Options::default()));
    let shown = client.get(&format!("/compare?base={base}&new={new}")).await.ok();
    assert_eq!(shown["comparison"], serde_json::from_str::<Value>(&told.stdout).unwrap());
    let code = match shown["verdict"].as_str().unwrap() {
        "same" | "better" => 0,
        "worse" | "worse_than_margin" => 1,
        _ => 3,
    };
    assert_eq!(told.code, Some(code), "{}", told.stderr);
    // Runs with other prompts or another suite do not measure the same.
    place.bench(&["--suite", "generated:easy,count=3", "--agent", "oracle", "--quiet"]).exits(0);
    let other = place.latest();
    let answer = client.get(&format!("/compare?base={base}&new={other}")).await;
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::CONFLICT, &json!("drift")), "{}", answer.text);
    client.get(&format!("/compare?base={base}&new={other}&allow_drift=true")).await.ok();
}

/// Returns the next event of a stream of events.
async fn event(body: &mut (impl futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Unpin)) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(20), body.next()).await.expect("an event in time");
    let text = String::from_utf8(next.expect("no end yet").unwrap().to_vec()).unwrap();
    let data = text.strip_prefix("event: run\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
    serde_json::from_str(data.unwrap_or_else(|| panic!("{text}"))).unwrap()
}

#[tokio::test]
async fn a_run_that_goes_on_is_told_as_it_goes() {
    let place = played();
    let id = place.latest();
    let path = place.path(&format!("results/runs/{id}/events.jsonl"));
    let log = fs::read(&path).unwrap();
    // The log is cut after the first finished episode and a piece of the next line.
    let text = String::from_utf8(log.clone()).unwrap();
    let ended = text.find("\"type\":\"episode.finished\"").unwrap();
    let (first, rest) = log.split_at(ended + text[ended..].find('\n').unwrap() + 20);
    fs::write(&path, first).unwrap();
    fs::remove_dir_all(place.path(&format!("results/runs/{id}/trajectories"))).unwrap();
    let service = showing(&place, Options::default());
    let listen = |path: String| {
        let request = Request::get(path).header("accept", "text/event-stream").body(Body::empty()).unwrap();
        let service = service.clone();
        async move { service.oneshot(request).await.unwrap().into_body().into_data_stream() }
    };
    let mut one = listen(format!("/runs/{id}")).await;
    let mut all = listen("/runs".to_owned()).await;
    let before = event(&mut one).await;
    assert_eq!(before["status"], "stopped");
    let ended = before["ended"].as_u64().unwrap();
    assert!((1..36).contains(&ended), "{ended}");
    assert_eq!(event(&mut all).await["runs"][0]["ended"], ended);
    // If its file is missing, an episode is read from the log.
    let mut client = Client::of(&service);
    let list = client.get(&format!("/runs/{id}/episodes")).await.ok();
    let line = list["episodes"].as_array().unwrap().iter().find(|line| line["score"].is_number()).unwrap().clone();
    let begun = client.get(&format!("/runs/{id}/episodes/{}", line["n"])).await.ok();
    assert_eq!(begun["trajectory"]["score"], line["score"]);
    assert_eq!(begun["trajectory"]["steps"][0]["step"]["step"], 1);

    // While a process holds the lock, the run goes on.
    let lock = fs::File::options().write(true).open(place.path(&format!("results/runs/{id}/lock"))).unwrap();
    lock.lock().unwrap();
    assert_eq!(event(&mut one).await["status"], "running");
    fs::File::options().append(true).open(&path).unwrap().write_all(rest).unwrap();
    let whole = loop {
        let next = event(&mut one).await;
        if next["status"] == "finished" {
            break next;
        }
    };
    assert_eq!(whole["ended"], 36);
    assert_eq!(whole["summary"], place.summary());
    assert!(one.next().await.is_none(), "nothing comes after the end");
    while event(&mut all).await["runs"][0]["status"] != "finished" {}
}

/// However a log arrives, the list made from it is the same, and a number keeps naming the same episode.
#[test]
fn a_list_grows_with_its_log() {
    let place = played();
    let manifest: Manifest = serde_json::from_str(&place.kept("run.json")).unwrap();
    let events = parse(place.kept("events.jsonl").as_bytes()).unwrap().events;
    let mut whole = Listing::new(&manifest);
    for event in &events {
        whole.apply(event);
    }
    assert_eq!((whole.planned, whole.ended(), whole.lines().len()), (36, 36, 36));
    for line in whole.lines() {
        let key = key(&manifest, line.n).unwrap();
        assert_eq!(key.contestant, manifest.contestants[line.contestant].label);
        assert_eq!((key.scenario, key.epoch), (manifest.scenarios[line.scenario].id.clone(), line.epoch));
    }
    assert_eq!(key(&manifest, 36), None);
    let mut ended = 0;
    let mut growing = Listing::new(&manifest);
    for event in &events {
        growing.apply(event);
        assert!(growing.ended() >= ended);
        ended = growing.ended();
    }
    assert_eq!(growing.lines(), whole.lines());
}
