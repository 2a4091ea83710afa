//! `bench worker`: plays episodes of runs that other processes coordinate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::queue;
use super::resume::{kept_models, recorded_options, same_contestants};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::cli::args::run::WorkerArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::interrupts::listen_for_interrupts;
use crate::cli::out;
use crate::cli::setup::manifest::manifest as present_manifest;
use crate::cli::setup::players::{Found, Material, players};
use crate::cli::setup::{environment, prompts, suite};
use crate::config::options::Concurrency;
use crate::config::{ConfigFile, Options, Settings, workers_queue};
use crate::log::Manifest;
use crate::queue::worker::Crews;
use crate::queue::{Announcement, Worker};
use crate::report::score_table::plural;
use crate::run::budget::{Amount, Budget, Limits};
use crate::run::{Cancel, Crew, Plan};
use incident_env::Catalog;

pub(in crate::cli) async fn execute(args: &WorkerArgs) -> Result<Status, Failure> {
    let folder = Path::new(".");
    let environment = environment()?;
    let file = ConfigFile::read(folder, args.providers.path())?;
    let flags = Options {
        queue: args.queue.clone(),
        queue_creds: args.queue_creds.clone(),
        queue_ca: args.queue_ca.clone(),
        ..Options::default()
    };
    let access = workers_queue(&flags, &environment, &file)?;
    let cancel = Cancel::default();
    listen_for_interrupts(cancel.clone(), args.quiet);
    let idle = args.idle.map(|seconds| Duration::from_secs(seconds.into()));
    let connected = queue::connect_patiently(&access, &cancel, idle, args.quiet).await?;
    let Some(nats) = connected else { return Ok(Status::Done) };
    let name = name();
    if !args.quiet {
        out::note(&format!("worker {name} at the queue {}", access.address));
    }
    let worker = Worker {
        queue: nats,
        crews: Recorded {
            config: args.providers.config.clone(),
            concurrency: args.concurrency,
            allow_exec: args.allow_exec,
        },
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        episodes: usize::from(args.episodes),
        idle,
        cancel,
        tell: queue::teller(args.quiet),
    };
    let stored = worker.run().await.map_err(|error| Failure::usage(format!("queue {}: {error}", access.address)))?;
    if !args.quiet {
        out::note(&format!("{} played", plural(usize::try_from(stored).unwrap_or(usize::MAX), "episode")));
    }
    Ok(Status::Done)
}

/// Returns the name of this worker: the machine and the process.
fn name() -> String {
    #[cfg(unix)]
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let machine = "worker".to_owned();
    format!("{machine}/{}", std::process::id())
}

/// Makes crews from the recorded settings of their runs.
struct Recorded {
    config: Option<PathBuf>,
    concurrency: Option<Concurrency>,
    allow_exec: bool,
}

impl Crews for Recorded {
    async fn crew(&self, announcement: Announcement) -> Result<Crew, String> {
        self.make(announcement.manifest).await.map_err(|failure| failure.message().to_owned())
    }
}

impl Recorded {
    async fn make(&self, manifest: Manifest) -> Result<Crew, Failure> {
        if manifest.bench_version != env!("CARGO_PKG_VERSION") {
            let message =
                format!("it was begun by bench {}, and this is {}", manifest.bench_version, env!("CARGO_PKG_VERSION"));
            return Err(Failure::usage(message));
        }
        let settings = self.settings(&manifest)?;
        if !settings.programs.is_empty() && !self.allow_exec {
            return Err(Failure::usage("it starts programs (exec:COMMAND), which takes --allow-exec"));
        }
        settings.require_keys()?;
        // A large suite takes seconds to make; meanwhile the leases of other runs must be extended.
        let making = tokio::task::spawn_blocking(move || plan(settings, &manifest));
        let (settings, plan, prompts, found) =
            making.await.map_err(|error| Failure::other(format!("its suite cannot be made: {error}")))??;
        let budget = Budget::new(Limits::default(), Amount::default());
        let material = Material { prompts: &prompts, scenarios: &plan.scenarios };
        let made = players(&settings, material, &found, &Cancel::default(), &budget, true).await?;
        let players = made.map(|(players, _)| players).unwrap_or_default();
        Ok(Crew::new(&plan, players, settings.secrets()))
    }

    /// Returns the settings of the run, with the keys of this machine.
    fn settings(&self, manifest: &Manifest) -> Result<Settings, Failure> {
        let folder = Path::new(".");
        let mut environment = environment()?;
        let mut options = recorded_options(manifest, &mut environment)?;
        environment.forget(&["BENCH_QUEUE"]);
        options.queue = None;
        options.concurrency = self.concurrency.or(options.concurrency);
        // Limits hold for the whole run, so its coordinator enforces them.
        (options.max_cost, options.max_total_tokens, options.time_limit) = (None, None, None);
        let file = ConfigFile { options: Options::default(), ..ConfigFile::read(folder, self.config.as_deref())? };
        Ok(Settings::resolve_kept(&options, &environment, &file, &kept_models(manifest))?)
    }
}

/// Makes the parts of a run that take a while: its suite, which must be the coordinator's, and its prompts.
#[expect(clippy::type_complexity, reason = "four things that are used once")]
fn plan(
    settings: Settings,
    manifest: &Manifest,
) -> Result<(Settings, Plan, Arc<PromptSet>, BTreeMap<String, Found>), Failure> {
    let catalog = suite::catalog(&settings.suite, settings.overlay.as_deref())?;
    let prompts = prompts::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names, settings.think)?;
    same_rules(&settings, manifest, &catalog, &prompts)?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?;
    same_contestants(manifest, &present_manifest(&settings, &plan, &catalog, &prompts, &BTreeMap::new()))?;
    let found = manifest.contestants.iter().filter_map(|one| {
        let settings = one.settings.as_ref()?;
        let protocol = Protocol::named(&settings.protocol)?;
        Some((one.label.clone(), Found { protocol, adjusted: settings.adjusted.clone() }))
    });
    let found = found.collect();
    Ok((settings, plan, prompts, found))
}

/// Checks that everything that decides a score is the same as at the coordinator.
fn same_rules(settings: &Settings, manifest: &Manifest, catalog: &Catalog, prompts: &PromptSet) -> Result<(), Failure> {
    let same = |what: &str, theirs: &str, ours: &str| {
        if theirs == ours {
            return Ok(());
        }
        Err(Failure::usage(format!("its {what} is {theirs}, and here it is {ours}")))
    };
    same("suite", &manifest.suite_digest, catalog.digest())?;
    if !settings.models.is_empty() {
        same("prompt set", &manifest.prompts_digest, prompts.digest())?;
    }
    same("graders", &manifest.graders.join(", "), &catalog.graders().join(", "))
}
