//! Tests of the command line through the real binary: what is played and kept, how commands end, and what they print
//! then.

use std::collections::BTreeMap;
use std::fs;
use std::io::pipe;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::binary::{Ended, Place, names_in};
use crate::faults::good;
use crate::server::{Reply, Server};
use crate::world::small_file;

// ---- what is played and kept ----

/// Reads the files of the newest run's trajectories.
fn trajectories(place: &Place) -> BTreeMap<String, Value> {
    let folder = format!("results/runs/{}/trajectories", place.latest());
    let read = |name: String| {
        let value = serde_json::from_str(&place.read(&format!("{folder}/{name}"))).unwrap();
        (name, value)
    };
    names_in(&place.path(&folder)).into_iter().map(read).collect()
}

/// Returns a number of points in ten-thousandths, in which sums are exact.
fn points(value: &Value) -> i64 {
    let scaled = value.as_f64().unwrap() * 1e4;
    assert!((scaled - scaled.round()).abs() < 1e-6, "{value} has more than four decimals");
    format!("{scaled:.0}").parse().unwrap()
}

#[test]
fn alone_it_plays_the_built_in_agents() {
    let place = Place::empty();
    let first = place.bench(&[]).exits(0);
    let run = format!("results/runs/{}", place.latest());
    assert_eq!(first.stderr, format!("run {} → {run}\n", place.latest()));
    assert_eq!(
        names_in(&place.path(&run)),
        [
            "SCORES.md",
            "events.jsonl",
            "junit.xml",
            "lock",
            "report.html",
            "run.json",
            "scores.csv",
            "summary.json",
            "trajectories"
        ]
    );
    assert_eq!(names_in(&place.path("results")), ["latest", "runs"]);

    let summary = place.summary();
    let rows = summary["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["random", "fallback", "heuristic", "oracle"]);
    let overall: Vec<_> = rows.iter().map(|row| row["overall"].as_f64().unwrap()).collect();
    assert!(overall.is_sorted_by(|a, b| a < b), "{overall:?}");
    assert_eq!(overall.last(), Some(&1.0));
    for (name, score) in names.iter().zip(&overall) {
        let line = first.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line.contains(&format!(" {score:.3} [")), "{line}");
    }
    assert!(!first.stdout.contains('\u{1b}'), "no terminal, no colours");

    let kept = trajectories(&place);
    assert_eq!(kept.len(), 4 * 9);
    for (name, file) in &kept {
        let mut sum = 0;
        for step in file["steps"].as_array().unwrap() {
            sum += points(&step["step"]["reward"]);
            assert_eq!(points(&step["step"]["cumulative"]), sum, "{name}");
        }
        let row = rows.iter().find(|row| row["model"] == file["episode"]["model"]).unwrap();
        let task = file["task"].as_str().unwrap();
        let scenario = file["episode"]["scenario"].as_str().unwrap();
        assert_eq!(row["tasks"][task]["scenarios"][scenario]["epochs"], json!([file["score"]]), "{name}");
    }

    // In a second run only the id and the times differ.
    place.bench(&["run", "--seed", "0"]).exits(0);
    assert_ne!(run, format!("results/runs/{}", place.latest()));
    assert_eq!(place.summary()["rows"], summary["rows"]);
    let again = trajectories(&place);
    assert!(again.keys().eq(kept.keys()));
    for (name, mut file) in again {
        assert_eq!(file["run"], json!(place.latest()));
        file["run"] = kept[&name]["run"].clone();
        assert_eq!(file, kept[&name], "{name}");
    }
    place.bench(&["--seed", "1", "--agent", "random", "--quiet"]).exits(0);
    assert_ne!(place.summary()["rows"][0]["tasks"], summary["rows"][0]["tasks"], "the seed is in use");
}

#[test]
fn tasks_scenarios_and_agents_are_chosen() {
    let place = Place::with_suite();
    place.write("more/AC-902.toml", &small_file("AC-901.toml").replace("AC-901", "AC-902"));
    for (arguments, agents, scenarios) in [
        (&["--task", "alert_classification"][..], 4, &["AC-901"][..]),
        (&["--task", "root_cause_analysis,remediation_planning", "--agent", "oracle"], 1, &["RCA-901", "RP-901"]),
        (&["--scenario", "rp-901", "--scenario", "AC-901", "--agent", "oracle,random"], 2, &["AC-901", "RP-901"]),
        (&["--scenarios", "more", "--task", "alert_classification"], 4, &["AC-901", "AC-902"]),
        (&["--suite", "more/AC-902.toml", "--agent", "fallback"], 1, &["AC-902"]),
    ] {
        let suite = if arguments.contains(&"--suite") { &[][..] } else { &["--suite", "suite"] };
        let ended = place.bench(&[arguments, suite, &["--quiet"]].concat()).exits(0);
        assert_eq!(ended.stderr, "", "{arguments:?}");
        let summary = place.summary();
        assert_eq!(summary["rows"].as_array().unwrap().len(), agents, "{arguments:?}");
        let tasks = summary["rows"][0]["tasks"].as_object().unwrap();
        let played: Vec<_> = tasks.values().flat_map(|task| task["scenarios"].as_object().unwrap().keys()).collect();
        assert_eq!(played, scenarios, "{arguments:?}");
    }
}

