//! Tests of generated suites through the binary: written and proved, tampered with, private, played, audited, forecast.

use std::fs;

use incident_bench::agent::heuristic::Heuristic;
use incident_bench::agent::{Policy, Turn};
use incident_env::grade::strict::Strict;
use incident_env::{Breakdown, TaskId};
use incident_generate::{Generator, Level};
use serde_json::{Value, json};

use crate::binary::{Place, names_in};
use crate::server::{Reply, Seen, Server};

#[test]
fn a_written_suite_is_proved_and_what_is_changed_in_it_is_found() {
    let place = Place::empty();
    let made = ["generate", "--level", "easy", "--count", "6", "--seed", "4", "-o", "suite"];
    let first = place.bench(&made).exits(0);
    assert!(first.stdout.contains("6 incidents of easy,seed=4,count=6"), "{}", first.stdout);
    place.bench(&made).fails(2, &["holds a suite already"]);
    place.bench(&["generate", "--level", "easy", "--count", "6", "--seed", "4", "-o", "again"]).exits(0);
    let (one, two) = (place.path("suite"), place.path("again"));
    for name in names_in(&one).into_iter().filter(|name| name != "sealed") {
        assert_eq!(fs::read(one.join(&name)).unwrap(), fs::read(two.join(&name)).unwrap(), "{name}");
    }
    let proved = place.bench(&["verify", "suite"]).exits(0);
    assert!(proved.stdout.contains("solvable, unique, non-trivial, severities right"), "{}", proved.stdout);

    // The files that agents are shown tell nothing about the truth.
    let sealed = names_in(&one.join("sealed"));
    assert_eq!(sealed.len(), 7);
    for name in sealed.iter().filter(|name| *name != "listing.json") {
        // What is defined for all incidents names the parameters of answers.
        let mut shown: Value = serde_json::from_str(&place.read(&format!("suite/{name}"))).unwrap();
        assert!(shown["observation"].as_object_mut().unwrap().remove("action_schema").is_some(), "{name}");
        let shown = shown.to_string();
        for word in ["\"truth\"", "\"repair\"", "\"seed\"", "\"level\"", "\"trigger\""] {
            assert!(!shown.contains(word), "{name}: {word}");
        }
    }
    let file = format!("suite/sealed/{}", sealed[0]);
    let text = place.read(&file).replacen("\"impact\": ", "\"impact\": 1", 1);
    place.write(&file, &text);
    let broken = place.bench(&["verify", "suite"]).exits(1);
    assert!(broken.stdout.contains("holds another truth"), "{}", broken.stdout);
    place.bench(&["verify", "nowhere"]).fails(2, &["nowhere", "bench generate"]);
}

