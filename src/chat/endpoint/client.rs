//! The client for one model at one endpoint. It learns what the endpoint refuses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::config::{Endpoint, SetupError};
use super::http::Http;
use crate::chat::adjust::{Adjusted, Adjustment, Change, Sent, can_teach, learn, uncarried};
use crate::chat::limit::Limiter;
use crate::chat::wire::{self, ModelSettings};
use crate::chat::{Api, BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind};

/// The client for one model at one endpoint.
#[derive(Debug)]
pub struct EndpointClient {
    http: Http,
    limiter: Option<Arc<Limiter>>,
    /// The settings as they were configured.
    settings: ModelSettings,
    learnt: Mutex<Learnt>,
    /// Held by the call that tries the other APIs, so that only one does.
    probing: tokio::sync::Mutex<()>,
}

/// What was learnt so far.
#[derive(Debug)]
struct Learnt {
    adjusted: Adjusted,
    /// The settings with all changes.
    settings: Arc<ModelSettings>,
    /// Whether the endpoint answered a call, so that it speaks the API with which it is asked.
    is_spoken: bool,
}

/// What comes of asking by the other APIs.
enum Probed {
    /// One of them answered.
    Answered(Box<ChatReply>),
    /// One of them is there although it refuses the request, which is sent again with these settings.
    Refused(Arc<ModelSettings>),
    /// One of them may be there, but failed in a way that can pass.
    Failed(Box<ChatError>),
    /// None of them is there.
    Nothing,
}

/// The other APIs in the order in which they are tried.
const OTHER_APIS: [Api; 2] = [Api::Responses, Api::Messages];

impl EndpointClient {
    /// Makes a client, which does not connect yet. Its requests begin with what was learnt before, as an earlier run kept
    /// it.
    ///
    /// # Errors
    /// Says what is wrong with the key, a header, the URL or a proxy. The error never repeats the key.
    pub fn new(endpoint: &Endpoint, settings: ModelSettings, adjusted: Adjusted) -> Result<Self, SetupError> {
        let http = Http::new(endpoint)?;
        let mut adjusted = adjusted;
        if settings.api.is_some() {
            for adjustment in uncarried(&adjusted.apply(&settings)) {
                adjusted.add(adjustment);
            }
        }
        let learnt = Learnt { settings: Arc::new(adjusted.apply(&settings)), adjusted, is_spoken: false };
        Ok(Self {
            http,
            limiter: endpoint.limiter.clone(),
            settings,
            learnt: Mutex::new(learnt),
            probing: tokio::sync::Mutex::new(()),
        })
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self) -> Arc<ModelSettings> {
        Arc::clone(&self.learnt().settings)
    }

