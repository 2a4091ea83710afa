//! Tests of what a server shows of a private suite: through no door does it tell suite, seed, level, number or attempt.

use incident_bench::serve::App;
use incident_env::Catalog;
use incident_generate::{Generator, Secret, Suite};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::service::{Client, exam, serving};

/// The twelve incidents of three levels that one secret makes.
fn private() -> Catalog {
    let suite: Suite = "smoke,private=3".parse().unwrap();
    let suite = suite.with_secret(Secret::new(&Secret::text_of(&[7; 32])).unwrap());
    let generator = Generator::embedded().unwrap();
    suite.catalog(generator.library(), generator.tasks()).unwrap()
}

/// Fails if a value has a key, or is a text, that says where an incident comes from.
fn check(door: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            // The level of the lines of a log is a parameter, and not the level of the incident.
            let of_lines = |value: &Value| value.to_string().contains("only lines of this level");
            for (key, value) in members.iter().filter(|(key, value)| *key != "level" || !of_lines(value)) {
                assert!(
                    !["level", "seed", "number", "attempt", "suite", "origin"].contains(&key.as_str()),
                    "{door}: {key}"
                );
                check(door, value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(door, item)),
        Value::String(text) => {
            for word in ["smoke", "private=", "generated:", "expert", "attempt "] {
                assert!(!text.contains(word), "{door}: {text}");
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_door_says_where_an_incident_comes_from() {
    let catalog = private();
    let ids: Vec<_> = catalog.scenarios().iter().map(|scenario| scenario.id().to_owned()).collect();
    let app = App::new(catalog, exam(), CancellationToken::new());
    let mut client = Client::with_jar(&serving(&app));
    let tasks = client.get("/tasks").await.ok();
    // What a list tells of an incident by its place is its task, and no more: within a task it is in the order of ids.
    for task in tasks["tasks"].as_array().unwrap() {
        let listed: Vec<_> = task["scenarios"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(listed.len() == 4 && listed.is_sorted(), "{listed:?}");
        check("/tasks", &task["scenarios"]);
    }
    for id in &ids {
        check("/reset", &client.post("/reset", json!({ "scenario_id": id })).await.ok());
        check("/state", &client.get("/state").await.ok());
    }
    for (door, body) in [
        ("/cloud_incident_env/tasks", json!({ "split": "test" })),
        ("/cloud_incident_env/task", json!({ "split": "test", "index": 5 })),
        ("/cloud_incident_env/num_tasks", json!({ "split": "test" })),
    ] {
        check(door, &client.post(door, body).await.ok());
    }
    // The schemas of tools have parameters of these names, so only what the tools say is checked.
    let listed = client.post("/mcp", json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await.ok();
    for tool in listed["result"]["tools"].as_array().unwrap() {
        check("/mcp", &tool["description"]);
    }
    let refused = client.post("/reset", json!({ "level": "easy" })).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(refused.text.contains("levels are not told"), "{}", refused.text);
}
