//! The loop of an episode: observe → turn → (ask the model) → decide → step.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use super::budget::{self, Amount, Budget, Rate};
use super::hub::Hub;
use super::journal::HubError;
use super::progress::LoggedEpisode;
use super::{Cancel, plan};
use crate::agent::{Decision, Policy, StepSource, Turn};
use crate::chat::price::Price;
use crate::chat::{CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Usage};
use crate::log::event::StepTaken;
use crate::log::{EpisodeKey, EventKind, Outcome};
use incident_env::{Action, Episode, Observation, Scenario, StepOutcome, strict_record};

/// The access to a model: how it is reached, what it costs, and how long an episode may take.
#[derive(Clone)]
pub struct ModelAccess {
    /// The client, with its retries.
    pub client: Arc<dyn ChatClient>,
    /// The prices of tokens; none if they are not known.
    pub price: Option<Arc<Price>>,
    /// The service tier that is asked for; none if it is left to the endpoint.
    pub tier: Option<String>,
    /// The limit on the time that the calls of one episode may take together.
    pub episode_time: Option<Duration>,
    /// The limit on the time that one call may take with its retries.
    pub call_time: Option<Duration>,
    /// The limit on the tokens of an answer.
    pub max_tokens: u32,
    /// Whether its calls use up the run's budget. The calls of a user's own program do not, because they are not known
    /// here.
    pub metered: bool,
    /// The limit on the number of calls of one episode.
    pub episode_calls: Option<u64>,
    /// The limit on the tokens of one episode. The call that exceeds it is the last one.
    pub episode_tokens: Option<u64>,
}

impl ModelAccess {
    /// What the tokens of the model cost.
    #[must_use]
    pub fn rate(&self) -> Rate<'_> {
        Rate { price: self.price.as_deref(), tier: self.tier.as_deref() }
    }

    /// The tokens that a call used: as the endpoint counted them, or an estimate if it did not.
    fn used(&self, request: &ChatRequest, reply: &ChatReply) -> Usage {
        if !self.metered {
            return Usage::default();
        }
        let answer = || reply.content.as_deref().map_or(0, str::len);
        reply.usage.unwrap_or_else(|| budget::estimate(bytes(request), answer()))
    }
}

fn bytes(request: &ChatRequest) -> usize {
    request.messages.iter().map(|message| message.content().len()).sum()
}

/// An episode that is ready to be played.
pub struct Play {
    /// The key of the episode.
    pub key: EpisodeKey,
    /// The scenario of the episode.
    pub scenario: Arc<Scenario>,
    /// The policy that decides.
    pub policy: Box<dyn Policy>,
    /// The access to the model; none for policies that never ask one.
    pub access: Option<ModelAccess>,
    /// The seed of the run.
    pub seed: u64,
    /// What an earlier process recorded of the episode.
    pub kept: LoggedEpisode,
    /// The budget of the run.
    pub budget: Arc<Budget>,
}

/// The reason why an episode stopped before its end.
struct Stop {
    outcome: Outcome,
    message: String,
}

impl Play {
    /// Plays the episode, logs everything, and returns how it ended.
    ///
    /// # Errors
    /// Fails only if the log cannot be written.
    pub async fn run(mut self, hub: &Hub, cancel: &Cancel) -> Result<Outcome, HubError> {
        let episode_id = plan::episode_id(self.seed, &self.key);
        let mut episode = Episode::reset(&self.scenario, episode_id);
        let task = self.scenario.task();
        if !self.kept.started {
            hub.send(Some(&self.key), EventKind::EpisodeStarted { episode_id, task }).await?;
        }
        let mut calls = Calls {
            deadline: self.access.as_ref().and_then(|access| access.episode_time).map(|time| Instant::now() + time),
            seed: plan::episode_seed(self.seed, &self.key.scenario, self.key.epoch),
            epoch: self.key.epoch,
            told: 0,
            made: 0,
            answered: 0,
            tokens: 0,
        };
        let mut stop = None;
        while !episode.is_done() && stop.is_none() {
            if cancel.hard.is_cancelled() {
                stop = Some(Stop { outcome: Outcome::Cancelled, message: "the run was stopped at once".to_owned() });
                break;
            }
            match self.decide(episode.observation(), &mut calls, hub, cancel).await? {
                Ok(decision) => {
                    let event = take_step(&mut episode, decision);
                    match self.kept.steps.pop_front() {
                        None => hub.send(Some(&self.key), EventKind::StepTaken(Box::new(event))).await?,
                        Some(kept) if kept == event => {}
                        Some(kept) => stop = Some(diverged(&kept)),
                    }
                }
                Err(reason) => stop = Some(reason),
            }
        }
        let (outcome, event) = finished(&episode, stop);
        hub.send(Some(&self.key), event).await?;
        if let Some(access) = &self.access {
            let last = episode.is_done().then(|| self.policy.farewell(episode.observation())).flatten();
            tokio::select! {
                () = access.client.close(last.as_deref()) => {}
                () = cancel.hard.cancelled() => {}
            }
        }
        Ok(outcome)
    }

