//! `bench resume`: continues a run that was stopped or broke.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::queue::{self, Connection};
use super::stage::{self, Stage};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::cli::args::common::{ProvidersFile, ResultsFolder, RunName};
use crate::cli::args::run::{ResumeArgs, RunArgs};
use crate::cli::exit::{Failure, Status};
use crate::cli::interrupts::listen_for_interrupts;
use crate::cli::kept::compare::Baseline;
use crate::cli::out;
use crate::cli::setup::client::{forecast, limits};
use crate::cli::setup::manifest::manifest;
use crate::cli::setup::players::{Found, Material, players};
use crate::cli::setup::{environment, lock, prompts, record, results, salvaged, suite};
use crate::config::{ConfigFile, Environment, Kept, KeptModels, Options, Settings};
use crate::gate::Rules;
use crate::log::learnt::learnt;
use crate::log::manifest::ModelRecord;
use crate::log::reader::ReadError;
use crate::log::store::{RunFolder, Store};
use crate::log::{Contestant, Event, EventKind, Manifest, RecordError, RunRecord};
use crate::run::budget::{self, Budget};
use crate::run::{Cancel, Plan};
use incident_env::Catalog;

pub(in crate::cli) async fn execute(args: &ResumeArgs) -> Result<Status, Failure> {
    let store = Store::new(results(args.results.out.as_deref())?);
    let folder = store.find(&args.run.run)?;
    let _lock = lock(&folder)?;
    let RunRecord { folder, manifest: then, contents: past, .. } = whole(folder)?;
    if then.is_exam() {
        let what = format!("run {} is an exam, which its clients play", then.id);
        let how =
            "'bench serve --exam' or 'bench mcp --exam' goes on with it, with the same --suite, --label and --out";
        return Err(Failure::usage(what).hint(how));
    }
    if !then.merged.is_empty() {
        let shards: Vec<_> = then.merged.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(format!("run {} was merged from shards, which are played", then.id))
            .hint(format!("resume {}, and merge them again", shards.join(", "))));
    }
    let mut settings = settings(args, &then)?;
    // The same faults would hit the same calls, so episodes that are void because of them would stay void.
    if settings.chaos.take().is_some() && !args.quiet {
        out::note("it goes on without the faults of --chaos");
    }
    let catalog = suite::catalog(&settings.suite, settings.overlay.as_deref())?;
    let prompts = prompts::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names, settings.think)?;
    unchanged("suite", &then.suite_digest, catalog.digest())?;
    if !settings.models.is_empty() {
        unchanged("prompts", &then.prompts_digest, prompts.digest())?;
    }
    unchanged("graders", &then.graders.join(", "), &catalog.graders().join(", "))?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?
        .sharded(settings.shard);
    same_contestants(&then, &manifest(&settings, &plan, &catalog, &prompts, &BTreeMap::new()))?;
    settings.require_keys()?;
    let baseline = settings.baseline.as_ref().map(|name| Baseline::load(&store, name)).transpose()?;
    if let Some(baseline) = &baseline {
        baseline.check(&then, &stage::rules(&settings, Rules::default().alpha))?;
    }

    let cancel = Cancel::default();
    listen_for_interrupts(cancel.clone(), args.quiet);
    let stopped = || Ok(Status::Interrupted("nothing more was played".to_owned()));
    let queue = match queue::connect(&settings, &cancel, args.quiet).await? {
        Connection::None => None,
        Connection::Queue(nats) => Some(*nats),
        Connection::Stopped => return stopped(),
    };
    let checked = checked(&past.events, &then);
    let budget = Arc::new(Budget::new(limits(&settings), budget::spent(&then, &past.events)));
    let material = Material { prompts: &prompts, scenarios: &plan.scenarios };
    let players = players(&settings, material, &checked, &cancel, &budget, args.quiet).await?;
    let Some((players, checks)) = players else { return stopped() };
    if !args.quiet {
        out::note(&format!("run {} goes on in {}", then.id, folder.path.display()));
    }
    let has_begun = past.events.iter().any(|event| matches!(event.event, EventKind::RunStarted { .. }));
    // The process may have died before it wrote anything, or its first line is damaged.
    let first = if has_begun {
        EventKind::RunResumed
    } else {
        EventKind::RunStarted { v: crate::log::event::VERSION, run: then.id.clone() }
    };
    let forecast = forecast(&settings, &plan, &prompts);
    let (manifest, quiet) = (then, args.quiet);
    let stage = Stage { settings, plan, manifest, folder, store, cancel, budget, forecast, queue, baseline, quiet };
    stage.play(players, std::iter::once(first).chain(checks).collect(), Some(&past)).await
}

