//! The players of a run, which are made after a check of each endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::adjust::{Adjusted, uncarried};
use crate::chat::wire::ModelSettings;
use crate::chat::{CallContext, ChatClient, ChatError, ErrorKind, process};
use crate::cli::exit::{Failure, endpoint_hint};
use crate::cli::out;
use crate::cli::setup::client::{Limiters, RECORD_HINT, call_time, client, model_settings, rate};
use crate::config::KeyedModel;
use crate::config::Settings;
use crate::config::agents::ExecAgent;
use crate::config::options::Concurrency;
use crate::log::EventKind;
use crate::run::budget::{self, Budget};
use crate::run::episode::ModelAccess;
use crate::run::preflight::{self, Forms};
use crate::run::runner::{CallPace, ExecPlayer, ModelPlayer, PlayerKind};
use crate::run::{Cancel, Player};
use incident_env::Scenario;

/// The default number of episodes of a model that are replayed at once. A replay has no endpoint that could be
/// overloaded.
const REPLAYED_AT_ONCE: usize = 16;
/// The default number of processes of a program that play at once. It is small because their use of resources is
/// unknown.
const PROCESSES_AT_ONCE: usize = 4;

/// What the check of an endpoint has found.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Found {
    /// The protocol that it speaks.
    pub(in crate::cli) protocol: Protocol,
    /// What was changed in requests because it refused something.
    pub(in crate::cli) adjusted: Adjusted,
}

/// The prompts and the scenarios of a run.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Material<'a> {
    pub(in crate::cli) prompts: &'a Arc<PromptSet>,
    pub(in crate::cli) scenarios: &'a [Arc<Scenario>],
}

/// Makes the players, after the check of each endpoint that was not checked before. Returns `None` if the user stopped
/// the run meanwhile. A refused key or model ends the run before it starts.
pub(in crate::cli) async fn players(
    settings: &Settings,
    material: Material<'_>,
    checked_before: &BTreeMap<String, Found>,
    cancel: &Cancel,
    budget: &Budget,
    quiet: bool,
) -> Result<Option<(Vec<Player>, Vec<EventKind>)>, Failure> {
    if !quiet && !settings.programs.is_empty() {
        for name in &settings.program_environment.unset {
            out::say("warning", &format!("--exec-env {name}: it is not set, so no program gets it"));
        }
    }
    for agent in &settings.programs {
        check_program(settings, agent).await?;
    }
    let (mut players, mut checks) = (Vec::new(), Vec::new());
    let mut limiters = Limiters::default();
    for model in &settings.models {
        let label = model.spec.label.clone();
        if let Some(Found { protocol, adjusted }) = checked_before.get(&label) {
            let (access, pace) = model_access(settings, model, &mut limiters, adjusted.clone())?;
            let kind = PlayerKind::Model(Box::new(model_player(settings, material.prompts, access, pace, *protocol)));
            players.push(Player { label, kind });
            continue;
        }
        let Some((player, check)) = checked_player(settings, material, model, &mut limiters, cancel, quiet).await?
        else {
            return Ok(None);
        };
        budget.charge(budget::spent_on(&check, rate(model)));
        players.push(player);
        checks.push(check);
    }
    players.extend(settings.programs.iter().map(|agent| exec_player(settings, agent)));
    players.extend(builtins(settings));
    Ok(Some((players, checks)))
}

/// Makes the built-in agents that play.
pub(in crate::cli) fn builtins(settings: &Settings) -> impl Iterator<Item = Player> {
    settings.builtins.iter().map(|agent| Player { label: agent.to_string(), kind: PlayerKind::Builtin(*agent) })
}

/// Checks that a program can be started, and ends the run before it begins if it cannot.
async fn check_program(settings: &Settings, agent: &ExecAgent) -> Result<(), Failure> {
    process::try_start(&settings.program(agent)).await.map_err(|error| {
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
        program: Arc::new(settings.program(agent)),
        answer_time: settings.answer_time,
        episode_time: settings.episode_timeout,
        at_once: match settings.concurrency {
            Concurrency::Fixed(episodes) => episodes,
            Concurrency::Auto => PROCESSES_AT_ONCE,
        },
    });
    Player { label: agent.label.clone(), kind }
}

/// Returns the access to a model: its client, and the number of its calls that may be under way at once.
fn model_access(
    settings: &Settings,
    model: &KeyedModel,
    limiters: &mut Limiters,
    adjusted: Adjusted,
) -> Result<(ModelAccess, CallPace), Failure> {
    let limiter = limiters.of(settings, model);
    let pace = match (&settings.replay, model.asking.concurrency) {
        (None, _) => CallPace::Limited(Arc::clone(&limiter)),
        (Some(_), Concurrency::Fixed(episodes)) => CallPace::Episodes(episodes),
        (Some(_), Concurrency::Auto) => CallPace::Episodes(REPLAYED_AT_ONCE),
    };
    let access = ModelAccess {
        client: client(settings, model, Some(limiter), adjusted)?,
        price: model.asking.price.clone().map(Arc::new),
        tier: model.asking.service_tier().map(str::to_owned),
        episode_time: settings.episode_timeout,
        call_time: Some(call_time(settings, model)),
        max_tokens: model.asking.max_tokens,
        metered: true,
        episode_calls: settings.episode_calls,
        episode_tokens: settings.episode_tokens,
    };
    Ok((access, pace))
}

