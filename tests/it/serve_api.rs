//! Tests of the server's descriptions of itself: answers satisfy their schemas, the document lists every route, the
//! Task API works.

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
        let mut client = Client::with_jar(&service(options));
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
            let mut plays = scenario.oracle();
            plays.insert(0, incident_env::Action::with("nap".into(), &[]));
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

/// The OpenAPI document, with a function that checks an answer against it.
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
        let mut client = Client::with_jar(&service(options));
        let document = Document::of(&mut client).await;
        let reset = json!({"scenario_id": "RCA-001", "seed": 3, "episode_id": "x"});
        document.check("post", "/reset", "request", &reset);
        document.check("post", "/reset", "200", &client.post("/reset", reset).await.ok());
        let suite = catalog();
        for action in suite.scenario("RCA-001").unwrap().oracle() {
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
async fn rare_answers_keep_the_document() {
    let mut client = Client::of(&service(Options { openenv: true, ..Options::default() }));
    let document = Document::of(&mut client).await;
    document.check("get", "/openapi.json", "200", &document.0);
    document.check("get", "/state", "200", &client.get("/state").await.ok());
    let send = |method: &str, headers: &[(&str, &str)], body: Value| {
        let mut request = axum::http::Request::builder().method(method).uri("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.header("content-type", "application/json").body(body.to_string().into()).unwrap()
    };
    let list = || json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let gone = ("mcp-session-id", "gone");
    for (method, headers, body, status) in [
        ("POST", &[][..], list(), "200"),
        ("POST", &[], json!({}), "200"),
        ("POST", &[("mcp-protocol-version", "1999-01-01")], list(), "400"),
        ("POST", &[gone], list(), "404"),
        ("DELETE", &[], Value::Null, "400"),
        ("DELETE", &[gone], Value::Null, "404"),
    ] {
        let answer = client.send(send(method, headers, body)).await;
        assert_eq!(answer.status.as_str(), status, "{method} {headers:?}");
        document.check(&method.to_lowercase(), "/mcp", status, &answer.json());
    }
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let answer = client.send(send("POST", &[], told)).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
    assert!(document.0["paths"]["/mcp"]["post"]["responses"]["202"].is_object());
}

#[tokio::test]
async fn the_server_takes_the_form_that_the_document_allows_and_no_other() {
    let mut client = Client::of(&service(Options::default()));
    let Document(document) = Document::of(&mut client).await;
    client.empty_post("/reset").await.ok();
    let test = |more: Value| {
        let mut body = json!({"split": "test"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    // Each row says whether the form is right. A right form may still be refused for its meaning.
    for (path, body, right) in [
        ("/reset", json!({}), true),
        ("/reset", json!([]), false),
        ("/reset", json!({"more": 1, "task_id": null, "index": null}), true),
        ("/reset", json!({"task_id": "nap"}), true),
        ("/reset", json!({"task_id": "nap", "scenario_id": "AC-001"}), true),
        ("/reset", json!({"task_id": 3}), false),
        ("/reset", json!({"scenario_index": -1}), true),
        ("/reset", json!({"scenario_index": -1, "scenario_id": "AC-001"}), true),
        ("/reset", json!({"scenario_index": 1e30}), true),
        ("/reset", json!({"scenario_index": 1e300}), true),
        ("/reset", json!({"scenario_index": 1.5}), false),
        ("/reset", json!({"seed": u64::MAX}), true),
        ("/reset", json!({"seed": 1e16}), true),
        ("/reset", json!({"seed": -1}), false),
        ("/reset", json!({"episode_id": ""}), false),
        ("/step", json!({"action_type": "nap"}), true),
        ("/step", json!({"action_type": 7}), false),
        ("/step", json!({"action_type": "nap", "action": 7}), false),
        ("/step", json!({"action_type": "nap", "parameters": null, "more": 1}), true),
        ("/step", json!({"action_type": "nap", "parameters": {"replicas": 1e30, "flag": null, "x": []}}), true),
        ("/step", json!({"action_type": "nap", "parameters": {"replicas": 2.5}}), false),
        ("/step", json!({"action_type": "nap", "episode_id": 7}), false),
        ("/step", json!({"action_type": "nap", "episode_id": ""}), false),
        ("/step", json!({"action": {"action_type": "nap"}, "timeout_s": null, "request_id": null}), true),
        ("/step", json!({"action": {"action_type": "nap"}, "action_type": 7}), true),
        ("/step", json!({"action": {"action_type": "nap"}, "timeout_s": 0}), false),
        ("/step", json!({"action": {"action_type": "nap"}, "request_id": ""}), false),
        ("/{env}/tasks", json!({"split": "train"}), false),
        ("/{env}/task", test(json!({"index": 0.0})), true),
        ("/{env}/task", test(json!({"index": -1})), false),
        ("/{env}/task_range", test(json!({"start": null, "stop": 1e30})), true),
        ("/{env}/task_range", test(json!({"stop": -1})), false),
    ] {
        let schema = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
        let root = json!({ "allOf": [schema], "components": document["components"] });
        assert_eq!(jsonschema::validator_for(&root).unwrap().is_valid(&body), right, "the document: {path} {body}");
        let answer = client.post(&path.replace("{env}", "cloud_incident_env"), body.clone()).await;
        let status = answer.status.as_u16();
        assert!(if right { status <= 400 } else { matches!(status, 400 | 422) }, "{path} {body} {status}");
    }
}

#[tokio::test]
async fn the_document() {
    let mut client = Client::of(&service(Options::default()));
    let document = client.get("/openapi.json").await.ok();
    assert!(document["info"]["version"].as_str().unwrap().starts_with("1."));
    // Every path in the document is served, by the methods in it and no others.
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
    // A task of the Task API is what a reset by split and index starts.
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
        (json!({"start": 8, "stop": 1e30}), 8..9),
        (json!({"start": 1e30}), 9..9),
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
