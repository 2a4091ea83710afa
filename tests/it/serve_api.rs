//! What the server says of itself: schemas that its answers keep, a document that forgets no route, the Task API.

use incident_bench::env::verify;
use incident_bench::serve::Options;
use serde_json::{Value, json};

use crate::service::{Client, catalog, exam, service};

#[tokio::test]
async fn the_schemas() {
    let mut client = Client::of(&service(Options::default()));
    let schemas = client.get("/schema").await.ok();
    assert_eq!(schemas["action"]["title"], "IncidentAction");
    assert_eq!(schemas["action"]["required"], json!(["action_type"]));
    assert!(!schemas.to_string().contains("$ref"), "readers resolve nothing");
    insta::assert_json_snapshot!("schema", schemas);
}

#[tokio::test]
async fn what_openenv_is_answered_keeps_the_schemas() {
    let suite = catalog();
    for options in [Options::default(), exam()] {
        let mut client = Client::of(&service(options));
        let schemas = client.get("/schema").await.ok();
        let of = |part: &str| jsonschema::validator_for(&schemas[part]).unwrap();
        let (actions, observations, states) = (of("action"), of("observation"), of("state"));
        let check = |validator: &jsonschema::Validator, value: &Value| {
            let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?} in {value}");
        };
        for scenario in suite.scenarios() {
            let reset = client.post("/reset", json!({"scenario_id": scenario.id(), "episode_id": "mine"})).await.ok();
            let whole = |answer: &Value| {
                let mut whole = answer["observation"].clone();
                whole["reward"] = answer["reward"].clone();
                whole["done"] = answer["done"].clone();
                whole
            };
            check(&observations, &whole(&reset));
            let mut plays = verify::oracle(scenario);
            plays.insert(0, incident_bench::env::Action::with("nap".into(), &[]));
            for action in plays {
                let action = serde_json::to_value(&action).unwrap();
                if action["action_type"] != "nap" {
                    check(&actions, &action);
                }
                let step = client.post("/step", json!({ "action": action })).await.ok();
                check(&observations, &whole(&step));
                check(&states, &client.get("/state").await.ok());
            }
        }
    }
}

/// The document, and a way to hold an answer against what it says.
struct Document(Value);

impl Document {
    async fn of(client: &mut Client) -> Self {
        Self(client.get("/openapi.json").await.ok())
    }

    fn check(&self, method: &str, path: &str, kind: &str, value: &Value) {
        let operation = &self.0["paths"][path][method];
        let schema = match kind {
            "request" => &operation["requestBody"]["content"]["application/json"]["schema"],
            status => &operation["responses"][status]["content"]["application/json"]["schema"],
        };
        assert!(schema.is_object() || schema.is_boolean(), "{method} {path} {kind} has no schema");
        let root = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = jsonschema::validator_for(&root).unwrap();
        let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path} {kind}: {errors:?} in {value}");
    }
}

#[tokio::test]
async fn every_answer_keeps_the_document() {
    for options in [Options::default(), exam()] {
        let is_exam = options.visibility.exam;
        let mut client = Client::of(&service(options));
        let document = Document::of(&mut client).await;
        let reset = json!({"scenario_id": "RCA-001", "seed": 3, "episode_id": "x"});
        document.check("post", "/reset", "request", &reset);
        document.check("post", "/reset", "200", &client.post("/reset", reset).await.ok());
        let suite = catalog();
        for action in verify::oracle(suite.scenario("RCA-001").unwrap()) {
            let action = serde_json::to_value(action).unwrap();
            document.check("post", "/step", "request", &action);
            document.check("post", "/step", "200", &client.post("/step", action.clone()).await.ok());
            let wrapped = json!({"action": action, "timeout_s": 1.5});
            document.check("post", "/step", "request", &wrapped);
            document.check("post", "/step", "200", &client.post("/step", wrapped).await.ok());
        }
        let grader = if is_exam { "4XX" } else { "200" };
        document.check("get", "/grader", grader, &client.get("/grader").await.json());
        for path in ["/state", "/tasks", "/health", "/metadata", "/schema", "/list_environments"] {
            document.check("get", path, "200", &client.get(path).await.ok());
        }
        document.check("get", "/{env}/splits", "200", &client.get("/cloud_incident_env/splits").await.ok());
        for (path, body) in [
            ("tasks", json!({"split": "test"})),
            ("num_tasks", json!({"split": "test"})),
            ("task", json!({"split": "test", "index": 0})),
            ("task_range", json!({"split": "test", "start": 1, "stop": 3})),
        ] {
            let described = format!("/{{env}}/{path}");
            document.check("post", &described, "request", &body);
            let answer = client.post(&format!("/cloud_incident_env/{path}"), body).await.ok();
            document.check("post", &described, "200", &answer);
        }
        document.check("get", "/state", "4XX", &client.get("/state?episode_id=no").await.json());
    }
}

