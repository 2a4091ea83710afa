//! `bench run`: the main job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::args::{ResumeArgs, RunArgs};
use super::build::Limiters;
use super::exit::{Failure, Status, endpoint_hint};
use super::play::{Stage, listen_for_interrupts};
use super::{build, compare, dry_run, estimate, out, queue, report, resume};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::{CallContext, ChatError, ErrorKind, process};
use crate::config::Settings;
use crate::config::agents::ExecAgent;
use crate::config::options::Concurrency;
use crate::config::settings::KeyedModel;
use crate::env::Catalog;
use crate::log::EventKind;
use crate::log::store::{RunLock, Store, pretty};
use crate::report::score_table::one_line;
use crate::run::budget::{self, Amount, Budget};
use crate::run::episode::ModelAccess;
use crate::run::preflight::{self, Checked};
use crate::run::runner::{CallPace, ExecPlayer, ModelPlayer, PlayerKind};
use crate::run::{Cancel, Plan, Player};

/// How many episodes of a model are replayed at once where nobody says: there is no endpoint to spare.
const REPLAYED_AT_ONCE: usize = 16;
/// How many processes of a program play at once where nobody says: what they do is not known here.
const PROCESSES_AT_ONCE: usize = 4;

pub(super) async fn execute(args: &RunArgs) -> Result<Status, Failure> {
    let settings = build::settings(&args.options, args.config.as_deref())?;
    let catalog = build::catalog(&settings.suite, settings.overlay.as_deref())?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?
        .sharded(settings.shard);
    let prompts = build::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names)?;
    if !settings.models.is_empty() {
        build::check_prompts(&prompts, &plan)?;
    }
    if args.dry_run {
        return dry_run::execute(&settings, &catalog, &plan, &prompts, args.quiet).await;
    }
    if args.or_resume
        && let Some(run) = begun_before(&settings, &plan, &catalog, &prompts)?
    {
        return resume::execute(&as_resumed(args, &settings, run)).await;
    }
    settings.require_keys()?;
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

/// The newest run of the results folder, if it was begun with this plan.
fn begun_before(
    settings: &Settings,
    plan: &Plan,
    catalog: &Catalog,
    prompts: &PromptSet,
) -> Result<Option<String>, Failure> {
    let store = Store::new(&settings.out);
    let Some(newest) = store.list()?.into_iter().max() else { return Ok(None) };
    // Killed before it was known what would be played.
    let Ok(folder) = store.find(&newest) else { return Ok(None) };
    let then = report::manifest(&folder)?;
    let now = build::manifest(settings, plan, catalog, prompts, &BTreeMap::new());
    let same = then.plays_as(&now) && then.shard == now.shard && resume::same_contestants(&then, &now).is_ok();
    Ok(same.then_some(newest))
}

/// The arguments of `bench resume` that mean the same.
fn as_resumed(args: &RunArgs, settings: &Settings, run: String) -> ResumeArgs {
    let options = &args.options;
    ResumeArgs {
        run,
        out: Some(settings.out.clone()),
        format: Some(settings.format),
        max_cost: settings.max_cost,
        max_total_tokens: settings.max_total_tokens,
        time_limit: settings.time_limit.map(|time| time.as_secs_f64()),
        queue: options.queue.clone(),
        here: settings.queue.is_none(),
        log_format: settings.log_format,
        progress: Some(settings.progress),
        quiet: args.quiet,
        config: args.config.clone(),
    }
}

/// What a run plays.
pub(super) struct Suite<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) plan: Plan,
    pub(super) prompts: &'a Arc<PromptSet>,
}

/// A run whose endpoints were checked and whose folder was made.
pub(super) struct Ready {
    pub(super) stage: Stage,
    pub(super) players: Vec<Player>,
    /// What its log begins with.
    pub(super) opening: Vec<EventKind>,
    /// Keeps other writers out for as long as it lives.
    pub(super) lock: RunLock,
}

