//! `bench --dry-run`: the plan, and what it would cost, without a call.
//!
//! With `--replay` every episode is played through its recording, so calls and tokens are those of the replayed run.
//! Without, they are an estimate. Either says which it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::exit::{Failure, Status};
use super::{build, estimate, out, run};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::Usage;
use crate::config::Settings;
use crate::config::agents::ExecAgent;
use crate::config::options::{AssistChoice, Format};
use crate::config::settings::{KeyedModel, Origin};
use crate::env::Catalog;
use crate::log::shard::Shard;
use crate::log::store::pretty;
use crate::log::summary::Row;
use crate::log::{EpisodeKey, EventKind};
use crate::report::score_table::{count, plural};
use crate::run::rehearsal::{Miss, Rehearsed, rehearse};
use crate::run::{Cancel, Plan};

/// The schema of a dry run's JSON.
const SCHEMA: &str = "incident-bench/plan/1";

/// What a run would do. `docs/ARCHITECTURE.md` describes its JSON.
#[derive(Debug, Serialize)]
struct Outlook<'a> {
    schema: &'static str,
    suite: &'a str,
    suite_digest: &'a str,
    prompts: String,
    prompts_digest: &'a str,
    scenarios: Vec<&'a str>,
    epochs: u32,
    seed: u64,
    shard: Option<Shard>,
    /// Where the numbers come from.
    basis: Basis,
    /// The recording, where they come from one.
    recording: Option<&'a Path>,
    rows: Vec<Planned<'a>>,
    options: BTreeMap<&'static str, (serde_json::Value, Origin)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Basis {
    Estimate,
    Recording,
}

/// One contestant.
#[derive(Debug, Serialize)]
struct Planned<'a> {
    model: String,
    agent: String,
    episodes: usize,
    /// Model calls that succeed.
    calls: u64,
    /// What only models have.
    #[serde(flatten)]
    asked: Option<Asked<'a>>,
}

#[derive(Debug, Serialize)]
struct Asked<'a> {
    base_url: &'a str,
    /// `set`, `none` where none is needed, or the variable that should hold it.
    key: String,
    protocol: String,
    assist: AssistChoice,
    /// Tokens of these calls.
    usage: Usage,
    cost_usd: Option<f64>,
    /// The most calls and tokens of answers that there can be, for an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<Most>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<Replayed>,
}

#[derive(Debug, Serialize)]
struct Most {
    calls: u64,
    completion_tokens: u64,
}

/// The agent of a program of one's own.
const EXEC: &str = "exec";

/// What is known from a recording only.
#[derive(Debug, Default, Serialize)]
struct Replayed {
    /// Calls that fail after all retries, those that a context limit refused among them.
    failed_calls: usize,
    calls_without_usage: usize,
    /// Episodes without a score.
    void: usize,
    /// The check before the run.
    check_calls: usize,
    check_failed_calls: usize,
    check_usage: Usage,
    /// Episodes that end because the recording lacks a request.
    missing: usize,
    first_miss: Option<FirstMiss>,
    /// Why the run would end before it begins.
    refused: Option<String>,
}

#[derive(Debug, Serialize)]
struct FirstMiss {
    episode: EpisodeKey,
    step: u32,
    difference: String,
}

/// Shows what a run would do. It ends with 0; with a recording that lacks something, as the run would: with 2 where the
/// check before the run is missing or refused, with 4 where more episodes than tolerated would be void for a miss.
pub(super) async fn execute(
    settings: &Settings,
    catalog: &Catalog,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
    quiet: bool,
) -> Result<Status, Failure> {
    let (rows, refused) = match &settings.replay {
        None => (estimated(settings, plan, prompts), None),
        Some(_) => replayed(settings, catalog, plan, prompts, quiet).await?,
    };
    let outlook = Outlook {
        schema: SCHEMA,
        suite: &settings.suite,
        suite_digest: catalog.digest(),
        prompts: prompts.label(),
        prompts_digest: prompts.digest(),
        scenarios: plan.scenarios.iter().map(|scenario| scenario.id()).collect(),
        epochs: plan.epochs,
        seed: plan.seed,
        shard: plan.shard,
        basis: if settings.replay.is_some() { Basis::Recording } else { Basis::Estimate },
        recording: settings.replay.as_deref(),
        rows,
        options: settings.report.clone(),
    };
    out::result(&match settings.format {
        Format::Json => String::from_utf8_lossy(&pretty(&outlook)).into_owned(),
        _ => render(&outlook),
    })?;
    if let Some(failure) = refused {
        return Err(failure);
    }
    let replayed = || outlook.rows.iter().filter_map(|row| row.asked.as_ref()?.replayed.as_ref());
    let missing: usize = replayed().map(|replayed| replayed.missing).sum();
    match replayed().find_map(|replayed| replayed.first_miss.as_ref()) {
        Some(first) if missing > settings.max_void => Ok(Status::Void(format!(
            "{} not in the recording and would have no score (tolerated: {}); the first: {}",
            if missing == 1 { "1 episode is".to_owned() } else { format!("{missing} episodes are") },
            settings.max_void,
            describe(first),
        ))),
        _ => Ok(Status::Done),
    }
}

