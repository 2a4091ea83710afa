//! The check before a run: two turns of a conversation with each model, in the form of the run. They show whether the
//! endpoint accepts the key and the model, which protocol it speaks, and which parameters it refuses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::agent::conversation::Conversation;
use crate::agent::parse::without_thoughts;
use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::{CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, ReplyFormat};
use incident_env::{Episode, EpisodeId, Scenario};

/// The order in which protocols are tried if none is chosen.
const TRIED: [Protocol; 3] = [Protocol::Json, Protocol::Tools, Protocol::Text];

/// The turns with an endpoint that answers in the form it is asked for.
pub const TURNS: u32 = 2;

/// The most calls of a check that tries every protocol: one with each that the endpoint does not speak, and the turns with the
/// last one.
#[expect(clippy::cast_possible_truncation, reason = "there are three protocols")]
pub const MOST_CALLS: u32 = TRIED.len() as u32 - 1 + TURNS;

/// The instructions of the check.
const SYSTEM: &str = "You check a connection.";

/// The message of the second turn.
const AGAIN: &str = "The connection works. Answer once more in the same way.";

/// The result of the check.
#[derive(Debug)]
pub struct Checked {
    /// The protocol to use: the one that was found, or the one that was tried when the fault occurred.
    pub protocol: Protocol,
    /// Whether the endpoint answered in the form that the protocol asks for.
    pub is_spoken: bool,
    /// The replies of all calls that were answered.
    pub replies: Vec<ChatReply>,
    /// The number of calls that failed, each after its retries.
    pub failed_calls: usize,
    /// The fault that ended the check; none if it was completed.
    pub fault: Option<ChatError>,
}

impl Checked {
    /// The model that answered, as the endpoint names it.
    #[must_use]
    pub fn answered_by(&self) -> Option<&str> {
        self.replies.last()?.model.as_deref()
    }
}

/// The forms of answers that a run asks for, by which the check asks too.
#[derive(Debug, Clone)]
pub struct Forms {
    json: ReplyFormat,
    tools: ReplyFormat,
}

impl Forms {
    /// Makes the forms from the prompts of the run's first scenario. If they have no limit on the length of a string, those
    /// of the first task that has one are taken, because some endpoints refuse such limits.
    #[must_use]
    pub fn of(prompts: &PromptSet, scenarios: &[Arc<Scenario>]) -> Self {
        let mut of_tasks = BTreeMap::new();
        for scenario in scenarios {
            of_tasks.entry(scenario.task()).or_insert(scenario);
        }
        let forms = |scenario: &Arc<Scenario>| {
            let episode = Episode::reset(scenario, EpisodeId::nil());
            let observation = episode.observation();
            Self {
                json: prompts.format(observation, Protocol::Json),
                tools: prompts.format(observation, Protocol::Tools),
            }
        };
        let first = scenarios.first().map(forms);
        first
            .filter(Self::limit_lengths)
            .or_else(|| of_tasks.into_values().map(forms).find(Self::limit_lengths))
            .or_else(|| scenarios.first().map(forms))
            .unwrap_or(Self { json: ReplyFormat::Text, tools: ReplyFormat::Text })
    }

    fn limit_lengths(&self) -> bool {
        matches!(&self.json, ReplyFormat::Json { schema, .. } if schema.to_string().contains("\"maxLength\""))
    }

    fn of_protocol(&self, protocol: Protocol) -> ReplyFormat {
        match protocol {
            Protocol::Text => ReplyFormat::Text,
            Protocol::Json => self.json.clone(),
            Protocol::Tools => self.tools.clone(),
        }
    }

    /// The request of the first turn.
    #[must_use]
    pub fn request(&self, protocol: Protocol) -> ChatRequest {
        self.turn(protocol, &opening(protocol))
    }

    /// The limit on the answer is that of the run: a shorter one would cut the thoughts of a reasoning model.
    fn turn(&self, protocol: Protocol, conversation: &Conversation) -> ChatRequest {
        ChatRequest { messages: conversation.messages().to_vec(), format: self.of_protocol(protocol), max_tokens: None }
    }
}

