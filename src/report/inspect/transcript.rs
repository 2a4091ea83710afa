//! Turns the events of an episode into Inspect's: model calls, actions as tool calls, and the data that only this
//! program has.
//!
//! The kinds of events are a closed list, and one event of another kind makes the whole sample unreadable. So our own
//! data (who chose a step, why, and what it was worth) is written as `info` events of the source `bench`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ids;
use super::message::{Conversation, stop_reason};
use super::names::{object, seconds, time};
use super::usage::{Spent, tokens};
use crate::chat::{ChatReply, Retry, ToolCall};
use crate::log::event::StepTaken;
use crate::log::{Event, EventKind};

/// The result of an episode's events.
pub(super) struct Played {
    pub(super) events: Vec<Value>,
    /// The conversation, to which the model events refer.
    pub(super) messages: Vec<Value>,
    /// The last answer of the model.
    pub(super) output: Option<Value>,
    /// The parameters of the submission.
    pub(super) answer: Option<String>,
    pub(super) spent: Spent,
    /// The number of calls that were answered.
    pub(super) turns: usize,
    /// The time between attempts of calls in seconds.
    pub(super) waited: f64,
}

/// Writes the events of one episode.
pub(super) struct Transcript<'a> {
    sample: &'a str,
    label: &'a str,
    /// Whether the model must call a tool: any tool, or none.
    tool_choice: &'static str,
    started: Timestamp,
    /// The span of the step that is going on.
    span: Option<String>,
    conversation: Conversation,
    last_calls: Vec<ToolCall>,
    played: Played,
}

impl<'a> Transcript<'a> {
    pub(super) fn new(sample: &'a str, label: &'a str, protocol: Option<&str>, started: Timestamp) -> Self {
        Self {
            sample,
            label,
            tool_choice: if protocol == Some("tools") { "any" } else { "none" },
            started,
            span: None,
            conversation: Conversation::new(sample),
            last_calls: Vec::new(),
            played: Played {
                events: Vec::new(),
                messages: Vec::new(),
                output: None,
                answer: None,
                spent: Spent::NOTHING,
                turns: 0,
                waited: 0.0,
            },
        }
    }

    /// Adds an event of this kind.
    pub(super) fn push(&mut self, kind: &str, at: Timestamp, fields: Value) {
        let at = at.max(self.started);
        let mut event = json!({
            "uuid": ids::part(self.sample, "event", self.played.events.len()),
            "span_id": self.span,
            "timestamp": time(at),
            "working_start": seconds(self.started, at),
            "event": kind,
        });
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        self.played.events.push(object(event));
    }

    /// Takes a call or a step into account. The beginning and the end of an episode are written elsewhere.
    pub(super) fn apply(&mut self, event: &Event) {
        match &event.event {
            EventKind::ModelCalled { step, new_messages, dropped_evidence, reply, cost_usd } => {
                self.open(*step, before(event.at, reply.latency_ms));
                for message in new_messages {
                    self.conversation.say(message);
                }
                self.called(event.at, reply, *cost_usd, *dropped_evidence);
            }
            EventKind::ModelFailed { step, error, message, status, request_id, retries, latency_ms, .. } => {
                let start = before(event.at, *latency_ms);
                self.open(*step, start);
                self.wait(retries);
                let problem = if message.is_empty() { error.to_string() } else { format!("{error}: {message}") };
                let fields = json!({
                    // What was said for the first time in this call is in the event of the next call.
                    "input_refs": self.request(),
                    "output": { "model": self.label, "choices": [], "error": problem },
                    "error": problem,
                    "retries": retries.len(),
                    "completed": time(event.at),
                    "working_time": milliseconds(*latency_ms),
                    "metadata": object(json!({ "status": status, "request_id": request_id })),
                });
                self.model(start, fields);
            }
            EventKind::StepTaken(step) => self.stepped(event.at, step),
            _ => {}
        }
    }