fn estimated<'a>(settings: &'a Settings, plan: &Plan, prompts: &Arc<PromptSet>) -> Vec<Planned<'a>> {
    let model = |model: &'a KeyedModel| {
        let label = &model.spec.label;
        let protocol = settings.protocol.fixed();
        let estimate = estimate::estimate(plan, label, prompts, protocol.unwrap_or(Protocol::Json));
        let calls = plan.most_steps(label) * if settings.assist == AssistChoice::Repair { 2 } else { 1 };
        let asked = Asked {
            usage: estimate.usage,
            cost_usd: model.spec.price().map(|price| price.cost(&estimate.usage)),
            at_most: Some(Most { calls, completion_tokens: calls * u64::from(settings.max_tokens) }),
            ..asked(settings, model, protocol.map_or("auto".to_owned(), |protocol| protocol.to_string()))
        };
        Planned { calls: estimate.calls, ..planned(plan, label, "llm", Some(asked)) }
    };
    settings.models.iter().map(model).chain(builtins(settings, plan)).collect()
}

/// Plays every model through its recording. The failure is that of the first check that the run would end with.
async fn replayed<'a>(
    settings: &'a Settings,
    catalog: &Catalog,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
    quiet: bool,
) -> Result<(Vec<Planned<'a>>, Option<Failure>), Failure> {
    let (mut players, mut checks) = (Vec::new(), Vec::new());
    let mut limiters = build::Limiters::default();
    let mut refused = BTreeMap::new();
    let mut first_failure = None;
    for model in &settings.models {
        match run::checked_player(settings, prompts, model, &mut limiters, &Cancel::default(), quiet).await {
            Ok(Some((player, check))) => {
                players.push(player);
                checks.push(check);
            }
            // Nobody pulls these brakes.
            Ok(None) => {}
            Err(failure) => {
                refused.insert(&model.spec.label, failure.message().to_owned());
                first_failure = first_failure.or(Some(failure));
            }
        }
    }
    let manifest = build::manifest(settings, plan, catalog, prompts, &run::protocols(&players));
    let rehearsed = rehearse(&manifest, plan.clone(), players, checks.clone()).await?;
    let mut rows = Vec::new();
    for model in &settings.models {
        let label = &model.spec.label;
        let row = rehearsed.summary.rows.iter().find(|row| row.contestant == *label);
        let row = row.filter(|_| !refused.contains_key(label));
        let protocol = row.and_then(|row| row.protocol.clone()).unwrap_or_else(|| "–".to_owned());
        let asked = Asked {
            usage: row.map(|row| row.usage).unwrap_or_default(),
            cost_usd: row.and_then(|row| row.cost_usd),
            replayed: Some(match row {
                Some(row) => from_recording(settings, row, &rehearsed, &checks),
                None => Replayed { refused: refused.get(label).cloned(), ..Replayed::default() },
            }),
            ..asked(settings, model, protocol)
        };
        let calls = row.map_or(0, |row| row.calls as u64);
        rows.push(Planned { calls, ..planned(plan, label, "llm", Some(asked)) });
    }
    rows.extend(builtins(settings, plan));
    Ok((rows, first_failure))
}

fn from_recording(settings: &Settings, row: &Row, rehearsed: &Rehearsed, checks: &[EventKind]) -> Replayed {
    let (answered, failed) = checks.iter().find_map(|check| check_calls(settings, row, check)).unwrap_or_default();
    let misses: Vec<_> = rehearsed.misses.iter().filter(|miss| miss.episode.contestant == row.contestant).collect();
    Replayed {
        failed_calls: row.failed_calls,
        calls_without_usage: row.calls_without_usage,
        void: row.void,
        check_calls: answered,
        check_failed_calls: failed,
        check_usage: row.check_usage,
        missing: misses.len(),
        first_miss: misses.first().map(|miss| first(miss)),
        refused: None,
    }
}

fn first(miss: &Miss) -> FirstMiss {
    FirstMiss { episode: miss.episode.clone(), step: miss.step, difference: miss.difference.clone() }
}

/// How many calls of the check were answered, and how many failed.
fn check_calls(settings: &Settings, row: &Row, check: &EventKind) -> Option<(usize, usize)> {
    let EventKind::EndpointChecked { model, protocol, replies, error, .. } = check else { return None };
    let made = match (settings.protocol.fixed(), Protocol::named(protocol)?) {
        _ if error.is_some() => replies.len() + 1,
        (Some(_), _) | (None, Protocol::Json) => 1,
        (None, Protocol::Tools) => 2,
        (None, Protocol::Text) => 3,
    };
    (*model == row.contestant).then_some((replies.len(), made - replies.len()))
}

fn planned<'a>(plan: &Plan, label: &str, agent: &str, asked: Option<Asked<'a>>) -> Planned<'a> {
    Planned { model: label.to_owned(), agent: agent.to_owned(), episodes: plan.count(label), calls: 0, asked }
}

