//! A scripted endpoint of a dialect: it refuses what the dialect refuses, answers as the dialect answers, and notes what a
//! client does wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use incident_bench::chat::Api;
use serde_json::{Value, json};

use super::answer::Answer;
use super::asked::Asked;
use super::bill::{Caches, Counts};
use super::dialect::{Dialect, Key};
use super::{player, sse};
use crate::server::{Reply, Seen, Server};

/// The key that the endpoints of the zoo expect.
pub(super) const KEY: &str = "sk-zoo-0123456789";

/// A part of a text of this many bytes is a token.
const BYTES_A_TOKEN: usize = 4;

/// What an endpoint noted.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// What the client did wrong.
    pub(super) notes: Vec<String>,
    /// The refusals, with the number of the step; none is that of a check before a run.
    pub(super) refused: Vec<(Option<usize>, String)>,
    /// The number of answers in incidents.
    pub(super) answers: usize,
    /// The number of answers to checks.
    pub(super) checks: usize,
    /// What all answers cost.
    pub(super) bill: f64,
    /// The history of the last request of each conversation.
    histories: BTreeMap<String, Vec<Value>>,
    /// The number of attempts at each answer.
    attempts: BTreeMap<String, usize>,
}

/// A running endpoint.
pub(super) struct Endpoint {
    server: Server,
    base: &'static str,
    book: Arc<Mutex<Book>>,
}

impl Endpoint {
    /// Starts an endpoint of a dialect.
    pub(super) fn of(dialect: &'static Dialect) -> Self {
        Self::slow(dialect, Duration::ZERO)
    }

    /// Starts an endpoint of a dialect that takes this time for each answer.
    pub(super) fn slow(dialect: &'static Dialect, pause: Duration) -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let kept = Arc::clone(&book);
        let server = Server::start(move |_, seen| serve(dialect, seen, &mut kept.lock().unwrap()).late(pause));
        Self { server, base: dialect.base, book }
    }

    pub(super) fn base_url(&self) -> String {
        self.server.base_url().replacen("/v1", self.base, 1)
    }

    pub(super) fn calls(&self) -> usize {
        self.server.calls()
    }

    /// Looks into the book.
    pub(super) fn book<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.book.lock().unwrap())
    }
}

fn path_of(api: Api) -> &'static str {
    match api {
        Api::Chat => "/chat/completions",
        Api::Responses => "/responses",
        Api::Messages => "/messages",
    }
}

fn says(status: u16, body: &str) -> Reply {
    Reply::raw(status, body).header("content-type", "application/json")
}

/// Returns the API of a path, if the endpoint has it.
fn api_at(dialect: &Dialect, path: &str) -> Option<Api> {
    let (base, query) = dialect.base.split_once('?').map_or((dialect.base, ""), |(base, query)| (base, query));
    let (path, asked) = path.split_once('?').unwrap_or((path, ""));
    let is_at = |api: &&Api| asked == query && path == format!("{base}{}", path_of(**api));
    dialect.apis.iter().find(is_at).copied()
}

fn is_key_right(dialect: &Dialect, seen: &Seen) -> bool {
    let bearer = format!("Bearer {KEY}");
    match dialect.key {
        Key::None => true,
        Key::Bearer => seen.header("authorization") == Some(&bearer),
        Key::OfMessages => seen.header("x-api-key") == Some(KEY) && seen.header("anthropic-version").is_some(),
        Key::OfAzure => seen.header("api-key") == Some(KEY),
    }
}

fn serve(dialect: &'static Dialect, seen: &Seen, book: &mut Book) -> Reply {
    let Some(api) = api_at(dialect, &seen.path) else {
        let (status, body) = dialect.elsewhere;
        return says(status, body);
    };
    if !is_key_right(dialect, seen) {
        book.notes.push(format!("the key is not where it belongs: {:?}", seen.headers.keys().collect::<Vec<_>>()));
        return says(
            401,
            r#"{"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}}"#,
        );
    }
    if seen.body["model"] != dialect.model {
        book.notes.push(format!("the model is {}", seen.body["model"]));
    }
    let asked = Asked::read(api, &seen.body);
    let answer = player::answer(&asked, asked.played_back.len());
    let step = answer.incident.is_some().then_some(answer.step);
    for rule in dialect.refuses.iter().filter(|rule| rule.by.contains(&api)) {
        if (rule.when)(&seen.body) {
            book.refused.push((step, rule.says.to_owned()));
            return says(rule.status, rule.says);
        }
    }
    if let Some(refusal) = check(dialect, &asked, &answer, book) {
        return refusal;
    }
    let attempt = book.attempts.entry(answer.tag()).or_default();
    *attempt += 1;
    if let Some(reply) = answer.incident.as_ref().and_then(|_| (dialect.falters)(answer.step, *attempt)) {
        return reply;
    }
    reply(dialect, seen, &asked, &answer, book)
}

