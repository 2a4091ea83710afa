//! `bench --dry-run`: shows the plan and its expected cost, without a call.
//!
//! With `--replay` every episode is played through its recording, so calls and tokens are those of the replayed run.
//! Without it they are an estimate. The output says which of the two it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::llm::Assist;
use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::Usage;
use crate::chat::price::Price;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::client::Limiters;
use crate::cli::setup::manifest::manifest;
use crate::cli::setup::players::{Material, checked_player, found};
use crate::config::KeyedModel;
use crate::config::Settings;
use crate::config::agents::ExecAgent;
use crate::config::options::{AssistChoice, Format};
use crate::escape::lines;
use crate::log::EventKind;
use crate::log::store::pretty;
use crate::log::summary::Row;
use crate::report::plan::{Asked, Basis, EXEC, FirstMiss, Most, Outlook, Planned, Replayed, SCHEMA, render};
use crate::run::estimate::{estimate, of_check};
use crate::run::preflight::Forms;
use crate::run::rehearsal::{Miss, Rehearsed, rehearse};
use crate::run::{Cancel, Plan};
use incident_env::Catalog;

/// Shows what a run would do. The exit code is 0. If a recording is incomplete, it is that of the run: 2 if the check
/// before the run is missing or refused, and 4 if more episodes than are tolerated would be void for a missing request.
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
        _ => lines(&render(&outlook)),
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
            first,
        ))),
        _ => Ok(Status::Done),
    }
}

fn estimated<'a>(settings: &'a Settings, plan: &Plan, prompts: &Arc<PromptSet>) -> Vec<Planned<'a>> {
    let forms = Forms::of(prompts, &plan.scenarios);
    let model = |model: &'a KeyedModel| {
        let label = &model.spec.label;
        let protocol = model.asking.protocol.fixed();
        let estimate = estimate(plan, label, prompts, protocol.unwrap_or(Protocol::Json));
        let calls = plan.most_steps(label) * if settings.assist == AssistChoice::Repair { 2 } else { 1 };
        let check_usage = of_check(&forms, protocol.unwrap_or(Protocol::Json));
        let cost = |price: &Price| {
            [estimate.usage, check_usage].iter().map(|usage| price.at_most(usage, model.asking.service_tier())).sum()
        };
        let asked = Asked {
            usage: estimate.usage,
            check_usage,
            cost_usd: model.asking.price.as_ref().map(cost),
            at_most: Some(Most { calls, completion_tokens: calls * u64::from(model.asking.max_tokens) }),
            ..asked(settings, model, protocol.map_or("auto".to_owned(), |protocol| protocol.to_string()))
        };
        Planned { calls: estimate.calls, ..planned(plan, label, "llm", Some(asked)) }
    };
    settings.models.iter().map(model).chain(builtins(settings, plan)).collect()
}

/// Plays every model through its recording.
///
/// # Errors
/// Returns the failure of the first check with which the run would end.
async fn replayed<'a>(
    settings: &'a Settings,
    catalog: &Catalog,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
    quiet: bool,
) -> Result<(Vec<Planned<'a>>, Option<Failure>), Failure> {
    let (mut players, mut checks) = (Vec::new(), Vec::new());
    let mut limiters = Limiters::default();
    let mut refused = BTreeMap::new();
    let material = Material { prompts, scenarios: &plan.scenarios };
    let mut first_failure = None;
    for model in &settings.models {
        match checked_player(settings, material, model, &mut limiters, &Cancel::default(), quiet).await {
            Ok(Some((player, check))) => {
                players.push(player);
                checks.push(check);
            }
            // Nothing cancels a dry run.
            Ok(None) => {}
            Err(failure) => {
                refused.insert(&model.spec.label, failure.message().to_owned());
                first_failure = first_failure.or(Some(failure));
            }
        }
    }
    let manifest = manifest(settings, plan, catalog, prompts, &found(&players));
    let rehearsed = rehearse(&manifest, plan.clone(), players, checks.clone()).await?;
    let mut rows = Vec::new();
    for model in &settings.models {
        let label = &model.spec.label;
        let row = rehearsed.summary.rows.iter().find(|row| row.contestant == *label);
        let row = row.filter(|_| !refused.contains_key(label));
        let protocol = row.and_then(|row| row.protocol.clone()).unwrap_or_else(|| "–".to_owned());
        let asked = Asked {
            usage: row.map(|row| row.usage).unwrap_or_default(),
            check_usage: row.map(|row| row.check_usage).unwrap_or_default(),
            cost_usd: row.and_then(|row| row.cost_usd),
            replayed: Some(match row {
                Some(row) => from_recording(row, &rehearsed, &checks),
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

fn from_recording(row: &Row, rehearsed: &Rehearsed, checks: &[EventKind]) -> Replayed {
    let (answered, failed) = checks.iter().find_map(|check| check_calls(row, check)).unwrap_or_default();
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

/// Counts the calls of the check that were answered, and those that failed.
fn check_calls(row: &Row, check: &EventKind) -> Option<(usize, usize)> {
    let EventKind::EndpointChecked { model, replies, failed_calls, .. } = check else { return None };
    (*model == row.contestant).then_some((replies.len(), *failed_calls))
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
        route: model.spec.route(),
        base_url: &model.spec.base_url,
        key: match &model.key {
            key if !key.missing.is_empty() => format!("missing: set {}", key.missing.join(" or ")),
            key if key.secret.is_some() => "set".to_owned(),
            _ => "none".to_owned(),
        },
        protocol,
        assist: Assist::from(settings.assist).to_string(),
        usage: Usage::default(),
        check_usage: Usage::default(),
        cost_usd: None,
        at_most: None,
        replayed: None,
    }
}
