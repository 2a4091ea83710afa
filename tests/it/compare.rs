//! Tests of the gate: its verdicts on constructed data, exactness if nothing is random, what is missing, and drift.

use serde_json::{Value, json};

use crate::binary::{Ended, Place};

/// Writes the summary of one model with these scores: nine scenarios, three for each task, with four epochs each.
fn summary(place: &Place, name: &str, cells: &[[f64; 4]; 9]) {
    if !place.path("template.json").exists() {
        let made = place.bench(&["--agent", "oracle", "--epochs", "4", "--format", "json", "-q"]).exits(0);
        place.write("template.json", &made.stdout);
    }
    let mut made: Value = serde_json::from_str(&place.read("template.json")).unwrap();
    made["run"]["id"] = json!(name);
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
    assert_eq!(compared["schema"], "incident-bench/compare/2");
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
        (&json!("m"), &json!("overall"), &json!("not_decided"))
    );
    near(&row["delta"], 0.0833);
    near(&row["df"], 29.40);
    near(&row["bounds_fixed"][0], -0.0778);
    near(&row["bounds_fixed"][1], 0.2445);
    near(&row["bounds_family"][0], -0.1408);
    near(&row["bounds_family"][1], 0.3074);
    near(&row["se_paired"], 0.093_169);
    near(&row["p_sign_flip"], 0.5625);
    near(&row["mde"], 0.3039);
    assert_eq!((&row["epochs_needed"], &row["error_from"]), (&json!(557), &json!("epochs")));
    let text = compare(&place, &["a.json", "b.json"]).exits(3);
    assert!(
        text.stdout.contains(
            "m, overall: not decided; these epochs would show a drop of 0.304, 557 epochs that nothing has changed"
        ),
        "{}",
        text.stdout
    );
}

/// Makes the scores of nine scenarios around this value, with a little spread between the epochs.
fn around(value: f64) -> [[f64; 4]; 9] {
    [[value, value + 0.01, value - 0.01, value]; 9]
}

#[test]
fn the_five_verdicts() {
    let place = Place::empty();
    summary(&place, "base", &around(0.8));
    summary(&place, "same", &around(0.799));
    summary(&place, "worse", &around(0.7));
    summary(&place, "better", &around(0.9));
    summary(&place, "wild", &[[1.0, 0.4, 1.0, 0.7]; 9]);
    // A drop of .03, of which the bounds at .0125 leave .014 at least.
    summary(&place, "little_worse", &[[0.72, 0.82, 0.77, 0.77]; 9]);
    for (new, code, verdict) in [
        ("same", 0, "same"),
        ("better", 0, "better"),
        ("worse", 1, "worse_than_margin"),
        ("little_worse", 1, "worse"),
        ("wild", 3, "not_decided"),
    ] {
        let file = format!("{new}.json");
        let ended = compare(&place, &["base.json", &file, "--format", "json"]).exits(code);
        assert_eq!(overall(&ended)["verdict"], verdict, "{new}");
        let whole: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(whole["verdict"], verdict, "{new}");
    }
    // A wide margin tolerates the drop.
    compare(&place, &["base.json", "worse.json", "--margin", "0.2"]).exits(0);
    let github = compare(&place, &["base.json", "worse.json", "--format", "github"]).exits(1).stdout;
    assert!(
        github.starts_with("::error title=incident-bench worse_than_margin::m overall: 0.800 to 0.700"),
        "{github}"
    );
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
    assert_eq!((overall(&ended)["exact"].clone(), overall(&ended)["verdict"].clone()), (json!(true), json!("same")));
    // Another seed makes another player under the same name.
    place.bench(&["--suite", "suite", "--agent", "random,oracle", "--seed", "5"]).exits(0);
    let other = place.latest();
    let said = compare(&place, &[&runs[0], &other]);
    assert!(said.stdout.contains("different seeds"), "{}", said.stdout);
    assert!(said.stdout.contains("they part at step"), "{}", said.stdout);
    place.bench(&["--suite", "suite", "--agent", "oracle,random", "--baseline", &runs[0]]).exits(0);
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
    for (key, other, what) in [("protocol", "json", "protocol"), ("assist", "fallback", "assist")] {
        let mut changed: Value = serde_json::from_str(&place.read("a.json")).unwrap();
        changed["run"]["id"] = json!("other");
        changed["rows"][0][key] = json!(other);
        place.write("asked.json", &changed.to_string());
        compare(&place, &["a.json", "asked.json"]).fails(2, &[&format!("different settings of m ({what})")]);
    }
}