    /// Asks until the endpoint answers, or refuses something from which nothing can be learnt.
    async fn run(&self, request: &ChatRequest, context: &CallContext) -> Result<ChatReply, ChatError> {
        let mut settings = self.present();
        loop {
            let error = match self.in_turn(request, &settings, context).await {
                Ok(reply) => {
                    self.is_answered(&settings);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if context.stop.is_cancelled() {
                return Err(error);
            }
            settings = match self.learn(request, &settings, &error) {
                Some(changed) => changed,
                None if self.may_probe(&settings, &error) => {
                    match self.probe(request, context, &settings, &error).await {
                        Probed::Answered(reply) => return Ok(*reply),
                        Probed::Refused(changed) => changed,
                        Probed::Failed(fault) => return Err(*fault),
                        Probed::Nothing => return Err(error),
                    }
                }
                None => return Err(error),
            };
        }
    }

    /// Notes that the endpoint answered, and what of the settings this API cannot carry.
    fn is_answered(&self, settings: &ModelSettings) {
        let mut learnt = self.learnt();
        if !learnt.is_spoken {
            learnt.is_spoken = true;
            for adjustment in uncarried(settings) {
                self.keep(&mut learnt, adjustment);
            }
        }
    }

    /// Returns the settings with which the call is sent again, if anything is learnt from its error. A call that was sent
    /// with older settings is sent again with the present ones, and nothing more is learnt from it.
    fn learn(&self, request: &ChatRequest, sent: &Arc<ModelSettings>, error: &ChatError) -> Option<Arc<ModelSettings>> {
        let mut learnt = self.learnt();
        if !Arc::ptr_eq(sent, &learnt.settings) {
            return can_teach(error.kind).then(|| Arc::clone(&learnt.settings));
        }
        let parts = Sent::of(&wire::request_body(request, sent), sent);
        let adjustment = learn(sent, &learnt.adjusted, &parts, error)?;
        Some(self.keep(&mut learnt, adjustment))
    }

    fn keep(&self, learnt: &mut Learnt, adjustment: Adjustment) -> Arc<ModelSettings> {
        learnt.adjusted.add(adjustment);
        learnt.settings = Arc::new(learnt.adjusted.apply(&self.settings));
        Arc::clone(&learnt.settings)
    }

    /// Whether the endpoint may speak another API: it was not said which one it speaks, it never answered, and there is
    /// nothing at this address, or the key should come in another header.
    fn may_probe(&self, settings: &ModelSettings, error: &ChatError) -> bool {
        let other = error.kind == ErrorKind::NotFound
            || (error.kind == ErrorKind::Auth && error.message.to_ascii_lowercase().contains("x-api-key"));
        other && settings.api.is_none() && !self.learnt().is_spoken
    }

    /// Asks by the other APIs in turn.
    async fn probe(
        &self,
        request: &ChatRequest,
        context: &CallContext,
        sent: &Arc<ModelSettings>,
        error: &ChatError,
    ) -> Probed {
        let _guard = self.probing.lock().await;
        let present = self.present();
        if !Arc::ptr_eq(sent, &present) {
            return Probed::Refused(present);
        }
        let (mut wants_key, mut failed) = (None, None);
        for api in OTHER_APIS {
            let settings = ModelSettings { api: Some(api), ..ModelSettings::clone(sent) };
            match self.in_turn(request, &settings, context).await {
                Ok(reply) => {
                    let settings = self.take_api(api, error);
                    self.is_answered(&settings);
                    return Probed::Answered(Box::new(reply));
                }
                Err(other) if is_spoken_there(other.kind) => return Probed::Refused(self.take_api(api, error)),
                // The answer had begun in the form of this API.
                Err(other) if matches!(other.kind, ErrorKind::StreamCut | ErrorKind::StreamError) => {
                    self.take_api(api, error);
                    return Probed::Failed(Box::new(other));
                }
                Err(other) if other.kind == ErrorKind::Auth => wants_key = wants_key.or(Some(api)),
                Err(other) if may_be_there(&other) => failed = failed.or(Some((api, other))),
                Err(_) => {}
            }
        }
        // A gateway refuses the key at any path, so that says less than an answer.
        if let Some(api) = wants_key.filter(|_| error.kind != ErrorKind::Auth) {
            return Probed::Refused(self.take_api(api, error));
        }
        match failed {
            Some((api, fault)) => {
                let message =
                    format!("{} (asked by the API '{api}', because '{error}' by the API 'chat')", fault.message);
                Probed::Failed(Box::new(ChatError { message, ..fault }))
            }
            None => Probed::Nothing,
        }
    }

    fn take_api(&self, api: Api, error: &ChatError) -> Arc<ModelSettings> {
        self.keep(&mut self.learnt(), Adjustment { change: Change::Api(api), words: error.message.clone() })
    }

    /// Makes one attempt when it is its turn.
    async fn in_turn(
        &self,
        request: &ChatRequest,
        settings: &ModelSettings,
        context: &CallContext,
    ) -> Result<ChatReply, ChatError> {
        let Some(limiter) = &self.limiter else { return self.attempt(request, settings, context).await };
        let turn = limiter.turn(context).await?;
        let result = self.attempt(request, settings, context).await;
        turn.end(&result);
        result
    }

    async fn attempt(
        &self,
        request: &ChatRequest,
        settings: &ModelSettings,
        context: &CallContext,
    ) -> Result<ChatReply, ChatError> {
        let start = Instant::now();
        let body = wire::request_body(request, settings);
        let answer = self.http.ask(settings.spoken(), &body, context.deadline).await;
        let latency_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // This is the last place at which a reply is complete and nobody has seen it.
        let secrets = self.http.secrets();
        match answer {
            Ok(reply) => Ok(secrets.reply(ChatReply { latency_ms, ..reply })),
            Err(error) => Err(secrets.error(ChatError { latency_ms, ..error })),
        }
    }
}

/// Whether a fault shows that the endpoint speaks the API by which it was asked, although it refuses the request.
const fn is_spoken_there(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BadRequest
            | ErrorKind::UnknownModel
            | ErrorKind::ContextLength
            | ErrorKind::TokensPerMinute
            | ErrorKind::Quota
    )
}

/// Whether a fault can pass and leaves open whether the endpoint speaks the API by which it was asked.
fn may_be_there(error: &ChatError) -> bool {
    // Servers say with these that they do not know the method or the path.
    let is_unknown = matches!(error.status, Some(501 | 505));
    !is_unknown
        && matches!(
            error.kind,
            ErrorKind::RateLimited
                | ErrorKind::Conflict
                | ErrorKind::RequestTimeout
                | ErrorKind::Server
                | ErrorKind::Timeout
                | ErrorKind::Stalled
                | ErrorKind::Connect
                | ErrorKind::ConnectionLost
        )
}

impl ChatClient for EndpointClient {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(self.run(request, context))
    }

    fn adjusted(&self) -> Adjusted {
        self.learnt().adjusted.clone()
    }
}