    /// The most that a call can cost, apart from its retries.
    fn most(&self, access: &ModelAccess, request: &ChatRequest) -> Amount {
        if !access.metered {
            return Amount::default();
        }
        let usage = Usage {
            prompt_tokens: self.budget.prompt_tokens(&self.key.contestant, bytes(request)),
            completion_tokens: u64::from(request.max_tokens.unwrap_or(access.max_tokens)),
            ..Usage::default()
        };
        Amount::before_a_call(&usage, access.rate())
    }

    /// Decides what to do next, and asks the model as often as the policy requests it.
    async fn decide(
        &mut self,
        observation: &Observation,
        calls: &mut Calls,
        hub: &Hub,
        cancel: &Cancel,
    ) -> Result<Result<Decision, Stop>, HubError> {
        let step = observation.step_count + 1;
        let mut turn = self.policy.turn(observation);
        let mut last_error = None;
        loop {
            let request = match turn {
                Turn::Act(decision) => return Ok(Ok(decision)),
                Turn::Abandon(kind) => return Ok(Err(abandoned(kind, last_error.as_ref()))),
                Turn::Ask(request) => request,
            };
            if let Some(spent) = self.access.as_ref().and_then(|access| calls.used_up(access)) {
                turn = self.policy.reply(Err(&spent), observation);
                continue;
            }
            if let Some(answer) = self.kept.answers.pop_front() {
                calls.replayed(self.access.as_ref(), &request, answer.as_ref().ok());
                turn = self.policy.reply(answer.as_ref(), observation);
                last_error = answer.err();
                continue;
            }
            if cancel.is_pulled() {
                return Ok(Err(Stop { outcome: Outcome::Cancelled, message: "the run was stopped".to_owned() }));
            }
            let Some(access) = self.access.clone() else {
                return Ok(Err(abandoned(ErrorKind::Cancelled, None)));
            };
            let most = self.most(&access, &request);
            if !self.budget.hold(most).await {
                return Ok(Err(Stop { outcome: Outcome::Cancelled, message: "the run's budget is spent".to_owned() }));
            }
            let held = Held { budget: &self.budget, key: &self.key, most, came_to: Amount::default() };
            let answer = tokio::select! {
                answer = calls.ask(&access, &request, cancel) => answer,
                () = cancel.hard.cancelled() => {
                    let message = "the run was stopped during a call".to_owned();
                    return Ok(Err(Stop { outcome: Outcome::Cancelled, message }));
                }
            };
            if let Err(error) = &answer
                && error.kind == ErrorKind::Cancelled
            {
                return Ok(Err(Stop { outcome: Outcome::Cancelled, message: error.to_string() }));
            }
            if let Ok(reply) = &answer {
                let used = access.used(&request, reply);
                calls.tokens += used.prompt_tokens + used.completion_tokens;
                self.budget.counted(&self.key.contestant, bytes(&request), used.prompt_tokens);
                held.came_to(Amount::came_to(reply, &used, access.rate()));
            } else {
                drop(held);
            }
            let event = calls.event(step, &access, &request, self.policy.dropped_evidence(), &answer);
            hub.send(Some(&self.key), event).await?;
            turn = self.policy.reply(answer.as_ref(), observation);
            last_error = answer.err();
        }
    }
}

/// The most that a call can cost, held back from the budget until its real cost is known.
struct Held<'a> {
    budget: &'a Budget,
    key: &'a EpisodeKey,
    most: Amount,
    came_to: Amount,
}

impl Held<'_> {
    fn came_to(mut self, amount: Amount) {
        self.came_to = amount;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.settle(self.most, self.key, self.came_to);
    }
}

/// The calls of one episode.
struct Calls {
    deadline: Option<Instant>,
    seed: u64,
    epoch: u32,
    /// The number of messages of the conversation that earlier events contain.
    told: usize,
    made: u64,
    answered: u64,
    tokens: u64,
}

impl Calls {
    /// The error that tells the policy that the episode has reached one of its limits; none if it has not.
    fn used_up(&self, access: &ModelAccess) -> Option<ChatError> {
        let calls = access.episode_calls.filter(|limit| self.answered >= *limit);
        let tokens = access.episode_tokens.filter(|limit| self.tokens >= *limit);
        let what = match (calls, tokens) {
            (Some(limit), _) => format!("the episode's {limit} calls are used up"),
            (None, Some(limit)) => format!("the episode's {limit} tokens are used up"),
            (None, None) => return None,
        };
        Some(ChatError::new(ErrorKind::EpisodeBudget, &what))
    }