/// Checks the baseline and the endpoints, and makes the run's folder; none where the user stopped it meanwhile.
pub(super) async fn ready(
    settings: Settings,
    suite: Suite<'_>,
    cancel: Cancel,
    quiet: bool,
) -> Result<Option<Ready>, Failure> {
    let Suite { catalog, plan, prompts } = suite;
    let store = Store::new(&settings.out);
    if let Some(baseline) = &settings.baseline {
        let asked = build::manifest(&settings, &plan, catalog, prompts, &BTreeMap::new());
        compare::check_baseline(&store, baseline, &asked)?;
    }
    let Some(queue) = queue::connect(&settings, &cancel, quiet).await? else { return Ok(None) };
    let budget = Arc::new(Budget::new(build::limits(&settings), Amount::default()));
    let unchecked = BTreeMap::new();
    let Some((players, checks)) = players(&settings, prompts, &unchecked, &cancel, &budget, quiet).await? else {
        return Ok(None);
    };
    let protocols = protocols(&players);
    let (manifest, folder) =
        build::new_run(&store, || build::manifest(&settings, &plan, catalog, prompts, &protocols))?;
    let lock = folder.lock()?;
    folder.write_manifest(&pretty(&manifest))?;
    let forecast = estimate::forecast(&settings, &plan, prompts);
    let start = EventKind::RunStarted { v: crate::log::event::VERSION, run: manifest.id.clone() };
    let stage = Stage { settings, plan, manifest, folder, store, cancel, budget, forecast, queue, quiet };
    Ok(Some(Ready { stage, players, opening: std::iter::once(start).chain(checks).collect(), lock }))
}

/// What the check of an endpoint showed, in a line.
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

/// Makes the players, after one call to each endpoint that was not checked before; none where the user stopped it
/// meanwhile. A refused key or model ends the run before it starts.
pub(super) async fn players(
    settings: &Settings,
    prompts: &Arc<PromptSet>,
    checked_before: &BTreeMap<String, Protocol>,
    cancel: &Cancel,
    budget: &Budget,
    quiet: bool,
) -> Result<Option<(Vec<Player>, Vec<EventKind>)>, Failure> {
    for agent in &settings.programs {
        check_program(agent).await?;
    }
    let (mut players, mut checks) = (Vec::new(), Vec::new());
    let mut limiters = Limiters::default();
    for model in &settings.models {
        let label = model.spec.label.clone();
        if let Some(protocol) = checked_before.get(&label) {
            let (line, pace) = line(settings, model, &mut limiters)?;
            let kind = PlayerKind::Model(Box::new(model_player(settings, prompts, line, pace, *protocol)));
            players.push(Player { label, kind });
            continue;
        }
        let Some((player, check)) = checked_player(settings, prompts, model, &mut limiters, cancel, quiet).await?
        else {
            return Ok(None);
        };
        budget.charge(budget::spent_on(&check));
        players.push(player);
        checks.push(check);
    }
    players.extend(settings.programs.iter().map(|agent| exec_player(settings, agent)));
    players.extend(builtins(settings));
    Ok(Some((players, checks)))
}

/// The built-in agents that play.
pub(super) fn builtins(settings: &Settings) -> impl Iterator<Item = Player> {
    settings.builtins.iter().map(|agent| Player { label: agent.to_string(), kind: PlayerKind::Builtin(*agent) })
}

/// A program that cannot be started ends the run before it begins.
async fn check_program(agent: &ExecAgent) -> Result<(), Failure> {
    process::try_start(&agent.words).await.map_err(|error| {
        let program = agent.words.first().map_or("", String::as_str);
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "it is looked for in PATH, and with a / in its name from this folder; for what a shell does, such as pipes, write exec:sh -c '…'"
            }
            std::io::ErrorKind::PermissionDenied => "make the file executable, or name its interpreter: exec:python3 FILE",
            _ => "a script needs a first line such as #!/usr/bin/env python3, or its interpreter before it: exec:python3 FILE",
        };
        Failure::usage(format!("agent {}: '{program}' cannot be started: {error}", agent.label)).hint(hint)
    })
}

fn exec_player(settings: &Settings, agent: &ExecAgent) -> Player {
    let kind = PlayerKind::Exec(ExecPlayer {
        words: agent.words.clone().into(),
        answer_time: settings.timeout,
        episode_time: settings.episode_timeout,
        at_once: match settings.concurrency {
            Concurrency::Fixed(episodes) => episodes,
            Concurrency::Auto => PROCESSES_AT_ONCE,
        },
    });
    Player { label: agent.label.clone(), kind }
}

/// How a model is reached, and how many of its calls are under way at once.
fn line(settings: &Settings, model: &KeyedModel, limiters: &mut Limiters) -> Result<(ModelAccess, CallPace), Failure> {
    let limiter = limiters.of(settings, model);
    let pace = match (&settings.replay, settings.concurrency) {
        (None, _) => CallPace::Limited(Arc::clone(&limiter)),
        (Some(_), Concurrency::Fixed(episodes)) => CallPace::Episodes(episodes),
        (Some(_), Concurrency::Auto) => CallPace::Episodes(REPLAYED_AT_ONCE),
    };
    let line = ModelAccess {
        client: build::client(settings, model, Some(limiter))?,
        price: model.spec.price().copied(),
        episode_time: settings.episode_timeout,
        call_time: Some(build::call_time(settings)),
        max_tokens: settings.max_tokens,
        metered: true,
        episode_calls: settings.episode_calls,
        episode_tokens: settings.episode_tokens,
    };
    Ok((line, pace))
}