#[tokio::test]
async fn the_document() {
    let mut client = Client::of(&service(Options::default()));
    let document = client.get("/openapi.json").await.ok();
    assert!(document["info"]["version"].as_str().unwrap().starts_with("1."));
    // Every path in it is served, by the methods in it and no others.
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{env}", "cloud_incident_env");
        let request = axum::http::Request::builder().method("PATCH").uri(path.as_str());
        let answer = client.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), 405, "{path}");
        let mut allowed: Vec<_> = answer.header("allow").unwrap().split(',').map(str::to_lowercase).collect();
        allowed.retain(|method| method != "head");
        let described: Vec<_> = operations.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, described, "{path}");
    }
    insta::assert_json_snapshot!("openapi", document);
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let mut client = Client::of(&service(Options::default()));
    let page = client.get("/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let lower = page.text.to_lowercase();
    for word in ["<script", "src=", "http://", "https://", "@import", "url(", "<link"] {
        assert!(!lower.contains(word), "{word}");
    }
    for path in client.get("/openapi.json").await.ok()["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(path.as_str()), "{path}");
    }
}

#[tokio::test]
async fn the_task_api() {
    let mut client = Client::of(&service(Options::default()));
    assert_eq!(client.get("/list_environments").await.ok(), json!(["cloud_incident_env"]));
    assert_eq!(client.get("/Cloud_Incident_Env/splits").await.ok(), json!([{"name": "test", "type": "test"}]));
    let tasks = client.post("/cloud_incident_env/tasks", json!({"split": "test"})).await.ok();
    assert_eq!((tasks["tasks"].as_array().unwrap().len(), &tasks["env_name"]), (9, &json!("cloud_incident_env")));
    assert_eq!(client.post("/cloud_incident_env/num_tasks", json!({"split": "test"})).await.ok()["num_tasks"], 9);
    // A task is what a reset by split and index starts.
    for index in 0..9 {
        let at = json!({"split": "test", "index": index});
        let task = client.post("/cloud_incident_env/task", at.clone()).await.ok()["task"].clone();
        assert_eq!(task, tasks["tasks"][index]);
        assert_eq!(client.post("/reset", at).await.ok()["scenario_id"], task["scenario_id"]);
    }
    for (range, expected) in [
        (json!({}), 0..9),
        (json!({"start": 2, "stop": 4}), 2..4),
        (json!({"start": 8, "stop": 99}), 8..9),
        (json!({"start": 99}), 9..9),
        (json!({"start": 4, "stop": 2}), 9..9),
    ] {
        let mut body = range;
        body["split"] = json!("test");
        let some = client.post("/cloud_incident_env/task_range", body).await.ok();
        assert_eq!(some["tasks"], json!(tasks["tasks"].as_array().unwrap()[expected]));
    }
    for (path, body, status, code) in [
        ("/other/tasks", json!({"split": "test"}), 404, "unknown_environment"),
        ("/cloud_incident_env/tasks", json!({"split": "train"}), 400, "unknown_split"),
        ("/cloud_incident_env/tasks", json!({}), 422, "invalid_value"),
        ("/cloud_incident_env/task", json!({"split": "test", "index": 9}), 400, "scenario_out_of_range"),
        ("/cloud_incident_env/task", json!({"split": "test", "index": -1}), 400, "scenario_out_of_range"),
        ("/cloud_incident_env/task", json!({"split": "test"}), 422, "invalid_value"),
        ("/cloud_incident_env/task_range", json!({"split": "test", "start": -1}), 400, "scenario_out_of_range"),
    ] {
        let answer = client.post(path, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str().unwrap()), (status, code), "{path}");
    }
    assert_eq!(client.get("/other/splits").await.status.as_u16(), 404);
}

#[tokio::test]
async fn counters_count_and_tell_no_scores() {
    let mut client = Client::of(&service(Options::default()));
    client.post("/reset", json!({"scenario_id": "AC-001"})).await.ok();
    let submit = json!({"action_type": "submit_severity", "parameters": {"severity": "P1"}});
    client.post("/step", submit).await.ok();
    client.get("/nowhere/at/all").await;
    let text = client.get("/metrics").await.text;
    for line in [
        "bench_http_requests_total{method=\"POST\",route=\"/reset\",status=\"200\"} 1",
        "bench_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1",
        "bench_http_request_seconds_count 3",
        "bench_episodes_total 1",
        "bench_steps_total 1",
        "bench_sessions 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("bench_")));
}
