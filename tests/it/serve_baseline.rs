//! Tests of `/baseline`: who may start a run, which requests are allowed, one run at a time, and the same scores as the
//! command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use incident_bench::serve::{App, Ask, Backing, Baselines, Misfit, Options, Plays, Progress, RunFuture, Scores};
use incident_env::TaskId;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::binary::Place;
use crate::faults::good;
use crate::server::Server as ModelServer;
use crate::service::{Answer, Client, Service, catalog, exam, serving};

/// Runs that wait until the test lets them end.
#[derive(Default)]
struct Held {
    let_go: Arc<Notify>,
}

impl Plays for Held {
    fn play(&self, ask: &Ask, progress: watch::Sender<Progress>) -> Result<RunFuture, Misfit> {
        if ask.model.as_deref() == Some("nope") {
            return Err(Misfit { place: "model".to_owned(), problem: "'nope' is not configured here".to_owned() });
        }
        let (let_go, model) = (Arc::clone(&self.let_go), ask.model.clone().unwrap_or_else(|| "heuristic".to_owned()));
        let fails = ask.agent.as_deref() == Some("fails");
        progress.send_modify(|progress| {
            (progress.run_id, progress.total) = (Some(format!("run-{model}")), 9 * ask.epochs as usize);
        });
        Ok(Box::pin(async move {
            let_go.notified().await;
            progress.send_modify(|progress| progress.episodes = 5);
            let_go.notified().await;
            if fails {
                return Err("no connection".to_owned());
            }
            let tasks = TaskId::ALL.into_iter().map(|task| (task, Some(0.5))).collect();
            Ok(Scores { tasks, overall: Some(0.5), model, model_share: None, void: 0 })
        }))
    }
}

fn held_service(options: Options, token: Option<&str>) -> (Service, Arc<Notify>) {
    let held = Held::default();
    let let_go = Arc::clone(&held.let_go);
    let baselines = Baselines::new(Arc::new(held), token.map(|token| token.to_owned().into()));
    let backing = Backing { baselines: Some(baselines), ..Backing::default() };
    let app = App::backed(catalog(), options, CancellationToken::new(), backing);
    (serving(&app), let_go)
}

fn post(headers: &[(&str, &str)], body: &Value) -> Request<Body> {
    let mut request = Request::post("/baseline").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_string().into()).unwrap()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.json()["code"], code, "{}", answer.text);
    assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{}", answer.text);
}

#[tokio::test]
async fn money_is_spent_for_who_has_the_token_only() {
    let (service, _) = held_service(Options::default(), Some("secret-token"));
    let mut client = Client::of(&service);
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "secret-token")]] {
        let answer = client.send(post(headers, &json!({}))).await;
        refused(&answer, 401, "unauthorized", "--token");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(!answer.text.contains("secret-token"));
    }
    refused(&client.get("/baseline/run-x").await, 401, "unauthorized", "--token");
    // With the token, the rest of the request is checked.
    let answer = client.send(post(&[("authorization", "Bearer secret-token")], &json!({"epochs": 0}))).await;
    refused(&answer, 422, "invalid_value", "1 to 100");
}

#[tokio::test]
async fn a_web_page_starts_nothing_on_the_machine_of_who_visits_it() {
    let (service, _) = held_service(Options::default(), None);
    let mut client = Client::of(&service);
    for headers in [
        &[("host", "127.0.0.1:7860"), ("origin", "https://evil.example")][..],
        &[("host", "evil.example:7860"), ("origin", "http://evil.example:7860")],
        &[("host", "localhost"), ("origin", "null")],
    ] {
        refused(&client.send(post(headers, &json!({}))).await, 403, "foreign_origin", "--token");
    }
    let own = [("host", "127.0.0.1:7860"), ("origin", "http://127.0.0.1:7860")];
    refused(&client.send(post(&own, &json!([]))).await, 422, "invalid_value", "an object");
}

#[tokio::test]
async fn only_what_the_server_is_configured_with_can_be_asked_for() {
    let (service, _) = held_service(Options::default(), None);
    let mut client = Client::of(&service);
    for (body, place, words) in [
        (json!({"base_url": "http://evil.example/v1"}), "base_url", "the server's own configuration"),
        (json!({"api_key": "x"}), "api_key", "not taken"),
        (json!({"model": 3}), "model", "a string"),
        (json!({"model": "nope"}), "model", "not configured"),
        (json!({"epochs": 1.5}), "epochs", "whole number"),
        (json!({"epochs": 101}), "epochs", "1 to 100"),
        (json!({"epochs": -1}), "epochs", "1 to 100"),
    ] {
        let answer = client.post("/baseline", body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(place) && detail.contains(words), "{body}: {detail}");
    }
    let mut examinee = Client::of(&held_service(exam(), None).0);
    refused(&examinee.post("/baseline", json!({})).await, 403, "exam", "no score");
    let none = service_without();
    refused(&Client::of(&none).post("/baseline", json!({})).await, 404, "no_baseline", "no runs");
}

fn service_without() -> Service {
    serving(&App::new(catalog(), Options::default(), CancellationToken::new()))
}