/// Makes the player of a model after a call to its endpoint, with what the call showed; none where the user stopped it.
pub(super) async fn checked_player(
    settings: &Settings,
    prompts: &Arc<PromptSet>,
    model: &KeyedModel,
    limiters: &mut Limiters,
    cancel: &Cancel,
    quiet: bool,
) -> Result<Option<(Player, EventKind)>, Failure> {
    let label = model.spec.label.clone();
    let (line, pace) = line(settings, model, limiters)?;
    let context = CallContext {
        deadline: Some(tokio::time::Instant::now() + build::call_time(settings)),
        jitter_seed: settings.seed,
        repeat: 0,
        stop: cancel.gentle.clone(),
        // It is about the endpoint, and not about what a run makes of faults.
        spared: true,
    };
    let checked = tokio::select! {
        checked = preflight::check(&*line.client, settings.protocol.fixed(), &context) => checked,
        () = cancel.hard.cancelled() => return Ok(None),
    };
    if cancel.is_pulled() {
        return Ok(None);
    }
    let wanted = settings.protocol.fixed().unwrap_or(Protocol::Text);
    let (checked, error) = match checked {
        Ok(checked) => (checked, None),
        Err(error) => {
            let error = refused_or(model, error, quiet)?;
            (Checked { protocol: wanted, replies: Vec::new() }, Some(error))
        }
    };
    let protocol = checked.protocol;
    let ignored = checked.replies.last().is_some_and(|reply| !preflight::speaks(protocol, reply));
    if ignored && !quiet {
        let message = format!("model {label}: the endpoint does not answer in the form that {protocol} asks for");
        out::say("warning", &message);
        out::say("hint", "its replies are read as text; `--protocol auto` finds what it can");
    }
    let usages = checked.replies.iter().filter_map(|reply| reply.usage);
    let check = EventKind::EndpointChecked {
        model: label.clone(),
        protocol: protocol.to_string(),
        answered_by: checked.answered_by().map(str::to_owned),
        error: error.as_ref().map(ToString::to_string),
        cost_usd: line.price.as_ref().map(|price| usages.map(|usage| price.cost(&usage)).sum()),
        replies: checked.replies,
    };
    let kind = match error {
        Some(error) if error.kind == ErrorKind::Connect => PlayerKind::Unreachable(error.kind, error.to_string()),
        _ => PlayerKind::Model(Box::new(model_player(settings, prompts, line, pace, protocol))),
    };
    Ok(Some((Player { label, kind }, check)))
}

fn model_player(
    settings: &Settings,
    prompts: &Arc<PromptSet>,
    line: ModelAccess,
    pace: CallPace,
    protocol: Protocol,
) -> ModelPlayer {
    ModelPlayer { protocol, assist: settings.assist.into(), prompts: Arc::clone(prompts), access: line, pace }
}

/// Ends the run where the endpoint refuses what was configured; a passing fault is only a warning.
fn refused_or(model: &KeyedModel, error: ChatError, quiet: bool) -> Result<ChatError, Failure> {
    let label = &model.spec.label;
    match error.kind {
        ErrorKind::RecordingFailed => Err(Failure::other(format!("model {label}: {error}")).hint(build::RECORD_HINT)),
        ErrorKind::Auth
        | ErrorKind::UnknownModel
        | ErrorKind::NotFound
        | ErrorKind::Quota
        | ErrorKind::BadRequest
        | ErrorKind::Redirect
        | ErrorKind::HtmlBody
        | ErrorKind::SseBody
        | ErrorKind::NotRecorded
        | ErrorKind::MalformedBody => {
            let failure = Failure::usage(format!("model {label} at {}: {error}", model.spec.provider.base_url));
            Err(match endpoint_hint(error.kind) {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        _ => {
            if !quiet {
                out::say("warning", &format!("model {label} at {}: {error}", model.spec.provider.base_url));
                if let Some(hint) = endpoint_hint(error.kind) {
                    out::say("hint", hint);
                }
            }
            Ok(error)
        }
    }
}

/// The protocol of each model, as its endpoint decided it.
pub(super) fn protocols(players: &[Player]) -> BTreeMap<String, String> {
    let protocol = |player: &Player| match &player.kind {
        PlayerKind::Model(model) => Some((player.label.clone(), model.protocol.to_string())),
        PlayerKind::Builtin(_) | PlayerKind::Exec(_) | PlayerKind::Unreachable(..) => None,
    };
    players.iter().filter_map(protocol).collect()
}