/// Reads the run, and mends its log if that is damaged: the episodes of damaged lines are played again.
fn whole(folder: RunFolder) -> Result<RunRecord, Failure> {
    if !matches!(RunRecord::open(folder.clone()), Err(RecordError::Log { problem: ReadError::Line { .. }, .. })) {
        return record(folder);
    }
    let (damaged, salvaged) = salvaged(folder)?;
    let kept = damaged.folder.replace_log(&salvaged.events)?;
    out::note(&format!("the damaged log is kept as {}", kept.display()));
    record(damaged.folder)
}

/// Returns the settings of the run that stopped, with today's keys. Only options that concern the output may be chosen
/// anew.
fn settings(args: &ResumeArgs, manifest: &Manifest) -> Result<Settings, Failure> {
    let folder = Path::new(".");
    let mut environment = environment()?;
    let mut options = recorded_options(manifest, &mut environment)?;
    options.queue = match (args.here, options.queue) {
        (false, Some(recorded)) => {
            // The recorded address has no user and no password.
            let known = environment.get("BENCH_QUEUE").map(str::to_owned);
            Some(args.queue.clone().or(known).unwrap_or(recorded))
        }
        (false, None) => args.queue.clone(),
        (true, _) => None,
    };
    if options.queue.is_none() {
        environment.forget(&["BENCH_QUEUE"]);
    }
    options.out = Some(results(args.results.out.as_deref())?);
    options.format = args.format.or(options.format);
    options.log_format = args.log_format.or(options.log_format);
    options.progress = args.progress.or(options.progress);
    options.max_cost = args.max_cost.or(options.max_cost);
    options.max_total_tokens = args.max_total_tokens.or(options.max_total_tokens);
    options.time_limit = args.time_limit.or(options.time_limit);
    let file = ConfigFile { options: Options::default(), ..ConfigFile::read(folder, args.providers.path())? };
    Ok(Settings::resolve_kept(&options, &environment, &file, &kept_models(manifest))?)
}

/// Returns the options with which a run was begun. Variables that choose a model or an endpoint must not change a run
/// that has begun, so they are removed from the environment, and restored to their old values if the run had them from
/// there.
pub(super) fn recorded_options(manifest: &Manifest, environment: &mut Environment) -> Result<Options, Failure> {
    environment.forget(&["API_BASE_URL", "MODEL_NAME"]);
    let mut chosen = Map::new();
    for (name, option) in manifest.options.as_object().into_iter().flatten() {
        let (value, from) = (option["value"].clone(), option["from"].as_str().unwrap_or_default());
        match (name.as_str(), from, value.as_str()) {
            // The key that an endpoint gets depends on the layer that set its URL.
            ("base-url", "environment", Some(url)) => environment.remember("API_BASE_URL", url),
            ("model", "environment", _) => {
                let names: Vec<_> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                environment.remember("MODEL_NAME", &names.join(","));
            }
            _ if value.is_null() || value.as_array().is_some_and(Vec::is_empty) => {}
            _ => _ = chosen.insert(name.clone(), value),
        }
    }
    chosen.entry("think").or_insert_with(|| manifest.think().as_str().into());
    serde_json::from_value(Value::Object(chosen))
        .map_err(|e| Failure::usage(format!("run.json: options: {e}")).hint("was it written by another version?"))
}