#[test]
fn a_command_has_one_error_however_many_play() {
    let place = Place::empty();
    let names = ["m1", "m2", "m3", "m4"];
    let four = |name: &str, fourth: [[f64; 4]; 9]| {
        let mut rows = Vec::new();
        for label in names {
            summary(&place, name, &if label == "m4" { fourth } else { around(0.8) });
            let mut made: Value = serde_json::from_str(&place.read(&format!("{name}.json"))).unwrap();
            made["rows"][0]["model"] = json!(label);
            made["rows"][0]["trajectory_digest"] = json!(format!("sha256:{name}{label}"));
            rows.push(made["rows"][0].clone());
            made["rows"] = json!(rows);
            place.write(&format!("{name}.json"), &made.to_string());
        }
    };
    four("base", around(0.8));
    // A drop of .0117 with an error of .0056 and about 29 degrees of freedom: p is .022, or four times that for four rows.
    let spread = [0.8 - 0.0117, 0.8 - 0.0117 + 0.04, 0.8 - 0.0117 - 0.04, 0.8 - 0.0117];
    four("new", [spread; 9]);
    let compared = compare(&place, &["base.json", "new.json", "--format", "json", "--margin", "0"]);
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    let of =
        |label: &str| compared["rows"].as_array().unwrap().iter().find(|row| row["model"] == label).unwrap().clone();
    let width = |row: &Value, bounds: &str| row[bounds][1].as_f64().unwrap() - row["delta"].as_f64().unwrap();
    assert!(width(&of("m4"), "bounds_family") > 1.5 * width(&of("m4"), "bounds_fixed"), "{compared}");
    assert_eq!(of("m4")["verdict"], "not_decided", "{compared}");
}

#[test]
fn what_is_missing_is_not_agreement() {
    let place = Place::empty();
    let played = |arguments: &[&str]| {
        place.bench(&[&["-q"], arguments].concat()).exits(0);
        place.latest()
    };
    let base = played(&["--agent", "oracle,heuristic", "--epochs", "2"]);
    for (arguments, named) in [
        (&["--agent", "oracle", "--epochs", "2"][..], "contestant heuristic"),
        (
            &["--agent", "oracle,heuristic", "--epochs", "2", "--task", "root_cause_analysis"],
            "tasks alert_classification, remediation_planning",
        ),
        (
            &["--agent", "oracle,heuristic", "--epochs", "2", "--scenario", "AC-001,RCA-001,RP-001"],
            "scenarios AC-002, AC-003, RCA-002",
        ),
        (&["--agent", "oracle,heuristic"], "epoch 2 of scenarios AC-001, AC-002, AC-003"),
    ] {
        let new = played(arguments);
        let ended = compare(&place, &[&base, &new]).exits(3);
        assert!(
            ended.stderr.contains("not decided: the new run lacks") && ended.stderr.contains(named),
            "{}",
            ended.stderr
        );
        let junit = compare(&place, &[&base, &new, "--format", "junit"]).exits(3).stdout;
        assert!(junit.contains("not_decided: the new run lacks it"), "{junit}");
        let allowed = compare(&place, &[&base, &new, "--allow-missing", "--format", "json"]).exits(0);
        let compared: Value = serde_json::from_str(&allowed.stdout).unwrap();
        assert!(!compared["missing"].as_array().unwrap().is_empty() && compared["verdict"] == "same", "{compared}");
        // Before anything is played, the same is refused.
        let runs = crate::binary::names_in(&place.path("results/runs")).len();
        place
            .bench(&[&["-q", "--baseline", &base], arguments].concat())
            .fails(2, &["will not play", named, "--allow-missing"]);
        assert_eq!(crate::binary::names_in(&place.path("results/runs")).len(), runs);
        place.bench(&[&["-q", "--baseline", &base, "--allow-missing"], arguments].concat()).exits(0);
        // The base may have less.
        compare(&place, &[&new, &base]).exits(0);
    }
    // What is worse is worse, whatever else is missing.
    let ended = compare(&place, &[&format!("{base}:oracle"), &format!("{base}:heuristic")]).exits(1);
    assert!(ended.stdout.contains("oracle → heuristic"), "{}", ended.stdout);
    let mut fewer: Value = serde_json::from_str(&place.read(&format!("results/runs/{base}/summary.json"))).unwrap();
    fewer["run"]["id"] = json!("fewer");
    for epochs in fewer["rows"][0]["tasks"]["alert_classification"]["scenarios"].as_object_mut().unwrap().values_mut() {
        epochs["epochs"] = json!([0.0, 0.0]);
    }
    fewer["rows"][0]["trajectory_digest"] = json!("sha256:fewer");
    fewer["rows"].as_array_mut().unwrap().remove(1);
    place.write("fewer.json", &fewer.to_string());
    compare(&place, &[&base, "fewer.json"]).exits(1);
}

