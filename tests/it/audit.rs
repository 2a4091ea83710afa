//! Tests of `verify-run` and `regrade`: kept trajectories are played again, their scores are reproduced, and changes in
//! a log are found.

use serde_json::{Value, json};

use crate::binary::Place;

fn events_file(place: &Place) -> String {
    format!("results/runs/{}/events.jsonl", place.latest())
}

/// Changes the first event of a kind, and writes the log back.
fn forge(place: &Place, kind: &str, change: impl Fn(&mut Value)) {
    let file = events_file(place);
    let mut done = false;
    let lines: Vec<String> = place
        .read(&file)
        .lines()
        .map(|line| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            if !done && event["event"]["type"] == kind {
                change(&mut event["event"]);
                done = true;
            }
            event.to_string() + "\n"
        })
        .collect();
    assert!(done, "no {kind}");
    place.write(&file, &lines.concat());
}

#[test]
fn every_kept_score_is_reproduced() {
    let place = Place::with_suite();
    place.bench(&["--epochs", "2"]).exits(0);
    let ended = place.bench(&["verify-run"]).exits(0);
    assert!(ended.stdout.contains("72 episodes") && ended.stdout.contains(" 0 differences"), "{}", ended.stdout);
    place.bench(&["--suite", "suite"]).exits(0);
    assert!(place.bench(&["verify-run", "latest"]).exits(0).stdout.contains("12 episodes"));
}

#[test]
fn what_was_changed_is_found() {
    for (kind, change, words) in [
        ("step.taken", (|event: &mut Value| event["reward"] = json!(0.123)) as fn(&mut Value), "step 1: the log has"),
        ("step.taken", |event| event["action_type"] = json!("nap"), "the engine gives"),
        ("episode.finished", |event| event["score"] = json!(0.123), "the log has the score 0.12"),
        ("episode.finished", |event| event["grade"]["feedback"] = json!("well done"), "its parts are not"),
    ] {
        let place = Place::with_suite();
        place.bench(&["--suite", "suite", "--agent", "heuristic"]).exits(0);
        forge(&place, kind, change);
        let ended = place.bench(&["verify-run"]).exits(1);
        assert!(ended.stdout.contains(words), "{kind}: {}", ended.stdout);
    }
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "random"]).exits(0);
    let text = place.read("suite/AC-901.toml");
    place.write("suite/AC-901.toml", &text.replace("P3", "P2"));
    place.bench(&["verify-run"]).fails(2, &["the suite of run", "is sha256:"]);
}

#[test]
fn other_rules_give_other_grades_without_a_call() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "oracle"]).exits(0);
    let ended = place.bench(&["regrade"]).exits(0);
    assert!(ended.stderr.contains("0 of 3 episodes have another score"), "{}", ended.stderr);
    // The answer key is corrected; the kept play earned full marks by the old one.
    let text = place.read("suite/AC-901.toml");
    place.write("suite/AC-901.toml", &text.replace("severity = \"P3\"", "severity = \"P1\""));
    let ended = place.bench(&["regrade", "--format", "json"]).exits(0);
    assert!(ended.stderr.contains("1 of 3 episodes have another score"), "{}", ended.stderr);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["rows"][0]["tasks"]["alert_classification"]["mean"], json!(0.25));
    assert_eq!(place.summary()["rows"], summary["rows"]);
    let again = place.bench(&["regrade"]).exits(0);
    assert!(again.stderr.contains("0 of 3 episodes"), "the log holds the new score: {}", again.stderr);
    assert!(place.read(&events_file(&place)).contains("episode.regraded"));
}

#[test]
fn both_grades_stand_in_a_run_and_an_old_one_gets_the_strict_one() {
    let place = Place::empty();
    place.bench(&["--agent", "fallback,heuristic,oracle"]).exits(0);
    let strict = |place: &Place| {
        let rows = place.summary()["rows"].clone();
        rows.as_array().unwrap().iter().map(|row| row["strict_overall"].clone()).collect::<Vec<_>>()
    };
    let expected = strict(&place);
    assert_eq!((&expected[2], expected.len()), (&json!(1.0), 3));
    let between = expected.iter().map(|score| score.as_f64().unwrap()).collect::<Vec<_>>();
    assert!(between[0] < between[1] && between[1] < 1.0, "{between:?}");

    let file = events_file(&place);
    let whole = place.read(&file);
    let forged =
        whole.replacen("\"grader\":\"strict/2\",\"total\":", "\"grader\":\"strict/2\",\"total\":0.3,\"was\":", 1);
    place.write(&file, &forged);
    let ended = place.bench(&["verify-run"]).exits(1);
    assert!(ended.stdout.contains("the log has the strict grade 0.3"), "{}", ended.stdout);

    place.write(&file, &whole.replace("\"grader\":\"strict/2\"", "\"grader\":\"strict/1\""));
    place.bench(&["verify-run"]).fails(2, &["was graded by strict/1", "bench regrade"]);

    let lines = whole.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["event"].as_object_mut().unwrap().remove("strict");
        event.to_string() + "\n"
    });
    place.write(&file, &lines.collect::<String>());
    place.bench(&["verify-run"]).exits(0);
    let ended = place.bench(&["regrade"]).exits(0);
    assert!(ended.stderr.contains("0 of 27 episodes have another score by classic/1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("27 have another strict grade, by strict/2"), "{}", ended.stderr);
    assert_eq!(strict(&place), expected);
    let again = place.bench(&["regrade"]).exits(0);
    assert!(!again.stderr.contains("another strict grade"), "{}", again.stderr);
}