    async fn ask(
        &mut self,
        access: &ModelAccess,
        request: &ChatRequest,
        cancel: &Cancel,
    ) -> Result<ChatReply, ChatError> {
        self.made += 1;
        let call_deadline = access.call_time.map(|time| Instant::now() + time);
        let deadline = [self.deadline, call_deadline].into_iter().flatten().min();
        let context = CallContext {
            deadline,
            jitter_seed: self.seed.wrapping_add(self.made),
            repeat: self.epoch,
            stop: cancel.gentle.clone(),
            spared: false,
        };
        access.client.complete(request, &context).await
    }

    /// Counts a call of an earlier process, so that later events contain only what is new.
    fn replayed(&mut self, access: Option<&ModelAccess>, request: &ChatRequest, reply: Option<&ChatReply>) {
        self.made += 1;
        if let Some(reply) = reply {
            let used = access.map(|access| access.used(request, reply)).unwrap_or_default();
            self.answered += 1;
            self.tokens += used.prompt_tokens + used.completion_tokens;
            self.told = request.messages.len() + 1;
        }
    }

    fn event(
        &mut self,
        step: u32,
        access: &ModelAccess,
        request: &ChatRequest,
        dropped_evidence: usize,
        answer: &Result<ChatReply, ChatError>,
    ) -> EventKind {
        match answer {
            Ok(reply) => {
                self.answered += 1;
                let new_messages = request.messages.get(self.told..).unwrap_or_default().to_vec();
                // The reply becomes the next message of the conversation, and its event contains it already.
                self.told = request.messages.len() + 1;
                let cost_usd = access.rate().cost(reply);
                EventKind::ModelCalled { step, new_messages, dropped_evidence, reply: reply.clone(), cost_usd }
            }
            Err(error) => EventKind::ModelFailed {
                step,
                error: error.kind,
                message: error.message.clone(),
                status: error.status,
                request_id: error.request_id.clone(),
                retries: error.retries.clone(),
                latency_ms: error.latency_ms,
                prompt_tokens: error.prompt_tokens,
                context_limit: error.context_limit,
                stderr: error.stderr.clone(),
            },
        }
    }
}

/// The log contains another step than the same answers lead to now: either the program differs, or the log was changed.
fn diverged(kept: &StepTaken) -> Stop {
    let message = format!("step {} of the log cannot be made again; was the program or the log changed?", kept.step);
    Stop { outcome: Outcome::Crashed, message }
}

fn abandoned(kind: ErrorKind, error: Option<&ChatError>) -> Stop {
    let message = error.map_or_else(|| kind.to_string(), ToString::to_string);
    Stop { outcome: Outcome::Void(kind), message }
}

fn take_step(episode: &mut Episode, decision: Decision) -> StepTaken {
    let outcome = episode.step(&decision.action);
    StepTaken {
        problem: decision.problem,
        proposed: decision.proposed.and_then(|proposed| serde_json::to_value(proposed).ok()),
        ..step_taken(&decision.action, decision.source, &outcome)
    }
}

/// Makes the event of a step whose action was chosen without a model's reply or problem.
pub(super) fn step_taken(action: &Action, source: StepSource, outcome: &StepOutcome<'_>) -> StepTaken {
    let observation = outcome.observation;
    let result = observation.shown();
    StepTaken {
        step: outcome.info.step,
        action_type: action.kind().clone(),
        parameters: action.parameters().clone(),
        source,
        problem: None,
        proposed: None,
        reward: outcome.reward.score,
        reason: outcome.reward.reason.to_string(),
        cumulative: outcome.reward.cumulative,
        result: result.map(|evidence| evidence.text.as_str().to_owned()),
        feedback: observation.feedback.to_string(),
        error: observation.last_action_error.as_ref().map(ToString::to_string),
        done: outcome.done,
    }
}

fn finished(episode: &Episode, stop: Option<Stop>) -> (Outcome, EventKind) {
    let steps = episode.observation().step_count;
    let (outcome, message, grade) = match (stop, episode.grade()) {
        (None, Some(grade)) if episode.trajectory().answer().is_some() => (Outcome::Completed, None, Some(grade)),
        (None, Some(grade)) => (Outcome::StepLimit, None, Some(grade)),
        (Some(stop), _) => (stop.outcome, Some(stop.message), None),
        (None, None) => (Outcome::Crashed, Some("no grade".to_owned()), None),
    };
    let strict = grade.and_then(|_| episode.strict_grade()).map(|grade| strict_record(&grade));
    let score = grade.map(|grade| grade.total);
    let grade = grade.and_then(|grade| serde_json::to_value(&**grade).ok());
    (outcome, EventKind::EpisodeFinished { outcome, score, steps, grade, strict, message })
}