#[test]
fn a_model_that_only_the_new_run_has_is_compared_with_nothing() {
    let place = Place::empty();
    place.bench(&["--agent", "heuristic", "--format", "json", "-q"]).exits(0);
    let mut both: Value = serde_json::from_str(&place.kept("summary.json")).unwrap();
    place.write("base.json", &both.to_string());
    summary(&place, "m", &around(0.5));
    let model: Value = serde_json::from_str(&place.read("m.json")).unwrap();
    both["run"]["id"] = json!("both");
    both["rows"].as_array_mut().unwrap().push(model["rows"][0].clone());
    place.write("both.json", &both.to_string());
    let ended = compare(&place, &["base.json", "both.json", "--allow-drift"]).exits(3);
    assert!(ended.stderr.contains("what the new run measures is not in the base"), "{}", ended.stderr);
}

#[test]
fn void_scenarios_are_told_and_count_as_missing() {
    let place = Place::empty();
    summary(&place, "base", &around(0.8));
    summary(&place, "new", &around(0.8));
    let mut void: Value = serde_json::from_str(&place.read("new.json")).unwrap();
    let row = &mut void["rows"][0];
    row["void"] = json!(4);
    row["reliability"]["overall_void_as_zero"] = json!(0.7111);
    let scenario = &mut row["tasks"]["alert_classification"]["scenarios"]["AC-001"];
    (scenario["mean"], scenario["epochs"]) = (Value::Null, json!([null, null, null, null]));
    place.write("void.json", &void.to_string());
    let ended = compare(&place, &["base.json", "void.json"]).exits(3);
    assert!(ended.stderr.contains("the new run lacks m: scenario AC-001"), "{}", ended.stderr);
    let allowed = compare(&place, &["base.json", "void.json", "--allow-missing"]).exits(0).stdout;
    assert!(allowed.contains("with 0 for each, overall would be 0.711"), "{allowed}");
    // A scenario that is void in the base is told.
    let told = compare(&place, &["void.json", "new.json"]).exits(0).stdout;
    assert!(told.contains("m: the base has no score for scenario AC-001"), "{told}");
}

