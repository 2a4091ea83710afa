//! The commands that play a run, alone or as one of many machines: `run`, `resume`, `worker` and `merge`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Zoned;

use super::args::run::RunArgs;
use super::exit::{Failure, Status};
use super::interrupts::listen_for_interrupts;
use super::kept::compare::Baseline;
use super::out;
use super::setup::client::{forecast, limits};
use super::setup::manifest::{manifest, new_run};
use super::setup::players::{Material, found, players};
use super::setup::{lock, prompts, settings, suite};
use crate::agent::prompt::PromptSet;
use crate::config::Settings;
use crate::config::model::CUSTOM;
use crate::gate::Rules;
use crate::log::EventKind;
use crate::log::store::{RunLock, Store, pretty};
use crate::report::score_table::one_line;
use crate::run::budget::{Amount, Budget};
use crate::run::{Cancel, Plan, Player};
use incident_env::Catalog;

mod dry_run;
pub(super) mod merge;
mod outcome;
mod queue;
pub(super) mod resume;
mod screen;
pub(super) mod stage;
pub(super) mod worker;

use queue::Connection;
use stage::Stage;

/// The days before a model closes from which its users are warned.
const SOON_DAYS: i32 = 60;

pub(super) async fn execute(args: &RunArgs) -> Result<Status, Failure> {
    let settings = settings(&args.options, args.config.path())?;
    let catalog = suite::catalog(&settings.suite, settings.overlay.as_deref())?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?
        .sharded(settings.shard);
    let prompts = prompts::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names, settings.think)?;
    if !settings.models.is_empty() {
        prompts::check_prompts(&prompts, &plan)?;
    }
    if args.dry_run {
        return dry_run::execute(&settings, &catalog, &plan, &prompts, args.quiet).await;
    }
    if args.or_resume
        && let Some(run) = resume::begun_before(&settings, &plan, &catalog, &prompts)?
    {
        return resume::execute(&resume::as_resumed(args, &settings, run)).await;
    }
    settings.require_keys()?;
    if !args.quiet {
        announce(&settings);
    }
    if args.verbose {
        for (name, value, origin) in settings.chosen() {
            out::note(&format!("{name} = {value} (from {origin})"));
        }
    }

    let cancel = Cancel::default();
    listen_for_interrupts(cancel.clone(), args.quiet);
    let suite = Suite { catalog: &catalog, plan, prompts: &prompts };
    let Some(Ready { stage, players, opening, lock: _lock }) = ready(settings, suite, cancel, args.quiet).await? else {
        return Ok(Status::Interrupted("nothing was played, so nothing is kept".to_owned()));
    };
    if args.verbose {
        opening.iter().filter_map(checked_line).for_each(|line| out::note(&line));
    }
    if !args.quiet {
        out::note(&format!("run {} → {}", stage.manifest.id, stage.folder.path.display()));
    }
    stage.play(players, opening, None).await
}

/// Says by which route a model is reached that has several, and warns of models that close.
fn announce(settings: &Settings) {
    let today = Zoned::now().date();
    for spec in settings.models.iter().map(|model| &model.spec) {
        let (label, route) = (&spec.label, spec.route());
        if !label.contains('/') && spec.provider_name != CUSTOM {
            out::note(&format!("{label} is asked as {route}"));
        }
        let Some(day) = spec.closes() else { continue };
        let days = (day - today).get_days();
        if days <= 0 {
            out::say("warning", &format!("model {label}: {route} closed on {day}; `bench list models` has others"));
        } else if days <= SOON_DAYS {
            out::say("warning", &format!("model {label}: {route} closes on {day}"));
        }
    }
}

/// The scenarios, episodes and prompts of a run.
pub(super) struct Suite<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) plan: Plan,
    pub(super) prompts: &'a Arc<PromptSet>,
}

/// A run whose endpoints were checked and whose folder was made.
pub(super) struct Ready {
    pub(super) stage: Stage,
    pub(super) players: Vec<Player>,
    /// The first events of its log.
    pub(super) opening: Vec<EventKind>,
    /// The lock, which keeps other writers out until it is dropped.
    pub(super) lock: RunLock,
}

/// Checks the baseline and the endpoints, and makes the run's folder. Returns `None` if the user stopped the run
/// meanwhile.
pub(super) async fn ready(
    mut settings: Settings,
    suite: Suite<'_>,
    cancel: Cancel,
    quiet: bool,
) -> Result<Option<Ready>, Failure> {
    let Suite { catalog, plan, prompts } = suite;
    let store = Store::new(&settings.out);
    let baseline = settings.baseline.as_ref().map(|name| Baseline::load(&store, name)).transpose()?;
    if let Some(baseline) = &baseline {
        settings.pin_baseline(baseline.name());
        let asked = manifest(&settings, &plan, catalog, prompts, &BTreeMap::new());
        baseline.check(&asked, &stage::rules(&settings, Rules::default().alpha))?;
    }
    let queue = match queue::connect(&settings, &cancel, quiet).await? {
        Connection::None => None,
        Connection::Queue(nats) => Some(*nats),
        Connection::Stopped => return Ok(None),
    };
    let budget = Arc::new(Budget::new(limits(&settings), Amount::default()));
    let unchecked = BTreeMap::new();
    let material = Material { prompts, scenarios: &plan.scenarios };
    let Some((players, checks)) = players(&settings, material, &unchecked, &cancel, &budget, quiet).await? else {
        return Ok(None);
    };
    let found = found(&players);
    manifest(&settings, &plan, catalog, prompts, &found).check().map_err(Failure::usage)?;
    let (manifest, folder) = new_run(&store, || manifest(&settings, &plan, catalog, prompts, &found))?;
    let lock = lock(&folder)?;
    folder.write_manifest(&pretty(&manifest))?;
    let forecast = forecast(&settings, &plan, prompts);
    let start = EventKind::RunStarted { v: crate::log::event::VERSION, run: manifest.id.clone() };
    let stage = Stage { settings, plan, manifest, folder, store, cancel, budget, forecast, queue, baseline, quiet };
    Ok(Some(Ready { stage, players, opening: std::iter::once(start).chain(checks).collect(), lock }))
}

/// Returns one line about the check of an endpoint.
fn checked_line(check: &EventKind) -> Option<String> {
    let EventKind::EndpointChecked { model, protocol, answered_by, error, replies, .. } = check else { return None };
    let latency: u64 = replies.iter().map(|reply| reply.latency_ms).sum();
    Some(match error {
        Some(error) => format!("{model}: {}", one_line(error)),
        None => format!(
            "{model}: protocol {protocol}, answered by {} in {latency} ms, {} call{}",
            answered_by.as_deref().map_or("a model without a name".into(), one_line),
            replies.len(),
            if replies.len() == 1 { "" } else { "s" },
        ),
    })
}
