//! Turns the events of an episode into steps.
//!
//! An answer of a model is a step of the agent, with the action that it led to and the result. An answer that was not
//! used remains a step of its own, and what was done instead is another step that no model answered for.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::metrics::{self, Totals, some};
use super::schema::{Extra, Observation, Outcome, Source, Step, ToolCall, extra};
use crate::chat::{self, ChatReply, Message};
use crate::log::event::StepTaken;
use crate::log::{Contestant, Event, EventKind};

/// The remark on a call that came together with the one that was carried out.
const ONE_ACTION: &str = "Not carried out: one action a step.";

/// An answer whose result is not known yet.
struct Answer<'a> {
    at: Timestamp,
    step: u32,
    reply: &'a ChatReply,
    cost_usd: Option<f64>,
    dropped_evidence: usize,
}

/// Writes the steps of one episode.
pub(super) struct Steps<'a> {
    contestant: &'a Contestant,
    written: Vec<Step>,
    totals: Totals,
    /// The time of the last step, because time must not go back.
    last: Timestamp,
    /// Whether the model was told about the incident.
    is_told: bool,
    answer: Option<Answer<'a>>,
    /// The calls that failed since the last answer. Their messages are in the event of the next call.
    failures: Vec<(Timestamp, Timestamp, Step)>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(contestant: &'a Contestant, started: Timestamp) -> Self {
        Self {
            contestant,
            written: Vec::new(),
            totals: Totals::NOTHING,
            last: started,
            is_told: false,
            answer: None,
            failures: Vec::new(),
        }
    }

    /// Notes what the agent was told first, if no event contains it.
    pub(super) fn told(&mut self, incident: String) {
        self.push(self.last, step(Source::User, incident));
    }

    /// Takes a call or a step into account. The beginning and the end of an episode are reported elsewhere.
    pub(super) fn apply(&mut self, event: &'a Event) {
        match &event.event {
            EventKind::ModelCalled { step, new_messages, dropped_evidence, reply, cost_usd } => {
                let start = before(event.at, reply.latency_ms);
                self.hear(self.failures.first().map_or(start, |(start, ..)| *start), new_messages);
                self.fail();
                self.totals.call(reply, *cost_usd, *dropped_evidence);
                self.answer = Some(Answer {
                    at: event.at,
                    step: *step,
                    reply,
                    cost_usd: *cost_usd,
                    dropped_evidence: *dropped_evidence,
                });
            }
            EventKind::ModelFailed {
                step: number,
                error,
                message,
                status,
                request_id,
                retries,
                latency_ms,
                prompt_tokens,
                context_limit,
                stderr,
            } => {
                self.totals.failed(retries.len());
                let colon = if message.is_empty() { "" } else { ": " };
                let mut failed = step(Source::System, format!("The model call failed: {error}{colon}{message}"));
                failed.extra = extra([
                    ("step", json!(number)),
                    ("error", json!(error)),
                    ("status", json!(status)),
                    ("request_id", json!(request_id)),
                    ("retries", json!(some(retries.len()))),
                    ("latency_ms", json!(latency_ms)),
                    ("prompt_tokens", json!(prompt_tokens)),
                    ("context_limit", json!(context_limit)),
                    ("stderr", json!(stderr)),
                ]);
                self.failures.push((before(event.at, *latency_ms), event.at, failed));
            }
            EventKind::StepTaken(taken) => self.stepped(event.at, taken),
            _ => {}
        }
    }

    /// Takes what the model was told. What it was told after a step is the observation of that step.
    fn hear(&mut self, at: Timestamp, messages: &[Message]) {
        // An answer without a step was refused, and this message says why.
        let is_repair = self.answer.is_some();
        self.refuse(|call| {
            let told = messages.iter().find_map(|message| match message {
                Message::Tool { call_id, content } if *call_id == call.id => Some(content.clone()),
                _ => None,
            });
            told.unwrap_or_else(|| ONE_ACTION.to_owned())
        });
        for message in messages {
            let said = match message {
                Message::System { content } => step(Source::System, content.clone()),
                Message::User { content } if is_repair || !self.is_told => step(Source::User, content.clone()),
                _ => continue,
            };
            self.push(at, said);
        }
        self.is_told = true;
    }

    fn stepped(&mut self, at: Timestamp, taken: &StepTaken) {
        let own = extra([
            ("step", json!(taken.step)),
            ("source", json!(taken.source)),
            ("problem", json!(taken.problem)),
            ("proposed", json!(taken.proposed)),
            ("reward", json!(taken.reward)),
            ("reason", json!(taken.reason)),
            ("cumulative", json!(taken.cumulative)),
            ("done", json!(taken.done)),
        ]);
        let result = |id: &str| Outcome {
            source_call_id: id.to_owned(),
            content: observed(taken),
            extra: extra([("is_error", json!(taken.error.as_ref().map(|_| true)))]),
        };
        if taken.is_models_own()
            && let Some(answer) = self.answer.take()
        {
            let mut calls = answer.reply.tool_calls.iter();
            let carried_out = carried_out(taken, calls.next());
            let mut results = vec![result(&carried_out.id)];
            results.extend(calls.clone().map(|call| not_carried_out(call, ONE_ACTION.to_owned())));
            let mut step = self.answered(&answer);
            step.tool_calls = std::iter::once(carried_out).chain(calls.map(said)).collect();
            step.observation = Some(Observation { results });
            step.extra.extend(own);
            self.push(answer.at, step);
            return;
        }
        let problem = taken.problem.as_deref().unwrap_or("it was not used");
        let refusal = format!("Not carried out: {problem}");
        let was_refused = self.answer.is_some();
        self.refuse(|_| refusal.clone());
        // A reader who knows only the message would take it for the model's own words, so the message must say that it
        // is not.
        let message = if was_refused {
            format!("[Chosen by the safety net, not by the model: {problem}]")
        } else {
            String::new()
        };
        let call = carried_out(taken, None);
        let results = vec![result(&call.id)];
        self.push(
            at,
            Step {
                tool_calls: vec![call],
                observation: Some(Observation { results }),
                llm_call_count: Some(0),
                extra: own,
                ..step(Source::Agent, message)
            },
        );
    }

    /// Writes an answer that led to no step, with a remark on each of its calls.
    fn refuse(&mut self, say: impl Fn(&chat::ToolCall) -> String) {
        let Some(answer) = self.answer.take() else { return };
        let mut step = self.answered(&answer);
        let calls = &answer.reply.tool_calls;
        if !calls.is_empty() {
            let results = calls.iter().map(|call| not_carried_out(call, say(call))).collect();
            step.observation = Some(Observation { results });
        }
        step.tool_calls = calls.iter().map(said).collect();
        step.extra.extend(extra([("step", json!(answer.step)), ("used", json!(false))]));
        self.push(answer.at, step);
    }

    /// Makes the step of an answer, without its result.
    fn answered(&self, answer: &Answer<'_>) -> Step {
        let reply = answer.reply;
        let settings = self.contestant.settings.as_ref();
        let other_model = reply.model.clone().filter(|name| settings.is_none_or(|settings| settings.name != *name));
        Step {
            model_name: other_model,
            reasoning_effort: settings.and_then(|settings| settings.reasoning_effort.clone()),
            reasoning_content: reply.reasoning.clone().filter(|thoughts| !thoughts.is_empty()),
            metrics: Some(metrics::of(reply, answer.cost_usd)),
            llm_call_count: Some(1),
            extra: extra([
                ("finish", json!(reply.finish)),
                ("request_id", json!(reply.request_id)),
                ("dropped_evidence", json!(some(answer.dropped_evidence))),
            ]),
            ..step(Source::Agent, reply.content.clone().unwrap_or_default())
        }
    }

    fn fail(&mut self) {
        for (_, at, failed) in std::mem::take(&mut self.failures) {
            self.push(at, failed);
        }
    }

    fn push(&mut self, at: Timestamp, step: Step) {
        self.last = self.last.max(at);
        let timestamp = self.last.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        self.written.push(Step { number: self.written.len() + 1, timestamp, ..step });
    }

    /// Returns the steps, including what is left of calls that led to nothing.
    pub(super) fn finish(mut self) -> (Vec<Step>, Totals) {
        self.refuse(|_| "Not carried out: the episode ended.".to_owned());
        self.fail();
        (self.written, self.totals)
    }
}

