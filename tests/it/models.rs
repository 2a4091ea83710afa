//! Tests of names, routes, keys and settings of models: what is typed, what is documented, and what is sent.

use std::fs;
use std::path::{Path, PathBuf};

use incident_bench::chat::Api;
use incident_bench::config::model::Elsewhere;
use incident_bench::config::options::{Concurrency, ProtocolChoice};
use incident_bench::config::{Asking, ConfigFile, Environment, Kept, KeptModels, Options, Providers, Settings};
use serde_json::{Value, json};

use crate::binary::{Ended, Place};
use crate::server::{Reply, Server};

// ---- names that are documented ----

/// Files in which commands and examples name models.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = ["README.md", "action.yml", "src/cli/doctor.rs"].map(|name| root.join(name)).into();
    let mut folders: Vec<_> = ["docs", "deploy", "src/cli/args"].map(|name| root.join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// The values of `--model` in a text, with the rest of their lines. Names such as `M` and `NAME` stand for any model.
fn named(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.contains("python")) {
        for rest in line.split("--model ").skip(1) {
            let quoted = rest.trim_start_matches(['\'', '"']);
            let end =
                quoted.find(|c: char| c.is_whitespace() || "'\"`\\;)|<\u{201d}".contains(c)).unwrap_or(quoted.len());
            found.extend(quoted[..end].split(',').map(|name| (name.to_owned(), rest.to_owned())));
        }
    }
    found.retain(|(name, _)| name.chars().any(char::is_lowercase));
    found
}

