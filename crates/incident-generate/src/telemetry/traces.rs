//! The trace of one request that failed or was slow, as the store of traces exports it: a line of OTLP/JSON with the spans
//! of the request at the part and of the call in which its time went or its failure came from.

use std::cmp::Reverse;

use crate::data::kinds::{EdgeKind, Kind};
use crate::data::phrase::{Fill, Known, Place};
use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::calendar::Moment;
use crate::proof::claim::Claim;
use crate::system::times::TIMEOUT;
use crate::system::topology::Edge;
use crate::system::traffic::Acting;
use crate::telemetry::instrumentation::{Target, language, scope_of};
use crate::telemetry::otlp::{
    Attribute, ExportTraceServiceRequest, Resource, ResourceSpans, Scope, ScopeSpans, Span, SpanKind, Status,
};
use crate::telemetry::reader::{LOGGED, LOGS, Reader, RequestTime, Sheet};
use crate::telemetry::span_error::{Called, SpanError, span_error, status};
use crate::telemetry::words::Words;

/// The slot of the record of a trace.
const TRACE: u64 = 9 << 16;
/// Nanoseconds of a microsecond and of a millisecond.
const MICRO: i64 = 1000;
const MILLI: i64 = 1_000_000;
/// The share of its own 99th percentile that a slow request takes, in hundredths.
const SLOW: u64 = 97;
/// The least time that a request takes beside the call in it, in microseconds.
const OVERHEAD: u32 = 700;
/// The time that a request and its answer are on the way each, in microseconds.
const ON_THE_WAY: i64 = 250;

/// A call that failed, as the log shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedCall {
    /// The part that was called.
    pub to: EntityId,
    /// When it failed, in milliseconds after the alert.
    pub ms: i64,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// How it failed.
    pub looks: FailsAs,
    /// The coordinate of its numbers.
    pub salt: u64,
}

/// The call that a trace shows.
#[derive(Debug, Clone, Copy)]
struct Traced {
    edge: Edge,
    /// How it failed, if it did.
    looks: Option<FailsAs>,
    /// How long it took, in microseconds.
    took: u32,
}

/// When a span began and ended, in nanoseconds after the alert.
#[derive(Debug, Clone, Copy)]
struct Times(i64, i64);