#[test]
fn a_gate_fails_after_the_result() {
    let place = Place::with_suite();
    let gate = |limit: &str, agents: &str| {
        place.bench(&["--suite", "suite", "--agent", agents, "--fail-under", limit, "--quiet"])
    };
    let ended = gate("0.9", "fallback,oracle").exits(1);
    assert_eq!(ended.stderr, "gate failed: --fail-under 0.9: fallback scored 0.4000\n");
    assert!(ended.stdout.contains(" oracle "), "the table is there all the same");
    assert_eq!(place.summary()["rows"].as_array().unwrap().len(), 2);
    gate("0.4", "fallback").exits(0);
    // If a model plays, the gate is about the model and not about the agents beside it.
    let server = Server::start(|_, seen| good(seen));
    let with_model = |limit: &str| {
        let url = server.base_url();
        place.bench(&["--suite", "suite", "--model", "m", "--base-url", &url, "--fail-under", limit, "--quiet"])
    };
    with_model("0.9").exits(0);
    assert_eq!(with_model("0.91").exits(1).stderr, "gate failed: --fail-under 0.91: m scored 0.9000\n");
}

// ---- wrong usage ----

#[test]
fn wrong_usage_ends_with_2_and_says_what_would_be_right() {
    let place = Place::with_suite();
    let long = "x".repeat(201);
    let cases: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["--epoch-count", "3"], vec!["unexpected argument '--epoch-count'", "--epochs"]),
        (vec!["play"], vec!["'play'"]),
        (vec!["--format", "yaml"], vec!["yaml", "table, markdown, json, csv, openenv"]),
        (
            vec!["--agent", "human"],
            vec!["human", "llm, random, fallback, greedy, heuristic, table, walk, abduction, oracle"],
        ),
        (vec!["--epochs", "many"], vec!["--epochs", "many"]),
        (vec!["--quiet", "--verbose"], vec!["cannot be used with"]),
        (
            vec!["--model", "gpt"],
            vec!["'gpt' names no provider", "groq", "openai", "gpt-oss-120b", "bench list models", "--base-url"],
        ),
        (vec!["--model", "acme/gpt"], vec!["unknown provider 'acme'", "groq", "[providers.acme]"]),
        (
            vec!["--model", "llama-3.3-70b"],
            vec![
                "model llama-3.3-70b needs an API key and none of TOGETHER_API_KEY, DEEPINFRA_API_KEY",
                "hint: set one of TOGETHER_API_KEY",
                "OPENROUTER_API_KEY",
                "--api-key-env",
            ],
        ),
        (
            vec!["--model", "groq/x"],
            vec!["groq/x needs an API key and GROQ_API_KEY is not set", "hint: set GROQ_API_KEY"],
        ),
        (vec!["--model", "azure/x"], vec!["each user of azure has a URL of their own", "--base-url"]),
        (vec!["--model", "x", "--provider", "acme"], vec!["unknown provider 'acme'"]),
        (
            vec!["--model", "ollama/x?max_tokens=0"],
            vec!["--model ollama/x?max_tokens=0", "max_tokens: must be at least 1"],
        ),
        (vec!["--model", "ollama/x?temperature=9"], vec!["temperature: '9' must be a number from 0 to 2, or none"]),
        (vec!["--model", "ollama/x?tokens=9"], vec!["--model", "unknown field `tokens`"]),
        (vec!["--base-url", "http://h/v1?key=abc", "--model", "x"], vec!["--base-url", "'key' in it", "--api-key-env"]),
        (vec!["--base-url", "http://h/v1#x", "--model", "x"], vec!["--base-url", "behind a #"]),
        (vec!["--model", "ollama/x", "--api-key-env", "MY_KEY"], vec!["MY_KEY is not set"]),
        (vec!["--model", "a\nb", "--base-url", "http://h/v1"], vec!["--model", "line break", "a\\nb"]),
        (vec!["--model", "\u{1b}[31m", "--base-url", "http://h/v1"], vec!["--model", "control character"]),
        (vec!["--model", &long, "--base-url", "http://h/v1"], vec!["--model", "more than 200 characters"]),
        (vec!["--model", "a,,b", "--base-url", "http://h/v1"], vec!["--model", "empty"]),
        (vec!["--agent", "llm"], vec!["llm needs a --model"]),
        (vec!["--task", "napping"], vec!["unknown task 'napping'", "alert_classification, root_cause_analysis"]),
        (vec!["--scenario", "AC-999"], vec!["unknown scenario 'AC-999'", "AC-001, AC-002", "bench list scenarios"]),
        (vec!["--scenario", "AC-001", "--task", "remediation_planning"], vec!["no scenario is left"]),
        (vec!["--suite", "nowhere"], vec!["unknown suite 'nowhere'", "classic"]),
        (vec!["--scenarios", "nowhere"], vec!["nowhere", "No such file"]),
        (vec!["--suite", "empty"], vec!["empty", "no scenario files"]),
        (vec!["--prompts", "nowhere", "--model", "ollama/x"], vec!["cannot read nowhere/", "No such file"]),
        (vec!["--epochs", "0"], vec!["--epochs: must be at least 1 (from the command line)"]),
        (vec!["--concurrency", "0"], vec!["--concurrency", "'0' is neither a number from 1 nor auto"]),
        (vec!["--max-tokens", "0"], vec!["--max-tokens: must be at least 1"]),
        (vec!["--timeout", "0"], vec!["--timeout", "seconds above 0"]),
        (vec!["--episode-timeout", "inf"], vec!["--episode-timeout", "seconds above 0"]),
        (vec!["--temperature", "9"], vec!["--temperature: '9' must be a number from 0 to 2, or none"]),
        (vec!["--temperature", "NaN"], vec!["--temperature"]),
        (vec!["--fail-under", "80"], vec!["--fail-under: must lie between 0 and 1"]),
        (vec!["--fail-under", "NaN"], vec!["--fail-under: must lie between 0 and 1"]),
        (vec!["--base-url", "localhost"], vec!["--base-url: 'localhost' is no URL"]),
        (vec!["--base-url", "ftp://h/v1"], vec!["--base-url: 'ftp://h/v1' must begin with http"]),
        (vec!["--config", "nowhere.toml"], vec!["nowhere.toml", "No such file"]),
        (vec!["doctor"], vec!["doctor needs a --model"]),
        (vec!["list", "planets"], vec!["planets", "tasks, scenarios, models, agents, providers, runs"]),
        (vec!["list", "--format", "csv"], vec!["csv", "table, json"]),
        (vec!["completions", "cmd"], vec!["cmd", "bash"]),
        (vec!["report"], vec!["<RUN>"]),
        (vec!["report", "latest"], vec!["no runs are kept in results"]),
    ];
    fs::create_dir(place.path("empty")).unwrap();
    for (arguments, words) in cases {
        let ended = place.bench(&arguments).fails(2, &words);
        assert!(ended.stderr.starts_with("error: "), "{arguments:?}: {}", ended.stderr);
        assert!(!place.path("results").exists(), "{arguments:?}: nothing was begun");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let place = Place::empty();
    for url in [
        "http://me:hunter2@h/v1",
        "http://hunter2@h/v1",
        "ftp://me:hunter2@h/v1",
        "http://me:hunter2@:x/v1",
        "http://me:hunter2@h:99999/v1",
        "me:hunter2@h",
    ] {
        let ended = place.bench(&["--model", "m", "--base-url", url]).fails(2, &["--base-url"]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        let file = format!("[providers.mine]\nbase_url = \"{url}\"\n");
        place.write("mine.toml", &file);
        let ended = place.bench(&["--model", "mine/m", "--config", "mine.toml"]).fails(2, &["base_url"]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    place.bench(&["--model", "m", "--base-url", "http://h/v1/@cf", "--dry-run"]).exits(0);
}

#[test]
fn a_wrong_configuration_file_is_named_with_the_place() {
    for (text, words) in [
        ("sed = 3", &["unknown field `sed`", "`seed`"][..]),
        ("epochs = \"x\"", &["`epochs`", "\"x\""]),
        ("epochs = 0", &["--epochs", "from bench.toml"]),
        ("seed = 1\nepochs = = 1", &["line 2, column 10"]),
        ("agent = \"human\"", &["unknown agent 'human'", "llm, random", "from bench.toml"]),
        ("temperature = 9", &["--temperature", "from bench.toml"]),
        ("[providers.mine]\nurl = \"http://h/v1\"", &["unknown field `url`", "providers.mine"]),
        ("[aliases]\nmine = 3", &["aliases.mine"]),
        ("model = \"mine\"\n[aliases]\nmine = \"acme/m\"", &["unknown provider 'acme'"]),
        ("[models.'groq/x']\ntokens = 3", &["unknown field `tokens`", "models.groq/x"]),
        ("[models.m]\nprice = { input = -1, output = 2 }", &["bench.toml", "models.\"m\": price: input = -1"]),
        ("[models.m]\nmax_tokens = 0", &["models.\"m\": max_tokens: must be at least 1"]),
    ] {
        let place = Place::empty();
        place.write("bench.toml", text);
        place.bench(&[]).fails(2, words);
    }
    let place = Place::empty();
    place.write("other.toml", "sed = 3");
    place.bench(&["--config", "other.toml"]).fails(2, &["other.toml", "`sed`"]);
    fs::create_dir(place.path("bench.toml")).unwrap();
    place.bench(&[]).fails(2, &["bench.toml"]);
}

#[test]
fn a_wrong_dot_env_is_named_and_no_line_of_it_shown() {
    for text in ["A=1\nGROQ_API_KEY sk-secret\n", "A=1\nGROQ_API_KEY='sk-secret\n", "A=1\n=sk-secret\n"] {
        let place = Place::empty();
        place.write(".env", text);
        let ended = place.bench(&[]).exits(0);
        assert!(ended.stderr.contains(".env: line 2 is passed over"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("sk-secret") && !ended.stderr.contains("GROQ"), "{}", ended.stderr);
        // It fails where the key is wanted.
        let ended =
            place.bench(&["--model", "groq/x", "--agent", "llm"]).fails(2, &["GROQ_API_KEY is not set", "line 2"]);
        assert!(!ended.stderr.contains("sk-secret"), "{}", ended.stderr);
    }
    let place = Place::empty();
    fs::write(place.path(".env"), b"A=1\n# caf\xe9\nKEY=sk-\xffsecret\n").unwrap();
    assert!(place.bench(&[]).exits(0).stderr.contains("line 3 is passed over"));
    let made = std::process::Command::new("mkfifo").arg(place.path("fifo")).status().unwrap();
    assert!(made.success());
    fs::remove_file(place.path(".env")).unwrap();
    fs::rename(place.path("fifo"), place.path(".env")).unwrap();
    place.bench(&[]).fails(2, &[".env", "it is a FIFO"]);
}

// ---- where values come from ----

/// Returns the value and the origin of an option as `--dry-run` shows them.
fn origin(shown: &Ended, name: &str) -> String {
    let line = shown.stdout.lines().find_map(|line| line.strip_prefix(&format!("  {name} ")));
    line.unwrap_or_else(|| panic!("{name} is not shown: {}", shown.stdout)).trim().to_owned()
}

#[test]
fn flags_beat_environment_beats_dot_env_beats_file_beats_defaults() {
    let place = Place::empty();
    let (name, url) = (|who: &str| format!("{who}-model"), |who: &str| format!("http://{who}/v1"));
    let shown = |variables: bool, flags: bool| {
        let mut command = place.command(&["--dry-run"]);
        if variables {
            command.env("MODEL_NAME", name("env")).env("API_BASE_URL", url("env"));
        }
        if flags {
            command.args([
                "--model",
                &name("flag"),
                "--base-url",
                &url("flag"),
                "--seed",
                "9",
                "--temperature",
                "none",
            ]);
        }
        Ended::of(&command.output().unwrap()).exits(0)
    };
    let expect = |shown: &Ended, who: &str, from: &str, seed: &str, temperature: &str| {
        assert_eq!(origin(shown, "model"), format!("[\"{}\"]  ({from})", name(who)));
        assert_eq!(origin(shown, "base-url"), format!("\"{}\"  ({from})", url(who)));
        assert_eq!(origin(shown, "seed"), seed);
        assert_eq!(origin(shown, "temperature"), temperature);
        let model = name(who);
        let asked = format!("\n{model}\n  route      custom/{model}\n  endpoint   {}\n", url(who));
        assert!(shown.stdout.contains(&asked), "{}", shown.stdout);
    };

    let defaults = shown(false, false);
    assert_eq!(origin(&defaults, "model"), "[]  (the default)");
    assert_eq!(origin(&defaults, "seed"), "0  (the default)");
    let file = "model = 'file-model'\nbase-url = 'http://file/v1'\nseed = 5\ntemperature = 0.5\n";
    place.write("bench.toml", file);
    let (seed, temperature) = ("5  (bench.toml)", "\"0.5\"  (bench.toml)");
    expect(&shown(false, false), "file", "bench.toml", seed, temperature);
    place.write(".env", "MODEL_NAME=dotenv-model\nAPI_BASE_URL=http://dotenv/v1\n");
    expect(&shown(false, false), "dotenv", "the environment", seed, temperature);
    expect(&shown(true, false), "env", "the environment", seed, temperature);
    let (seed, temperature) = ("9  (the command line)", "\"none\"  (the command line)");
    expect(&shown(true, true), "flag", "the command line", seed, temperature);
    // A model of the environment takes no part if only other agents were asked for.
    let others = place.command(&["--dry-run", "--agent", "oracle"]).env("MODEL_NAME", "m").output().unwrap();
    assert!(!Ended::of(&others).exits(0).stdout.contains("endpoint"));
}

#[test]
fn a_dry_run_calls_nobody_and_keeps_nothing() {
    let place = Place::with_suite();
    let server = Server::start(|_, seen| good(seen));
    let shown = place
        .command(&["--dry-run", "--suite", "suite", "--epochs", "2", "--model", "m", "--base-url", &server.base_url()])
        .env("API_KEY", "sk-secret-123")
        .output()
        .unwrap();
    let shown = Ended::of(&shown).exits(0);
    assert!(shown.stdout.starts_with("3 scenarios × 2 epochs = 6 episodes for each contestant"), "{}", shown.stdout);
    // The fallback's routine: 3 + 5 + 4 steps an epoch; the tasks allow 3 + 10 + 15.
    assert!(shown.stdout.contains("calls      about 24, at most 56 "), "{}", shown.stdout);
    assert!(shown.stdout.contains("key        set\n") && !shown.stdout.contains("sk-secret"), "{}", shown.stdout);
    assert_eq!((server.calls(), place.path("results").exists()), (0, false));
}

// ---- streams and disks ----

#[test]
fn a_results_folder_that_cannot_be_made_ends_with_70() {
    let place = Place::with_suite();
    place.write("file", "in the way");
    place.write("taken/runs", "in the way");
    for out in ["file", "file/deeper", "taken"] {
        let ended = place.bench(&["--suite", "suite", "--out", out]).fails(70, &["cannot make the folder", out]);
        assert!(ended.stderr.contains("hint: ") && ended.stderr.contains("--out"), "{}", ended.stderr);
    }
    place.bench(&["list", "runs", "--out", "file"]).fails(70, &["cannot read file/runs"]);
    place.bench(&["--suite", "suite", "--out", "new/and/deep"]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_results_folder_that_may_not_be_written_ends_with_70() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--quiet"]).exits(0);
    let run = format!("results/runs/{}", place.latest());
    let permit = |mode| {
        for folder in ["results/runs", &run] {
            fs::set_permissions(place.path(folder), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    permit(0o555);
    // The superuser can write anyway.
    if fs::write(place.path("results/runs/probe"), "").is_err() {
        place.bench(&["--suite", "suite"]).fails(70, &["cannot make the folder", "hint: "]);
        place.bench(&["report", "latest"]).fails(70, &["cannot write", "summary.json", "hint: "]);
    }
    permit(0o755);
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let place = Place::with_suite();
    let closed = || {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        writer
    };
    for arguments in [
        &["--suite", "suite"][..],
        &["--suite", "suite", "--format", "json"],
        &["--suite", "suite", "--format", "openenv"],
        &["--dry-run"],
        &["list"],
        &["report", "latest"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let ended = place.command(arguments).stdout(closed()).stderr(Stdio::piped()).output().unwrap();
        let ended = Ended::of(&ended).exits(0);
        assert!(!ended.stderr.contains("error") && !ended.stderr.contains("warning"), "{}", ended.stderr);
    }
    // The episodes are kept anyway.
    assert_eq!(place.summary()["rows"][3]["overall"], json!(1.0));
    let ended = place.command(&["--suite", "suite"]).stdout(Stdio::piped()).stderr(closed()).output().unwrap();
    assert!(Ended::of(&ended).exits(0).stdout.contains(" oracle "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let place = Place::with_suite();
    for arguments in [&["--suite", "suite", "--quiet"][..], &["list"], &["--suite", "suite", "--format", "openenv"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = place.command(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        Ended::of(&ended).fails(70, &["error: cannot write the output"]);
    }
}

// ---- scenarios of the user ----

#[test]
fn an_overlay_replaces_by_id_and_adds() {
    let place = Place::empty();
    let alerts = |arguments: &[&str]| -> BTreeMap<String, String> {
        let listed = place.bench(&[&["list", "scenarios", "--format", "json"], arguments].concat()).exits(0);
        let value: Value = serde_json::from_str(&listed.stdout).unwrap();
        let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        value["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (text(item, "scenario"), text(item, "alert")))
            .collect()
    };
    let before = alerts(&[]);
    assert_eq!(before.len(), 9);
    place.write("mine/deep/replaced.toml", &small_file("AC-901.toml").replace("AC-901", "AC-001"));
    place.write("mine/RP-901.toml", small_file("RP-901.toml"));
    place.write("mine/notes.txt", "no scenario");
    let mut expected = before.clone();
    expected.insert("AC-001".to_owned(), "thumbs: errors above 20 %".to_owned());
    expected.insert("RP-901".to_owned(), "checkout-api: 5xx above 40 %".to_owned());
    assert_eq!(alerts(&["--scenarios", "mine"]), expected);

    let digest = |arguments: &[&str]| {
        place.bench(&[&["--agent", "oracle", "--quiet"], arguments].concat()).exits(0);
        let summary = place.summary();
        assert_eq!(summary["rows"][0]["overall"], json!(1.0));
        summary["run"]["suite_digest"].as_str().unwrap().to_owned()
    };
    assert_ne!(digest(&[]), digest(&["--scenarios", "mine"]), "another suite");
}

#[test]
fn a_wrong_scenario_is_named_with_the_place() {
    let lock = "when = [\"db_locked\"]\ntext = \"2024-03-15T10:04:11Z";
    for (file, from, to, words) in [
        (
            "RP-901",
            lock,
            "when = [\"lokced\"]\ntext = \"2024-03-15T10:04:11Z",
            &["evidence.query_logs.checkout-api[0].when", "unknown fact 'lokced'", "db_locked, import_running"][..],
        ),
        ("AC-901", ", web = [{ text = \"placeholder shown\" }]", "", &["evidence.query_logs.web", "is missing"]),
        (
            "RP-901",
            "\"restart_service:stock-db\", \"execute",
            "\"restart_service:stock\", \"execute",
            &["truth.correct_sequence", "'restart_service:stock' has no outcome"],
        ),
        (
            "RP-901",
            "\"restart_service:stock-db\", \"execute",
            "\"reboot:stock-db\", \"execute",
            &["truth.correct_sequence", "'reboot:stock-db' is no remediation key"],
        ),
        (
            "RCA-901",
            "disk 100 %\" }], auth",
            "disk 100 %, the root cause\" }], auth",
            &["evidence.query_logs.postgres-db[0].text", "gives the answer away: 'root cause'"],
        ),
        ("RCA-901", "root_cause = \"postgres-db\"", "root_cause = \"mysql\"", &["truth.root_cause", "'mysql'"]),
        (
            "RCA-901",
            "root_cause = \"postgres-db\"",
            "root_cause = postgres",
            &["TOML parse error at line 12, column 14"],
        ),
        ("AC-901", "severity = \"P3\"", "severity = \"P5\"", &["truth.severity", "P1, P2, P3 or P4"]),
        ("AC-901", "severity = \"P3\"", "level = \"P3\"", &["line 13", "unknown field `level`"]),
        ("AC-901", "id = \"AC-901\"\n", "", &["missing field `id`"]),
        ("AC-901", "id = \"AC-901\"", "id = \"a b\"", &["id: ", "'a b' is no id"]),
        (
            "AC-901",
            "affected_services = [\"thumbs\"]",
            "affected_services = [\"cdn\"]",
            &["alert.affected_services", "'cdn'"],
        ),
        (
            "RP-901",
            "clear = [\"db_locked\"]",
            "clear = [\"import_running\"]",
            &["RP-901: ", "evidence.query_logs.checkout-api[1] can never be shown"],
        ),
        (
            "RP-901",
            "when = [\"import_running\"]\ntext = \"stock-db restarted",
            "text = \"stock-db restarted",
            &["outcome.restart_service.stock-db[1]", "can never be shown"],
        ),
        (
            "RP-901",
            "[\"disable_feature_flag:bulk_import\", \"restart_service:stock-db\", ",
            "[\"restart_service:stock-db\", ",
            &["RP-901: the correct sequence does not reach the goal", "db_locked, import_running"],
        ),
        (
            "RP-901",
            "goal = [\"!import_running\", \"!db_locked\"]",
            "goal = [\"db_locked\"]",
            &["RP-901: the goal already holds at the start"],
        ),
        ("RP-901", "db_locked = true", "db_locked = true\nidle = false", &["facts.idle", "no guard reads it"]),
    ] {
        let text = small_file(&format!("{file}.toml"));
        assert!(text.contains(from), "{from}");
        let place = Place::empty();
        place.write(&format!("mine/{file}.toml"), &text.replacen(from, to, 1));
        for option in ["--scenarios", "--suite"] {
            let ended = place.bench(&[option, "mine"]).fails(2, words);
            assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
            assert!(ended.stderr.contains("hint: docs/SCENARIOS.md"), "{}", ended.stderr);
            // Errors that a proof finds are about the scenario, other errors about its file.
            let is_proof = words[0].starts_with("RP-901: ");
            assert!(is_proof || ended.stderr.contains(&format!("mine/{file}.toml: ")), "{}", ended.stderr);
        }
        place.bench(&["list", "scenarios", "--scenarios", "mine"]).fails(2, words);
    }
}

#[test]
fn every_wrong_place_of_a_scenario_is_named_at_once() {
    let place = Place::empty();
    let text = small_file("AC-901.toml").replace("\"P3\"", "\"P5\"").replace("decode error", "the culprit");
    place.write("mine/AC-901.toml", &text);
    place.bench(&["--suite", "mine"]).fails(2, &["truth.severity", "evidence.query_logs.thumbs[0].text"]);
}

#[test]
fn an_id_may_stand_in_one_overlay_file_only() {
    let place = Place::with_suite();
    place.write("suite/copy.toml", small_file("AC-901.toml"));
    for option in ["--scenarios", "--suite"] {
        place.bench(&[option, "suite"]).fails(2, &["suite/copy.toml", "'AC-901' stands also in suite/AC-901.toml"]);
    }
}

// ---- reports of kept runs ----

/// Makes a folder with one run of two agents on the small suite.
fn with_run() -> Place {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "fallback,oracle", "--quiet"]).exits(0);
    place
}

#[test]
fn a_run_is_found_by_id_beginning_latest_and_folder() {
    let place = with_run();
    let id = place.latest();
    let run = format!("results/runs/{id}");
    let made =
        ["summary.json", "SCORES.md", "scores.csv", "report.html", "junit.xml"].map(|file| format!("{run}/{file}"));
    let before = made.each_ref().map(|file| place.read(file));
    for name in [&*id, &id[..id.len() - 1], "latest", &run, &format!("{run}/")] {
        for file in &made {
            fs::remove_file(place.path(file)).unwrap();
        }
        let shown = place.bench(&["report", name, "--format", "json"]).exits(0);
        assert_eq!(shown.stderr, "");
        assert_eq!(made.each_ref().map(|file| place.read(file)), before, "{name}");
        assert_eq!(shown.stdout, before[0], "{name}");
    }
    assert_eq!(place.bench(&["report", "latest", "--format", "markdown"]).exits(0).stdout, before[1]);
    assert_eq!(place.bench(&["report", "latest", "--format", "csv"]).exits(0).stdout, before[2]);
    let listed = place.bench(&["list", "runs"]).exits(0);
    assert_eq!(listed.stdout.split_whitespace().collect::<Vec<_>>(), ["run", &id]);

    place.bench(&["report", "yesterday"]).fails(2, &["no run 'yesterday'", "bench list runs"]);
    place.bench(&["report", "latest", &id]).fails(2, &["named twice"]);
    place.bench(&["report", "latest", "--out", "elsewhere"]).fails(2, &["no runs are kept in elsewhere"]);
    place.bench(&["--suite", "suite", "--agent", "random", "--quiet"]).exits(0);
    place.bench(&["report", &id[..2]]).fails(2, &["2 runs begin with", "give more of the id"]);
}

#[test]
fn runs_are_joined_where_they_can_be_compared() {
    let place = with_run();
    let first = place.latest();
    let run = |arguments: &[&str]| {
        place.bench(&[&["--suite", "suite", "--quiet"], arguments].concat()).exits(0);
        place.latest()
    };
    let server = Server::start(|_, seen| good(seen));
    let second = run(&["--agent", "llm,random,oracle", "--model", "m", "--base-url", &server.base_url()]);
    let joined = place.bench(&["report", &first, &second, "--format", "json"]).exits(0);
    let joined: Value = serde_json::from_str(&joined.stdout).unwrap();
    let names: Vec<_> = joined["rows"].as_array().unwrap().iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["m", "fallback", "oracle", "random"], "models first, and the oracle once");
    assert_eq!(joined["run"]["id"], json!(format!("{first} {second}")));

    place.write("suite/AC-901.toml", &small_file("AC-901.toml").replace("decode error", "decoding failed"));
    let other_suite = run(&["--agent", "oracle"]);
    place.write("suite/AC-901.toml", small_file("AC-901.toml"));
    let other_epochs = run(&["--agent", "oracle", "--epochs", "2"]);
    let fewer = run(&["--agent", "oracle", "--scenario", "AC-901"]);
    for (other, words) in [
        (&other_suite, "different suite"),
        (&other_epochs, "different graders, epochs or seeds"),
        (&fewer, "different scenarios"),
    ] {
        place.bench(&["report", &first, other]).fails(2, &[words, &first, other]);
        place.bench(&["report", other, &first, "--publish"]).fails(2, &[words]);
    }
    assert!(!place.path("results/README.md").exists());
}

#[test]
fn a_torn_last_line_is_left_out() {
    let place = with_run();
    let log = format!("results/runs/{}/events.jsonl", place.latest());
    let (whole, before) = (place.read(&log), place.summary());
    let last = whole.trim_end().rfind('\n').unwrap() + 1;
    for cut in [whole.len() - 1, whole.len() - 2, last + 1] {
        place.write(&log, &whole[..cut]);
        let ended = place.bench(&["report", "latest", "--format", "json"]).exits(0);
        let torn = format!("warning: {log}: the last line is torn; {} bytes are left out\n", cut - last);
        assert_eq!(ended.stderr, torn);
        let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((&summary["rows"], &summary["run"]["finished_at"]), (&before["rows"], &Value::Null));
    }
    // The log is cut within the last episode: finished episodes have their numbers, and the rest is open.
    let finished = whole[..last].trim_end().rfind('\n').unwrap() + 1;
    place.write(&log, &whole[..finished + 20]);
    let ended = place.bench(&["report", "latest", "--format", "json"]).exits(0);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    let open: Vec<_> = summary["rows"].as_array().unwrap().iter().filter(|row| row["unfinished"] == 1).collect();
    let [row] = open.as_slice() else { panic!("{summary}") };
    assert_eq!((&row["episodes"], &row["void"], &row["overall"]), (&json!(2), &json!(0), &Value::Null));
    assert!(place.read(&format!("results/runs/{}/SCORES.md", place.latest())).contains("1 open"));
}

#[test]
fn a_damaged_run_is_named_with_the_place() {
    let place = with_run();
    let run = format!("results/runs/{}", place.latest());
    let (log, manifest) = (format!("{run}/events.jsonl"), format!("{run}/run.json"));
    let whole = place.read(&log);
    let lines: Vec<_> = whole.lines().collect();
    let with = |index: usize, line: &str| {
        let mut lines = lines.clone();
        lines[index] = line;
        lines.join("\n") + "\n"
    };
    let missing = [&lines[..4], &lines[5..]].concat().join("\n") + "\n";
    for (text, words) in [
        (with(2, "{\"seq\":2,"), "line 3: "),
        (with(2, ""), "line 3: "),
        (
            with(6, "{\"seq\":6,\"at\":\"2024-01-01T00:00:00Z\",\"event\":{\"type\":\"run.painted\"}}"),
            "line 7: unknown variant",
        ),
        (missing, "line 5: has number 5; expected 4"),
        (with(0, &lines[0].replace("\"v\":2", "\"v\":3")), "format version 3; this program reads versions 1 to 2"),
    ] {
        place.write(&log, &text);
        place.bench(&["report", "latest"]).fails(70, &[&log, words]);
    }
    place.write(&log, &whole);
    place.write(&manifest, "{\n  \"schema\": 3\n}");
    place.bench(&["report", "latest"]).fails(70, &[&manifest, "line 2"]);
    fs::remove_file(place.path(&log)).unwrap();
    place.bench(&["report", &run]).fails(70, &[]);
}

// ---- interrupts ----

#[cfg(unix)]
mod interrupts {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command};
    use std::sync::{Arc, Mutex};
    use std::thread::JoinHandle;
    use std::time::{Duration, Instant};

    use super::*;

    /// The patience of the tests: far longer than anything here takes, and shorter than the endpoint's silence.
    const PATIENCE: Duration = Duration::from_secs(30);
    const SILENCE: Duration = Duration::from_secs(600);

    /// A command that is running.
    struct Running {
        child: Child,
        stderr: Arc<Mutex<String>>,
        reader: JoinHandle<()>,
    }

    impl Running {
        fn start(mut command: Command) -> Self {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let stderr = Arc::new(Mutex::new(String::new()));
            let (pipe, said) = (child.stderr.take().unwrap(), Arc::clone(&stderr));
            let reader = std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines() {
                    *said.lock().unwrap() += &(line.unwrap() + "\n");
                }
            });
            Self { child, stderr, reader }
        }

        fn said(&self) -> String {
            self.stderr.lock().unwrap().clone()
        }

        fn interrupt(&self) {
            let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
            assert!(sent.success());
        }

        /// Checks a condition again and again until it holds.
        #[track_caller]
        fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
            let start = Instant::now();
            while !holds(self) {
                if start.elapsed() > PATIENCE {
                    let _ = self.child.kill();
                    panic!("never: {what}; it said: {}", self.said());
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }

        #[track_caller]
        fn wait_for(&mut self, words: &str) {
            self.wait_until(words, |running| running.said().contains(words));
        }

        #[track_caller]
        fn ends(mut self) -> Ended {
            self.wait_until("the end", |running| running.child.try_wait().unwrap().is_some());
            self.reader.join().unwrap();
            let mut output = self.child.wait_with_output().unwrap();
            output.stderr = self.stderr.lock().unwrap().clone().into_bytes();
            Ended::of(&output)
        }
    }

    /// Answers the call before the run at once, and every other one after this delay.
    fn slow(delay: Duration) -> Server {
        Server::start(move |index, seen| {
            let look = "{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"stock-db\"}}";
            if index < 2 { good(seen) } else { Reply::says(look).late(delay) }
        })
    }

    fn play(place: &Place, server: &Server, arguments: &[&str]) -> Running {
        let url = server.base_url();
        let fixed = ["--suite", "suite", "--model", "m", "--agent", "llm", "--base-url", &url, "--timeout", "900"];
        Running::start(place.command(&[&fixed, arguments].concat()))
    }

    const GENTLE: &str = "interrupted: finishing the calls in flight; once more stops at once\n";

    #[test]
    fn the_first_finishes_and_keeps_the_calls_in_flight() {
        let place = Place::with_suite();
        let server = slow(Duration::from_millis(600));
        let tasks = "root_cause_analysis,remediation_planning";
        let mut running = play(&place, &server, &["--task", tasks, "--log-format", "atif"]);
        running.wait_until("two calls in flight", |_| server.calls() >= 4);
        running.interrupt();
        let ended = running.ends().exits(130);
        let id = place.latest();
        assert!(ended.stderr.contains(GENTLE), "{}", ended.stderr);
        let kept = format!(
            "interrupted: 2 episodes did not end; `bench resume` goes on with what is kept in results/runs/{id}\n"
        );
        assert!(ended.stderr.ends_with(&kept), "{}", ended.stderr);

        let of_type = |wanted: &str| place.events().iter().filter(|event| event["event"]["type"] == wanted).count();
        assert_eq!(of_type("model.called"), server.calls() - 2, "every call that was paid for is kept");
        assert_eq!((of_type("model.failed"), of_type("run.cancelled")), (0, 1));
        assert_eq!(of_type("step.taken"), of_type("model.called"));
        let summary = place.summary();
        let row = &summary["rows"][0];
        assert_eq!((&row["episodes"], &row["void"], &row["unfinished"]), (&json!(0), &json!(0), &json!(2)));
        assert_eq!((&row["overall"], &row["calls"]), (&Value::Null, &json!(server.calls() - 2)));
        for task in row["tasks"].as_object().unwrap().values() {
            assert_eq!(task["mean"], Value::Null);
        }
        assert!(
            ended.stdout.contains("(+2 open)") && ended.stdout.contains("the scores are partial"),
            "{}",
            ended.stdout
        );
        assert_eq!(place.bench(&["report", "latest"]).exits(0).stdout, ended.stdout);

        // The logs show what is kept.
        for scenario in ["RCA-901", "RP-901"] {
            let log: Value = serde_json::from_str(&place.kept(&format!("logs/atif/m--{scenario}--0.json"))).unwrap();
            let steps = &log["final_metrics"]["extra"]["episode_steps"];
            assert!(steps.as_u64() > Some(0), "{log}");
            assert_eq!(log["extra"]["outcome"]["kind"], "cancelled");
        }
    }

    #[test]
    fn the_second_waits_for_nothing() {
        let place = Place::with_suite();
        let server = slow(SILENCE);
        let mut running = play(&place, &server, &[]);
        running.wait_until("three calls in flight", |_| server.calls() >= 5);
        running.interrupt();
        running.wait_for(GENTLE);
        running.interrupt();
        let ended = running.ends().exits(130);
        assert!(ended.stderr.contains("interrupted: stopping now\n"), "{}", ended.stderr);
        assert!(ended.stderr.contains("3 episodes did not end"), "{}", ended.stderr);
        let row = &place.summary()["rows"][0];
        assert_eq!((&row["unfinished"], &row["calls"], &row["overall"]), (&json!(3), &json!(0), &Value::Null));
    }

    #[test]
    fn the_call_before_the_run_is_not_waited_for_either() {
        let place = Place::with_suite();
        let server = Server::start(|_, seen| good(seen).late(SILENCE));
        let mut running = play(&place, &server, &[]);
        running.wait_until("the call before the run", |_| server.calls() == 1);
        running.interrupt();
        running.wait_for(GENTLE);
        running.interrupt();
        let ended = running.ends().fails(130, &["interrupted: nothing was played"]);
        assert!(!place.path("results").exists(), "{}", ended.stderr);
    }

    #[test]
    fn built_in_agents_beside_a_model_keep_what_they_played() {
        let place = Place::with_suite();
        let server = slow(SILENCE);
        let url = server.base_url();
        let mut running = Running::start(place.command(&["--suite", "suite", "--model", "m", "--base-url", &url]));
        running.wait_until("three calls in flight", |_| server.calls() >= 5);
        let ended = || place.events().iter().filter(|event| event["event"]["type"] == "episode.finished").count();
        running.wait_until("four agents are done", |_| ended() == 12);
        running.interrupt();
        running.wait_for(GENTLE);
        running.interrupt();
        running.ends().exits(130);
        let summary = place.summary();
        for row in summary["rows"].as_array().unwrap().iter().skip(1) {
            assert_eq!((&row["episodes"], &row["unfinished"]), (&json!(3), &json!(0)), "{row}");
        }
    }
}