/// Checks what came back. Notes what is wrong, and returns the refusal of an endpoint that insists.
fn check(dialect: &Dialect, asked: &Asked, answer: &Answer, book: &mut Book) -> Option<Reply> {
    let tag = answer.tag();
    let mut wrong = false;
    if !asked.unmatched.is_empty() {
        book.notes.push(format!("{tag}: calls and results do not match: {:?}", asked.unmatched));
    }
    // What came before the newest message was checked in the request before, and the history must not have changed since.
    if let Some(back) = asked.played_back.last() {
        let step = asked.played_back.len() - 1;
        let given = (dialect.back)(dialect.dressed(asked.api, &player::answer(asked, step)));
        if *back != given {
            book.notes.push(format!("{tag}: of step {step} came back\n  {back}\ninstead of\n  {given}"));
            wrong = true;
        } else if written(back) != written(&given) {
            book.notes.push(format!("{tag}: the order of keys of step {step} is\n  {back}\ninstead of\n  {given}"));
        }
    }
    if let Some(incident) = &answer.incident {
        let known = book.histories.entry(format!("{incident} {:?}", asked.api)).or_default();
        let shared = known.len().min(asked.history.len());
        if known[..shared] != asked.history[..shared] {
            book.notes.push(format!("{tag}: the history is not what it was"));
            wrong = true;
        }
        if asked.history.len() > known.len() {
            known.clone_from(&asked.history);
        }
    }
    if dialect.caches == Caches::Marked && asked.api == Api::Messages && !asked.marks_cache {
        book.notes.push(format!("{tag}: no mark for the cache"));
    }
    let (status, body) = dialect.insists.filter(|_| wrong)?;
    book.refused.push((Some(answer.step), body.to_owned()));
    Some(says(status, body))
}

/// A value as text, in which the order of its keys shows.
fn written(value: &Value) -> String {
    value.to_string()
}

fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes / BYTES_A_TOKEN).unwrap() + 1
}

/// Counts a call. What was sent before is in the cache.
fn count(dialect: &Dialect, seen: &Seen, asked: &Asked, answer: &Answer) -> Counts {
    let sizes: Vec<_> = asked.history.iter().map(|entry| written(entry).len()).collect();
    let history: usize = sizes.iter().sum();
    let instructions = written(&seen.body).len().saturating_sub(history);
    let whole = tokens(history + instructions);
    let newest: usize = sizes.iter().rev().take(2).sum();
    let known = if answer.step == 0 { 0 } else { tokens(history - newest + instructions).min(whole) };
    let caches = match dialect.caches {
        Caches::Marked if !asked.marks_cache => Caches::No,
        caches => caches,
    };
    let (read, written) = match caches {
        Caches::No => (0, 0),
        Caches::Reads => (known, 0),
        Caches::ReadsAndWrites | Caches::Marked => (known, whole - known),
    };
    Counts {
        fresh: whole - read - written,
        read,
        written,
        visible: tokens(answer.visible()),
        thoughts: tokens(answer.thoughts.len() * 3),
    }
}

fn reply(dialect: &Dialect, seen: &Seen, asked: &Asked, answer: &Answer, book: &mut Book) -> Reply {
    let counts = count(dialect, seen, asked, answer);
    book.bill += dialect.price.of(&counts);
    if answer.incident.is_some() {
        book.answers += 1;
    } else {
        book.checks += 1;
    }
    let usage = dialect.counted(asked.api, &counts);
    let dressed = dialect.dressed(asked.api, answer);
    let has_call = answer.call.is_some();
    let body = match asked.api {
        Api::Chat => {
            let finish = if has_call { dialect.finish.1 } else { dialect.finish.0 };
            let mut body = json!({
                "id": format!("chatcmpl-{}", answer.id(12)), "object": "chat.completion", "created": 1_790_000_000,
                "model": dialect.model,
                "choices": [{"index": 0, "message": dressed, "finish_reason": finish}],
                "usage": usage,
            });
            (dialect.adds)(&mut body, &counts, &dialect.price);
            body
        }
        Api::Responses => json!({
            "id": format!("resp_{}", answer.id(12)), "object": "response", "created_at": 1_790_000_000,
            "status": "completed", "error": null, "incomplete_details": null, "model": dialect.model,
            "output": dressed, "usage": usage, "service_tier": "default",
        }),
        Api::Messages => json!({
            "id": format!("msg_{}", answer.id(12)), "type": "message", "role": "assistant", "model": dialect.model,
            "content": dressed, "stop_reason": if has_call { "tool_use" } else { "end_turn" }, "stop_sequence": null,
            "usage": usage,
        }),
    };
    if !asked.streams || dialect.never_streams {
        return says(200, &(dialect.mangles)(body.to_string()));
    }
    let usage_is_asked = seen.body["stream_options"]["include_usage"] == true;
    let stream = match asked.api {
        Api::Chat => sse::of_chat(&body, &dialect.stream, usage_is_asked),
        Api::Responses => sse::of_responses(&body),
        Api::Messages => sse::of_messages(&body),
    };
    Reply::raw(200, &(dialect.mangles)(stream)).header("content-type", "text/event-stream; charset=utf-8")
}
