//! The user's own agent: the lines that its process gets, and the actions in the lines that it answers.
//!
//! `docs/AGENTS.md` describes the protocol. [`crate::chat::process`] runs the process itself.

use serde::Serialize;

use super::parse::{self, Counts};
use super::policy::{Decision, Policy, StepSource, Turn};
use crate::chat::process::LONGEST_LINE;
use crate::chat::{ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat};
use incident_env::{Action, ActionKind, EpisodeId, Observation, Points, TaskId};

/// The name of such an agent in tables and records, and the beginning of its name on the command line.
pub const NAME: &str = "exec";

/// The protocol and its version, as the first line names it.
pub const PROTOCOL: &str = "incident-bench/exec/1";

/// A line to the agent.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// The episode begins.
    Reset { protocol: &'static str, episode_id: EpisodeId, task_id: TaskId, seed: u64, observation: &'a Observation },
    /// A step was taken.
    Step { observation: &'a Observation, reward: Points, done: bool },
    /// The episode is over. This line needs no answer.
    End { observation: &'a Observation, reward: Points, done: bool },
}

/// Connects a process with the environment for one episode.
#[derive(Debug)]
pub struct Exec {
    seed: u64,
    messages: Vec<Message>,
    /// The sum of the rewards that the agent was told about.
    told: Points,
    /// Whether the agent has taken an action. From then on its failures count as its own.
    acted: bool,
    /// The reason why the agent is gone; none while it is there.
    gone: Option<String>,
}

impl Exec {
    /// Makes the agent for one episode, which is told this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, messages: Vec::new(), told: Points::ZERO, acted: false, gone: None }
    }

    /// The reward since the last line.
    fn reward(&self, observation: &Observation) -> Points {
        Points::new(observation.cumulative_reward.ten_thousandths() - self.told.ten_thousandths())
    }

    fn line(&mut self, observation: &Observation) -> serde_json::Result<String> {
        let line = if self.messages.is_empty() {
            let Observation { episode_id, .. } = *observation;
            let task_id = observation.task().id;
            Line::Reset { protocol: PROTOCOL, episode_id, task_id, seed: self.seed, observation }
        } else {
            Line::Step { observation, reward: self.reward(observation), done: observation.done }
        };
        let line = serde_json::to_string(&line)?;
        self.told = observation.cumulative_reward;
        Ok(line)
    }
}

/// Makes a step without an action, which is spent.
fn spent(problem: String) -> Turn {
    let action = Action::with(ActionKind::from("invalid"), &[]);
    Turn::Act(Decision { action, source: StepSource::Model, problem: Some(problem), proposed: None })
}

impl Policy for Exec {
    fn turn(&mut self, observation: &Observation) -> Turn {
        if let Some(problem) = &self.gone {
            return spent(problem.clone());
        }
        match self.line(observation) {
            Ok(content) => self.messages.push(Message::User { content }),
            Err(_) => return Turn::Abandon(ErrorKind::BadRequest),
        }
        Turn::Ask(ChatRequest { messages: self.messages.clone(), format: ReplyFormat::Text, max_tokens: None })
    }

    fn reply(&mut self, reply: Result<&ChatReply, &ChatError>, _: &Observation) -> Turn {
        let reply = match reply {
            Ok(reply) => reply,
            // A crash on a hard incident must not take that incident out of the mean.
            Err(error) if self.acted && matches!(error.kind, ErrorKind::AgentExited | ErrorKind::Timeout) => {
                let problem = error.to_string();
                self.gone = Some(problem.clone());
                return spent(problem);
            }
            Err(error) => return Turn::Abandon(error.kind),
        };
        self.messages.push(Message::Assistant {
            content: reply.content.clone(),
            tool_calls: Vec::new(),
            as_it_came: None,
        });
        if reply.finish == FinishReason::Length {
            return spent(format!("the answer is longer than {LONGEST_LINE} bytes"));
        }
        match parse::from_text(reply.content.as_deref().unwrap_or_default(), Counts::First) {
            Ok(action) => {
                self.acted = true;
                Turn::Act(Decision { action, source: StepSource::Model, problem: None, proposed: None })
            }
            Err(unreadable) => spent(unreadable.to_string()),
        }
    }

    fn farewell(&self, observation: &Observation) -> Option<String> {
        let reward = self.reward(observation);
        serde_json::to_string(&Line::End { observation, reward, done: observation.done }).ok()
    }
}
