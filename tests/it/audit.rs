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

fn other_task(task: &Value) -> &'static str {
    if task == "remediation_planning" { "alert_classification" } else { "remediation_planning" }
}

#[test]
fn what_was_changed_is_found() {
    for (kind, change, words) in [
        ("step.taken", (|event: &mut Value| event["reward"] = json!(0.123)) as fn(&mut Value), "step 1: the log has"),
        ("step.taken", |event| event["action_type"] = json!("nap"), "the engine gives"),
        ("episode.finished", |event| event["score"] = json!(0.123), "the log has the score 0.12"),
        ("step.taken", |event| event["result"] = json!("all is well"), "its result is not what"),
        ("step.taken", |event| event["feedback"] = json!("well done"), "its feedback is not what"),
        ("step.taken", |event| event["step"] = json!(3), "the log has"),
        ("episode.started", |event| event["task"] = json!(other_task(&event["task"])), "another task"),
        ("run.started", |event| event["v"] = json!(1), "the log the format version 1"),
        ("run.started", |event| event["run"] = json!("x"), "the log is that of run x"),
        ("episode.finished", |event| event["score"] = Value::Null, "do not fit"),
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
fn what_was_trimmed_is_found() {
    let whole = Place::with_suite();
    whole.bench(&["--suite", "suite", "--agent", "heuristic,oracle", "--epochs", "2"]).exits(0);
    let file = events_file(&whole);
    let text = whole.read(&file);
    for what in ["a removed episode", "no events", "the first event alone", "a second end"] {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let has = |line: &str, words: &[&str]| words.iter().all(|word| line.contains(word));
        match what {
            "a removed episode" => lines.retain(|line| !has(line, &["oracle", "AC-901", "\"epoch\":1"])),
            "no events" => lines.clear(),
            "the first event alone" => lines.truncate(1),
            _ => lines.push(lines.iter().find(|line| has(line, &["episode.finished"])).unwrap().clone()),
        }
        let numbered = lines.iter().enumerate().map(|(n, line)| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            event["seq"] = json!(n);
            event.to_string() + "\n"
        });
        whole.write(&file, &numbered.collect::<String>());
        let ended = whole.bench(&["verify-run"]).exits(1);
        assert!(ended.stdout.contains("planned"), "{what}: {}", ended.stdout);
    }
    whole.write(&file, &text);
    whole.bench(&["verify-run"]).exits(0);

    // What is asked of a run.
    let file = format!("results/runs/{}/run.json", whole.latest());
    let text = whole.read(&file);
    for (code, from, to, words) in [
        (1, "\"seed\": 0", "\"seed\": 1", "another seed"),
        (1, "\"label\": \"oracle\"", "\"label\": \"other\"", "is not in the plan"),
        (1, "\"epochs\": 2", "\"epochs\": 3", "the log has nothing of it"),
        (1, "\"prompts_digest\": \"sha256:", "\"prompts_digest\": \"sha256:0", "theirs is"),
        (1, "incident-bench/run/2", "incident-bench/run/1", "the log the format version 2"),
        (70, "incident-bench/run/2", "incident-bench/run/3", "it has the format 'incident-bench/run/3'"),
        (70, "\"epochs\": 2", "\"epochs\": 4294967295", "must lie between 1 and 100000"),
        (70, "\"seed\": 0", "\"seed\": 0, \"sead\": 1", "unknown field `sead`"),
        (2, "\"suite\": \"suite\"", "\"suite\": \"/etc/passwd\"", "cannot be used: /etc/passwd"),
        (2, "\"suite_digest\": \"sha256:", "\"suite_digest\": \"sha256:0", "verify it with bench 0"),
    ] {
        assert!(text.contains(from), "{from}");
        whole.write(&file, &text.replacen(from, to, 1));
        let ended = whole.bench(&["verify-run"]).exits(code);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains(words) && !said.contains("root:"), "{to}: {said}");
    }
}

#[test]
fn a_flipped_key_drops_no_event() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "oracle"]).exits(0);
    let file = events_file(&place);
    let text = place.read(&file);
    for (from, to) in
        [("\"episode\":", "\"episodf\":"), ("\"feedback\":", "\"feedbacl\":"), ("\"outcome\":", "\"outcomf\":")]
    {
        place.write(&file, &text.replacen(from, to, 1));
        place.bench(&["report", "latest"]).fails(70, &["line "]);
    }
}

