//! `bench power`: what is needed for a difference, from an assumed spread and from kept runs.

use serde_json::{Value, json};

use crate::binary::Place;
use crate::reports::{expect, row, summary};

fn asked(place: &Place, arguments: &[&str]) -> Value {
    let ended = place.bench(&[&["power", "--format", "json"], arguments].concat()).exits(0);
    assert_eq!(ended.stderr, "");
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["schema"], "incident-bench/power/1");
    answer
}

/// A table, and its JSON.
fn expect_both(name: &str, place: &Place, arguments: &[&str]) {
    let table = place.bench(&[&["power"], arguments].concat()).exits(0);
    assert_eq!(table.stderr, "");
    expect(&format!("{name}_table"), &table.stdout);
    expect(
        &format!("{name}_json"),
        &place.bench(&[&["power", "--format", "json"], arguments].concat()).exits(0).stdout,
    );
}

#[test]
fn an_assumed_spread() {
    expect_both("power_assumed", &Place::empty(), &[]);
}

#[test]
fn the_spread_of_a_kept_run() {
    let place = Place::empty();
    place.bench(&["--agent", "random", "--epochs", "3", "-q"]).exits(0);
    expect_both("power_random", &place, &["latest", "--difference", "0.1"]);
    // The numbers again, from the scores of the run: with equal tasks, σ² is the mean of the variances within scenarios.
    let tasks = place.summary()["rows"][0]["tasks"].clone();
    let cells = tasks.as_object().unwrap().values().flat_map(|task| task["scenarios"].as_object().unwrap().values());
    let variance = |cell: &Value| {
        let scores: Vec<_> = cell["epochs"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect();
        let mean = scores.iter().sum::<f64>() / 3.0;
        scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / 2.0
    };
    let variances: Vec<_> = cells.map(variance).collect();
    let within = variances.iter().sum::<f64>() / 9.0;
    let found = asked(&place, &["latest", "--difference", "0.1"])["contestants"][0].clone();
    assert!((found["within_sd"].as_f64().unwrap() - within.sqrt()).abs() < 1e-4, "{found}");
    // z = 1.644854 + 0.841621, and K = z²·2σ²/(9·0.1²).
    let epochs = (2.486_475_f64.powi(2) * 2.0 * within / 0.09).ceil();
    let these = &found["these_scenarios"];
    assert!((these["epochs"].as_f64().unwrap() - epochs).abs() < 0.5, "{these} is not {epochs}");
}

#[test]
fn pairs_of_a_run_are_measured() {
    let place = Place::empty();
    place.bench(&["--epochs", "3", "-q"]).exits(0);
    let table = place.bench(&["power", "latest"]).exits(0).stdout;
    expect("power_builtins_table", &table);
    let answer = asked(&place, &["latest"]);
    let names: Vec<_> = answer["pairs"].as_array().unwrap().iter().map(|pair| pair["models"].clone()).collect();
    assert_eq!((names.len(), &names[0]), (6, &json!(["random", "fallback"])));
    // A policy of the program plays the same again: a gate needs one epoch, whatever the difference.
    let oracle = &answer["contestants"][3];
    assert_eq!((&oracle["basis"], &oracle["these_scenarios"]["epochs"]), (&json!("deterministic"), &json!(1)));
    // What the user gives of the spread replaces what was measured, and no pair has a place for it.
    let given = asked(&place, &["latest", "--within", "0.2", "--contestant", "random"]);
    assert_eq!((&given["pairs"], &given["contestants"][0]["within_sd"]), (&json!([]), &json!(0.2)));
}

#[test]
fn one_epoch_bounds_the_spread() {
    let place = Place::empty();
    let run = summary(
        1,
        vec![
            row("m", [&[Some(1.0)], &[Some(0.0)], &[Some(0.5)]]),
            row("n", [&[Some(0.5)]; 3]),
            row("oracle", [&[Some(1.0)]; 3]),
        ],
    );
    place.write("run.json", &serde_json::to_string(&run).unwrap());
    let answer = asked(&place, &["run.json"]);
    // The built-in agent is left out beside models. One scenario a task: the variance is that over all three, 0.25.
    let [m, n] = answer["contestants"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&m["basis"], &m["within_sd"], &m["between_sd"]), (&json!("one_epoch"), &json!(0.5), &json!(0.5)));
    // A single score everywhere says nothing.
    assert_eq!((&n["basis"], &n["within_sd"]), (&json!("assumed"), &json!(0.35)));
    let pair = &answer["pairs"][0];
    assert_eq!((&pair["basis"], &pair["difference_sd"]), (&json!("one_epoch"), &json!(0.5)));
    assert_eq!(pair["incidents_like_these"]["epochs"], Value::Null);
    let table = place.bench(&["power", "run.json"]).exits(0).stdout;
    for words in ["≤ 0.500", "unknown", "m: a single epoch shows only the sum", "n: a single epoch with the same score"]
    {
        assert!(table.contains(words), "'{words}' is missing: {table}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    let place = Place::empty();
    let said = |arguments: &[&str]| asked(&place, arguments)["advice"].to_string();
    for (arguments, words) in [
        (&["--within", "0"][..], "so one epoch shows any difference"),
        (&["--within", "0"], "More epochs would not help: 387 incidents once show as much"),
        (&["--incidents", "50"], "no number of epochs shows a difference of 0.05 on 50 incidents"),
        (&["--incidents", "9"], "Play 1156 incidents once rather than 643 three times"),
        (&["--incidents", "9", "--epochs", "2"], "Play 1156 incidents once rather than 772 twice"),
        (&["--incidents", "5000"], "5000 incidents in 1 epoch are enough to see a difference of 0.05"),
        (&["--incidents", "1"], "1 incident in 1 epoch can show nothing"),
        (&["--unpaired"], "Let both agents play the same incidents"),
    ] {
        let found = said(arguments);
        assert!(found.contains(words), "{arguments:?}: '{words}' is missing: {found}");
    }
}

#[test]
fn the_size_comes_from_the_suite() {
    let place = Place::with_suite();
    for (suite, incidents) in [
        ("suite", 3),
        ("classic", 9),
        ("generated:lite", 120),
        ("generated:hard,count=7,seed=3", 7),
        ("generated:lite,private=2", 120),
    ] {
        assert_eq!(asked(&place, &["--suite", suite])["incidents"], incidents, "{suite}");
    }
    place.bench(&["power", "--suite", "generated:nope"]).fails(2, &["generated:nope: unknown suite 'nope'"]);
}

#[test]
fn a_wrong_number_is_told_with_its_range() {
    let place = Place::empty();
    for (option, value, range) in [
        ("--difference", "0", "above 0 and at most 1"),
        ("--difference", "nan", "above 0 and at most 1"),
        ("--difference", "-0.1", "above 0 and at most 1"),
        ("--power", "0.3", "at least 0.5 and below 1"),
        ("--power", "1", "at least 0.5 and below 1"),
        ("--alpha", "0.5", "above 0 and below 0.5"),
        ("--within", "0.6", "from 0 to 0.5"),
        ("--between", "-0.1", "from 0 to 0.5"),
        ("--correlation", "1.1", "from -1 to 1"),
        ("--incidents", "0", "1.."),
        ("--epochs", "0", "1.."),
    ] {
        place.bench(&["power", option, value]).fails(2, &[option, value, range]);
    }
    place.bench(&["power", "--incidents", "9", "--suite", "classic"]).fails(2, &["cannot be used with"]);
    place.bench(&["power", "--contestant", "m"]).fails(2, &["<RUN>"]);
}

#[test]
fn runs_that_cannot_tell_are_refused() {
    let place = Place::empty();
    let one = summary(1, vec![row("m", [&[Some(1.0)]; 3])]);
    let mut other = one.clone();
    other.run.suite_digest = "sha256:ff".to_owned();
    other.run.id.0 = "2026-01-04T030405Z-0000".to_owned();
    let none = summary(1, vec![row("m", [&[None]; 3])]);
    for (name, run) in [("one", &one), ("other", &other), ("none", &none)] {
        place.write(&format!("{name}.json"), &serde_json::to_string(run).unwrap());
    }
    place.bench(&["power", "one.json", "other.json"]).fails(2, &["different suites"]);
    place.bench(&["power", "none.json"]).fails(2, &["none.json has no scores"]);
    place.bench(&["power", "nowhere"]).fails(2, &["no runs are kept in results"]);
    place.bench(&["power", "one.json", "one.json"]).fails(2, &["run 2026-01-02T030405Z-0000 is named twice"]);
    place.bench(&["power", "one.json", "--contestant", "x"]).fails(2, &["--contestant 'x'", "these have: m"]);
    // The same contestant of two runs is told apart by the run.
    let mut later = one.clone();
    later.run.id.0 = "2026-01-03T030405Z-0000".to_owned();
    place.write("later.json", &serde_json::to_string(&later).unwrap());
    let names = asked(&place, &["one.json", "later.json"]);
    assert_eq!(names["contestants"][0]["model"], "m (2026-01-02T030405Z-0000)");
    assert_eq!(names["pairs"].as_array().unwrap().len(), 1);
}