#[tokio::test]
async fn one_at_a_time_with_its_progress() {
    let (service, let_go) = held_service(Options::default(), None);
    let mut client = Client::of(&service);
    let mut first = client.clone();
    let first = tokio::spawn(async move { first.post("/baseline", json!({"model": "m", "epochs": 2})).await });
    let mut state = client.get("/baseline/run-m").await;
    while state.status == StatusCode::NOT_FOUND {
        tokio::task::yield_now().await;
        state = client.get("/baseline/run-m").await;
    }
    let running = json!({
        "run_id": "run-m", "status": "running", "episodes": 0, "total": 18, "result": null, "error": null,
    });
    assert_eq!(state.ok(), running);
    let busy = client.post("/baseline", json!({})).await;
    refused(&busy, 409, "run_under_way", "run-m");
    assert_eq!(busy.json()["run_id"], "run-m");

    let mut watcher = client.clone();
    let events = tokio::spawn(async move {
        let request = Request::get("/baseline/run-m").header("accept", "text/event-stream");
        watcher.send(request.body(Body::empty()).unwrap()).await
    });
    let_go.notify_one();
    while client.get("/baseline/run-m").await.ok()["episodes"] != 5 {
        tokio::task::yield_now().await;
    }
    let_go.notify_one();
    let scores = json!({
        "alert_classification": 0.5, "root_cause_analysis": 0.5, "remediation_planning": 0.5, "overall": 0.5,
        "model": "m", "run_id": "run-m", "model_share": null, "void": 0,
    });
    assert_eq!(first.await.unwrap().ok(), scores);
    let events = events.await.unwrap();
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    let last = events.text.trim_end().rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["status"], &last["result"]), (&json!("done"), &scores), "{}", events.text);
    assert!(events.text.starts_with("event: progress\ndata: "), "{}", events.text);

    // The next run may begin, and reports why it failed.
    let mut second = client.clone();
    let second = tokio::spawn(async move { second.post("/baseline", json!({"agent": "fails"})).await });
    let_go.notify_one();
    while client.get("/baseline/run-heuristic").await.json()["episodes"] != 5 {
        tokio::task::yield_now().await;
    }
    let_go.notify_one();
    refused(&second.await.unwrap(), 502, "baseline_failed", "no connection");
    assert_eq!(client.get("/baseline/run-heuristic").await.ok()["status"], "failed");
}

// ---- the real server ----

/// The process `bench serve` on a free port, which is stopped when this value is dropped.
struct Serving {
    child: Child,
    url: String,
    /// The first lines of its output.
    said: Vec<String>,
}

impl Serving {
    fn start(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut command = place.command(&arguments);
        let mut child = command.envs(variables.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = vec![lines.next().unwrap().unwrap()];
        if arguments.contains(&"0.0.0.0") {
            said.push(lines.next().unwrap().unwrap());
        }
        let url = said[0].split("http://").nth(1).unwrap().split(';').next().unwrap();
        Self { child, url: format!("http://{}", url.replace("0.0.0.0", "127.0.0.1")), said }
    }

    fn post(&self, body: Value, token: Option<&str>) -> (u16, Value) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut request = plain_client().post(format!("{}/baseline", self.url)).json(&body);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap())
        })
    }
}

fn plain_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_scores_are_those_of_the_command_line() {
    let model = ModelServer::start(|_, seen| good(seen));
    let place = Place::with_suite();
    let url = model.base_url();
    let variables = [("API_BASE_URL", url.as_str()), ("MODEL_NAME", "m")];
    let output = place
        .command(&["--suite", "suite", "--agent", "llm", "--epochs", "2", "--quiet", "--format", "json"])
        .envs(variables)
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = &summary["rows"][0];

    let server = Serving::start(&place, &["--suite", "suite"], &variables);
    let (status, answer) = server.post(json!({"epochs": 2}), None);
    assert_eq!(status, 200, "{answer}");
    for task in TaskId::ALL {
        assert_eq!(answer[task.as_str()], row["tasks"][task.as_str()]["mean"], "{answer}");
    }
    assert_eq!((&answer["overall"], &answer["model"]), (&row["overall"], &row["model"]));
    assert_eq!((&answer["model_share"], &answer["void"]), (&json!(1.0), &json!(0)));
    // The run is kept like any other.
    let kept = place.path(&format!("results/runs/{}/summary.json", answer["run_id"].as_str().unwrap()));
    assert!(kept.exists());
    assert_eq!(server.post(json!({"suite": "/etc"}), None).0, 422);
    assert_eq!(server.post(json!({"model": "gpt-9"}), None).0, 422);
    assert_eq!(server.post(json!({"agent": "exec:rm -r /"}), None).0, 422);
}

#[test]
fn without_a_model_the_heuristic_plays_and_an_open_address_needs_a_token() {
    let place = Place::empty();
    let server = Serving::start(&place, &["--host", "0.0.0.0"], &[]);
    let token = server.said[1].strip_prefix("token: ").unwrap().split(' ').next().unwrap();
    assert!(token.len() >= 32, "{:?}", server.said);
    assert_eq!(server.post(json!({}), None).0, 401);
    let (status, answer) = server.post(json!({}), Some(token));
    assert_eq!((status, &answer["model"]), (200, &json!("heuristic")), "{answer}");
    assert!(answer["overall"].as_f64().unwrap() > 0.9, "{answer}");
    assert_eq!(answer["model_share"], Value::Null);
}
