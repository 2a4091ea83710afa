//! Tests of the gate: three verdicts on constructed data, exactness if nothing is random, and drift.

use serde_json::{Value, json};

use crate::binary::{Ended, Place};

/// Writes the summary of one model with these scores: nine scenarios, three for each task, with four epochs each.
fn summary(place: &Place, name: &str, cells: &[[f64; 4]; 9]) {
    if !place.path("template.json").exists() {
        let made = place.bench(&["--agent", "oracle", "--epochs", "4", "--format", "json", "-q"]).exits(0);
        place.write("template.json", &made.stdout);
    }
    let mut made: Value = serde_json::from_str(&place.read("template.json")).unwrap();
    let row = &mut made["rows"][0];
    row["model"] = json!("m");
    row["agent"] = json!("llm");
    row["protocol"] = json!("text");
    row["assist"] = json!("off");
    row["trajectory_digest"] = json!(format!("sha256:{name}"));
    let mut cells = cells.iter();
    for task in ["alert_classification", "root_cause_analysis", "remediation_planning"] {
        for scenario in row["tasks"][task]["scenarios"].as_object_mut().unwrap().values_mut() {
            scenario["epochs"] = json!(cells.next().unwrap());
        }
    }
    place.write(&format!("{name}.json"), &made.to_string());
}

fn compare(place: &Place, arguments: &[&str]) -> Ended {
    place.bench(&[&["compare"], arguments].concat())
}

fn overall(ended: &Ended) -> Value {
    let compared: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(compared["schema"], "incident-bench/compare/1");
    compared["rows"][0].clone()
}

fn near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 5e-4, "{value} is not {expected}");
}

/// Two sets of scores, nine scenarios by four epochs, whose difference cannot be decided. `A` is the baseline.
const A: [[f64; 4]; 9] = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 0.0, 1.0, 0.0],
    [1.0, 1.0, 1.0, 1.0],
    [0.0, 1.0, 0.0, 1.0],
    [0.0, 1.0, 1.0, 1.0],
    [0.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 0.0],
];
const B: [[f64; 4]; 9] = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0, 0.0],
    [1.0, 1.0, 1.0, 1.0],
    [0.0, 1.0, 1.0, 1.0],
    [0.0, 0.0, 1.0, 0.0],
    [1.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 1.0],
];

#[test]
fn the_worked_example_cannot_be_decided() {
    let place = Place::empty();
    summary(&place, "a", &A);
    summary(&place, "b", &B);
    let ended = compare(&place, &["a.json", "b.json", "--format", "json"]).exits(3);
    let row = overall(&ended);
    assert_eq!(
        (&row["model"], &row["scope"], &row["verdict"]),
        (&json!("m"), &json!("overall"), &json!("inconclusive"))
    );
    near(&row["delta"], 0.0833);
    near(&row["bounds_fixed"][0], -0.0727);
    near(&row["bounds_fixed"][1], 0.2394);
    near(&row["se_paired"], 0.093_169);
    near(&row["p_sign_flip"], 0.5625);
    assert!(row["mde"].as_f64().unwrap() > 0.02 && row["epochs_needed"].as_u64().unwrap() > 4, "{row}");
    let text = compare(&place, &["a.json", "b.json"]).exits(3);
    assert!(text.stdout.contains("cannot be decided; these epochs would show a difference of"), "{}", text.stdout);
}

/// Makes the scores of nine scenarios around this value, with a little spread between the epochs.
fn around(value: f64) -> [[f64; 4]; 9] {
    [[value, value + 0.01, value - 0.01, value]; 9]
}

#[test]
fn the_three_verdicts() {
    let place = Place::empty();
    summary(&place, "base", &around(0.8));
    summary(&place, "same", &around(0.799));
    summary(&place, "worse", &around(0.7));
    summary(&place, "better", &around(0.9));
    summary(&place, "wild", &[[1.0, 0.4, 1.0, 0.7]; 9]);
    for (new, code, verdict) in
        [("same", 0, "pass"), ("better", 0, "pass"), ("worse", 1, "regressed"), ("wild", 3, "inconclusive")]
    {
        let file = format!("{new}.json");
        let ended = compare(&place, &["base.json", &file, "--format", "json"]).exits(code);
        assert_eq!(overall(&ended)["verdict"], verdict, "{new}");
    }
    // A wide margin tolerates the drop.
    compare(&place, &["base.json", "worse.json", "--margin", "0.2"]).exits(0);
    let github = compare(&place, &["base.json", "worse.json", "--format", "github"]).exits(1).stdout;
    assert!(github.starts_with("::error title=incident-bench regressed::m overall: 0.800 to 0.700"), "{github}");
    let junit = compare(&place, &["base.json", "worse.json", "--format", "junit"]).exits(1).stdout;
    assert!(junit.contains("tests=\"4\" failures=\"4\"") && junit.contains("<failure message="), "{junit}");
    let markdown = compare(&place, &["base.json", "worse.json", "--format", "markdown"]).exits(1).stdout;
    assert!(markdown.contains("| m | overall | 0.800 | 0.700 | -0.100 |"), "{markdown}");
}

