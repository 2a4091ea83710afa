//! An estimate of the calls and tokens that a run with a live model needs, made before the run without a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plan;
use super::budget::{Amount, Rate};
use super::preflight::{self, Forms};
use crate::agent::llm::{Assist, Llm};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::{Policy, Turn, fallback};
use crate::chat::{ChatReply, ChatRequest, FinishReason, ReplyFormat, Usage};
use incident_env::{Episode, EpisodeId, Scenario, TaskId};

/// Characters a token. Evidence is full of numbers and names, so its tokens are shorter than those of prose: the
/// prompts have 2.4 to 2.8 with the vocabulary of `SmolLM2` (49 000 tokens), and larger vocabularies need fewer tokens.
const CHARACTERS_A_TOKEN: u64 = 3;

/// The tokens of an answer to the check before a run: a word, or an action with its names.
const TOKENS_OF_A_CHECK: u64 = 30;

/// One sentence for people who read the numbers, on how they were made.
pub const HOW: &str = "estimated by playing the fallback's routine through these prompts, at 3 characters a \
    token; a model that looks around longer, or thinks or writes more, needs more";

/// The calls and tokens of one contestant.
#[derive(Debug, Default)]
pub struct Estimate {
    /// The number of calls.
    pub calls: u64,
    /// The tokens of all prompts and answers.
    pub usage: Usage,
}

/// Estimates the calls and tokens of a contestant: each of its episodes is played with a model that does what the
/// fallback does, and the characters of prompts and answers are counted.
#[must_use]
pub fn estimate(plan: &Plan, label: &str, prompts: &Arc<PromptSet>, protocol: Protocol) -> Estimate {
    let mut total = Estimate::default();
    for (slot, _) in plan.episodes_of(label) {
        play(slot.scenario, Llm::new(Arc::clone(prompts), protocol, Assist::Off), &mut total);
    }
    total
}

/// A model for which a forecast is made.
#[derive(Debug, Clone, Copy)]
pub struct Forecast<'a> {
    /// The label of the model.
    pub label: &'a str,
    /// What its tokens cost.
    pub rate: Rate<'a>,
    /// The protocol by which it answers.
    pub protocol: Protocol,
}

/// The expected use of one episode of each model and task, for a run with a limit on cost or tokens.
#[must_use]
pub fn forecast<'a>(
    models: impl Iterator<Item = Forecast<'a>>,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
) -> BTreeMap<(String, TaskId), Amount> {
    let mut usages: BTreeMap<Protocol, [(TaskId, Usage); TaskId::ALL.len()]> = BTreeMap::new();
    let mut forecast = BTreeMap::new();
    for Forecast { label, rate, protocol } in models {
        let of_protocol = || TaskId::ALL.map(|task| (task, usual(task, plan, prompts, protocol)));
        for (task, usage) in usages.entry(protocol).or_insert_with(of_protocol) {
            forecast.insert((label.to_owned(), *task), Amount::expected(usage, rate));
        }
    }
    forecast
}

/// The mean tokens of one episode of a task.
fn usual(task: TaskId, plan: &Plan, prompts: &Arc<PromptSet>, protocol: Protocol) -> Usage {
    let scenarios: Vec<_> = plan.scenarios.iter().filter(|scenario| scenario.task() == task).cloned().collect();
    let episodes = scenarios.len().max(1) as u64;
    let once = Plan { scenarios, epochs: 1, shard: None, ..plan.clone() };
    let mut usage = estimate(&once, "", prompts, protocol).usage;
    usage.prompt_tokens /= episodes;
    usage.completion_tokens /= episodes;
    usage
}

/// The expected tokens of the check before the run: its two turns, each answered as briefly as it asks for.
#[must_use]
pub fn of_check(forms: &Forms, protocol: Protocol) -> Usage {
    let turns = u64::from(preflight::TURNS);
    let prompt_tokens = turns * prompt_tokens(&forms.request(protocol));
    Usage { prompt_tokens, completion_tokens: turns * TOKENS_OF_A_CHECK, ..Usage::default() }
}

fn prompt_tokens(request: &ChatRequest) -> u64 {
    let form = match &request.format {
        ReplyFormat::Tools { tools } => serde_json::to_string(tools).map_or(0, |text| text.len()),
        ReplyFormat::Text | ReplyFormat::Json { .. } => 0,
    };
    let asked: usize = request.messages.iter().map(|message| message.content().len()).sum::<usize>() + form;
    asked as u64 / CHARACTERS_A_TOKEN
}

fn play(scenario: &Arc<Scenario>, mut policy: Llm, total: &mut Estimate) {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    while !episode.is_done() {
        let mut turn = policy.turn(episode.observation());
        if let Turn::Ask(request) = &turn {
            let answer = serde_json::to_string(&fallback::next(episode.observation())).unwrap_or_default();
            total.calls += 1;
            total.usage.prompt_tokens += prompt_tokens(request);
            total.usage.completion_tokens += answer.len() as u64 / CHARACTERS_A_TOKEN;
            turn = policy.reply(Ok(&ChatReply::of_text(answer, FinishReason::Stop)), episode.observation());
        }
        let Turn::Act(decision) = turn else { return };
        episode.step(&decision.action);
    }
}
