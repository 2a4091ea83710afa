//! Tests of looks with optional parameters through the doors of the program: REST of the binary, MCP, and what models are told.

use incident_bench::agent::parse::{self, Counts};
use incident_bench::agent::prompt::{LastStep, PromptSet, Protocol};
use incident_bench::agent::think::Think;
use incident_bench::agent::{guard, tool_aliases::ToolNames};
use incident_bench::chat::ReplyFormat;
use incident_bench::serve::App;
use incident_env::{Action, Catalog, Dimension, Episode, EpisodeId, TaskId};
use incident_generate::{Generator, Suite};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::serve_cli::Serving;
use crate::service::{Client, catalog as classic, limited, serving};

/// Twelve generated incidents.
fn generated() -> Catalog {
    let generator = Generator::embedded().unwrap();
    let suite: Suite = "easy,count=12,seed=3".parse().unwrap();
    suite.catalog(generator.library(), generator.tasks()).unwrap()
}

/// An episode of a generated incident that is to be repaired.
fn repair() -> Episode {
    Episode::reset(generated().of_task(TaskId::RemediationPlanning).next().unwrap(), EpisodeId::nil())
}

/// An episode of a written scenario.
fn written() -> Episode {
    Episode::reset(classic().of_task(TaskId::RemediationPlanning).next().unwrap(), EpisodeId::nil())
}

fn look(kind: &str, parameters: Value) -> Action {
    Action::from_value(json!({"action_type": kind, "parameters": parameters})).unwrap()
}

#[cfg(unix)]
#[test]
fn looks_over_rest() {
    let serving = Serving::start(&["--port", "0", "--suite", "generated:easy,count=12,seed=3"], &[]);
    let post = |path: &str, episode: &str, body: &Value| {
        let named = if episode.is_empty() { String::new() } else { format!("x-episode-id: {episode}\r\n") };
        let headers = format!("content-type: application/json\r\n{named}");
        let answer = serving.send(&format!("POST {path}"), &headers, &body.to_string());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str::<Value>(body).unwrap())
    };
    let (_, first) = post("/reset", "", &json!({"task_id": "remediation_planning"}));
    let id = first["episode_id"].as_str().unwrap();
    let part = first["alert"]["affected_services"][0].as_str().unwrap();
    let step =
        |kind: &str, parameters: Value| post("/step", id, &json!({"action_type": kind, "parameters": parameters}));
    for (kind, parameters, key) in [
        ("check_recent_deploys", json!({}), "system".to_owned()),
        ("check_service_status", json!({}), "system".to_owned()),
        ("check_metrics", json!({"service": part, "window": 15}), format!("{part} window=15")),
        ("query_logs", json!({"service": part, "level": "error", "match": "x"}), format!("{part} match=x level=error")),
        ("check_dependencies", json!({"service": part}), part.to_owned()),
    ] {
        let (status, answer) = step(kind, parameters);
        assert_eq!(status, "200", "{answer}");
        assert!(answer["observation"]["last_action_error"].is_null(), "{answer}");
        let shown = answer["observation"]["queried_data"][kind][&key].as_str();
        assert!(shown.is_some_and(|text| !text.is_empty()), "{key}: {answer}");
    }
    // What is unknown or of the wrong type is a step that is refused, and not a request that cannot be read.
    for (kind, parameters, words) in [
        ("check_metrics", json!({"service": part, "window": 0}), "window takes minutes from 1 to 120"),
        ("check_metrics", json!({"service": part, "by": {"a": 1}}), "by takes one of node, zone, version"),
        ("check_metrics", json!({"service": part, "metric": "nothing"}), "unknown metric 'nothing'"),
        ("query_logs", json!({"service": part, "level": "loud"}), "levels: error, warn, info"),
        ("query_logs", json!({}), "query_logs needs the parameter 'service'"),
    ] {
        let (status, answer) = step(kind, parameters);
        assert_eq!(status, "200", "{answer}");
        let error = answer["observation"]["last_action_error"].as_str().unwrap();
        assert!(error.contains(words), "{words}: {error}");
    }
    let (status, _) = step("query_logs", json!({"service": 3}));
    assert_eq!(status, "422", "the type of a service is checked as before");
    let (_, state) = {
        let answer = serving.send("GET /state", &format!("x-episode-id: {id}\r\n"), "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str::<Value>(body).unwrap())
    };
    assert_eq!(state["step_count"], 10);
    assert_eq!(state["action_history"][2]["parameters"], json!({"service": part, "window": 15}));
    assert_eq!(serving.end("-TERM").0, Some(0));
}