/// Makes the player of a model after the check of its endpoint, with what the check showed. Returns `None` if the user
/// stopped the run meanwhile.
pub(in crate::cli) async fn checked_player(
    settings: &Settings,
    material: Material<'_>,
    model: &KeyedModel,
    limiters: &mut Limiters,
    cancel: &Cancel,
    quiet: bool,
) -> Result<Option<(Player, EventKind)>, Failure> {
    let label = model.spec.label.clone();
    let (access, pace) = model_access(settings, model, limiters, Adjusted::default())?;
    let forms = Forms::of(material.prompts, material.scenarios);
    let context = CallContext {
        deadline: None,
        jitter_seed: settings.seed,
        repeat: 0,
        stop: cancel.gentle.clone(),
        // The check is about the endpoint, so `--chaos` does not affect it.
        spared: true,
    };
    let checked = tokio::select! {
        checked = preflight::check(&*access.client, &forms, model.asking.protocol.fixed(), &context, call_time(settings, model)) => {
            checked
        }
        () = cancel.hard.cancelled() => return Ok(None),
    };
    if cancel.is_pulled() {
        return Ok(None);
    }
    let protocol = checked.protocol;
    let answered_by = checked.answered_by().map(str::to_owned);
    let error = checked.fault.map(|error| refused_or(model, error, quiet)).transpose()?;
    if error.is_none() && !checked.is_spoken && !quiet {
        let message = format!("model {label}: the endpoint does not answer in the form that {protocol} asks for");
        out::say("warning", &message);
        out::say("hint", "its replies are read as text; `--protocol auto` finds what it can");
    }
    if !quiet {
        let asked =
            ModelSettings { left_out: BTreeSet::new(), ..access.client.adjusted().apply(&model_settings(model)) };
        for adjustment in uncarried(&asked) {
            out::say("warning", &format!("model {label}: {adjustment}"));
        }
    }
    // What was not answered costs nothing, but that says nothing of a model without a price.
    let is_known = access.price.is_some() || !checked.replies.is_empty();
    let costs = checked.replies.iter().map(|reply| access.rate().cost(reply));
    let cost_usd = costs.sum::<Option<f64>>().filter(|_| is_known);
    let check = EventKind::EndpointChecked {
        model: label.clone(),
        protocol: protocol.to_string(),
        answered_by,
        error: error.as_ref().map(ToString::to_string),
        cost_usd,
        replies: checked.replies,
        failed_calls: checked.failed_calls,
    };
    let kind = match error {
        Some(error) if error.kind == ErrorKind::Connect => PlayerKind::Unreachable(error.kind, error.to_string()),
        _ => PlayerKind::Model(Box::new(model_player(settings, material.prompts, access, pace, protocol))),
    };
    Ok(Some((Player { label, kind }, check)))
}

fn model_player(
    settings: &Settings,
    prompts: &Arc<PromptSet>,
    access: ModelAccess,
    pace: CallPace,
    protocol: Protocol,
) -> ModelPlayer {
    ModelPlayer { protocol, assist: settings.assist.into(), prompts: Arc::clone(prompts), access, pace }
}

/// Ends the run if the endpoint refuses what was configured. A temporary fault only causes a warning.
fn refused_or(model: &KeyedModel, error: ChatError, quiet: bool) -> Result<ChatError, Failure> {
    let label = &model.spec.label;
    match error.kind {
        ErrorKind::RecordingFailed => Err(Failure::other(format!("model {label}: {error}")).hint(RECORD_HINT)),
        ErrorKind::Auth
        | ErrorKind::UnknownModel
        | ErrorKind::NotFound
        | ErrorKind::Quota
        | ErrorKind::BadRequest
        | ErrorKind::Redirect
        | ErrorKind::ProxyRefused
        | ErrorKind::Certificate
        | ErrorKind::HtmlBody
        | ErrorKind::SseBody
        | ErrorKind::NotRecorded
        | ErrorKind::MalformedBody => {
            let failure = Failure::usage(format!("model {label} at {}: {error}", model.spec.base_url));
            Err(match endpoint_hint(&error) {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        _ => {
            if !quiet {
                out::say("warning", &format!("model {label} at {}: {error}", model.spec.base_url));
                if let Some(hint) = endpoint_hint(&error) {
                    out::say("hint", hint);
                }
            }
            Ok(error)
        }
    }
}

/// Returns what the endpoints of these models refused beyond what is known, by label.
pub(in crate::cli) fn learnt_since(
    clients: &[(String, Arc<dyn ChatClient>)],
    known: &BTreeMap<String, Adjusted>,
) -> Vec<(String, Adjusted)> {
    let new = |(label, client): &(String, Arc<dyn ChatClient>)| {
        let before = known.get(label).cloned().unwrap_or_default();
        let mut new = Adjusted::default();
        for adjustment in client.adjusted().iter().filter(|one| before.iter().all(|known| known.change != one.change)) {
            new.add(adjustment.clone());
        }
        (!new.is_empty()).then(|| (label.clone(), new))
    };
    clients.iter().filter_map(new).collect()
}

/// Returns the clients of the models among these players.
pub(in crate::cli) fn clients(players: &[Player]) -> Vec<(String, Arc<dyn ChatClient>)> {
    let client = |player: &Player| match &player.kind {
        PlayerKind::Model(model) => Some((player.label.clone(), Arc::clone(&model.access.client))),
        PlayerKind::Builtin(_) | PlayerKind::Exec(_) | PlayerKind::Unreachable(..) => None,
    };
    players.iter().filter_map(client).collect()
}

/// Returns what is known of each model's endpoint that answered.
pub(in crate::cli) fn found(players: &[Player]) -> BTreeMap<String, Found> {
    let found = |player: &Player| match &player.kind {
        PlayerKind::Model(model) => {
            let found = Found { protocol: model.protocol, adjusted: model.access.client.adjusted() };
            Some((player.label.clone(), found))
        }
        PlayerKind::Builtin(_) | PlayerKind::Exec(_) | PlayerKind::Unreachable(..) => None,
    };
    players.iter().filter_map(found).collect()
}