#[test]
fn private_suites_need_their_secret() {
    let place = Place::empty();
    let made = ["generate", "--level", "easy", "--count", "2", "--private", "3", "-o", "suite"];
    place.bench(&made).fails(2, &["BENCH_SUITE_SECRET is not set"]);
    let run = |secret: &str, arguments: &[&str]| {
        let output = place.command(arguments).env("BENCH_SUITE_SECRET", secret).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, said) = run("a secret that somebody made up", &made);
    assert!(code == Some(2) && said.contains("32 are the least") && said.contains("bench new-secret"), "{said}");
    let [secret, other] = [(); 2].map(|()| place.bench(&["new-secret"]).exits(0).stdout.trim_end().to_owned());
    assert!(secret.len() == 64 && secret.bytes().all(|digit| digit.is_ascii_hexdigit()), "{secret}");
    assert_ne!(secret, other);
    let (code, said) = run(&secret, &made);
    assert_eq!(code, Some(0), "{said}");

    // What can be published says nothing about where the incidents come from.
    let manifest = place.read("suite/manifest.json");
    assert!(manifest.contains("\"commitment\": \"sha256:") && !manifest.contains(&secret), "{manifest}");
    let shown = names_in(&place.path("suite")).into_iter().filter(|name| name != "sealed" && name != "manifest.json");
    let shown: Vec<_> = shown.map(|name| place.read(&format!("suite/{name}"))).collect();
    assert_eq!(shown.len(), 2);
    for text in shown.iter().chain([&manifest]) {
        // The level of the lines of a log is a parameter, and not the level of the incident.
        let text = text.replace("\"level\": \"error | warn | info", "");
        for word in ["easy", "private", "\"seed\"", "\"level\"", "\"number\"", "\"attempt\"", "\"digest\": \"sha256"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    assert!(place.read("suite/sealed/listing.json").contains("\"suite\": \"easy,private=3,count=2\""));

    assert_eq!(run(&secret, &["verify", "suite"]).0, Some(0));
    let (code, said) = run(&other, &["verify", "suite"]);
    assert!(code == Some(2) && said.contains("another secret"), "{said}");
    fs::remove_dir_all(place.path("suite/sealed")).unwrap();
    let (code, said) = run(&secret, &["verify", "suite"]);
    assert!(code == Some(2) && said.contains("who holds its sealed files"), "{said}");
}

#[test]
fn a_generated_suite_is_played_audited_and_forecast() {
    let place = Place::empty();
    let suite = "generated:easy,count=6,seed=4";
    place
        .bench(&[
            "--suite",
            suite,
            "--agent",
            "oracle,heuristic,greedy,table,walk,abduction,floors",
            "--out",
            "results",
            "-q",
        ])
        .exits(0);
    let summary = place.summary();
    let row = |name: &str| {
        let rows = summary["rows"].as_array().unwrap();
        rows.iter().find(|row| row["model"] == name).unwrap_or_else(|| panic!("{name}: {summary}")).clone()
    };
    assert_eq!((&row("oracle")["overall"], &row("oracle")["strict_overall"]), (&1.0.into(), &1.0.into()));
    for floor in ["random", "constant", "keyword_soup", "leaked"] {
        assert!(row(floor)["overall"].as_f64().unwrap() < 0.35, "{floor}: {}", row(floor)["overall"]);
    }
    for program in ["heuristic", "greedy", "table", "walk", "abduction"] {
        // All of them find the way in from records alone.
        let severities = row(program)["tasks"]["alert_classification"]["mean"].as_f64().unwrap();
        assert!(severities > 0.9, "{program}: {severities}");
    }
    let overall = |name: &str| row(name)["overall"].as_f64().unwrap();
    // Six incidents are few; what signs are worth over hundreds stands in docs/GENERATED.md.
    assert!(overall("table") > overall("walk") + 0.1, "signs are worth {} to {}", overall("table"), overall("walk"));
    let abduction = row("abduction");
    assert!(overall("abduction") > 0.95 && abduction["agent"] == "abduction", "{abduction}");
    assert_eq!(row("oracle")["conduct"]["repair_clean"]["value"], 1.0);
    assert_eq!(summary["run"]["graders"][0], "strict/2");
    let audited = place.bench(&["verify-run", "latest", "--out", "results"]).exits(0);
    assert!(audited.stdout.contains("0 differences"), "{}", audited.stdout);

    // Every prompt is rendered, and calls and tokens are estimated before any call is made.
    let url = "http://127.0.0.1:9/v1";
    for protocol in ["text", "json", "tools"] {
        let plan = ["--suite", suite, "--model", "m", "--base-url", url, "--agent", "llm", "--protocol", protocol];
        let told = place.bench(&[&plan[..], &["--dry-run", "--out", "results"]].concat()).exits(0);
        assert!(told.stdout.contains("tokens"), "{}", told.stdout);
    }
    for (suite, words) in [
        ("generated:tough", "unknown suite 'tough'"),
        ("generated:easy,decoys=99", "decoys is from 0 to 20"),
        ("generated:easy,seed=1,private=2", "has a seed, or is private"),
    ] {
        place.bench(&["--suite", suite, "--out", "results"]).fails(2, &[words]);
    }
}

/// It plays on request only, plays the same in every run, and plays as the fallback does where incidents are not made by rules.
#[test]
fn the_program_that_reasons_by_the_rules_plays_on_request() {
    let place = Place::empty();
    let rows = |arguments: &[&str]| {
        place.bench(arguments).exits(0);
        place.summary()["rows"].as_array().unwrap().clone()
    };
    let suite = "generated:easy,count=6,seed=3,outage=30";
    let usual = rows(&["--suite", suite, "-q"]);
    assert!(usual.iter().all(|row| row["model"] != "abduction"), "{usual:?}");
    let [once, again] = [(); 2].map(|()| rows(&["--suite", suite, "--agent", "abduction", "-q"]));
    let tasks = |rows: &[Value]| rows[0]["tasks"].clone();
    assert_eq!((once.len(), tasks(&once)), (1, tasks(&again)));
    let classic = rows(&["--agent", "abduction,fallback", "-q"]);
    assert_eq!(classic[0]["tasks"], classic[1]["tasks"]);
    // Its place between the heuristic and the oracle is told as that of any other score.
    let related = rows(&["--suite", "generated:easy,count=6,seed=3", "--agent", "abduction,heuristic,oracle", "-q"]);
    let own = related.iter().find(|row| row["model"] == "abduction").unwrap();
    assert!(own["relative"].as_f64().unwrap() > 0.9, "{own}");
}

#[test]
fn families_of_ones_own_are_laid_over() {
    let place = Place::empty();
    let family = include_str!("../../examples/families/index_rebuild.toml");
    place.write("own/index_rebuild.toml", family);
    let made = ["generate", "--level", "easy", "--count", "3", "--scenarios", "own", "-o", "suite"];
    place.bench(&made).exits(0);
    let shown = place.read(&format!("suite/{}", names_in(&place.path("suite"))[0]));
    assert!(shown.contains("\"index_rebuild\""), "{shown}");
    place.bench(&["verify", "suite", "--scenarios", "own"]).exits(0);
    // Without the families it is another suite.
    place.bench(&["verify", "suite"]).fails(2, &["made from the data sha256:", "--scenarios"]);

    let suite = ["--suite", "generated:easy,count=3", "--agent", "oracle"];
    place.bench(&[&suite[..], &["--scenarios", "own"]].concat()).exits(0);
    let summary = place.summary();
    assert_eq!(summary["rows"][0]["overall"], 1.0);
    // The run records which families they were.
    let audited = place.bench(&["verify-run", "latest"]).exits(0);
    assert!(audited.stdout.contains("0 differences"), "{}", audited.stdout);
    place.bench(&suite).exits(0);
    assert_ne!(place.summary()["run"]["suite_digest"], summary["run"]["suite_digest"]);

    place.write("own/again/index_rebuild.toml", family);
    place.bench(&made).fails(2, &["another file there is called index_rebuild.toml"]);
    place.write("own/again/index_rebuild.toml", "");
    place.write("own/index_rebuild.toml", &family.replace("job(root)", "jobs(root)"));
    let again = [&made[..5], &["--scenarios", "own/index_rebuild.toml", "-o", "other"]].concat();
    place.bench(&again).fails(2, &["index_rebuild.toml: bind.job: unknown function 'jobs'", "docs/GENERATED.md"]);
}

#[test]
fn an_incident_is_explained() {
    let place = Place::empty();
    let told = place.bench(&["explain", "3", "--level", "easy", "--number", "1", "--records"]).exits(0);
    for word in ["Graph", "Timeline", "Proof", "Records at the alert", "check_metrics", "severity P"] {
        assert!(told.stdout.contains(word), "{word}: {}", told.stdout);
    }
    place.bench(&["explain", "3", "--level", "tough"]).fails(2, &["unknown level 'tough'"]);
}

#[test]
fn a_run_that_was_cut_goes_on_and_is_graded_again() {
    let place = Place::empty();
    place.bench(&["--suite", "generated:easy,count=6,seed=2", "--agent", "heuristic,oracle"]).exits(0);
    let rows = place.summary()["rows"].clone();
    assert_eq!(rows[0]["overall"], rows[0]["strict_overall"]);
    let path = place.path(&format!("results/runs/{}/events.jsonl", place.latest()));
    let log = fs::read(&path).unwrap();
    fs::write(&path, &log[..log.len() / 3]).unwrap();
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(place.summary()["rows"], rows);
    let ended = place.bench(&["regrade"]).exits(0);
    assert!(ended.stderr.contains("0 of 12 episodes have another score by strict/2"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("another strict grade"), "{}", ended.stderr);
}

#[test]
fn knobs_that_are_turned_are_part_of_the_suite() {
    let place = Place::empty();
    place
        .bench(&["--suite", "generated:easy,count=3,names=1000", "--agent", "oracle"])
        .fails(2, &["names is from 0 to 999"]);
    let digest = |suite: &str| {
        place.bench(&["--suite", suite, "--agent", "oracle"]).exits(0);
        let summary = place.summary();
        assert_eq!(summary["rows"][0]["overall"], 1.0, "{suite}");
        summary["run"]["suite_digest"].clone()
    };
    let suites = ["", ",names=1", ",codenames=1", ",noise=0", ",log_loss=50", ",outage=40"];
    let digests: Vec<_> = suites.iter().map(|turned| digest(&format!("generated:easy,count=3{turned}"))).collect();
    for (index, one) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(one), "{}", suites[index]);
    }
}

/// The heuristic finds the way in for users by a phrase of the briefing, and what they lose by the labels of series. A briefing
/// or a series that is worded anew would turn its severities into guesses, which are worth about a quarter.
#[test]
fn the_heuristic_still_understands_what_is_written_about_severity() {
    let generator = Generator::embedded().unwrap();
    let scores: Vec<f64> = (0..8)
        .map(|number| {
            let incident = generator.incident(Level::Easy, 11, number).unwrap();
            let mut episode = incident.episode(TaskId::AlertClassification);
            let mut agent = Heuristic::default();
            while !episode.is_done() {
                let Turn::Act(decision) = agent.turn(episode.observation()) else { panic!("it asks nobody") };
                episode.step(&decision.action);
            }
            episode.grade_now().total.to_f64()
        })
        .collect();
    assert!(scores.iter().sum::<f64>() > 7.0, "{scores:?}");
}

#[test]
fn a_sealed_grade_names_no_answer() {
    let incident = Generator::embedded().unwrap().incident(Level::Easy, 11, 0).unwrap();
    for task in TaskId::ALL {
        let grade = incident.episode(task).grade_now();
        let Breakdown::Strict(parts) = &grade.breakdown else { panic!("{task}") };
        let answers = |parts: &Strict| -> Vec<Value> {
            let parts = serde_json::to_value(parts).unwrap();
            let parts = parts.as_object().unwrap().iter();
            parts.filter(|(key, _)| key.starts_with("correct_")).map(|(_, answer)| answer.clone()).collect()
        };
        let (whole, sealed) = (answers(parts), answers(&parts.sealed()));
        assert!(!whole.is_empty() && whole.iter().all(Value::is_string), "{task}: {whole:?}");
        assert!(sealed.iter().all(Value::is_null), "{task}: {sealed:?}");
    }
}

/// Answers at once, always the same.
fn hasty(_: usize, seen: &Seen) -> Reply {
    let says = |kind: &str, parameters: Value| {
        Reply::says(&json!({"action_type": kind, "parameters": parameters}).to_string())
    };
    let is_asked = |task: TaskId| seen.message(0).contains(task.submission().as_str());
    if is_asked(TaskId::AlertClassification) {
        says("submit_severity", json!({"severity": "P2"}))
    } else if is_asked(TaskId::RootCauseAnalysis) {
        says("submit_root_cause", json!({"service": "none", "mechanism": "none", "confidence": 0.5}))
    } else {
        says("submit_resolution", json!({"summary": "Nothing was wrong, so nothing was changed.", "mechanism": "none"}))
    }
}

#[test]
fn programs_play_beside_a_model_and_give_its_score_a_scale() {
    let place = Place::empty();
    let server = Server::start(hasty);
    let url = server.base_url();
    let asked = ["--suite", "generated:smoke", "--model", "m", "--base-url", &url, "--assist", "off", "--quiet"];
    // The programs score less than this, and only the model is judged.
    let ended = place.bench(&[&asked[..], &["--fail-under", "0.99"]].concat()).exits(1);
    assert!(ended.stderr.contains("m scored") && !ended.stderr.contains("greedy"), "{}", ended.stderr);
    let summary = place.summary();
    let rows = summary["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["m", "random", "fallback", "greedy", "heuristic", "oracle"]);
    let row = |name: &str| rows.iter().find(|row| row["model"] == name).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();

    // The scale, counted again from the scores that are shown.
    let scopes = |row: &Value| {
        let task = |name: &str| (row["tasks"][name]["mean"].clone(), row["tasks"][name]["relative"].clone());
        let overall = (row["overall"].clone(), row["relative"].clone());
        [overall, task("alert_classification"), task("root_cause_analysis"), task("remediation_planning")]
    };
    let (low, high) = (scopes(row("heuristic")), scopes(row("oracle")));
    for row in rows {
        for (scope, (score, relative)) in scopes(row).iter().enumerate() {
            let distance = number(&high[scope].0) - number(&low[scope].0);
            if distance < 0.0999 {
                assert!(relative.is_null(), "{row}");
            } else {
                let expected = (number(score) - number(&low[scope].0)) / distance;
                assert!((number(relative) - expected).abs() < 0.002, "{relative} {expected}");
            }
        }
    }
    assert_eq!((number(&low[0].1), number(&high[0].1)), (0.0, 1.0));
    assert_eq!(row("oracle")["conduct"]["cause_right"]["value"], 1.0);

    // Every incident of a root cause or a repair belongs to a group.
    for task in ["root_cause_analysis", "remediation_planning"] {
        let found = &row("m")["tasks"][task];
        let groups = found["groups"].as_object().unwrap().values();
        let grouped: u64 = groups.map(|group| group["scenarios"].as_u64().unwrap()).sum();
        assert_eq!(usize::try_from(grouped).unwrap(), found["scenarios"].as_object().unwrap().len(), "{task}");
    }
    assert!(row("m")["tasks"]["alert_classification"].get("groups").is_none());

    let shown = |format: &str| place.bench(&["report", "latest", "--format", format]).exits(0).stdout;
    let table = shown("table");
    for word in ["greedy", "cause right", "relative", "where heuristic is 0 and oracle is 1"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(shown("csv").contains(",relative,cause_right,"));
    for report in ["SCORES.md", "report.html"] {
        let text = place.kept(report);
        assert!(text.contains("Beside the programs") && text.contains("root cause analysis: "), "{text}");
    }
    let junit = place.kept("junit.xml");
    assert!(junit.contains("testsuite name=\"m\"") && !junit.contains("greedy"), "{junit}");

    // Who names the agents gets exactly these.
    place.bench(&[&asked[..], &["--agent", "llm"]].concat()).exits(0);
    let alone = place.summary();
    assert_eq!(alone["rows"].as_array().unwrap().len(), 1);
    assert!(alone["rows"][0].get("relative").is_none());
    // Beside the programs of another run it has a place again.
    let runs = names_in(&place.path("results/runs"));
    let joined = place.bench(&["report", &runs[0], &runs[1], "--format", "json"]).exits(0).stdout;
    let joined: Value = serde_json::from_str(&joined).unwrap();
    let models = joined["rows"].as_array().unwrap().iter().filter(|row| row["model"] == "m");
    let places: Vec<_> = models.map(|row| row["relative"].clone()).collect();
    assert_eq!(places, [row("m")["relative"].clone(), row("m")["relative"].clone()]);
}