/// Returns the models of a run that has begun, each with its route and with what it is asked with.
pub(super) fn kept_models(manifest: &Manifest) -> KeptModels {
    let kept = |record: &ModelRecord| Kept {
        route: format!("{}/{}", record.provider, record.name),
        temperature: record.temperature,
        max_tokens: record.max_tokens,
        reasoning_effort: record.reasoning_effort.clone(),
        thinking_budget: record.thinking_budget,
        extra_body: record.extra_body.clone(),
        api: record.api,
        price: record.price.clone(),
    };
    let models = manifest.contestants.iter();
    models.filter_map(|one| Some((one.label.clone(), kept(one.settings.as_ref()?)))).collect()
}

/// Checks that something has not changed since the run began: a run must not be half of one suite and half of another.
fn unchanged(what: &str, then: &str, now: &str) -> Result<(), Failure> {
    if then == now {
        return Ok(());
    }
    Err(Failure::usage(format!("the {what} changed since the run began: {then} then, {now} now"))
        .hint("bring back what it was, or start a new run"))
}

pub(super) fn same_contestants(then: &Manifest, now: &Manifest) -> Result<(), Failure> {
    let place = |manifest: &Manifest| -> Vec<(String, Option<(String, String)>)> {
        let settings = |contestant: &Contestant| {
            let settings = contestant.settings.as_ref()?;
            Some((settings.name.clone(), settings.base_url.clone()))
        };
        manifest.contestants.iter().map(|one| (one.label.clone(), settings(one))).collect()
    };
    if place(then) == place(now) {
        return Ok(());
    }
    Err(Failure::usage("bench.toml or a newer version of bench resolves the models of this run to other endpoints")
        .hint("bring back what it was, or start a new run"))
}

/// Returns the models whose endpoint answered before, each with the protocol that its endpoint was found to support, and
/// with what was learnt of it.
fn checked(events: &[Event], manifest: &Manifest) -> BTreeMap<String, Found> {
    let adjusted = learnt(manifest, events);
    let check = |event: &Event| match &event.event {
        EventKind::EndpointChecked { model, protocol, error: None, .. } => {
            let adjusted = adjusted.get(model).cloned().unwrap_or_default();
            Some((model.clone(), Found { protocol: Protocol::named(protocol)?, adjusted }))
        }
        _ => None,
    };
    events.iter().filter_map(check).collect()
}

/// Returns the newest run of the results folder, if it was begun with this plan.
pub(super) fn begun_before(
    settings: &Settings,
    plan: &Plan,
    catalog: &Catalog,
    prompts: &PromptSet,
) -> Result<Option<String>, Failure> {
    let store = Store::new(&settings.out);
    let Some(newest) = store.list()?.into_iter().max() else { return Ok(None) };
    let now = manifest(settings, plan, catalog, prompts, &BTreeMap::new());
    // Where the clock was set back, the run that was begun last is not the newest by its name.
    for name in ["latest", &newest] {
        // The process was killed before its plan was written.
        let Ok(folder) = store.find(name) else { continue };
        let then = RunRecord::manifest(&folder)?;
        let is_same = then.plays_as(&now) && then.shard == now.shard && same_contestants(&then, &now).is_ok();
        if is_same && then.merged.is_empty() {
            return Ok(Some(folder.path.display().to_string()));
        }
    }
    Ok(None)
}

/// Returns the arguments with which `bench resume` continues as `bench run` was asked to.
pub(super) fn as_resumed(args: &RunArgs, settings: &Settings, run: String) -> ResumeArgs {
    let options = &args.options;
    ResumeArgs {
        run: RunName { run },
        results: ResultsFolder { out: Some(settings.out.clone()) },
        format: Some(settings.format),
        max_cost: settings.max_cost,
        max_total_tokens: settings.max_total_tokens,
        time_limit: settings.time_limit.map(|time| time.as_secs_f64()),
        queue: options.queue.clone(),
        here: settings.queue.is_none(),
        log_format: settings.log_format,
        progress: Some(settings.progress),
        quiet: args.quiet,
        providers: ProvidersFile { config: args.config.config.clone() },
    }
}
