//! The queue on NATS `JetStream`: each run has two streams, which are kept on the server's disk.
//!
//! | stream | subjects | what |
//! |---|---|---|
//! | `incident-bench-jobs-RUN` | `incident-bench.RUN.job.ID` | a work queue: a job stays until it is acknowledged |
//! | `incident-bench-results-RUN` | `incident-bench.RUN.result.ID`, `incident-bench.RUN.announcement` | kept until the run is closed |
//!
//! A message goes to a subject of its own, and only if the server has none there. That is what makes it one job and one
//! result for each episode, whoever else publishes. Workers report about themselves on `incident-bench.RUN.worker`, which
//! nobody keeps.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{GetStreamErrorKind, PublishErrorKind, RequestErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{self, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, AckKind, ErrorCode};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::address::Login;
use super::message::JobId;
use super::{Address, Backlog, Lease, Queue, QueueError, Stored, Terms};
use crate::chat::error::with_causes;
use crate::log::RunId;

/// The beginning of the names of all subjects and streams.
const PREFIX: &str = "incident-bench";
/// The consumer through which all workers take jobs.
const WORKERS: &str = "workers";
/// The time limit of a request that should not wait.
const AT_ONCE: Duration = Duration::from_secs(2);
/// The error for a server that only passes messages on.
const NO_JETSTREAM: &str =
    "it has no JetStream for this user; start the server with -js, and let the user ask $JS.API.>";
/// The time that the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The access to a server.
#[derive(Debug, Clone)]
pub struct Access {
    /// The address of the server, with the login.
    pub address: Address,
    /// A credentials file, as `nsc` makes it.
    pub credentials: Option<PathBuf>,
    /// A file with certificates of authorities that are trusted besides those of the system. If it is given, TLS is
    /// used.
    pub authorities: Option<PathBuf>,
}

/// A connection to a server with `JetStream`.
#[derive(Clone)]
pub struct Nats {
    context: jetstream::Context,
    consumers: Arc<Mutex<HashMap<RunId, PullConsumer>>>,
}

impl std::fmt::Debug for Nats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nats")
    }
}

fn jobs(run: &RunId) -> String {
    format!("{PREFIX}-jobs-{run}")
}

fn results(run: &RunId) -> String {
    format!("{PREFIX}-results-{run}")
}

fn subject(run: &RunId, what: &str) -> String {
    format!("{PREFIX}.{run}.{what}")
}

fn job_subject(run: &RunId, job: &JobId) -> String {
    subject(run, &format!("job.{job}"))
}

fn result_subject(run: &RunId, job: &JobId) -> String {
    subject(run, &format!("result.{job}"))
}

/// Makes an error that may pass.
fn away(error: impl std::fmt::Display) -> QueueError {
    QueueError::Away(error.to_string())
}

/// The meaning of an error of the server.
fn of_code(error: &jetstream::Error) -> QueueError {
    match error.error_code() {
        ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND => QueueError::Gone,
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            QueueError::Refused(NO_JETSTREAM.to_owned())
        }
        // The server may be out of space, for example, and somebody may fix that.
        _ => away(error),
    }
}