    fn called(&mut self, at: Timestamp, reply: &ChatReply, cost: Option<f64>, dropped_evidence: usize) {
        self.wait(&reply.retries);
        self.played.spent.call(reply.usage, cost);
        self.played.turns += 1;
        let model = reply.model.as_deref().unwrap_or(self.label);
        // The request is recorded before the answer joins the conversation.
        let request = self.request();
        let message = self.conversation.answer(reply, model);
        let output = object(json!({
            "model": model,
            "choices": [{ "message": message, "stop_reason": stop_reason(&reply.finish) }],
            "completion": reply.content.as_deref().unwrap_or_default(),
            "usage": reply.usage.map(|usage| tokens(usage, cost)),
            "time": milliseconds(reply.latency_ms),
        }));
        self.last_calls.clone_from(&reply.tool_calls);
        self.played.output = Some(output.clone());
        let fields = json!({
            "input_refs": request,
            "output": output,
            "retries": reply.retries.len(),
            "completed": time(at),
            "working_time": milliseconds(reply.latency_ms),
            "metadata": object(json!({
                "request_id": reply.request_id,
                "dropped_evidence": (dropped_evidence > 0).then_some(dropped_evidence),
            })),
        });
        self.model(before(at, reply.latency_ms), fields);
    }

    /// The messages of a request that is made now, as a range of the sample's messages. If every event contained them,
    /// the log would grow with the square of an episode. Messages that were dropped to fit a context limit are shown
    /// all the same; the event counts them.
    fn request(&self) -> Value {
        let said = self.conversation.len();
        if said == 0 { json!([]) } else { json!([[0, said]]) }
    }

    fn model(&mut self, start: Timestamp, fields: Value) {
        // The tools follow from the task, and the settings are in the header.
        let mut event = json!({
            "model": self.label, "input": [], "tools": [], "tool_choice": self.tool_choice, "config": {},
        });
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        self.push("model", start, event);
    }

    fn stepped(&mut self, at: Timestamp, step: &StepTaken) {
        self.open(step.step, at);
        let name = step.action_type.as_str();
        let called = self.last_calls.iter().find(|call| call.name == name);
        let id = called.map_or_else(|| format!("step_{}", step.step), |call| call.id.clone());
        self.last_calls.clear();
        if step.done && step.action_type.is_submission() {
            self.played.answer = Some(Value::Object(step.parameters.clone()).to_string());
        }
        let tool = json!({
            "id": id, "type": "function", "function": name, "arguments": step.parameters,
            "result": step.result.as_deref().unwrap_or(&step.feedback),
            "error": step.error.as_ref().map(|problem| json!({ "type": "unknown", "message": problem })),
            "completed": time(at), "working_time": 0.0,
        });
        self.push("tool", at, tool);
        let ours = object(json!({
            "step": step.step, "source": step.source, "problem": step.problem, "proposed": step.proposed,
            "reward": step.reward, "reason": step.reason, "cumulative": step.cumulative, "feedback": step.feedback,
            "done": step.done,
        }));
        self.push("info", at, json!({ "source": "bench", "data": ours }));
        self.close(at);
    }

    /// Opens the span of a step, unless it is open already.
    fn open(&mut self, step: u32, at: Timestamp) {
        if self.span.is_none() {
            let id = ids::part(self.sample, "span", step as usize);
            self.span = Some(id.clone());
            self.push("span_begin", at, json!({ "id": id, "name": format!("step {step}") }));
        }
    }

    /// Ends the step that is going on, if there is one.
    pub(super) fn close(&mut self, at: Timestamp) {
        if let Some(id) = self.span.clone() {
            self.push("span_end", at, json!({ "id": id }));
            self.span = None;
        }
    }

    fn wait(&mut self, retries: &[Retry]) {
        self.played.waited += retries.iter().map(|retry| milliseconds(retry.delay_ms)).sum::<f64>();
    }

    /// The answer so far, which is the parameters of the submission.
    pub(super) fn answer(&self) -> Option<&str> {
        self.played.answer.as_deref()
    }

    pub(super) fn finish(self) -> Played {
        Played { messages: self.conversation.into_messages(), ..self.played }
    }
}

fn before(at: Timestamp, latency_ms: u64) -> Timestamp {
    let latency = i64::try_from(latency_ms).map_or(SignedDuration::ZERO, SignedDuration::from_millis);
    at.checked_sub(latency).unwrap_or(at)
}

/// Converts milliseconds to seconds.
fn milliseconds(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double")]
    let count = count as f64;
    count / 1000.0
}