#[test]
fn of_earlier_runs_what_can_be_checked_is() {
    let place = Place::empty();
    place.bench(&["--agent", "heuristic", "-q"]).exits(0);
    let (manifest, log) = (format!("results/runs/{}/run.json", place.latest()), events_file(&place));
    place.write(&manifest, &place.read(&manifest).replace("incident-bench/run/2", "incident-bench/run/1"));
    let text =
        place.read(&log).replace("\"v\":2", "\"v\":1").replace("\"grader\":\"strict/2\"", "\"grader\":\"strict/1\"");
    place.write(&log, &text);
    forge(&place, "step.taken", |event| event["feedback"] = json!("as it was worded then"));
    let ended = place.bench(&["verify-run"]).exits(0);
    for words in
        ["not checked: strict grade by strict/1, 9 ×", "not checked: feedback of a step, worded by earlier rules, 1 ×"]
    {
        assert!(ended.stdout.contains(words), "{}", ended.stdout);
    }
    forge(&place, "step.taken", |event| event["reward"] = json!(0.5));
    place.bench(&["verify-run"]).exits(1);
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
    let ended = place.bench(&["verify-run"]).exits(0);
    assert!(ended.stdout.contains("not checked: strict grade by strict/1, 27 ×"), "{}", ended.stdout);

    let lines = whole.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["event"].as_object_mut().unwrap().remove("strict");
        event.to_string() + "\n"
    });
    place.write(&file, &lines.collect::<String>());
    let ended = place.bench(&["verify-run"]).exits(1);
    assert!(ended.stdout.contains("the log has no strict grade"), "{}", ended.stdout);
    let ended = place.bench(&["regrade"]).exits(0);
    assert!(ended.stderr.contains("0 of 27 episodes have another score by classic/1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("27 have another strict grade, by strict/2"), "{}", ended.stderr);
    assert_eq!(strict(&place), expected);
    let again = place.bench(&["regrade"]).exits(0);
    assert!(!again.stderr.contains("another strict grade"), "{}", again.stderr);
}

#[test]
fn a_damaged_line_costs_its_episode_and_not_the_run() {
    for (what, damage) in [
        (
            "zeros over some lines",
            (|text: &str, at: usize| {
                let zeros = "\0".repeat(512);
                format!("{}{zeros}{}", &text[..at], &text[at + 512..])
            }) as fn(&str, usize) -> String,
        ),
        ("a line that is gone", |text, at| {
            let begin = text[..at].rfind('\n').unwrap() + 1;
            let end = at + text[at..].find('\n').unwrap() + 1;
            format!("{}{}", &text[..begin], &text[end..])
        }),
        ("the first line", |text, _| text.replacen("run.started", "run.stbrted", 1)),
    ] {
        let place = Place::with_suite();
        place.bench(&["--suite", "suite", "--agent", "oracle,heuristic", "--epochs", "4", "-q"]).exits(0);
        let expected = place.summary()["rows"].clone();
        let file = events_file(&place);
        let text = place.read(&file);
        let at = text.len() / 2;
        let at = (at..at + 8).find(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 512)).unwrap();
        let damaged = damage(&text, at);
        place.write(&file, &damaged);
        place.bench(&["report", "latest"]).fails(70, &["line ", "--skip-damaged"]);
        place.bench(&["verify-run"]).fails(70, &["line "]);
        let ended = place.bench(&["report", "latest", "--skip-damaged"]).exits(0);
        assert!(ended.stderr.contains("is damaged"), "{what}: {}", ended.stderr);
        let open = |place: &Place| -> u64 {
            let rows = place.summary()["rows"].clone();
            rows.as_array().unwrap().iter().map(|row| row["unfinished"].as_u64().unwrap()).sum()
        };
        assert!(open(&place) < 12, "{what}: {}", ended.stdout);
        assert_eq!(place.read(&file), damaged, "{what}: a report changes no log");
        let ended = place.bench(&["resume"]).exits(0);
        assert!(ended.stderr.contains("events.damaged-1.jsonl"), "{what}: {}", ended.stderr);
        assert_eq!(place.kept("events.damaged-1.jsonl"), damaged, "{what}");
        assert_eq!((open(&place), &place.summary()["rows"]), (0, &expected), "{what}");
        place.bench(&["verify-run"]).exits(0);
    }
}

#[test]
fn the_digest_of_a_log_tells_whether_it_is_the_one_of_the_table() {
    let place = Place::with_suite();
    let ended = place.bench(&["--suite", "suite", "--agent", "oracle"]).exits(0);
    let digest = place.summary()["run"]["log_digest"].as_str().unwrap().to_owned();
    for text in [&ended.stdout, &place.kept("SCORES.md"), &place.kept("report.html")] {
        assert!(text.contains(&digest), "{digest}: {text}");
    }
    let verify = |place: &Place, said: &str| place.bench(&["verify-run", "--digest", said]);
    assert!(verify(&place, &digest).exits(0).stdout.contains(&digest));
    verify(&place, &digest[..19]).exits(0);
    verify(&place, &digest[..12]).exits(1);
    // What is made of the log again says the same, and so does another place.
    place.bench(&["report", "latest"]).exits(0);
    assert_eq!(place.summary()["run"]["log_digest"], json!(digest));

    // A change that holds together is found by the digest alone.
    let (log, manifest) = (events_file(&place), format!("results/runs/{}/run.json", place.latest()));
    let (events, asked) = (place.read(&log), place.read(&manifest));
    place.write(&log, &events.replacen("\"at\":\"20", "\"at\":\"19", 1));
    place.bench(&["verify-run"]).exits(0);
    let ended = verify(&place, &digest).exits(1);
    assert!(ended.stdout.contains("and not sha256:"), "{}", ended.stdout);
    place.write(&log, &events);
    place.write(&manifest, &format!("{asked}\n"));
    verify(&place, &digest).exits(1);
    place.write(&manifest, &asked);
    verify(&place, &digest).exits(0);

    // What is added later changes it, and the table that is written then has the new one.
    let text = place.read("suite/AC-901.toml");
    place.write("suite/AC-901.toml", &text.replace("severity = \"P3\"", "severity = \"P1\""));
    place.bench(&["regrade"]).exits(0);
    assert_ne!(place.summary()["run"]["log_digest"], json!(digest));
}
