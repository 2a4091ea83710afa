//! Tests of the REST API: the shapes of answers, every bad input, which client plays which episode, and what an exam
//! discloses.

use axum::body::Body;
use axum::http::Request;
use incident_bench::agent::builtin::Random;
use incident_bench::agent::{Policy, Turn};
use incident_bench::serve::{Options, Reveal, Visibility};
use incident_env::{Action, Episode, EpisodeId};
use serde_json::{Value, json};

use crate::service::{Client, Service, catalog, exam, limited, service};

fn look(service: &str) -> Value {
    json!({"action_type": "query_logs", "parameters": {"service": service}})
}

// ---- the shapes ----

#[tokio::test]
async fn the_walk_through_without_ids() {
    let mut curl = Client::of(&service(Options::default()));
    let first = curl.post("/reset", json!({"task_id": "alert_classification", "scenario_index": 2})).await.ok();
    assert_eq!(first["scenario_id"], "AC-003");
    let step = json!({"action_type": "check_metrics", "parameters": {"service": "recommendation-service"}});
    let step = curl.post("/step", step).await.ok();
    assert_eq!(step["reward"]["score"], 0.04);
    assert_eq!(step["observation"]["episode_id"], first["episode_id"]);
    assert_eq!((&step["done"], &step["info"]["step"]), (&json!(false), &json!(1)));
    let step = json!({"action_type": "submit_severity", "parameters": {"severity": "P3"}});
    let step = curl.post("/step", step).await.ok();
    assert_eq!(step["reward"]["score"], 1.02);
    assert_eq!(step["info"]["grader"]["total"], 1.0);
    assert_eq!(step["info"]["shaping"], 0.02);
    let state = curl.get("/state").await.ok();
    assert_eq!((&state["done"], &state["cumulative_reward"]), (&json!(true), &json!(1.06)));
    assert_eq!(state["action_history"].as_array().unwrap().len(), 2);
    let grader = curl.get("/grader").await.ok();
    assert_eq!(
        grader,
        json!({
            "total": 1.0,
            "breakdown": {"submitted_severity": "P3", "correct_severity": "P3", "severity_match": 1.0},
            "feedback": "P3 is right", "task_id": "alert_classification", "scenario_id": "AC-003",
            "steps_used": 2, "done": true,
        })
    );
    let after = curl.post("/step", json!({"action_type": "nap"})).await.ok();
    assert_eq!((&after["reward"]["score"], &after["done"]), (&json!(0.0), &json!(true)));
    assert_eq!(after["reward"]["reason"], "episode already done");
}

#[tokio::test]
async fn a_reset_answers_both_dialects() {
    let mut client = Client::of(&service(Options::default()));
    let answer = client.empty_post("/reset").await.ok();
    let (mut inner, mut top) = (answer["observation"].clone(), answer.clone());
    assert_eq!((&answer["reward"], &answer["done"], &answer["metadata"]), (&json!(0.0), &json!(false), &json!({})));
    for key in ["observation", "reward", "metadata", "done"] {
        top.as_object_mut().unwrap().shift_remove(key);
    }
    assert_eq!(inner, top, "the observation lacks done and reward only");
    assert_eq!(inner["scenario_id"], "AC-001");
    inner["done"] = json!(false);
    // The observation is the engine's own.
    let suite = catalog();
    let episode = Episode::reset(suite.scenario("AC-001").unwrap(), EpisodeId::nil());
    let mut own = serde_json::to_value(episode.observation()).unwrap();
    own["episode_id"] = inner["episode_id"].clone();
    assert_eq!(inner, own);
}