impl Nats {
    /// Connects, and connects again whenever the connection breaks.
    ///
    /// # Errors
    /// Returns [`QueueError::Away`] if no server can be reached now, and [`QueueError::Refused`] if the server refuses
    /// the login or has no `JetStream`, or if an address or a file cannot be used.
    pub async fn connect(access: &Access) -> Result<Self, QueueError> {
        let refused = |problem: String| QueueError::Refused(problem);
        let servers = access.address.servers.iter().map(|server| server.parse::<ServerAddr>());
        let servers: Vec<_> = servers.collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
        let mut options = ConnectOptions::new()
            .name("incident-bench")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| Duration::from_millis(100 << attempts.min(5)));
        options = match &access.address.login {
            Some(Login::User(user, password)) => {
                options.user_and_password(user.clone(), password.expose_secret().to_owned())
            }
            Some(Login::Token(token)) => options.token(token.expose_secret().to_owned()),
            None => options,
        };
        if let Some(file) = &access.credentials {
            let read = options.credentials_file(file).await;
            options = read.map_err(|error| refused(format!("credentials file {}: {error}", file.display())))?;
        }
        if let Some(file) = &access.authorities {
            // The library reads the file late, and its error then does not name the file.
            std::fs::metadata(file).map_err(|error| refused(format!("certificates {}: {error}", file.display())))?;
            options = options.add_root_certificates(file.clone()).require_tls(true);
        }
        let client = options.connect(servers).await.map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                refused("it does not let this user in; see to the user, the token or the credentials file".to_owned())
            }
            ConnectErrorKind::Tls | ConnectErrorKind::ServerParse => refused(with_causes(&error)),
            _ if is_of_tls(&error) => refused(with_causes(&error)),
            _ => QueueError::Away(with_causes(&error)),
        })?;
        let mut context = jetstream::new(client);
        context.set_timeout(PATIENCE);
        // The library's own request is not used, because it cannot read the answer of servers of version 2.9.
        match context.request::<_, _, Response<serde_json::Value>>("INFO".to_owned(), &json!({})).await {
            Ok(Response::Ok(_)) => Ok(Self { context, consumers: Arc::default() }),
            Ok(Response::Err { error }) => Err(of_code(&error)),
            // After the first connection, this may be a server that is not ready yet.
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(refused(NO_JETSTREAM.to_owned())),
            Err(error) => Err(away(with_causes(&error))),
        }
    }

    /// Whether the server has a stream.
    async fn holds(&self, stream: &str) -> Result<(), QueueError> {
        match self.context.get_stream(stream).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                GetStreamErrorKind::JetStream(error) => of_code(&error),
                _ => away(error),
            }),
        }
    }

    /// Publishes a message if the server has none of that subject, and waits until the server keeps it.
    async fn publish_once(&self, stream: &str, subject: String, body: Vec<u8>) -> Result<(), QueueError> {
        let bytes = body.len();
        let message = PublishMessage::build().payload(body.into()).expected_last_subject_sequence(0);
        let sent = async { self.context.send_publish(subject, message).await?.await };
        let Err(error) = sent.await else { return Ok(()) };
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Ok(()),
            PublishErrorKind::MaxPayloadExceeded => {
                Err(QueueError::TooLarge { bytes, most: self.context.client().server_info().max_payload })
            }
            // Nobody listens on the subject: the stream is gone, or the server is not ready yet.
            PublishErrorKind::StreamNotFound => {
                self.holds(stream).await?;
                Err(away(error))
            }
            _ => Err(away(with_causes(&error))),
        }
    }

    /// Sends a request to the API of `JetStream`.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        subject: String,
        body: &serde_json::Value,
    ) -> Result<Result<T, jetstream::Error>, QueueError> {
        match self.context.request(subject, body).await.map_err(away)? {
            Response::Ok(answer) => Ok(Ok(answer)),
            Response::Err { error } => Ok(Err(error)),
        }
    }

    /// A message of a stream; none if the stream has no such message.
    async fn message(&self, stream: &str, which: &serde_json::Value) -> Result<Option<Stored>, QueueError> {
        let answer: Result<RawAnswer, _> = self.ask(format!("STREAM.MSG.GET.{stream}"), which).await?;
        match answer {
            Ok(RawAnswer { message }) => {
                let body = STANDARD.decode(message.data.unwrap_or_default()).map_err(away)?;
                Ok(Some(Stored { place: message.seq, body }))
            }
            Err(error) if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(None),
            Err(error) => Err(of_code(&error)),
        }
    }

    /// The consumer of a run's jobs, which is requested only once.
    async fn workers(&self, run: &RunId) -> Result<PullConsumer, QueueError> {
        let known = || self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(consumer) = known().get(run) {
            return Ok(consumer.clone());
        }
        // The library's own error does not distinguish a missing stream from a server that is away.
        let found: Result<serde_json::Value, _> =
            self.ask(format!("CONSUMER.INFO.{}.{WORKERS}", jobs(run)), &json!({})).await?;
        found.map_err(|error| of_code(&error))?;
        let consumer: PullConsumer = self.context.get_consumer_from_stream(WORKERS, jobs(run)).await.map_err(away)?;
        known().insert(run.clone(), consumer.clone());
        Ok(consumer)
    }

    fn forget(&self, run: &RunId) {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
    }
}

