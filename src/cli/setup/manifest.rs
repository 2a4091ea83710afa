//! The `run.json` of a new run, and the folder that holds it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::agent::exec;
use crate::agent::llm::Assist;
use crate::agent::prompt::PromptSet;
use crate::cli::args::Cli;
use crate::cli::setup::players::Found;
use crate::config::Settings;
use crate::log::manifest::{self, Machine, ModelRecord};
use crate::log::store::{RunFolder, Store, StoreError};
use crate::log::{Contestant, Manifest, RunId};
use crate::queue::address::without_login;
use crate::run::Plan;
use incident_env::Catalog;

/// Makes a new id. Randomness only names the folder: nothing that is scored depends on it.
pub(in crate::cli) fn run_id(started_at: jiff::Timestamp) -> RunId {
    let salt = uuid::Uuid::new_v4().as_u128().to_le_bytes();
    RunId::new(started_at, u16::from_le_bytes([salt[0], salt[1]]))
}

/// Makes the folder of a new run, and returns it with the manifest that has its id.
pub(in crate::cli) fn new_run(
    store: &Store,
    manifest: impl Fn() -> Manifest,
) -> Result<(Manifest, RunFolder), StoreError> {
    loop {
        let manifest = manifest();
        match store.create(&manifest.id) {
            Ok(folder) => return Ok((manifest, folder)),
            // Another run that began in the same second has the same random digits.
            Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists && store.has(&manifest.id) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns the manifest of a run that begins now, with what the checks of its endpoints have found.
pub(in crate::cli) fn manifest(
    settings: &Settings,
    plan: &Plan,
    catalog: &Catalog,
    prompts: &PromptSet,
    found: &BTreeMap<String, Found>,
) -> Manifest {
    let started_at = jiff::Timestamp::now();
    let models = settings.models.iter().map(|model| {
        let spec = &model.spec;
        let asking = &model.asking;
        let known = found.get(&spec.label);
        let fixed = asking.protocol.fixed().map_or("auto".to_owned(), |protocol| protocol.to_string());
        let record = ModelRecord {
            name: spec.name.clone(),
            provider: spec.provider_name.clone(),
            base_url: spec.base_url.clone(),
            protocol: known.map_or(fixed, |found| found.protocol.to_string()),
            think: settings.think,
            assist: Assist::from(settings.assist).to_string(),
            api: asking.api,
            temperature: asking.temperature,
            max_tokens: asking.max_tokens,
            reasoning_effort: asking.reasoning_effort.clone(),
            thinking_budget: asking.thinking_budget,
            extra_body: Some(asking.extra_body.clone()),
            price: asking.price.clone(),
            adjusted: known.map(|found| found.adjusted.clone()).unwrap_or_default(),
        };
        Contestant { label: spec.label.clone(), agent: "llm".to_owned(), settings: Some(record) }
    });
    let programs = settings.programs.iter().map(|agent| Contestant {
        label: agent.label.clone(),
        agent: exec::NAME.to_owned(),
        settings: None,
    });
    let builtins = settings.builtins.iter().map(|agent| Contestant {
        label: agent.to_string(),
        agent: agent.to_string(),
        settings: None,
    });
    let options: serde_json::Map<_, _> = settings
        .report
        .iter()
        .map(|(name, (value, origin))| ((*name).to_owned(), json!({ "value": value, "from": origin })))
        .collect();
    Manifest {
        schema: manifest::SCHEMA.to_owned(),
        id: run_id(started_at),
        started_at,
        bench_version: env!("CARGO_PKG_VERSION").to_owned(),
        suite: settings.suite.clone(),
        suite_digest: catalog.digest().to_owned(),
        prompts: prompts.label(),
        prompts_digest: prompts.digest().to_owned(),
        graders: catalog.graders(),
        contestants: models.chain(programs).chain(builtins).collect(),
        scenarios: plan.listed(),
        epochs: plan.epochs,
        seed: plan.seed,
        shard: plan.shard,
        merged: Vec::new(),
        merged_logs: Vec::new(),
        options: options.into(),
        command: command_line(),
        machine: machine(),
    }
}

/// Describes the machine on which this process runs.
pub(in crate::cli) fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(0, Into::into),
    }
}

/// Returns the arguments of the process. No option takes a key, and the address of a queue is shown without its user.
pub(in crate::cli) fn command_line() -> Vec<String> {
    use clap::CommandFactory;
    let name = Cli::command().get_name().to_owned();
    let arguments = std::env::args_os().skip(1).map(|argument| without_login(&argument.to_string_lossy()));
    std::iter::once(name).chain(arguments).collect()
}