fn builtins<'a>(settings: &Settings, plan: &Plan) -> Vec<Planned<'a>> {
    let program = |agent: &ExecAgent| planned(plan, &agent.label, EXEC, None);
    let row = |agent: &crate::agent::Builtin| planned(plan, agent.as_str(), agent.as_str(), None);
    settings.programs.iter().map(program).chain(settings.builtins.iter().map(row)).collect()
}

fn asked<'a>(settings: &Settings, model: &'a KeyedModel, protocol: String) -> Asked<'a> {
    Asked {
        base_url: &model.spec.provider.base_url,
        key: match &model.missing_key {
            Some(variable) => format!("missing: set {variable}"),
            None if model.key.is_some() => "set".to_owned(),
            None => "none".to_owned(),
        },
        protocol,
        assist: settings.assist,
        usage: Usage::default(),
        cost_usd: None,
        at_most: None,
        replayed: None,
    }
}

/// The same for a person.
fn render(outlook: &Outlook<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} × {} = {} for each contestant, suite {}, seed {}{}",
        plural(outlook.scenarios.len(), "scenario"),
        plural(outlook.epochs as usize, "epoch"),
        plural(outlook.scenarios.len() * outlook.epochs as usize, "episode"),
        outlook.suite,
        outlook.seed,
        outlook.shard.map(|shard| format!(", of which shard {shard} is played")).unwrap_or_default(),
    );
    for row in &outlook.rows {
        let _ = writeln!(text, "\n{}", row.model);
        if outlook.shard.is_some() {
            let _ = writeln!(text, "  episodes   {}", row.episodes);
        }
        match &row.asked {
            None if row.agent == EXEC => {
                let _ = writeln!(text, "  no calls of ours; a process an episode, {} in all", row.episodes);
            }
            None => text += "  no calls\n",
            Some(asked) => render_model(&mut text, row.calls, asked),
        }
    }
    let how = match outlook.recording {
        None => estimate::HOW.to_owned(),
        Some(folder) => format!(
            "calls and tokens come from the recording {}, through which every episode was played; nothing is estimated",
            folder.display()
        ),
    };
    let _ = writeln!(text, "\n{how}\n\noptions");
    for (name, (value, origin)) in &outlook.options {
        if !value.is_null() {
            let _ = writeln!(text, "  {name:18} {value}  ({origin})");
        }
    }
    text
}

fn render_model(text: &mut String, calls: u64, asked: &Asked<'_>) {
    let tokens = |usage: &Usage| format!("{} in, {} out", count(usage.prompt_tokens), count(usage.completion_tokens));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:10} {value}");
    };
    let Some(replayed) = &asked.replayed else {
        line("endpoint", asked.base_url.to_owned());
        line("key", asked.key.clone());
        let auto = asked.protocol == "auto";
        let (assumed, check) = if auto { (" (counted as json)", "one to three") } else { ("", "one") };
        line("protocol", format!("{}{assumed}", asked.protocol));
        let most = asked.at_most.as_ref().map_or(0, |most| most.calls);
        let without = "without shortened contexts and retries";
        line("calls", format!("about {calls}, at most {most} ({without}), and {check} before the run"));
        let most = asked.at_most.as_ref().map_or(0, |most| most.completion_tokens);
        line("tokens", format!("about {}, at most {} out", tokens(&asked.usage), count(most)));
        line("cost", asked.cost_usd.map_or("price not known".to_owned(), |cost| format!("about ${cost:.4}")));
        return;
    };
    if let Some(refused) = &replayed.refused {
        line("endpoint", "none: the recording answers".to_owned());
        line("refused", format!("the run would end before it begins: {refused}"));
        return;
    }
    line("endpoint", "none: the recording answers".to_owned());
    line("protocol", asked.protocol.clone());
    let failed = |n: usize| if n == 0 { String::new() } else { format!(", and {n} that failed") };
    let check = plural(replayed.check_calls, "call");
    line("check", format!("{check}{}; tokens: {}", failed(replayed.check_failed_calls), tokens(&replayed.check_usage)));
    line("calls", format!("{calls}{}", failed(replayed.failed_calls)));
    let uncounted = match replayed.calls_without_usage {
        0 => String::new(),
        n => format!("; the endpoint counted none for {}", plural(n, "call")),
    };
    line("tokens", format!("{}{uncounted}", tokens(&asked.usage)));
    let cost = asked.cost_usd.map(|cost| format!("nothing; ${cost:.4} when it was recorded, the check included"));
    line("cost", cost.unwrap_or_else(|| "nothing".to_owned()));
    if replayed.void > 0 {
        line("void", format!("{} would have no score", plural(replayed.void, "episode")));
    }
    if let Some(first) = &replayed.first_miss {
        line("missing", format!("{}; the first: {}", plural(replayed.missing, "episode"), describe(first)));
    }
}

fn describe(miss: &FirstMiss) -> String {
    format!("{}, step {}: {}", miss.episode, miss.step, miss.difference)
}