/// Makes a step with nothing but a message. It gets its number and time when it is written.
fn step(source: Source, message: String) -> Step {
    Step {
        number: 0,
        timestamp: String::new(),
        source,
        model_name: None,
        reasoning_effort: None,
        message,
        reasoning_content: None,
        tool_calls: Vec::new(),
        observation: None,
        metrics: None,
        llm_call_count: None,
        extra: Extra::new(),
    }
}

/// The action that was taken, as the call that the model made for it or as a call of this program.
fn carried_out(taken: &StepTaken, call: Option<&chat::ToolCall>) -> ToolCall {
    let name = taken.action_type.as_str();
    let is_as_said = |call: &&chat::ToolCall| call.name == name && arguments(call).as_ref() == Some(&taken.parameters);
    // What the model wrote is kept, even if it was read as something else.
    let other = call.filter(|call| !is_as_said(call));
    ToolCall {
        id: call.map_or_else(|| format!("step_{}", taken.step), |call| call.id.clone()),
        function_name: name.to_owned(),
        arguments: taken.parameters.clone(),
        extra: extra([("said", json!(other.map(|call| json!({ "name": call.name, "arguments": call.arguments }))))]),
    }
}

/// A call as the model made it. Arguments that are not an object are kept as they were written.
fn said(call: &chat::ToolCall) -> ToolCall {
    let (known, raw) = match arguments(call) {
        Some(arguments) => (arguments, None),
        None => (Map::new(), Some(&call.arguments)),
    };
    ToolCall {
        id: call.id.clone(),
        function_name: call.name.clone(),
        arguments: known,
        extra: extra([("said", json!(raw.map(|raw| json!({ "name": call.name, "arguments": raw }))))]),
    }
}

fn arguments(call: &chat::ToolCall) -> Option<Map<String, Value>> {
    match call.arguments.trim() {
        "" => Some(Map::new()),
        text => serde_json::from_str(text).ok(),
    }
}

fn not_carried_out(call: &chat::ToolCall, content: String) -> Outcome {
    Outcome { source_call_id: call.id.clone(), content, extra: extra([("carried_out", json!(false))]) }
}

/// Everything that the environment said about a step.
fn observed(taken: &StepTaken) -> String {
    let error = taken.error.as_ref().map(|error| format!("Error: {error}"));
    let parts = [Some(taken.feedback.as_str()), taken.result.as_deref(), error.as_deref()];
    let said: Vec<_> = parts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    said.join("\n")
}

fn before(at: Timestamp, latency_ms: u64) -> Timestamp {
    let latency = i64::try_from(latency_ms).map_or(SignedDuration::ZERO, SignedDuration::from_millis);
    at.checked_sub(latency).unwrap_or(at)
}
