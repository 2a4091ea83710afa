//! Tests of the JSON Schema of the scenario format: it is made from the types, is committed, and accepts what the
//! parser accepts.

use std::fs;
use std::path::Path;

use incident_env::ScenarioFile;

use crate::world::small_file;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/scenario.schema.json");

fn made() -> String {
    let schema = schemars::schema_for!(ScenarioFile);
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let made = made();
    let committed = fs::read_to_string(COMMITTED).unwrap_or_default();
    if made != committed {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenario.schema.json");
        fs::write(&fresh, made).unwrap();
        panic!("the types have changed: look at the difference, then cp {} {COMMITTED}", fresh.display());
    }
}

#[test]
fn it_accepts_every_scenario_and_refuses_what_the_parser_refuses() {
    let schema: serde_json::Value = serde_json::from_str(&made()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let as_json = |text: &str| serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/incident-env/scenarios");
    let mut seen = 0;
    for task in ["alert_classification", "root_cause_analysis", "remediation_planning"] {
        for entry in fs::read_dir(folder.join(task)).unwrap() {
            let path = entry.unwrap().path();
            let errors: Vec<_> =
                validator.iter_errors(&as_json(&fs::read_to_string(&path).unwrap())).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 9);
    let broken = as_json(small_file("AC-901.toml"));
    for (key, value) in
        [("task", serde_json::json!("napping")), ("surprise", serde_json::json!(1)), ("alert", serde_json::json!({}))]
    {
        let mut broken = broken.clone();
        broken[key] = value;
        assert!(!validator.is_valid(&broken), "{key}");
    }
}
