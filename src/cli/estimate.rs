//! What a run with a live model may need, as far as that can be told before it: the estimate of `--dry-run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::llm::{Assist, Llm};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::{Policy, Turn, fallback};
use crate::chat::{ChatReply, FinishReason, ReplyFormat, Usage};
use crate::config::Settings;
use crate::env::{Episode, EpisodeId, Scenario, TaskId};
use crate::run::Plan;
use crate::run::budget::Amount;

/// Characters a token. Evidence is full of numbers and names, so its tokens are shorter than those of prose: the
/// prompts have 2.4 to 2.8 with the vocabulary of `SmolLM2` (49 000 tokens), and larger vocabularies need fewer tokens.
const CHARACTERS_A_TOKEN: u64 = 3;

/// How it was made, for whoever reads the numbers.
pub(super) const HOW: &str = "estimated by playing the fallback's routine through these prompts, at 3 characters a \
    token; a model that looks around longer, or thinks or writes more, needs more";

/// Calls and tokens of one contestant.
#[derive(Debug, Default)]
pub(super) struct Estimate {
    pub(super) calls: u64,
    pub(super) usage: Usage,
}

/// Plays each episode of a contestant with a model that does what the fallback does, and counts.
pub(super) fn estimate(plan: &Plan, label: &str, prompts: &Arc<PromptSet>, protocol: Protocol) -> Estimate {
    let mut total = Estimate::default();
    for (slot, _) in plan.episodes_of(label) {
        play(slot.scenario, Llm::new(Arc::clone(prompts), protocol, Assist::Off), &mut total);
    }
    total
}

/// What an episode of each model and task is expected to cost, for a run with a limit on that.
pub(super) fn forecast(
    settings: &Settings,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
) -> BTreeMap<(String, TaskId), Amount> {
    let mut forecast = BTreeMap::new();
    if settings.max_cost.is_none() && settings.max_total_tokens.is_none() {
        return forecast;
    }
    let protocol = settings.protocol.fixed().unwrap_or(Protocol::Json);
    for task in TaskId::ALL {
        let scenarios: Vec<_> = plan.scenarios.iter().filter(|scenario| scenario.task() == task).cloned().collect();
        let episodes = scenarios.len().max(1) as u64;
        let once = Plan { scenarios, epochs: 1, shard: None, ..plan.clone() };
        let mut usage = estimate(&once, "", prompts, protocol).usage;
        usage.prompt_tokens /= episodes;
        usage.completion_tokens /= episodes;
        for model in &settings.models {
            forecast.insert((model.spec.label.clone(), task), Amount::of(&usage, model.spec.price()));
        }
    }
    forecast
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