/// Whether a certificate is not trusted, or TLS fails in another way that does not pass.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

#[derive(Deserialize)]
struct RawAnswer {
    message: RawMessage,
}

#[derive(Deserialize)]
struct RawMessage {
    seq: u64,
    data: Option<String>,
}

#[derive(Deserialize)]
struct Done {
    success: bool,
}

impl Queue for Nats {
    type Lease = NatsLease;

    async fn open(&self, run: &RunId, announcement: Vec<u8>, terms: Terms) -> Result<(), QueueError> {
        let stream = |name: String, subjects: Vec<String>, retention| stream::Config {
            name,
            subjects,
            retention,
            storage: StorageType::File,
            ..stream::Config::default()
        };
        let of_create = |error: jetstream::context::CreateStreamError| match error.kind() {
            jetstream::context::CreateStreamErrorKind::JetStream(error) => of_code(&error),
            _ => away(error),
        };
        let kept =
            stream(results(run), vec![subject(run, "result.*"), subject(run, "announcement")], RetentionPolicy::Limits);
        self.context.get_or_create_stream(kept).await.map_err(of_create)?;
        // The announcement comes before any job, so that a worker that finds the jobs finds the announcement, too.
        let message = PublishMessage::build().payload(announcement.into());
        let sent = async { self.context.send_publish(subject(run, "announcement"), message).await?.await };
        sent.await.map_err(away)?;
        let queued = stream(jobs(run), vec![subject(run, "job.*")], RetentionPolicy::WorkQueue);
        let queued = self.context.get_or_create_stream(queued).await.map_err(of_create)?;
        let consumer = pull::Config {
            durable_name: Some(WORKERS.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: terms.lease,
            // Workers give jobs up and report it in a result. A server would only stop delivering them.
            max_deliver: -1,
            max_ack_pending: -1,
            ..pull::Config::default()
        };
        queued.create_consumer(consumer).await.map_err(away)?;
        self.forget(run);
        Ok(())
    }

    async fn offer(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> Result<(), QueueError> {
        self.publish_once(&jobs(run), job_subject(run, job), body).await
    }

    async fn result_after(&self, run: &RunId, place: u64) -> Result<Option<Stored>, QueueError> {
        let which = json!({ "seq": place + 1, "next_by_subj": subject(run, "result.*") });
        self.message(&results(run), &which).await
    }

    async fn discard(&self, run: &RunId, place: u64) -> Result<(), QueueError> {
        let what = json!({ "seq": place, "no_erase": true });
        let answer: Result<Done, _> = self.ask(format!("STREAM.MSG.DELETE.{}", results(run)), &what).await?;
        match answer {
            // The message is already gone, for example after an answer that was lost.
            Err(error) if error.error_code() != ErrorCode::STREAM_NOT_FOUND => Ok(()),
            answer => answer.map(|done| debug_assert!(done.success)).map_err(|error| of_code(&error)),
        }
    }

    async fn backlog(&self, run: &RunId) -> Result<Backlog, QueueError> {
        #[derive(Deserialize)]
        struct Info {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            messages: u64,
        }
        let answer: Result<Info, _> = self.ask(format!("STREAM.INFO.{}", jobs(run)), &json!({})).await?;
        answer.map(|info| Backlog { jobs: info.state.messages }).map_err(|error| of_code(&error))
    }

    async fn withdraw(&self, run: &RunId) -> Result<(), QueueError> {
        let answer: Result<Done, _> = self.ask(format!("STREAM.PURGE.{}", jobs(run)), &json!({})).await?;
        answer.map(drop).map_err(|error| of_code(&error))
    }

    async fn close(&self, run: &RunId) -> Result<(), QueueError> {
        self.forget(run);
        // The jobs are deleted first, because workers look for these.
        for stream in [jobs(run), results(run)] {
            let answer: Result<Done, _> = self.ask(format!("STREAM.DELETE.{stream}"), &json!({})).await?;
            match answer.map_err(|error| of_code(&error)) {
                Ok(_) | Err(QueueError::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn presences(&self, run: &RunId) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
        let mut said = self.context.client().subscribe(subject(run, "worker")).await.map_err(away)?;
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Some(message) = said.next().await {
                if sender.send(message.payload.to_vec()).await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    async fn runs(&self) -> Result<Vec<RunId>, QueueError> {
        #[derive(Deserialize)]
        struct Names {
            total: usize,
            streams: Option<Vec<String>>,
        }
        let (mut runs, mut seen) = (Vec::new(), 0);
        loop {
            let asked = json!({ "subject": format!("{PREFIX}.*.job.*"), "offset": seen });
            let answer: Result<Names, _> = self.ask("STREAM.NAMES".to_owned(), &asked).await?;
            let names = answer.map_err(|error| of_code(&error))?;
            let streams = names.streams.unwrap_or_default();
            seen += streams.len();
            let ids = streams.iter().filter_map(|name| name.strip_prefix(&format!("{PREFIX}-jobs-")));
            runs.extend(ids.map(|id| RunId(id.to_owned())));
            if streams.is_empty() || seen >= names.total {
                return Ok(runs);
            }
        }
    }

    async fn announcement(&self, run: &RunId) -> Result<Option<Vec<u8>>, QueueError> {
        let which = json!({ "last_by_subj": subject(run, "announcement") });
        Ok(self.message(&results(run), &which).await?.map(|stored| stored.body))
    }

    async fn take(&self, run: &RunId, at_most: usize) -> Result<Vec<NatsLease>, QueueError> {
        let consumer = self.workers(run).await?;
        let term = consumer.cached_info().config.ack_wait;
        let asked = timeout(AT_ONCE, consumer.fetch().max_messages(at_most).messages()).await;
        let mut messages = asked.map_err(away)?.map_err(|error| away(with_causes(&error)))?;
        let mut taken = Vec::new();
        // The library waits without end for a server that died meanwhile, or for jobs that were taken back.
        loop {
            match timeout(AT_ONCE, messages.next()).await {
                Ok(Some(Ok(message))) => taken.push(NatsLease { message, term }),
                Ok(None) => break,
                Ok(Some(Err(_))) | Err(_) => {
                    self.forget(run);
                    if taken.is_empty() {
                        self.holds(&jobs(run)).await?;
                    }
                    break;
                }
            }
        }
        Ok(taken)
    }

    async fn has_result(&self, run: &RunId, job: &JobId) -> Result<bool, QueueError> {
        let which = json!({ "last_by_subj": result_subject(run, job) });
        Ok(self.message(&results(run), &which).await?.is_some())
    }

    async fn store(&self, run: &RunId, job: &JobId, body: Vec<u8>) -> Result<(), QueueError> {
        self.publish_once(&results(run), result_subject(run, job), body).await
    }

    async fn say(&self, run: &RunId, presence: Vec<u8>) {
        // The worker reports again soon.
        let _ = self.context.client().publish(subject(run, "worker"), presence.into()).await;
    }
}

/// A message that waits to be acknowledged.
#[derive(Debug)]
pub struct NatsLease {
    message: jetstream::Message,
    term: Duration,
}

impl Lease for NatsLease {
    fn body(&self) -> &[u8] {
        &self.message.payload
    }

    fn deliveries(&self) -> u32 {
        self.message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(1))
    }

    fn term(&self) -> Duration {
        self.term
    }

    async fn extend(&self) {
        let _ = self.message.ack_with(AckKind::Progress).await;
    }

    async fn done(&self) {
        let _ = self.message.ack().await;
    }

    async fn give_back(&self) {
        let _ = self.message.ack_with(AckKind::Nak(None)).await;
    }
}