impl Reader<'_> {
    /// Writes the trace of one request that failed or was slow, with where its time went. `calls` are the newest failed
    /// calls of the log. A part that records no spans is in those of a part that calls it.
    pub(super) fn trace(&self, sheet: &mut Sheet, calls: &[FailedCall]) {
        if !self.world.trouble(self.state, self.at, self.now).any() {
            return;
        }
        let (by, edge) = if records_spans(self.kind(self.at)) {
            (self.at, self.worst_call(self.world.incident.topology.needs(self.at)))
        } else {
            let callers = self.world.incident.topology.needed_by(self.at);
            let caller = self.worst_call(callers.filter(|edge| records_spans(self.kind(edge.from))));
            let Some(edge) = caller else { return };
            (edge.from, Some(edge))
        };
        let failed = edge.filter(|edge| self.fails(edge, self.now).0 >= LOGGED);
        // How others fare with the part is for their own records to say.
        let claim = |edge: Edge| Claim::Calls { from: edge.from, to: edge.to, fail: true, errors: None };
        let claim = failed.filter(|edge| edge.from == self.at).map_or(Claim::Nothing, claim);
        sheet.begin(self.id(LOGS, TRACE, i64::from(self.now)), claim);
        let told = calls.iter().find(|call| Some(call.to) == failed.map(|edge| edge.to)).copied();
        let request = Reader::new(self.world, self.state, by).request(edge, told, failed.is_some(), by == self.at);
        sheet.text.push_str(&serde_json::to_string(&request).unwrap_or_default());
        sheet.text.push('\n');
    }

    /// Returns the worst of some calls. What made a request fail or wait is a call that it cannot do without.
    fn worst_call<'e>(&self, calls: impl Iterator<Item = &'e Edge>) -> Option<Edge> {
        let p99 = |at: EntityId| self.world.reading(self.state, at, self.now).p99;
        let is_needed = |edge: &Edge| edge.kind != EdgeKind::Opt;
        let bad = |edge: &&Edge| (is_needed(edge), self.fails(edge, self.now).0, p99(edge.to), Reverse(edge.to));
        calls.max_by_key(bad).copied()
    }

    /// Returns the spans of a request to the part, in which it made a call.
    fn request(
        &self,
        edge: Option<Edge>,
        told: Option<FailedCall>,
        fails: bool,
        is_own: bool,
    ) -> ExportTraceServiceRequest {
        let draws = self.world.incident.draws;
        let within = |salt: u64, low: u32, high: u32| {
            draws.within(Stream::Phrases, u64::from(self.at) << 8 | 7, salt, low, high)
        };
        let now = u64::from(self.now.cast_unsigned());
        let salt = told.map_or(TRACE << 8 ^ now, |told| told.salt);
        let end_ms =
            told.map_or_else(|| i64::from(self.now) * 60_000 - i64::from(within(now, 1500, 40_000)), |told| told.ms);
        let minute = i32::try_from(end_ms.div_euclid(60_000)).unwrap_or(self.now);
        let p99 = |at: EntityId| self.world.reading(self.state, at, minute).p99;
        let own = p99(self.at);
        let call = edge.map(|edge| {
            let looks = told.map(|told| told.looks).or_else(|| fails.then(|| self.fails(&edge, minute).1));
            let usual = p99(edge.to).min(own);
            let took = match (told, looks) {
                (Some(told), _) => told.took.saturating_mul(1000),
                (None, Some(FailsAs::Timeout)) => TIMEOUT + within(salt ^ 0xb, 8000, 30_000),
                (None, Some(looks)) => match self.time_of(edge.to, looks, minute) {
                    RequestTime::Answered(_) => usual.min(TIMEOUT / 10 * 9),
                    time => self.took(time, salt).saturating_mul(1000),
                },
                (None, None) => usual.min(own / 10 * 9).min(TIMEOUT - within(salt ^ 0xb, 8000, 90_000)),
            };
            Traced { edge, looks, took }
        });
        // What a request takes beside its call is what is left of its percentile, or a part of that.
        let took = call.map_or(0, |call| call.took);
        let left = own.saturating_sub(took);
        let beside = if fails { left / 100 * within(salt ^ 3, 10, 60) } else { scaled(own, SLOW).saturating_sub(took) };
        let beside = i64::from(beside.max(OVERHEAD)) * MICRO;
        let inner_end = end_ms * MILLI + i64::from(within(salt ^ 5, 0, 999_000));
        let inner = Times(inner_end - i64::from(took) * MICRO, inner_end);
        let outer = Times(inner.0 - beside / 3 * 2, inner.1 + beside / 3);
        let words = Words { time: end_ms, ..self.words(edge.map(|edge| edge.to), salt) };
        let mut mine = Vec::new();
        let is_polled = edge.is_some_and(|edge| edge.kind == EdgeKind::Consume);
        let root = (!is_polled).then(|| self.id_of_span(salt, 1));
        if root.is_some() {
            let failed = call.is_some_and(|call| call.looks.is_some()) || self.fails_itself(minute).is_some();
            mine.push(self.served(&words, outer, String::new(), failed.then_some(minute)));
        }
        let mut resource_spans = Vec::new();
        if let Some(call) = call {
            let (scoped, error) = self.called(&words, &call, inner, root.unwrap_or_default());
            mine.push(scoped);
            // What was called has a span of its own, if it records any and the request came through to an end.
            let answered = error.as_ref().is_none_or(|error| error.status.is_some());
            if answered && records_spans(self.kind(call.edge.to)) && call.edge.kind.is_request() {
                let there = Reader::new(self.world, self.state, call.edge.to);
                // Both ends tell of one request, in the same words.
                let times = Times(
                    inner.0 + ON_THE_WAY * MICRO,
                    (inner.1 - ON_THE_WAY * MICRO).max(inner.0 + ON_THE_WAY * MICRO),
                );
                let parent = self.id_of_span(salt, 2);
                let served = there.served_as(
                    &words,
                    times,
                    (parent, there.id_of_span(salt, 3)),
                    error.and_then(|error| error.status),
                );
                resource_spans.push(there.resource(vec![served], end_ms, false));
            }
        }
        resource_spans.insert(0, self.resource(mine, end_ms, is_own));
        ExportTraceServiceRequest { resource_spans }
    }

    /// Returns how requests of the part itself fail in a minute, if it fails any for a reason of its own.
    fn fails_itself(&self, minute: i32) -> Option<FailsAs> {
        let own = self.world.holding(self.state, self.at, minute).filter(Acting::fails_requests);
        own.max_by_key(Acting::error).map(|acting| acting.predicate.fails_as)
    }

    /// Returns the span of a request to the part, which failed if a minute of it is given.
    fn served(&self, words: &Words<'_>, times: Times, parent: String, failed: Option<i32>) -> (&'static str, Span) {
        let answer = failed.map(|minute| self.fails_itself(minute).and_then(status).unwrap_or(503));
        self.served_as(words, times, (parent, self.id_of_span(words.salt, 1)), answer)
    }

    /// Returns the span of a request to the part, which failed if a status is given.
    fn served_as(
        &self,
        words: &Words<'_>,
        times: Times,
        (parent, id): (String, String),
        failed: Option<u16>,
    ) -> (&'static str, Span) {
        let technology = self.dialect(self.at).id.as_str();
        let mut attributes = Vec::new();
        let (kind, name, scope);
        match self.kind(self.at) {
            Kind::Worker => {
                let queue = self.world.incident.topology.needs(self.at).find(|edge| edge.kind == EdgeKind::Consume);
                let words = Words { peer: queue.map(|edge| edge.to), ..*words };
                let topic = self.destination(&words, &mut attributes, "process");
                (kind, name, scope) = (
                    SpanKind::Consumer,
                    format!("process {topic}"),
                    scope_of(technology, Target::Queue, self.technology_of(words.peer)),
                );
            }
            Kind::Batch => {
                let job = place(words, Known::Job);
                (kind, name, scope) = (SpanKind::Internal, job, scope_of(technology, Target::Work, technology));
            }
            _ => {
                let [method, _] = words.method_to(self.at);
                let mut path = String::new();
                words.write_route(&mut path, self.at);
                if let Some(end) = path.find('?') {
                    attributes.push(Attribute::text("url.query", &path[end + 1..]));
                    path.truncate(end);
                }
                let route = template(&path);
                attributes.push(Attribute::text("http.request.method", method));
                attributes.push(Attribute::text("http.route", route.as_str()));
                attributes.push(Attribute::text("url.path", path));
                attributes.push(Attribute::text("url.scheme", "https"));
                attributes.push(Attribute::number("http.response.status_code", failed.unwrap_or(200)));
                (kind, name, scope) =
                    (SpanKind::Server, format!("{method} {route}"), scope_of(technology, Target::Served, technology));
            }
        }
        // An answer that puts the blame on who asked is no error of the span that gave it.
        let is_error = failed.is_some_and(|status| status >= 500) || failed.is_some() && kind != SpanKind::Server;
        if let Some(status) = failed.filter(|_| is_error) {
            let kind = if kind == SpanKind::Server { status.to_string() } else { "_OTHER".to_owned() };
            attributes.push(Attribute::text("error.type", kind));
        }
        let status = if is_error { Status::error(String::new()) } else { Status::default() };
        (scope, self.span(words, (id, parent), times, (kind, name), (attributes, status)))
    }

    /// Returns the span of a call of the part, with how it failed, if it did.
    fn called(
        &self,
        words: &Words<'_>,
        call: &Traced,
        times: Times,
        parent: String,
    ) -> ((&'static str, Span), Option<SpanError>) {
        let (own, other) = (self.dialect(self.at), self.dialect(call.edge.to));
        let (host, address) = (place(words, Known::PeerHost), place(words, Known::PeerAddr));
        let is_request = call.edge.kind.is_request();
        let name_server = place(words, Known::DnsIp);
        let called = Called {
            by: &own.id,
            technology: &other.id,
            is_request,
            host: &host,
            address: &address,
            name_server: &name_server,
        };
        let error = call.looks.map(|looks| span_error(called, looks));
        let mut attributes = Vec::new();
        let (kind, name, target);
        match call.edge.kind {
            EdgeKind::Req | EdgeKind::Opt | EdgeKind::External => {
                let (method, path) = (place(words, Known::Method), place(words, Known::Route));
                attributes.push(Attribute::text("http.request.method", method.as_str()));
                attributes.push(Attribute::text("url.full", format!("https://{}{path}", place(words, Known::PeerUrl))));
                (kind, name, target) = (SpanKind::Client, method, Target::Request);
            }
            EdgeKind::Data | EdgeKind::Store => {
                let table = place(words, Known::TableName);
                attributes.push(Attribute::text("db.system.name", other.id.as_str()));
                attributes.push(Attribute::text("db.namespace", place(words, Known::Database)));
                attributes.push(Attribute::text("db.operation.name", "SELECT"));
                attributes.push(Attribute::text("db.collection.name", table.as_str()));
                (kind, name, target) = (SpanKind::Client, format!("SELECT {table}"), Target::Store);
            }
            EdgeKind::Cached => {
                attributes.push(Attribute::text("db.system.name", other.id.as_str()));
                attributes.push(Attribute::text("db.operation.name", "GET"));
                (kind, name, target) = (SpanKind::Client, "GET".to_owned(), Target::Cache);
            }
            EdgeKind::Produce | EdgeKind::Consume => {
                let (verb, is_sent) =
                    if call.edge.kind == EdgeKind::Produce { ("send", true) } else { ("poll", false) };
                let topic = self.destination(words, &mut attributes, verb);
                let of = if is_sent { SpanKind::Producer } else { SpanKind::Client };
                (kind, name, target) = (of, format!("{verb} {topic}"), Target::Queue);
            }
        }
        attributes.push(Attribute::text("server.address", host.as_str()));
        attributes.push(Attribute::number("server.port", other.port));
        if is_request && error.as_ref().is_none_or(|error| error.status.is_some()) {
            let answer = error.as_ref().and_then(|error| error.status).unwrap_or(200);
            attributes.push(Attribute::number("http.response.status_code", answer));
        }
        if let Some(error) = &error {
            if let Some(code) = error.code.filter(|_| matches!(target, Target::Store | Target::Cache)) {
                attributes.push(Attribute::text("db.response.status_code", code));
            }
            attributes.push(Attribute::text("error.type", error.kind.as_str()));
        }
        let status = error.as_ref().map_or_else(Status::default, |error| Status::error(error.message.clone()));
        let ids = (self.id_of_span(words.salt, 2), parent);
        let span = self.span(words, ids, times, (kind, name), (attributes, status));
        ((scope_of(&own.id, target, &other.id), span), error)
    }

    /// Returns the id of the technology of the other end, or of the part if there is none.
    fn technology_of(&self, other: Option<EntityId>) -> &str {
        self.dialect(other.unwrap_or(self.at)).id.as_str()
    }

    /// Adds what is known of the queue that the words are about. Returns the name of the destination in it.
    fn destination(&self, words: &Words<'_>, attributes: &mut Vec<Attribute>, verb: &'static str) -> String {
        let system = self.dialect(words.peer.unwrap_or(self.at)).id.as_str();
        let is_log = system == "kafka";
        let topic = place(words, if is_log { Known::Topic } else { Known::Queue });
        attributes.push(Attribute::text("messaging.system", system));
        attributes.push(Attribute::text("messaging.destination.name", topic.as_str()));
        if is_log {
            attributes.push(Attribute::text("messaging.destination.partition.id", place(words, Known::Partition)));
        }
        let kind = if verb == "poll" { "receive" } else { verb };
        attributes.push(Attribute::text("messaging.operation.name", verb));
        attributes.push(Attribute::text("messaging.operation.type", kind));
        if is_log && verb != "send" {
            attributes.push(Attribute::text("messaging.consumer.group.name", place(words, Known::Group)));
        }
        topic
    }

    fn span(
        &self,
        words: &Words<'_>,
        (id, parent_span_id): (String, String),
        Times(start, end): Times,
        (kind, name): (SpanKind, String),
        (attributes, status): (Vec<Attribute>, Status),
    ) -> Span {
        let Moment(alert) = self.world.moment_of_alert();
        let unix = |nanos: i64| (Moment(alert).epoch_ms() * MILLI + nanos).to_string();
        Span {
            trace_id: drawn(words, "trace_id"),
            id,
            parent_span_id,
            name,
            kind: kind.number(),
            start_time_unix_nano: unix(start),
            end_time_unix_nano: unix(end),
            attributes,
            status,
        }
    }

    /// Returns the spans of the part, by scope, with what it was when they ended, in milliseconds after the alert. Where others run is not for the records of a part to say.
    fn resource(&self, spans: Vec<(&'static str, Span)>, ms: i64, with_node: bool) -> ResourceSpans {
        let words = Words { time: ms, ..self.words(None, 0) };
        let mut attributes = vec![Attribute::text("service.name", self.name(self.at))];
        attributes.push(Attribute::text("service.version", place(&words, Known::Version)));
        attributes.push(Attribute::text("host.name", place(&words, Known::Pod)));
        attributes.push(Attribute::text("k8s.namespace.name", self.particulars(self.at).site().namespace()));
        attributes.push(Attribute::text("k8s.pod.name", place(&words, Known::Pod)));
        if with_node {
            attributes.push(Attribute::text("k8s.node.name", place(&words, Known::Node)));
        }
        attributes.push(Attribute::text("telemetry.sdk.language", language(&self.dialect(self.at).id)));
        let mut scope_spans: Vec<ScopeSpans> = Vec::new();
        for (name, span) in spans {
            match scope_spans.iter_mut().find(|scoped| scoped.scope.name == name) {
                Some(scoped) => scoped.spans.push(span),
                None => scope_spans.push(ScopeSpans { scope: Scope { name }, spans: vec![span] }),
            }
        }
        ResourceSpans { resource: Resource { attributes }, scope_spans }
    }

    /// Draws the id of a span of a request, by its number in it.
    fn id_of_span(&self, salt: u64, number: u64) -> String {
        let draws = self.world.incident.names.child(1 << 43 | u64::from(self.at)).child(salt);
        format!("{:016x}", draws.bits(Stream::Addresses, number, 0, 0))
    }
}

/// Returns whether parts of a kind record spans. Stores, networks and nodes do not.
const fn records_spans(kind: Kind) -> bool {
    matches!(kind, Kind::Gateway | Kind::Api | Kind::Worker | Kind::Batch)
}

/// Returns so many hundredths of a time.
fn scaled(time: u32, hundredths: u64) -> u32 {
    u32::try_from(u64::from(time) * hundredths / 100).unwrap_or(u32::MAX)
}

/// Returns the value of a place.
fn place(words: &Words<'_>, known: Known) -> String {
    let mut text = String::new();
    words.fill(&mut text, Place::Known(known), 0);
    text
}

/// Returns the value of a place that is drawn.
fn drawn(words: &Words<'_>, name: &str) -> String {
    let mut text = String::new();
    words.named_drawn(&mut text, name);
    text
}

/// Returns the template of a path: a part of it that has a digit is an id.
fn template(path: &str) -> String {
    let is_release = |part: &str| part.len() == 2 && part.starts_with('v');
    let has_digit = |part: &str| part.contains(|letter: char| letter.is_ascii_digit());
    let parts = path.split('/').map(|part| if has_digit(part) && !is_release(part) { "{id}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