#[test]
fn programs_beside_a_model_do_not_count() {
    let place = Place::empty();
    // The scores of the first summary are those of a model, and the others' those of the heuristic beside it.
    let beside = |name: &str, model: f64, program: f64| {
        summary(&place, "program", &around(program));
        summary(&place, name, &around(model));
        let read = |name: &str| -> Value { serde_json::from_str(&place.read(&format!("{name}.json"))).unwrap() };
        let (mut made, mut row) = (read(name), read("program")["rows"][0].clone());
        for (key, value) in [("model", json!("heuristic")), ("agent", json!("heuristic")), ("protocol", Value::Null)] {
            row[key] = value;
        }
        row["trajectory_digest"] = json!(format!("sha256:{name}"));
        made["rows"].as_array_mut().unwrap().push(row);
        place.write(&format!("{name}.json"), &made.to_string());
    };
    beside("base", 0.8, 0.5);
    beside("program_worse", 0.8, 0.3);
    beside("model_worse", 0.6, 0.5);
    for (new, code) in [("program_worse", 0), ("model_worse", 1)] {
        let file = format!("{new}.json");
        let shown = compare(&place, &["base.json", &file]).exits(code);
        assert!(shown.stdout.contains("heuristic"), "it is shown all the same: {}", shown.stdout);
        assert!(!shown.stderr.contains("heuristic"), "{}", shown.stderr);
        for format in ["github", "junit"] {
            let told = compare(&place, &["base.json", &file, "--format", format]).exits(code).stdout;
            assert_eq!(told.contains("::error") || told.contains("<failure"), code == 1, "{told}");
        }
    }
}

#[test]
fn agents_without_chance_are_compared_exactly() {
    let place = Place::with_suite();
    for _ in 0..2 {
        place.bench(&["--suite", "suite", "--agent", "random,oracle"]).exits(0);
    }
    let runs = crate::binary::names_in(&place.path("results/runs"));
    let ended = compare(&place, &[&runs[0], &runs[1], "--format", "json"]).exits(0);
    assert_eq!((overall(&ended)["exact"].clone(), overall(&ended)["verdict"].clone()), (json!(true), json!("pass")));
    // Another seed makes another player under the same name.
    place.bench(&["--suite", "suite", "--agent", "random,oracle", "--seed", "5"]).exits(0);
    let other = place.latest();
    let said = compare(&place, &[&runs[0], &other]);
    assert!(said.stdout.contains("different seeds"), "{}", said.stdout);
    assert!(said.stdout.contains("they part at step"), "{}", said.stdout);
    place.bench(&["--suite", "suite", "--agent", "oracle", "--baseline", &runs[0]]).exits(0);
    place.bench(&["--suite", "suite", "--agent", "oracle", "--baseline", "nope"]).exits(2);
}

#[test]
fn what_is_not_the_same_measurement_is_refused() {
    let place = Place::empty();
    summary(&place, "a", &around(0.5));
    let changed = place.read("a.json").replace("sha256:", "sha256:0");
    place.write("b.json", &changed);
    compare(&place, &["a.json", "b.json"]).fails(2, &["the runs have different suite", "--allow-drift"]);
    let ended = compare(&place, &["a.json", "b.json", "--allow-drift"]);
    assert!(ended.stdout.contains("the difference is not the agents' alone"), "{}", ended.stdout);
    place.write("c.json", "[]");
    compare(&place, &["a.json", "c.json"]).fails(2, &["c.json is no summary.json"]);
    compare(&place, &["a.json", "a.json", "--alpha", "0.7"]).fails(2, &["--alpha"]);
}