#[test]
fn a_run_is_not_compared_with_itself_nor_with_nothing() {
    let place = Place::empty();
    place.bench(&["--agent", "oracle,heuristic", "-q"]).exits(0);
    let id = place.latest();
    let folder = format!("results/runs/{id}");
    let file = format!("{folder}/summary.json");
    for name in ["latest", &id, &folder, &file] {
        compare(&place, &[name, &id]).fails(2, &["would be compared with itself"]);
    }
    compare(&place, &[&file, &file]).fails(2, &["would be compared with itself"]);
    compare(&place, &["latest:oracle", "latest:oracle"]).fails(2, &["would be compared with itself"]);
    compare(&place, &["latest:oracle", "latest:nobody"])
        .fails(2, &["no contestant 'nobody'; it has heuristic, oracle"]);
    compare(&place, &["latest:heuristic", "latest:oracle"]).exits(0);
    // A results folder has a file of that name.
    place.write("latest", &id);
    compare(&place, &["latest:heuristic", "latest:oracle"]).exits(0);
    for (name, words) in
        [("--help", "'--help' is an option"), ("", "is empty"), ("nope:oracle", "no run 'nope:oracle'")]
    {
        compare(&place, &["--", name, &id]).fails(2, &[words]);
        place.bench(&["--agent", "oracle", "-q", &format!("--baseline={name}")]).fails(2, &[words]);
    }
    // `latest` is the run that was there before, and a run that goes on still means that one.
    place.bench(&["--agent", "oracle,heuristic", "-q", "--baseline", "latest"]).exits(0);
    let manifest: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
    assert_eq!(manifest["options"]["baseline"]["value"], json!(id));
    place.bench(&["resume", "-q"]).exits(0);
    let empty = place.read(&file).replace("\"epochs\": [", "\"no\": [");
    let mut empty: Value = serde_json::from_str(&empty).unwrap_or_default();
    empty["rows"] = json!([]);
    place.write("empty.json", &empty.to_string());
    compare(&place, &["empty.json", &id]).fails(2, &["has no scores"]);
    compare(&place, &[&id, "empty.json"]).fails(2, &["has no scores"]);
    place.bench(&["--agent", "oracle", "-q", "--baseline", "empty.json"]).fails(2, &["has no scores"]);
}

#[test]
fn summaries_that_windows_has_saved_are_read() {
    let place = Place::empty();
    place.bench(&["--agent", "oracle", "-q"]).exits(0);
    let text = place.kept("summary.json");
    let wide =
        |mark: u16| std::iter::once(mark).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for (name, bytes) in [("bom", [b"\xef\xbb\xbf", text.as_bytes()].concat()), ("wide", wide(0xFEFF))] {
        std::fs::write(place.path(name), bytes).unwrap();
        place.bench(&["--agent", "oracle", "-q", "--baseline", name]).exits(0);
    }
    let broken = wide(0xFEFF)[..101].to_vec();
    std::fs::write(place.path("broken"), broken).unwrap();
    compare(&place, &["broken", "latest"]).fails(2, &["broken is no summary.json", "UTF-16"]);
}

#[test]
fn one_epoch_decides() {
    let place = Place::empty();
    let once = |name: &str, scores: [f64; 9]| {
        summary(&place, name, &scores.map(|score| [score; 4]));
        let mut made: Value = serde_json::from_str(&place.read(&format!("{name}.json"))).unwrap();
        for task in made["rows"][0]["tasks"].as_object_mut().unwrap().values_mut() {
            for scenario in task["scenarios"].as_object_mut().unwrap().values_mut() {
                let first = scenario["epochs"][0].clone();
                scenario["epochs"] = json!([first]);
            }
        }
        place.write(&format!("{name}.json"), &made.to_string());
    };
    once("good", [1.0, 1.0, 0.9, 1.0, 0.9, 1.0, 1.0, 0.8, 1.0]);
    once("bad", [0.0, 0.1, 0.0, 0.2, 0.1, 0.0, 0.2, 0.0, 0.1]);
    once("ones", [1.0; 9]);
    once("zeros", [0.0; 9]);
    let ended = compare(&place, &["good.json", "bad.json", "--format", "json"]).exits(1);
    let row = overall(&ended);
    assert_eq!(
        (&row["verdict"], &row["error_from"], &row["se_fixed"]),
        (&json!("worse_than_margin"), &json!("scenarios"), &Value::Null)
    );
    let row = overall(&compare(&place, &["ones.json", "zeros.json", "--format", "json"]).exits(1));
    assert_eq!(row["error_from"], "single_epoch");
    // The error is √(2/18/9) = 1/9, and t₈ at .95 is 1.859548.
    near(&row["bounds_fixed"][0], -1.0 - 1.859_548 / 9.0);
    compare(&place, &["ones.json", "good.json"]).exits(3);
}