#[tokio::test]
async fn a_step_in_openenv_s_form() {
    let mut client = Client::of(&service(Options::default()));
    client.post("/reset", json!({"scenario_id": "AC-003", "episode_id": "a b/ü", "seed": 3})).await.ok();
    let body = json!({"action": look("recommendation-service"), "timeout_s": 2.5, "request_id": "r", "more": 1});
    let step = client.post("/step", body).await.ok();
    assert_eq!((&step["reward"], &step["done"]), (&json!(0.04), &json!(false)));
    assert_eq!(step["metadata"], json!({"step": 1, "reason": "query_new_svc +0.04"}));
    assert!(step["observation"].get("done").is_none() && step["observation"].get("reward").is_none());
    assert_eq!(step["observation"]["episode_id"], "a b/ü");
    let body = json!({"action": {"action_type": "submit_severity", "parameters": {"severity": "P3"}}});
    let step = client.post("/step", body).await.ok();
    assert_eq!(step["reward"], 1.02);
    assert_eq!(step["done"], true);
    assert_eq!(step["metadata"]["grader"]["total"], 1.0);
    assert_eq!(client.get("/state?episode_id=a%20b%2F%C3%BC").await.ok()["step_count"], 2);
}

#[tokio::test]
async fn tasks_and_health() {
    let mut client = Client::of(&service(Options::default()));
    let tasks = client.get("/tasks").await.ok();
    assert_eq!(tasks["total"], 3);
    let scenarios: Vec<_> = tasks["tasks"].as_array().unwrap().iter().map(|task| task["scenarios"].clone()).collect();
    assert_eq!(scenarios[2], json!(["RP-001", "RP-002", "RP-003"]));
    let groups: Vec<_> = tasks["action_schema"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v)).collect();
    let sizes: Vec<_> = groups.iter().map(|(name, group)| (*name, group.as_object().unwrap().len())).collect();
    assert_eq!(sizes, [("diagnostic", 5), ("remediation", 6), ("submission", 3)]);
    let root = client.get("/").await;
    assert_eq!((root.status.as_u16(), root.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for (path, page) in [("/web", "./"), ("/web/", "../")] {
        let hosted = client.get(path).await;
        assert_eq!((hosted.status.as_u16(), hosted.header("location")), (307, Some(page)));
    }
    let root_path = "/x/y/".parse().unwrap();
    let mut hub = Client::of(&service(Options { root_path, ..Options::default() }));
    for path in ["/x/y/tasks", "/tasks"] {
        assert_eq!(hub.get(path).await.ok()["total"], 3, "{path}");
    }
    let bare = hub.get("/x/y").await;
    assert_eq!((bare.status.as_u16(), bare.header("location")), (307, Some("/x/y/")));
    assert_eq!(hub.get("/x/y/").await.text, hub.get("/").await.text);
    assert_eq!(hub.get("/x/ytasks").await.status.as_u16(), 404);
    assert_eq!(client.get("/health").await.ok(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    let mut host = Client::of(&service(Options { openenv: true, ..Options::default() }));
    assert_eq!(host.get("/health").await.ok()["status"], "healthy");
    assert_eq!(host.get("/state").await.ok(), json!({"episode_id": null, "step_count": 0}));
}

#[tokio::test]
async fn a_seed_draws_the_same_from_body_and_query() {
    let mut client = Client::of(&service(Options::default()));
    for seed in [0, 7, i64::MAX as u64, u64::MAX - 1, u64::MAX] {
        let body = client.post("/reset", json!({ "seed": seed })).await.ok();
        let query = client.empty_post(&format!("/reset?seed={seed}")).await.ok();
        assert_eq!(body["scenario_id"], query["scenario_id"], "{seed}");
    }
}

// ---- bad input ----

/// A row of the table: method, path, headers, body; status, code word, and a part of the text.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str, &'a str);

async fn refused(service: &Service, table: &[Row<'_>]) {
    for (method, path, headers, body, status, code, says) in table {
        let mut request = Request::builder().method(*method).uri(*path);
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let answer = Client::of(service).send(request.body(Body::from(body.to_vec())).unwrap()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(answer.status.as_u16(), *status, "{method} {path} {shown}: {}", answer.text);
        let Value::Object(object) = answer.json() else { panic!("{}", answer.text) };
        assert_eq!(object.keys().collect::<Vec<_>>(), ["detail", "code"]);
        assert_eq!(object["code"], *code, "{method} {path} {shown}: {}", answer.text);
        let detail = object["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{method} {path} {shown}: {detail}");
        assert!(detail.len() < 400);
        assert_eq!(answer.header("allow").is_some(), *status == 405, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_also_where_something_else_decides() {
    let too_long = "x".repeat(256);
    refused(
        &service(Options::default()),
        &[
            (
                "POST",
                "/reset?episode_id=a",
                &[("x-episode-id", too_long.as_str())],
                b"",
                422,
                "invalid_value",
                "x-episode-id: expected 1 to 255 characters, found 256",
            ),
            (
                "GET",
                "/state?episode_id=",
                &[("x-episode-id", "a")],
                b"",
                422,
                "invalid_value",
                "episode_id: expected 1 to 255 characters, found 0",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_bad_input_is_refused_with_what_would_be_right() {
    let service = service(Options::default());
    let json_type = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let big = format!("{{\"x\": \"{}\"}}", "y".repeat(64 << 10));
    let deep = "[".repeat(5000);
    let long = format!("/{}", "x".repeat(5000));
    let table: &[Row<'_>] = &[
        ("POST", "/reset", &[("origin", "https://evil.example")], b"", 403, "foreign_origin", "--allow-origin"),
        ("POST", "/mcp", &[("origin", "null"), json_type], b"{}", 403, "foreign_origin", "--allow-origin"),
        ("GET", "/ws", &[("origin", "https://evil.example")], b"", 403, "foreign_origin", "--allow-origin"),
        ("POST", "/reset", &[json_type], b"{\"task_id\": \"nap\"}", 400, "unknown_task", "alert_classification"),
        ("POST", "/reset?task_id=nap", &[], b"", 400, "unknown_task", "alert_classification"),
        ("POST", "/reset", &[json_type], b"{\"scenario_index\": 3}", 400, "scenario_out_of_range", "0 to 2"),
        ("POST", "/reset", &[json_type], b"{\"scenario_index\": -1}", 400, "scenario_out_of_range", "0 to 2"),
        ("POST", "/reset?scenario_index=99", &[], b"", 400, "scenario_out_of_range", "0 to 2"),
        ("POST", "/reset?scenario_index=9223372036854775808", &[], b"", 400, "scenario_out_of_range", "0 to 2"),
        ("POST", "/reset?scenario_index=-1e300", &[], b"", 400, "scenario_out_of_range", "0 to 2"),
        ("POST", "/reset", &[json_type], b"{\"scenario_id\": \"X\"}", 400, "unknown_scenario", "AC-001"),
        ("POST", "/step", &[json_type], b"{\"action_type\": \"query_logs\"}", 400, "no_episode", "/reset"),
        ("GET", "/state", &[], b"", 400, "no_episode", "/reset"),
        ("GET", "/grader", &[], b"", 400, "no_episode", "/reset"),
        ("GET", "/state?episode_id=x", &[], b"", 404, "unknown_episode", "/reset"),
        ("GET", "/grader", &[("x-episode-id", "x")], b"", 404, "unknown_episode", "/reset"),
        ("GET", "/state", &[("cookie", "bench_episode=gone")], b"", 404, "unknown_episode", "/reset"),
        ("POST", "/step?episode_id=x", &[json_type], b"{\"action_type\": \"a\"}", 404, "unknown_episode", "/reset"),
        ("GET", "/nowhere", &[], b"", 404, "not_found", "/docs"),
        ("GET", long.as_str(), &[], b"", 404, "not_found", "/docs"),
        ("GET", "/%FF/splits", &[], b"", 404, "not_found", "/docs"),
        ("POST", "/%FF/task", &[json_type], b"{}", 404, "not_found", "/docs"),
        ("GET", "/baseline/%FF", &[], b"", 404, "not_found", "/docs"),
        ("POST", "/reset/", &[], b"", 404, "not_found", "/docs"),
        ("GET", "/reset", &[], b"", 405, "method_not_allowed", "Allow"),
        ("DELETE", "/step", &[], b"", 405, "method_not_allowed", "Allow"),
        ("POST", "/state", &[], b"", 405, "method_not_allowed", "Allow"),
        ("POST", "/reset", &[json_type], big.as_bytes(), 413, "body_too_large", "65536"),
        ("POST", "/step", &[form], big.as_bytes(), 413, "body_too_large", "65536"),
        ("POST", "/reset", &[form], b"task_id=x", 415, "unsupported_media_type", "application/json"),
        ("POST", "/step", &[("content-type", "text/plain")], b"{}", 415, "unsupported_media_type", "application/json"),
        ("POST", "/reset", &[json_type], b"{\"a\": 1,}", 422, "malformed_json", "line 1 column 9"),
        ("POST", "/reset", &[json_type], b"{\"a\": \"\xff\"}", 422, "malformed_json", "line 1"),
        ("POST", "/reset", &[json_type], deep.as_bytes(), 422, "malformed_json", "recursion"),
        ("POST", "/reset", &[json_type], b"[]", 422, "invalid_value", "body: expected an object"),
        ("POST", "/reset", &[json_type], b"{\"task_id\": 1}", 422, "invalid_value", "task_id: expected a string"),
        ("POST", "/reset?scenario_index=x", &[], b"", 422, "invalid_value", "scenario_index: expected an integer"),
        ("POST", "/reset", &[json_type], b"{\"seed\": -1}", 422, "invalid_value", "seed: expected 0 or more"),
        ("POST", "/reset", &[json_type], b"{\"seed\": \"abc\"}", 422, "invalid_value", "seed: expected an integer"),
        ("POST", "/reset", &[json_type], b"{\"episode_id\": 7}", 422, "invalid_value", "episode_id: expected a string"),
        ("POST", "/step", &[json_type], b"", 422, "invalid_value", "body: missing"),
        ("POST", "/step", &[json_type], b"{}", 422, "invalid_value", "action_type: missing"),
        ("POST", "/step", &[json_type], b"\"x\"", 422, "invalid_value", "body: expected an action"),
        (
            "POST",
            "/step",
            &[json_type],
            b"{\"action_type\": 1}",
            422,
            "invalid_value",
            "action_type: expected a string",
        ),
        (
            "POST",
            "/step",
            &[json_type],
            b"{\"action_type\": \"x\", \"parameters\": {\"replicas\": \"3\"}}",
            422,
            "invalid_value",
            "parameters.replicas: expected an integer",
        ),
        ("POST", "/step", &[json_type], b"{\"action\": {}}", 422, "invalid_value", "action.action_type: missing"),
        ("POST", "/step", &[json_type], b"{\"action\": null}", 422, "invalid_value", "action: expected an object"),
        (
            "POST",
            "/step",
            &[json_type],
            b"{\"action\": {\"action_type\": \"x\"}, \"timeout_s\": 0}",
            422,
            "invalid_value",
            "timeout_s: expected a number of seconds above 0",
        ),
    ];
    refused(&service, table).await;
    assert_eq!(Client::of(&service).get("/reset").await.header("allow"), Some("POST"));
}

#[tokio::test]
async fn an_unknown_action_is_a_penalised_step_and_no_error() {
    let mut client = Client::of(&service(Options::default()));
    client.empty_post("/reset").await.ok();
    let step = client.post("/step", json!({"action_type": "nap"})).await.ok();
    assert_eq!(step["reward"]["score"], -0.05);
    assert!(step["observation"]["last_action_error"].as_str().unwrap().contains("query_logs"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    /// Whatever arrives, the answer is JSON with a status below 500.
    #[test]
    fn no_input_makes_a_500(
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        path in "/(reset|step|state|grader)(\\?[a-z_=&%0-9]{0,20})?",
        post: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let service = service(Options::default());
            let mut client = Client::of(&service);
            client.empty_post("/reset").await.ok();
            let request = Request::builder().method(if post { "POST" } else { "GET" }).uri(path);
            let answer = client.send(request.body(body.into()).unwrap()).await;
            assert!(answer.status.as_u16() < 500, "{}", answer.text);
            answer.json();
        });
    }
}

// ---- who plays which episode ----

#[tokio::test]
async fn two_clients_with_cookies_do_not_meet() {
    let service = service(Options::default());
    let (mut a, mut b) = (Client::with_jar(&service), Client::with_jar(&service));
    a.post("/reset", json!({"scenario_id": "AC-001"})).await.ok();
    b.post("/reset", json!({"scenario_id": "RCA-001", "episode_id": "of; b=ü"})).await.ok();
    for step in 1..=2 {
        for (client, scenario) in [(&mut a, "AC-001"), (&mut b, "RCA-001")] {
            let answer = client.post("/step", look("postgres-db")).await.ok();
            assert_eq!(answer["observation"]["scenario_id"], scenario);
            assert_eq!(answer["info"]["step"], step);
        }
    }
    // A client without a cookie gets the episode that was reset last.
    assert_eq!(Client::of(&service).get("/state").await.ok()["episode_id"], "of; b=ü");
    // Another reset by the same client changes its cookie.
    a.post("/reset", json!({"scenario_id": "RP-001"})).await.ok();
    assert_eq!(a.get("/state").await.ok()["scenario_id"], "RP-001");
    assert_eq!(b.get("/state").await.ok()["step_count"], 2);
}

#[tokio::test]
async fn two_clients_with_ids_do_not_meet() {
    let service = service(Options::default());
    let mut client = Client::with_jar(&service);
    let a = client.post("/reset", json!({"scenario_id": "AC-001"})).await.ok()["episode_id"].clone();
    let b = client.post("/reset?episode_id=b", json!({"scenario_id": "AC-002"})).await.ok()["episode_id"].clone();
    assert_eq!(b, "b");
    let a = a.as_str().unwrap();
    // The header, the query and the body each override the cookie, which means b.
    let with_header = Request::get("/state").header("x-episode-id", a).body(Body::empty()).unwrap();
    assert_eq!(client.send(with_header).await.ok()["scenario_id"], "AC-001");
    client.post(&format!("/step?episode_id={a}"), look("x")).await.ok();
    let mut body = look("x");
    body["episode_id"] = a.into();
    client.post("/step", body).await.ok();
    client.post("/step", look("x")).await.ok();
    let steps = |state: Value| state["step_count"].as_u64().unwrap();
    assert_eq!(steps(client.get(&format!("/state?episode_id={a}")).await.ok()), 2);
    assert_eq!(steps(client.get("/state").await.ok()), 1);
    // The header also names the episode to start over.
    let again = Request::post("/reset").header("x-episode-id", "b").body(Body::empty()).unwrap();
    assert_eq!(client.send(again).await.ok()["episode_id"], "b");
    assert_eq!(steps(client.get("/state?episode_id=b").await.ok()), 0);
}

#[tokio::test(start_paused = true)]
async fn episodes_expire_and_make_room() {
    let service = service(limited(60, 2));
    let mut client = Client::of(&service);
    for id in ["a", "b", "c"] {
        client.post("/reset", json!({ "episode_id": id })).await.ok();
    }
    assert_eq!(client.get("/state?episode_id=a").await.json()["code"], "unknown_episode");
    tokio::time::advance(std::time::Duration::from_secs(59)).await;
    client.get("/state?episode_id=b").await.ok();
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    client.get("/state?episode_id=b").await.ok();
    assert_eq!(client.get("/state?episode_id=c").await.status.as_u16(), 404);
    assert_eq!(client.get("/state").await.json()["code"], "no_episode");
}

#[tokio::test]
async fn a_full_server_says_when_to_come_back() {
    let mut client = Client::of(&service(limited(60, 0)));
    let answer = client.empty_post("/reset").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("5")));
    assert_eq!(answer.json()["code"], "at_capacity");
}

// ---- what may be seen ----

#[tokio::test]
async fn answers_are_revealed_when_the_option_says() {
    for (reveal, before, after) in
        [(Reveal::Never, false, false), (Reveal::Done, false, true), (Reveal::Always, true, true)]
    {
        let options = Options { visibility: Visibility { reveal, exam: false }, ..Options::default() };
        let mut client = Client::of(&service(options));
        client.post("/reset", json!({"scenario_id": "RCA-001"})).await.ok();
        let names = |value: &Value| value["breakdown"]["correct_service"] == "analytics-service";
        assert_eq!(names(&client.get("/grader").await.ok()), before, "{reveal:?}");
        let wrong = json!({"service": "nope", "failure_mode": "none"});
        let wrong = json!({"action_type": "submit_root_cause", "parameters": wrong});
        let last = client.post("/step", wrong).await.ok();
        assert_eq!(names(&last["info"]["grader"]), after, "{reveal:?}");
        assert_eq!(names(&client.get("/grader").await.ok()), after, "{reveal:?}");
    }
}

/// Plays an exam in each dialect, and returns every answer together with what the client itself had sent.
async fn sit_exam(scenario: &str, actions: &[Action]) -> Vec<(String, String)> {
    let mut client = Client::with_jar(&service(exam()));
    let mut seen = Vec::new();
    let mut keep = |sent: &str, answer: crate::service::Answer| {
        let headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        seen.push((sent.to_owned(), format!("{}\n{}", headers.join("\n"), answer.text)));
    };
    for openenv in [false, true] {
        keep("", client.post("/reset", json!({ "scenario_id": scenario })).await);
        for action in actions {
            let action = serde_json::to_value(action).unwrap();
            let sent = action.to_string();
            let body = if openenv { json!({ "action": action }) } else { action };
            keep(&sent, client.post("/step", body).await);
            keep(&sent, client.get("/state").await);
            keep(&sent, client.get("/grader").await);
        }
        // The client sends one more step after the end.
        keep("", client.post("/step", json!({"action_type": "nap"})).await);
        keep("", client.get("/state").await);
        keep("", client.get("/grader").await);
        keep("", client.get("/tasks").await);
        keep("", client.get("/metrics").await);
    }
    seen
}

/// Makes the actions of an agent that plays at random in the open.
fn random_play(scenario: &str, seed: u64) -> Vec<Action> {
    let suite = catalog();
    let mut episode = Episode::reset(suite.scenario(scenario).unwrap(), EpisodeId::nil());
    let mut policy = Random::new(seed);
    let mut actions = Vec::new();
    while !episode.is_done() {
        let Turn::Act(decision) = policy.turn(episode.observation()) else { panic!("random acts") };
        episode.step(&decision.action);
        actions.push(decision.action);
    }
    actions
}

#[tokio::test]
async fn an_exam_lets_no_answer_no_score_and_no_judgement_out() {
    let suite = catalog();
    for scenario in suite.scenarios() {
        let oracle = scenario.oracle();
        for actions in [oracle.clone(), random_play(scenario.id(), 1), random_play(scenario.id(), 2)] {
            for (sent, text) in sit_exam(scenario.id(), &actions).await {
                check_exam(scenario, &sent, &text);
            }
        }
    }
}

/// Reads all pages but those of an episode, as an agent that looks around finds them.
async fn crawl(client: &mut Client) -> Vec<(String, u16, String)> {
    let document = client.get("/openapi.json").await.ok();
    let mut pages = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if ["/state", "/grader", "/metrics", "/reset", "/step"].contains(&path.as_str()) {
            continue;
        }
        let place = path.replace("{env}", "incident-bench").replace("{run_id}", "latest").replace("{n}", "1");
        for method in methods.as_object().unwrap().keys() {
            let answer = match method.as_str() {
                "get" => client.get(&place).await,
                "post" => client.post(&place, json!({ "split": "test", "index": 0, "jsonrpc": "2.0", "id": 1 })).await,
                // No other method reads.
                _ => continue,
            };
            pages.push((format!("{method} {place}"), answer.status.as_u16(), answer.text));
        }
    }
    pages
}

#[tokio::test]
async fn the_other_pages_of_an_exam_are_the_same_for_every_episode_and_hold_no_answer() {
    let suite = catalog();
    let mut pages = None;
    for scenario in suite.scenarios() {
        let mut client = Client::with_jar(&service(exam()));
        client.post("/reset", json!({ "scenario_id": scenario.id() })).await.ok();
        let during = crawl(&mut client).await;
        for action in scenario.oracle() {
            client.post("/step", serde_json::to_value(action).unwrap()).await.ok();
        }
        let afterwards = crawl(&mut client).await;
        assert_eq!(during, afterwards, "{}", scenario.id());
        assert_eq!(*pages.get_or_insert(during), afterwards, "{}", scenario.id());
    }
    let pages = pages.unwrap();
    assert!(pages.iter().filter(|(_, status, _)| *status == 200).count() >= 8, "{pages:?}");
    for scenario in suite.scenarios() {
        let answer = scenario.oracle().pop().unwrap();
        // A word of the answer may occur anywhere; all of its words together are the answer.
        for (key, text) in answer.parameters() {
            let terms: Vec<_> = text.as_str().unwrap().split(", ").collect();
            let tells = |page: &str| terms.len() > 3 && terms.iter().all(|term| page.contains(term));
            for (place, _, page) in &pages {
                assert!(!tells(page), "{place} holds the {key} of {}", scenario.id());
            }
        }
    }
}

/// Lists every number and truth value of an answer, with its place.
fn walk(value: &Value, path: &str, numbers: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| walk(value, &format!("{path}.{key}"), numbers));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, path, numbers)),
        Value::Number(_) | Value::Bool(_) => numbers.push((path.to_owned(), value.clone())),
        _ => {}
    }
}

/// Removes the parts that the briefing and the evidence contain.
fn drop_told(value: &mut Value, told: &[&str]) {
    if let Value::Object(object) = value {
        object.retain(|key, _| !told.contains(&key.as_str()));
        object.values_mut().for_each(|value| drop_told(value, told));
    }
}

/// Checks that numbers occur in an answer only where the world or the rules put them.
fn check_exam(scenario: &incident_env::Scenario, sent: &str, text: &str) {
    let id = scenario.id();
    for word in [
        "query_new",
        "query_repeat",
        "rem_good",
        "rem_wrong",
        "submit_correct",
        "submit_wrong",
        "past_half",
        "timeout -",
        "exact_repeat",
        "bad_action",
        "correct_severity",
        "severity_match",
        "correct_service",
        "service_match",
        "base\"",
        "efficiency",
        "wrong_action",
        "keywords",
        "\"total\":0",
        "\"total\":1",
        "Grade ",
        "made things worse",
        "a step of the repair",
        "progress of the repair",
        "queried before",
        "shaping",
        "\"grader\"",
        "goal",
    ] {
        assert!(!text.contains(word), "{id}: {word} in {text}");
    }
    let Some((_, body)) = text.split_once("\n{") else { return };
    let Ok(value) = serde_json::from_str::<Value>(&format!("{{{body}")) else { return };
    let mut numbers = Vec::new();
    walk(&value, "", &mut numbers);
    // A score could only hide in a key that is not on this list.
    for (path, value) in numbers {
        let key = path.rsplit('.').next().unwrap();
        let of_the_world = path.contains(".alert.") || path.contains(".parameters.");
        assert!(
            of_the_world || ["step_count", "max_steps", "step", "done", "submitted", "total"].contains(&key),
            "{id}: {path} = {value}"
        );
    }
    // These are the texts of the truth, except those that the client itself sent or that the briefing and the evidence
    // show.
    let told = ["incident_summary", "alert", "queried_data", "known_services", "available_runbooks", "feature_flags"];
    let mut rest = value;
    drop_told(&mut rest, &told);
    if let Some(history) = rest.get_mut("action_history") {
        *history = Value::Null;
    }
    let rest = rest.to_string();
    for action in scenario.oracle() {
        for (_, answer) in action.parameters() {
            let answer = answer.as_str().unwrap();
            // The list of tasks names P1 to P4 alike, and an error names every service alike.
            let listed = rest.contains("\"action_schema\"") || rest.contains("known services:");
            assert!(listed || sent.contains(answer) || !rest.contains(answer), "{id}: '{answer}' in {rest}");
        }
    }
}
