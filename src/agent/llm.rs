//! The LLM agent: prompts → model → tolerant parser → guard → action, with a fallback.

use std::sync::Arc;

use super::conversation::Conversation;
use super::parse::Unreadable;
use super::policy::{Decision, Policy, StepSource, Turn};
use super::prompt::{LastStep, PromptError, PromptSet, Protocol};
use super::{fallback, guard, parse};
use crate::chat::{ChatError, ChatReply, ChatRequest, ErrorKind, ReplyFormat};
use incident_env::{Action, ActionKind, Observation};

incident_env::named_enum! {
    /// The assistance if a reply cannot be used.
    pub enum Assist ("way of assistance", "ways of assistance") {
        /// The fallback chooses.
        Fallback = "fallback",
        /// The model gets one message that says what was wrong. If that does not help, the fallback chooses.
        Repair = "repair",
        /// There is no assistance and the step is spent. A reply without any action becomes the unknown action `invalid`.
        Off = "off",
    }
}

/// The number of times that a request may be shortened for one step before the episode is given up.
const MOST_SHORTENINGS: u32 = 8;

/// The share of a conversation that is kept if it does not fit, and the endpoint does not say what would.
const FULL_CONTEXT: f64 = 0.75;

/// The decisions of the LLM agent for one episode.
#[derive(Debug)]
pub struct Llm {
    prompts: Arc<PromptSet>,
    protocol: Protocol,
    assist: Assist,
    conversation: Option<Conversation>,
    format: ReplyFormat,
    last: LastStep,
    repairing: bool,
    shortenings: u32,
}

impl Llm {
    /// Makes the agent for one episode.
    #[must_use]
    pub fn new(prompts: Arc<PromptSet>, protocol: Protocol, assist: Assist) -> Self {
        Self {
            prompts,
            protocol,
            assist,
            conversation: None,
            format: ReplyFormat::Text,
            last: LastStep::default(),
            repairing: false,
            shortenings: 0,
        }
    }

    fn open(&mut self, observation: &Observation) -> Result<(), PromptError> {
        match &mut self.conversation {
            None => {
                let system = self.prompts.system(observation.task(), self.protocol)?;
                let first = self.prompts.first(observation, self.protocol)?;
                self.format = self.prompts.format(observation, self.protocol);
                self.conversation = Some(Conversation::new(system, first));
            }
            Some(conversation) => conversation.say(self.prompts.step(observation, &self.last, self.protocol)?),
        }
        Ok(())
    }

    fn ask(&self) -> Turn {
        let messages = self.conversation.as_ref().map(|c| c.messages().to_vec()).unwrap_or_default();
        Turn::Ask(ChatRequest { messages, format: self.format.clone(), max_tokens: None })
    }

    fn act(&mut self, decision: Decision) -> Turn {
        // Without assistance the model's own step was taken, however bad: nothing replaced it.
        let replaced = matches!(decision.source, StepSource::Override | StepSource::Fallback);
        let not_used = decision.problem.clone().filter(|_| replaced);
        self.last = LastStep { action: Some(decision.action.clone()), not_used };
        Turn::Act(decision)
    }

    /// Decides what to do about a reply that cannot be used.
    fn unusable(&mut self, proposed: Option<Action>, problem: String, observation: &Observation) -> Turn {
        let source = if proposed.is_some() { StepSource::Override } else { StepSource::Fallback };
        let decision = match self.assist {
            Assist::Off => Decision {
                action: proposed.unwrap_or_else(|| Action::with(ActionKind::from("invalid"), &[])),
                source: StepSource::Model,
                problem: Some(problem),
                proposed: None,
            },
            Assist::Repair if !self.repairing => {
                self.repairing = true;
                return match (self.prompts.repair(&problem), &mut self.conversation) {
                    (Ok(message), Some(conversation)) => {
                        conversation.say(message);
                        self.ask()
                    }
                    _ => Turn::Abandon(ErrorKind::BadRequest),
                };
            }
            Assist::Repair | Assist::Fallback => {
                Decision { action: fallback::next(observation), source, problem: Some(problem), proposed }
            }
        };
        self.act(decision)
    }

    /// Shortens the conversation to the length that the endpoint says it can take.
    fn shorten(&mut self, error: &ChatError) -> Turn {
        let share = match (error.prompt_tokens, error.context_limit) {
            // A fifth below the limit leaves room for the answer and for the error of the estimate.
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            (Some(tokens), Some(limit)) if tokens > 0 => (0.8 * limit as f64 / tokens as f64).min(0.95),
            _ => FULL_CONTEXT,
        };
        if self.shortened(share) { self.ask() } else { Turn::Abandon(error.kind) }
    }

    /// Shortens the conversation to about this share of its length. Returns whether that was possible.
    fn shortened(&mut self, share: f64) -> bool {
        self.shortenings += 1;
        let shortened = self.conversation.as_mut().is_some_and(|conversation| conversation.shrink_to(share));
        shortened && self.shortenings <= MOST_SHORTENINGS
    }
}

/// Whether a request was refused for its length: it exceeds the context, or the tokens of a minute.
const fn does_not_fit(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ContextLength | ErrorKind::TokensPerMinute)
}

impl Policy for Llm {
    fn turn(&mut self, observation: &Observation) -> Turn {
        self.repairing = false;
        self.shortenings = 0;
        match self.open(observation) {
            Ok(()) => self.ask(),
            // The templates were rendered once before the run, but a user's scenario can still break one.
            Err(_) => Turn::Abandon(ErrorKind::BadRequest),
        }
    }

    fn reply(&mut self, reply: Result<&ChatReply, &ChatError>, observation: &Observation) -> Turn {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) if does_not_fit(error.kind) => return self.shorten(error),
            Err(error) if error.kind == ErrorKind::EpisodeBudget => {
                // This is a rule of the run, like the limit on steps: the episode continues without the model and is
                // scored.
                self.repairing = true;
                return self.unusable(None, error.message.clone(), observation);
            }
            Err(error) => return Turn::Abandon(error.kind),
        };
        let read = parse::action(reply, self.prompts.think().counts());
        // The endpoint did not refuse a conversation that left no room for an answer, but it cut the answer.
        if read == Err(Unreadable::ContextFull) && self.shortened(FULL_CONTEXT) {
            return self.ask();
        }
        if let Some(conversation) = &mut self.conversation {
            conversation.push_reply(reply);
        }
        let source = if self.repairing { StepSource::Repaired } else { StepSource::Model };
        match read {
            Err(unreadable) => self.unusable(None, unreadable.to_string(), observation),
            Ok(action) => match guard::check(&action, observation) {
                Ok(()) => self.act(Decision { action, source, problem: None, proposed: None }),
                Err(refusal) => self.unusable(Some(action), refusal.to_string(), observation),
            },
        }
    }

    fn dropped_evidence(&self) -> usize {
        self.conversation.as_ref().map_or(0, Conversation::dropped)
    }
}