fn opening(protocol: Protocol) -> Conversation {
    let how = match protocol {
        Protocol::Text => "Answer with the word: ready",
        Protocol::Json => {
            "Answer with one JSON object that names any action, such as {\"action_type\": \"…\", \"parameters\": {}}. \
             Keep every text in it short."
        }
        Protocol::Tools => "Call any one of the functions. Keep every text in its arguments short.",
    };
    Conversation::new(SYSTEM.to_owned(), how.to_owned())
}

/// Has the two turns with the protocol that the run will use. If none is chosen, it tries json, then tools, then text.
/// Each call may take this long, with its retries.
pub async fn check(
    client: &dyn ChatClient,
    forms: &Forms,
    wanted: Option<Protocol>,
    context: &CallContext,
    call_time: Duration,
) -> Checked {
    let tried = wanted.as_ref().map_or(TRIED.as_slice(), std::slice::from_ref);
    let mut checked = Checked {
        protocol: wanted.unwrap_or(Protocol::Text),
        is_spoken: false,
        replies: Vec::new(),
        failed_calls: 0,
        fault: None,
    };
    let check = Check { client, forms, context, call_time };
    for (place, protocol) in tried.iter().enumerate() {
        checked.protocol = *protocol;
        let is_last = place + 1 == tried.len();
        match check.turns(*protocol, is_last, &mut checked.replies).await {
            Ok(is_spoken) if is_spoken || is_last => {
                checked.is_spoken = is_spoken;
                break;
            }
            // The endpoint answered, but not in that form: it ignores parameters that it does not know.
            Ok(_) => {}
            Err(error) => {
                checked.failed_calls += 1;
                if is_last || !is_about_the_form(error.kind) {
                    checked.fault = Some(error);
                    break;
                }
            }
        }
    }
    checked
}

/// What the turns of one check have in common.
struct Check<'a> {
    client: &'a dyn ChatClient,
    forms: &'a Forms,
    context: &'a CallContext,
    call_time: Duration,
}

impl Check<'_> {
    /// Has two turns, of which the second plays the first reply back. An answer in another form ends it after the first
    /// turn, unless there is no other protocol to try. Returns whether the first answer has the form.
    async fn turns(&self, protocol: Protocol, is_last: bool, replies: &mut Vec<ChatReply>) -> Result<bool, ChatError> {
        let mut conversation = opening(protocol);
        let reply = self.ask(protocol, &conversation).await?;
        let is_spoken = speaks(protocol, &reply);
        conversation.push_reply(&reply);
        replies.push(reply);
        if is_spoken || is_last {
            conversation.say(AGAIN.to_owned());
            replies.push(self.ask(protocol, &conversation).await?);
        }
        Ok(is_spoken)
    }

    async fn ask(&self, protocol: Protocol, conversation: &Conversation) -> Result<ChatReply, ChatError> {
        let context = CallContext { deadline: Some(Instant::now() + self.call_time), ..self.context.clone() };
        self.client.complete(&self.forms.turn(protocol, conversation), &context).await
    }
}

/// Whether the fault may be about the form. Servers refuse a form that they do not know with 400 or 422, and some of
/// them with 500.
fn is_about_the_form(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BadRequest | ErrorKind::Server)
}

/// Whether a reply has the form that was asked for. A reply that was cut before the model had begun its answer, or in the midst
/// of its JSON, was accepted in that form, and says nothing more about it.
#[must_use]
pub fn speaks(protocol: Protocol, reply: &ChatReply) -> bool {
    let text = without_thoughts(reply.content.as_deref().unwrap_or_default());
    let text = text.trim();
    let may_go_on = text.is_empty() || (protocol == Protocol::Json && text.starts_with('{'));
    let is_cut = reply.finish == FinishReason::Length && may_go_on && reply.tool_calls.is_empty();
    match protocol {
        Protocol::Text => true,
        Protocol::Tools => is_cut || !reply.tool_calls.is_empty(),
        Protocol::Json => {
            is_cut || serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object())
        }
    }
}
