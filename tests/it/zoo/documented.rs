//! The commands that the documents show, run at endpoints of the zoo that stand in for the providers they name: a name that
//! nobody serves any more, or an address that is written in another way, fails here and not at a user's first try.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use incident_bench::config::Providers;
use incident_bench::config::model::{Elsewhere, ModelSpec};
use serde_json::Value;

use super::dialect::{Dialect, Key};
use super::endpoint::{Endpoint, KEY};
use super::kinds;
use super::play::{problems_of_book, problems_of_row};
use crate::binary::{Ended, Place};

/// The dialect that a provider speaks.
fn dialect_of(provider: &str) -> &'static Dialect {
    kinds::named(match provider {
        "openai" => "openai-responses",
        "anthropic" => "anthropic-native",
        "gemini" => "gemini-3-compatible",
        "deepseek" => "deepseek-v4",
        "dashscope" => "qwen-thinking",
        "mistral" => "mistral-thinking-parts",
        "llamacpp" => "llama-cpp",
        "lmstudio" => "lm-studio",
        "xai" | "moonshot" | "groq" | "openrouter" | "together" | "fireworks" | "cerebras" | "azure" | "vllm"
        | "sglang" | "ollama" => return kinds::named(provider),
        _ => "openai-chat",
    })
}

/// An endpoint in the place of that of a route: it speaks the provider's dialect, and knows the model and the key.
fn endpoint_of(spec: &ModelSpec) -> Endpoint {
    let dialect = dialect_of(&spec.provider_name);
    let key = if spec.provider.key_env.is_empty() { Key::None } else { dialect.key };
    Endpoint::of(Box::leak(Box::new(Dialect { model: spec.name.clone().leak(), key, ..*dialect })))
}

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The words of a command, split as a shell splits them, up to a comment; none if the text is no command.
fn words(command: &str) -> Vec<String> {
    shlex::split(command).unwrap_or_default()
}

/// The value of an option.
fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == option)?;
    words.get(at + 1).map(String::as_str)
}

/// The models that a command names. A name in capital letters stands for any model.
fn models(words: &[String]) -> Vec<&str> {
    let named = value(words, "--model").into_iter().flat_map(|value| value.split(','));
    named.filter(|name| name.contains(|c: char| c.is_ascii_lowercase())).collect()
}

/// A provider as `bench.toml` says it again, because an entry with a URL of its own replaces that of the program.
fn said_again(spec: &ModelSpec, url: &str) -> String {
    let provider = &spec.provider;
    let mut entry =
        format!("[providers.{}]\nbase_url = \"{url}\"\nkey_env = {:?}\n", spec.provider_name, provider.key_env);
    let lines = [
        ("key_header", provider.key_header.clone()),
        ("api", spec.api().map(|api| api.to_string())),
        ("token_param", provider.token_param.map(|name| name.as_str().to_owned())),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(entry, "{name} = {value:?}");
        }
    }
    entry
}

/// Stands in for the providers of models: what `bench.toml` says of them, their endpoints, each with how many of the models
/// ask it, and the variables of their keys.
fn stand_in<'a>(typed: impl Iterator<Item = &'a str>) -> (String, Vec<(Endpoint, usize)>, Vec<String>) {
    let providers = Providers::embedded();
    let (mut config, mut endpoints, mut keys) = (String::new(), Vec::new(), Vec::new());
    let mut known = Vec::new();
    for typed in typed {
        let name = typed.split('?').next().unwrap_or_default();
        let spec = providers.routes(name, Elsewhere::default()).unwrap_or_else(|error| panic!("{error}")).remove(0);
        if let Some(place) = known.iter().position(|known| *known == spec.provider_name) {
            let (_, askers): &mut (Endpoint, usize) = &mut endpoints[place];
            *askers += 1;
            continue;
        }
        let endpoint = endpoint_of(&spec);
        config += &said_again(&spec, &endpoint.base_url());
        keys.extend(spec.provider.key_env.first().cloned());
        endpoints.push((endpoint, 1));
        known.push(spec.provider_name);
    }
    (config, endpoints, keys)
}

fn run(place: &Place, words: &[String], more: &[&str], keys: &[String]) -> Ended {
    let arguments: Vec<_> = words.iter().skip(1).map(String::as_str).chain(more.iter().copied()).collect();
    Ended::of(&place.command(&arguments).envs(keys.iter().map(|name| (name, KEY))).output().unwrap())
}

#[test]
fn the_readme_s_commands_play_all_nine_incidents() {
    let readme = document("README.md");
    let commands = readme.lines().filter_map(|line| line.strip_prefix("$ ")).map(words);
    let mut played = 0;
    for mut command in commands.filter(|words| words.first().is_some_and(|word| word == "bench")) {
        let typed: Vec<_> = models(&command).into_iter().map(str::to_owned).collect();
        if typed.is_empty() {
            continue;
        }
        let place = Place::empty();
        let (config, endpoints, keys) = match command.iter().position(|word| word == "--base-url") {
            None => stand_in(typed.iter().map(String::as_str)),
            // A server of the user's own is stood in for at its address.
            Some(at) => {
                let dialect = Dialect { model: typed[0].clone().leak(), ..*kinds::named("llama-cpp") };
                let endpoint = Endpoint::of(Box::leak(Box::new(dialect)));
                command[at + 1] = endpoint.base_url();
                (String::new(), vec![(endpoint, 1)], Vec::new())
            }
        };
        place.write("bench.toml", &config);
        let ended = run(&place, &command, &["--agent", "llm", "--format", "json"], &keys);
        let shown = command.join(" ");
        assert_eq!(ended.code, Some(0), "{shown}\n{}", ended.stderr);
        let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
        for model in &typed {
            assert_eq!(problems_of_row(&summary, model), [""; 0], "{shown}: {model}");
        }
        for (endpoint, askers) in &endpoints {
            let problems = problems_of_book(endpoint, *askers);
            assert_eq!(problems, [""; 0], "{shown}");
        }
        played += 1;
    }
    assert!(played >= 3, "{played} commands of the README name a model");
}

#[test]
fn each_route_of_the_page_on_models_plays_an_incident() {
    let page = document("docs/MODELS.md");
    let commands: Vec<_> = page.lines().flat_map(|line| line.split('`')).map(words).collect();
    let mut seen = BTreeSet::new();
    for command in &commands {
        if command.iter().any(|word| word == "--base-url") || !command.iter().any(|word| word == "bench") {
            continue;
        }
        let routes = models(command).into_iter().filter(|name| !name.starts_with("mine/"));
        for typed in routes.map(|name| name.split('?').next().unwrap_or_default()) {
            if !seen.insert(typed.to_owned()) {
                continue;
            }
            let place = Place::empty();
            let (config, endpoints, keys) = stand_in(std::iter::once(typed));
            place.write("bench.toml", &config);
            let shown = ["bench", "--model", typed, "--scenario", "AC-001", "--agent", "llm", "--format", "json"];
            let ended = run(&place, &shown.map(str::to_owned), &[], &keys);
            assert_eq!(ended.code, Some(0), "{typed}\n{}", ended.stderr);
            let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
            let row = super::play::row(&summary, typed);
            assert_eq!((&row["void"], &row["overall"]), (&0.into(), &1.0.into()), "{typed}: {row}");
            let notes = endpoints[0].0.book(|book| book.notes.clone());
            assert!(notes.is_empty(), "{typed}: {notes:?}");
        }
    }
    assert!(seen.len() >= 20, "{seen:?}");
}