#[test]
fn every_model_that_a_document_names_resolves() {
    let providers = Providers::embedded();
    let mut checked = 0;
    for path in documents() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (typed, rest) in named(&text) {
            let name = typed.split('?').next().unwrap_or_default();
            let elsewhere = rest.contains("--base-url") || rest.contains("--replay") || name.starts_with("mine/");
            if elsewhere || ["m", "provider/name", "a"].contains(&name) {
                continue;
            }
            let routes = providers.routes(name, Elsewhere::default());
            let routes = routes.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for spec in &routes {
                assert_eq!(spec.closes(), None, "{}: {name} closes", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn the_first_model_of_the_readme_has_a_price_and_is_alive() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (first, _) = named(&readme).into_iter().next().unwrap();
    let spec = Providers::embedded().routes(&first, Elsewhere::default()).unwrap().remove(0);
    let variable = &spec.provider.key_env[0];
    assert!(readme.contains(&format!("export {variable}=")), "the key of {first} is {variable}");
    assert!(spec.price().is_some_and(|price| price.as_of.is_some()));
}

// ---- settings ----

fn settings(flags: &str, file: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    kept(flags, file, variables, &KeptModels::new())
}

fn kept(flags: &str, file: &str, variables: &[(&str, &str)], kept: &KeptModels) -> Result<Settings, String> {
    let flags: Options = toml::from_str(flags).unwrap();
    let mut environment = Environment::default();
    for (name, value) in variables {
        environment.remember(name, value);
    }
    let file = ConfigFile::parse("bench.toml", file).map_err(|error| error.to_string())?;
    Settings::resolve_kept(&flags, &environment, &file, kept).map_err(|error| error.to_string())
}

/// What is told apart of how a model is asked.
fn asked(asking: &Asking) -> (Option<f64>, u32, Option<&str>, Option<Api>) {
    (asking.temperature, asking.max_tokens, asking.reasoning_effort.as_deref(), asking.api)
}

#[test]
fn settings_of_a_model_win_in_this_order() {
    let file = "max-tokens = 40\ntemperature = 0.4\nreasoning-effort = 'file'\n\
                [models.'openai/gpt-4o']\nmax_tokens = 30\ntemperature = 0.3\napi = 'chat'\n\
                [models.'openai/gpt-4o?effort=x']\nmax_tokens = 31\n";
    let plain = Some(Api::Responses);
    for (flags, file, expected) in [
        // Nothing is set: a model that thinks, one that does not, and one of which that is not known.
        ("model = 'openai/gpt-6.2-sol'", "", (None, 16_384, None, plain)),
        ("model = 'openai/gpt-4o'", "", (Some(0.0), 2_048, None, plain)),
        ("model = 'openai/gpt-9'", "", (None, 16_384, None, plain)),
        ("model = 'm'\nbase-url = 'http://h/v1'", "", (None, 16_384, None, None)),
        ("model = 'anthropic/claude-opus-5-5'", "", (None, 16_384, None, Some(Api::Messages))),
        // The file for all models, the file for the model, the command line, the name itself.
        ("model = 'openai/gpt-4.1'", file, (Some(0.4), 40, Some("file"), plain)),
        ("model = 'openai/gpt-4o'", file, (Some(0.3), 30, Some("file"), Some(Api::Chat))),
        ("model = 'openai/gpt-4o'\nmax-tokens = 20\napi = 'auto'", file, (Some(0.3), 20, Some("file"), None)),
        (
            "model = 'openai/gpt-4o?max_tokens=10&temperature=none'\nmax-tokens = 20",
            file,
            (None, 10, Some("file"), Some(Api::Chat)),
        ),
        // The row of the name with its settings wins over that of the name.
        ("model = 'openai/gpt-4o?effort=x'", file, (Some(0.3), 31, Some("x"), Some(Api::Chat))),
        // A short name is found by itself and by its route.
        (
            "model = 'mine'",
            "[aliases]\nmine = 'ollama/x'\n[models.'ollama/x']\nmax_tokens = 7",
            (None, 7, None, Some(Api::Chat)),
        ),
    ] {
        let settings = settings(flags, file, &[]).unwrap();
        assert_eq!(asked(&settings.models[0].asking), expected, "{flags}\n{file}");
    }
}

#[test]
fn other_settings_reach_the_model() {
    let file = "[providers.mine]\nbase_url = 'http://h/v1'\nextra_body = { a = 1, b = 1 }\n\
                [models.'mine/m']\nextra_body = { b = 2, service_tier = 'flex' }\nthinking_budget = 9\ntimeout = 3\n\
                concurrency = 'auto'\nprotocol = 'json'\nprice = { input = 2.0, cache_write = 2.5, output = 10.0 }";
    let settings = settings("model = ['mine/m', 'mine/m?timeout=30&concurrency=2&protocol=tools']", file, &[]).unwrap();
    let [first, second] = settings.models.as_slice() else { panic!() };
    let asking = &first.asking;
    assert_eq!(Value::from(asking.extra_body.clone()), json!({"a": 1, "b": 2, "service_tier": "flex"}));
    assert_eq!((asking.thinking_budget, asking.service_tier()), (Some(9), Some("flex")));
    assert_eq!((asking.timeout.unwrap().as_secs(), asking.concurrency), (3, Concurrency::Auto));
    assert_eq!((asking.protocol, asking.price.as_ref().unwrap().cache_write), (ProtocolChoice::Json, Some(2.5)));
    let asking = &second.asking;
    assert_eq!((asking.timeout.unwrap().as_secs(), asking.concurrency), (30, Concurrency::Fixed(2)));
    assert_eq!((asking.protocol, asking.thinking_budget), (ProtocolChoice::Tools, Some(9)));
    assert_eq!(second.spec.label, "mine/m?timeout=30&concurrency=2&protocol=tools");
    assert_eq!(second.spec.name, "m");
}

#[test]
fn a_run_that_has_begun_keeps_route_and_settings() {
    let groq = [("GROQ_API_KEY", "g"), ("HF_TOKEN", "h")];
    let before = Kept {
        route: "hf/openai/gpt-oss-120b".to_owned(),
        temperature: Some(0.5),
        max_tokens: 99,
        reasoning_effort: None,
        thinking_budget: Some(7),
        api: Some(Api::Responses),
        extra_body: None,
        price: None,
    };
    let models: KeptModels = [("gpt-oss-120b".to_owned(), before)].into();
    let flags = "model = 'gpt-oss-120b'";
    let fresh = settings(flags, "", &groq).unwrap();
    assert_eq!(fresh.models[0].spec.provider_name, "groq");
    let file = "[models.'gpt-oss-120b']\nmax_tokens = 5\nreasoning_effort = 'high'";
    let resumed = kept(flags, file, &groq, &models).unwrap();
    let model = &resumed.models[0];
    assert_eq!((model.spec.label.as_str(), model.spec.route().as_str()), ("gpt-oss-120b", "hf/openai/gpt-oss-120b"));
    assert_eq!(asked(&model.asking), (Some(0.5), 99, None, Some(Api::Responses)));
    assert_eq!((model.asking.thinking_budget, &model.asking.price), (Some(7), &None));
    // Without the key of its route it does not go on by another one.
    let missing = kept(flags, "", &groq[..1], &models).unwrap();
    assert_eq!(
        missing.require_keys().unwrap_err().to_string(),
        "model gpt-oss-120b needs an API key and HF_TOKEN is not set"
    );
    // A URL without a provider is kept as well.
    let custom = Kept { route: "custom/m".to_owned(), ..models["gpt-oss-120b"].clone() };
    let models = [("m".to_owned(), custom)].into();
    let there = kept("model = 'm'\nbase-url = 'http://h/v1'", "", &[], &models).unwrap();
    assert_eq!((there.models[0].spec.route().as_str(), there.models[0].asking.max_tokens), ("custom/m", 99));
}

#[test]
fn a_limit_on_cost_needs_a_price_for_every_model() {
    let with = |model: &str, file: &str| settings(&format!("model = '{model}'\nmax-cost = 1.0"), file, &[]);
    let problem = with("openai/gpt-9", "").unwrap_err();
    assert!(problem.contains("the price of openai/gpt-9 is not known; give it in bench.toml"), "{problem}");
    assert!(with("openai/gpt-6.2-sol", "").is_ok());
    assert!(with("openai/gpt-9", "[models.'openai/gpt-9']\nprice = { input = 1.0, output = 2.0 }").is_ok());
}

// ---- the program ----

/// Answers with a severity, and says how many tokens that took.
fn answers(server_tier: Option<&'static str>) -> Server {
    Server::start(move |_, _| {
        let message = json!({"role": "assistant", "content": "{\"action_type\": \"submit_severity\", \"parameters\": {\"severity\": \"P2\"}}"});
        Reply::json(
            200,
            json!({
                "id": "c", "object": "chat.completion", "model": "m", "service_tier": server_tier,
                "choices": [{"message": message, "finish_reason": "stop"}],
                "usage": {
                    "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
                    "prompt_tokens_details": {"cached_tokens": 400},
                },
            }),
        )
    })
}

fn run(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let fixed = ["--scenario", "AC-901", "--suite", "suite", "--agent", "llm", "--format", "json"];
    let mut command = place.command(&[&fixed[..], arguments].concat());
    Ended::of(&command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn one_model_with_two_settings_is_two_contestants() {
    let place = Place::with_suite();
    let server = answers(None);
    let url = server.base_url();
    let models = "m?max_tokens=50&effort=low,m?max_tokens=60&temperature=1";
    run(&place, &["--model", models, "--base-url", &url], &[]).exits(0);
    let rows = place.summary()["rows"].clone();
    let labels: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(labels, models.split(',').collect::<Vec<_>>());
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).filter(|body| body["model"] == "m").collect();
    let last_with = |tokens: u64| {
        let is_run = |body: &&Value| body["max_tokens"] == tokens || body["max_completion_tokens"] == tokens;
        bodies.iter().rev().find(is_run).unwrap_or_else(|| panic!("{bodies:?}")).clone()
    };
    assert_eq!((&last_with(50)["reasoning_effort"], &last_with(50)["temperature"]), (&json!("low"), &Value::Null));
    assert_eq!((&last_with(60)["reasoning_effort"], &last_with(60)["temperature"]), (&Value::Null, &json!(1.0)));
    let manifest: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
    assert_eq!(manifest["contestants"][1]["settings"]["max_tokens"], 60);
    assert_eq!(manifest["contestants"][1]["settings"]["name"], "m");
}

#[test]
fn a_provider_at_another_url_gets_its_key_and_has_its_prices() {
    let place = Place::with_suite();
    let server = answers(Some("priority"));
    let url = server.base_url();
    let arguments = ["--model", "gpt-5.4?api=chat", "--provider", "openai", "--base-url", &url, "--max-cost", "5"];
    run(&place, &arguments, &[("OPENAI_API_KEY", " sk-mine\n"), ("API_KEY", "sk-other")]).exits(0);
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer sk-mine")));
    let calls = place.events().into_iter().filter(|event| event["event"]["type"] == "model.called");
    let costs: Vec<_> = calls.map(|event| event["event"]["cost_usd"].as_f64().unwrap()).collect();
    // 600 fresh and 400 cached tokens and 100 of the answer, twice as dear at the tier that was served.
    let expected = 2.0 * (600.0 * 2.5 + 400.0 * 0.25 + 100.0 * 15.0) / 1e6;
    assert!(!costs.is_empty() && costs.iter().all(|cost| (cost - expected).abs() < 1e-12), "{costs:?}");
}

#[test]
fn a_run_goes_on_by_its_route_although_another_key_is_set() {
    let place = Place::with_suite();
    let (one, other) = (answers(None), answers(None));
    let file = format!(
        "[providers.one]\nbase_url = '{}'\nkey_env = 'ONE_KEY'\napi = 'chat'\n\
         [providers.other]\nbase_url = '{}'\nkey_env = ['OTHER_KEY', 'OTHER_TOKEN']\napi = 'chat'\n\
         [aliases]\nmine = ['one/m', 'other/m']\n",
        one.base_url(),
        other.base_url()
    );
    place.write("bench.toml", &file);
    let begun = run(&place, &["--model", "mine"], &[("OTHER_TOKEN", "t")]).exits(0);
    assert!(begun.stderr.contains("mine is asked as other/m"), "{}", begun.stderr);
    assert_eq!(one.calls(), 0);
    let manifest: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
    let contestant = &manifest["contestants"][0];
    assert_eq!((&contestant["label"], &contestant["settings"]["provider"]), (&json!("mine"), &json!("other")));
    let resume = |variables: &[(&str, &str)]| {
        let mut command = place.command(&["resume"]);
        Ended::of(&command.envs(variables.iter().copied()).output().unwrap())
    };
    resume(&[("ONE_KEY", "o"), ("OTHER_KEY", "t")]).exits(0);
    resume(&[("ONE_KEY", "o")]).fails(2, &["model mine needs an API key and none of OTHER_KEY, OTHER_TOKEN is set"]);
    assert_eq!(one.calls(), 0);
    // Nothing that calls nobody needs a key.
    for arguments in [&["report", "latest"][..], &["list", "models"], &["--model", "mine", "--dry-run"]] {
        place.bench(arguments).exits(0);
    }
    run(&place, &["--model", "mine"], &[]).fails(2, &["none of ONE_KEY, OTHER_KEY, OTHER_TOKEN is set"]);
    let wrong =
        run(&place, &["--model", "mine"], &[("ONE_KEY", "sk-a b")]).fails(2, &["key in ONE_KEY", "white space"]);
    assert!(!wrong.stderr.contains("sk-a"), "{}", wrong.stderr);
}

#[test]
fn azure_gets_its_key_in_its_own_header_and_keeps_the_query() {
    let place = Place::with_suite();
    let server = answers(None);
    let url = format!("{}/openai/deployments/d?api-version=2025-04-01", server.base_url().trim_end_matches("/v1"));
    run(&place, &["--model", "azure/d", "--base-url", &url], &[("AZURE_OPENAI_API_KEY", "sk-azure")]).exits(0);
    for seen in server.seen() {
        assert_eq!((seen.header("api-key"), seen.header("authorization")), (Some("sk-azure"), None));
        assert!(seen.path().contains("/openai/deployments/d/") && seen.path().ends_with("?api-version=2025-04-01"));
    }
    assert!(!place.kept("run.json").contains("sk-azure"));
}
