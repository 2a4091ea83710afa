//! An agent that is told other names for the actions. Its decisions are kept under their own names.

use std::sync::Arc;

use super::names::ToolNames;
use crate::agent::policy::{Policy, Turn};
use crate::chat::{ChatError, ChatReply, ChatRequest};
use incident_env::Observation;

/// A policy whose questions and answers have other names for the actions on the model's side.
#[derive(Debug)]
pub struct Renamed<P> {
    policy: P,
    names: Arc<ToolNames>,
}

impl<P: Policy> Renamed<P> {
    /// Makes the policy for a model that is told these names.
    pub const fn new(policy: P, names: Arc<ToolNames>) -> Self {
        Self { policy, names }
    }

    fn outward(&self, turn: Turn) -> Turn {
        match turn {
            Turn::Ask(ChatRequest { messages, format, max_tokens }) => Turn::Ask(ChatRequest {
                messages: messages.iter().map(|message| self.names.message(message)).collect(),
                format: self.names.format(&format),
                max_tokens,
            }),
            turn @ (Turn::Act(_) | Turn::Abandon(_)) => turn,
        }
    }

    fn inward(&self, reply: &ChatReply) -> ChatReply {
        ChatReply {
            content: reply.content.as_deref().map(|text| self.names.exchanged(text)),
            tool_calls: self.names.calls(&reply.tool_calls),
            ..reply.clone()
        }
    }
}

impl<P: Policy> Policy for Renamed<P> {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let turn = self.policy.turn(observation);
        self.outward(turn)
    }

    fn reply(&mut self, reply: Result<&ChatReply, &ChatError>, observation: &Observation) -> Turn {
        let turn = match reply {
            Ok(reply) => self.policy.reply(Ok(&self.inward(reply)), observation),
            Err(error) => self.policy.reply(Err(error), observation),
        };
        self.outward(turn)
    }

    fn farewell(&self, observation: &Observation) -> Option<String> {
        self.policy.farewell(observation).map(|text| self.names.exchanged(&text))
    }

    fn dropped_evidence(&self) -> usize {
        self.policy.dropped_evidence()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::llm::{Assist, Llm};
    use crate::agent::prompt::{PromptSet, Protocol};
    use crate::agent::think::Think;
    use crate::chat::{FinishReason, ToolCall};
    use incident_env::{Action, ActionKind, Catalog, Episode, EpisodeId};

    fn said(content: Option<&str>, tool_calls: Vec<ToolCall>) -> ChatReply {
        ChatReply {
            content: content.map(str::to_owned),
            reasoning: None,
            tool_calls,
            finish: FinishReason::Stop,
            model: None,
            usage: None,
            request_id: None,
            latency_ms: 1,
            as_it_came: None,
            billed_usd: None,
            served: crate::chat::ServedBy::default(),
            retries: Vec::new(),
        }
    }

    /// Everything that is asked, as text.
    fn asked(turn: &Turn) -> String {
        let Turn::Ask(request) = turn else { panic!("not a question: {turn:?}") };
        serde_json::to_string(request).unwrap()
    }

    fn decided(turn: Turn) -> Action {
        let Turn::Act(decision) = turn else { panic!("no decision: {turn:?}") };
        decision.action
    }

    #[test]
    fn a_model_is_told_and_says_other_names_only() {
        let catalog = Catalog::embedded().unwrap();
        for (protocol, think) in Protocol::ALL.into_iter().flat_map(|one| Think::ALL.map(|think| (one, think))) {
            let prompts = Arc::new(PromptSet::embedded(think).unwrap());
            let names = Arc::new(ToolNames::new(2).unwrap());
            let mut policy = Renamed::new(Llm::new(prompts, protocol, Assist::Off), Arc::clone(&names));
            let mut episode = Episode::reset(catalog.scenario("RCA-001").unwrap(), EpisodeId::nil());
            let service = episode.observation().briefing.services[0].to_string();

            let first = asked(&policy.turn(episode.observation()));
            let offered = episode.observation().task().actions.clone();
            for kind in &offered {
                assert!(!first.contains(kind.as_str()), "{protocol}: {kind}");
                assert!(first.contains(&names.exchanged(kind.as_str())), "{protocol}: {kind}");
            }

            // The model uses its own words and chooses the action that is meant, and its words come back to it as it
            // said them.
            let arguments = format!("{{\"service\":\"{service}\"}}");
            let reply = if protocol == Protocol::Tools {
                let call = ToolCall { id: "1".to_owned(), name: "tail_output".to_owned(), arguments };
                said(None, vec![call])
            } else {
                said(Some(&format!("{{\"action_type\": \"tail_output\", \"parameters\": {arguments}}}")), Vec::new())
            };
            let action = decided(policy.reply(Ok(&reply), episode.observation()));
            assert_eq!(action.kind(), &ActionKind::from("query_logs"), "{protocol}");
            episode.step(&action);
            let second = asked(&policy.turn(episode.observation()));
            assert!(second.contains("tail_output") && !second.contains("query_logs"), "{protocol}: {second}");

            // A model that knows the tools by heart uses a name that does not exist, and is told so.
            let heart = r#"{"action_type": "check_metrics", "parameters": {"service": "x"}}"#;
            let action = decided(policy.reply(Ok(&said(Some(heart), Vec::new())), episode.observation()));
            assert!(matches!(action.kind(), ActionKind::Other(_)), "{action}");
            episode.step(&action);
            let third = asked(&policy.turn(episode.observation()));
            assert!(third.contains("check_metrics") && third.contains("fetch_series"), "{protocol}: {third}");
        }
    }

    #[test]
    fn another_set_of_prompts() {
        let plain = PromptSet::embedded(Think::Off).unwrap();
        let renamed = || PromptSet::embedded(Think::Off).unwrap().with_tool_names(ToolNames::new(3).unwrap());
        assert_eq!(renamed().label(), format!("{}+tools-1.3", plain.label()));
        assert_ne!(renamed().digest(), plain.digest());
        assert_eq!(renamed().digest(), renamed().digest());
    }
}
