//! `bench --dry-run`: the plan, and what it would cost.

use std::fmt::Write;
use std::sync::Arc;

use crate::agent::llm::{Assist, Llm};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::{Policy, Turn, fallback};
use crate::chat::{ChatReply, FinishReason, ReplyFormat, Usage};
use crate::config::Settings;
use crate::env::{Episode, EpisodeId, Scenario};
use crate::report::score_table::{count, plural};
use crate::run::Plan;

/// Characters a token of English text and log lines, roughly.
const CHARACTERS_A_TOKEN: u64 = 4;

/// What a run would do.
pub(super) fn render(settings: &Settings, plan: &Plan, prompts: &Arc<PromptSet>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} × {} = {} for each contestant, suite {}, seed {}",
        plural(plan.scenarios.len(), "scenario"),
        plural(plan.epochs as usize, "epoch"),
        plural(plan.scenarios.len() * plan.epochs as usize, "episode"),
        settings.suite,
        plan.seed
    );
    for model in &settings.models {
        let protocol = settings.protocol.fixed().unwrap_or(Protocol::Json);
        let estimate = estimate(plan, prompts, protocol);
        let cost = model
            .spec
            .price()
            .map_or("price not known".to_owned(), |price| format!("about ${:.4}", price.cost(&estimate.usage)));
        let _ = writeln!(
            text,
            "\n{}\n  endpoint   {}\n  key        {}\n  calls      about {}, at most {} (without repairs and retries), and one before the run\n  tokens     about {} in, {} out\n  cost       {cost}",
            model.spec.label,
            model.spec.provider.base_url,
            match &model.missing_key {
                Some(variable) => format!("missing: set {variable}"),
                None if model.key.is_some() => "set".to_owned(),
                None => "none".to_owned(),
            },
            estimate.calls,
            plan.most_steps(),
            count(estimate.usage.prompt_tokens),
            count(estimate.usage.completion_tokens),
        );
    }
    for agent in &settings.programs {
        let _ = writeln!(
            text,
            "\n{}\n  no calls of ours; a process an episode, at most {} answers",
            agent.label,
            plan.most_steps()
        );
    }
    for agent in &settings.builtins {
        let _ = writeln!(text, "\n{agent}\n  no calls");
    }
    text += "\nestimated by playing the fallback's routine through the prompts, at 4 characters a token\n\noptions\n";
    for (name, (value, origin)) in &settings.report {
        if !value.is_null() {
            let _ = writeln!(text, "  {name:18} {value}  ({origin})");
        }
    }
    text
}

#[derive(Default)]
struct Estimate {
    calls: u64,
    usage: Usage,
}

/// Plays each scenario once with a model that does what the fallback does, and counts.
fn estimate(plan: &Plan, prompts: &Arc<PromptSet>, protocol: Protocol) -> Estimate {
    let mut total = Estimate::default();
    for scenario in &plan.scenarios {
        play(scenario, Llm::new(Arc::clone(prompts), protocol, Assist::Off), &mut total);
    }
    let epochs = u64::from(plan.epochs);
    total.calls *= epochs;
    total.usage.prompt_tokens *= epochs;
    total.usage.completion_tokens *= epochs;
    total
}

fn play(scenario: &Arc<Scenario>, mut policy: Llm, total: &mut Estimate) {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    while !episode.is_done() {
        let mut turn = policy.turn(episode.observation());
        if let Turn::Ask(request) = &turn {
            let answer = serde_json::to_string(&fallback::next(episode.observation())).unwrap_or_default();
            let form = match &request.format {
                ReplyFormat::Tools { tools } => serde_json::to_string(tools).map_or(0, |text| text.len()),
                ReplyFormat::Text | ReplyFormat::Json { .. } => 0,
            };
            let asked: usize = request.messages.iter().map(|message| message.content().len()).sum::<usize>() + form;
            total.calls += 1;
            total.usage.prompt_tokens += asked as u64 / CHARACTERS_A_TOKEN;
            total.usage.completion_tokens += answer.len() as u64 / CHARACTERS_A_TOKEN;
            turn = policy.reply(Ok(&reply(answer)), episode.observation());
        }
        let Turn::Act(decision) = turn else { return };
        episode.step(&decision.action);
    }
}

fn reply(content: String) -> ChatReply {
    ChatReply {
        content: Some(content),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: FinishReason::Stop,
        model: None,
        usage: None,
        request_id: None,
        latency_ms: 0,
        retries: Vec::new(),
    }
}