/// A written scenario reads the service alone, whatever else is given.
#[test]
fn written_scenarios_pass_the_parameters_over() {
    let service = written().observation().briefing.services[0].to_string();
    let shown = |parameters: Value| {
        let mut episode = written();
        let outcome = episode.step(&look("query_logs", parameters));
        serde_json::to_value(outcome.observation.queried_data()).unwrap()
    };
    let plain = shown(json!({"service": service}));
    assert_eq!(shown(json!({"service": service, "level": "loud", "match": [1], "window": "x"})), plain);
    let mut episode = written();
    let outcome = episode.step(&look("check_recent_deploys", json!({})));
    let error = outcome.observation.last_action_error.as_ref().unwrap().to_string();
    assert_eq!(error, "check_recent_deploys needs the parameter 'service'");
    let signals: Vec<_> = outcome.reward.reason.signals().map(|(signal, _)| signal.as_str()).collect();
    assert_eq!(signals, ["query_no_service"]);
}

#[tokio::test]
async fn tools_of_mcp_have_the_parameters_where_worlds_are_simulated() {
    let parameters = async |catalog: Catalog, tool: &str| {
        let app = App::new(catalog, limited(600, 8), CancellationToken::new());
        let listing = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let answer = Client::of(&serving(&app)).post("/mcp", listing).await.ok();
        let tools = answer["result"]["tools"].as_array().unwrap().clone();
        let schema = tools.into_iter().find(|one| one["name"] == tool).unwrap()["inputSchema"].take();
        let named: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        (named.join(" "), schema["required"].clone(), schema["properties"]["window"]["maximum"].clone())
    };
    for (tool, simulated, required, window) in [
        ("query_logs", "service match level window", json!(["service"]), json!(120)),
        ("check_metrics", "service metric by window", json!(["service"]), json!(120)),
        ("check_dependencies", "service", json!(["service"]), Value::Null),
        ("check_recent_deploys", "service", json!([]), Value::Null),
        ("check_service_status", "service", json!([]), Value::Null),
    ] {
        assert_eq!(parameters(generated(), tool).await, (simulated.to_owned(), required, window), "{tool}");
        let written = ("service".to_owned(), json!(["service"]), Value::Null);
        assert_eq!(parameters(classic(), tool).await, written, "{tool}");
    }
}

#[test]
fn models_are_told_the_parameters_of_looks() {
    let prompts = PromptSet::simulated(Think::On).unwrap();
    let mut episode = repair();
    let ReplyFormat::Tools { tools } = prompts.format(episode.observation(), Protocol::Tools) else { panic!("tools") };
    let tool = |name: &str| tools.iter().find(|tool| tool.name == name).unwrap().parameters.clone();
    assert_eq!(tool("check_metrics")["required"], json!(["service"]));
    assert_eq!(tool("check_metrics")["properties"]["by"], json!({"type": "string", "enum": Dimension::NAMES}));
    assert_eq!(tool("check_recent_deploys")["required"], json!([]));
    // A strict schema requires all of them, so what is not wanted is null.
    let ReplyFormat::Json { schema, .. } = prompts.format(episode.observation(), Protocol::Json) else {
        panic!("json")
    };
    let logs = &schema["properties"]["action"]["anyOf"][0]["properties"]["parameters"];
    assert_eq!(logs["required"], json!(["service", "match", "level", "window"]));
    assert_eq!(
        logs["properties"]["level"],
        json!({"type": ["string", "null"], "enum": ["error", "warn", "info", null]})
    );
    let system = prompts.system(episode.observation().task(), Protocol::Text).unwrap();
    assert!(system.contains(r#""service": "<service>", "metric": "<metric, optional>""#), "{system}");

    // What was asked is repeated with its result.
    let part = episode.observation().briefing.services[0].to_string();
    let text =
        format!(r#"{{"action_type": "query_logs", "service": "{part}", "level": "error", "window": 9, "why": 1}}"#);
    let action = parse::from_text(&text, Counts::First).unwrap();
    guard::check(&action, episode.observation()).unwrap();
    episode.step(&action);
    let last = LastStep { action: Some(action), not_used: None };
    let told = prompts.step(episode.observation(), &last, Protocol::Text).unwrap();
    let asked = format!(
        r#"Result of {{"action_type":"query_logs","parameters":{{"service":"{part}","level":"error","window":9}}}}:"#
    );
    assert!(told.contains(&asked) && told.contains("log of"), "{told}");
    let names = ToolNames::new(1).unwrap();
    assert!(names.exchanged(&told).contains(r#""read_journal","parameters":{"service""#));
}

#[test]
fn the_guard_lets_looks_at_the_whole_system_pass_where_there_are_some() {
    for (kind, simulated) in [
        ("check_recent_deploys", true),
        ("check_service_status", true),
        ("check_metrics", false),
        ("query_logs", false),
    ] {
        let action = look(kind, json!({}));
        assert_eq!(guard::check(&action, repair().observation()).is_ok(), simulated, "{kind}");
        assert!(guard::check(&action, written().observation()).is_err(), "{kind}");
    }
}
