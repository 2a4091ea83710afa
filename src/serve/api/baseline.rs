//! `/baseline`: a run of the server's own agents, one at a time, for whoever may spend the server's money.
//!
//! What plays it is made elsewhere ([`Plays`]): here are the door, the queue of one, and the answers.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::serve::net::buffer::respond;
use crate::serve::app::App;
use crate::serve::episodes::choice::{self, integer};
use crate::serve::error::{Fault, Misfit};
use crate::serve::net::guard::{is_loopback, text};
use crate::serve::wire::input::{Input, Segment};
use crate::env::TaskId;

/// How many runs that have ended are remembered.
const REMEMBERED: usize = 100;
/// More epochs than these are a run for the command line.
pub(crate) const MOST_EPOCHS: u32 = 100;
/// The keys of a request. A place to call is not among them: the server calls only where it is configured to.
const KEYS: [&str; 4] = ["model", "agent", "suite", "epochs"];

/// What is asked for; what is left out is as the server is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// A model that the server is configured with.
    pub model: Option<String>,
    /// `llm`, or a built-in agent.
    pub agent: Option<String>,
    /// The suite, by the name under which the server serves it.
    pub suite: Option<String>,
    /// Repetitions, at least 1.
    pub epochs: u32,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// By task; none where it has no score.
    pub tasks: BTreeMap<TaskId, Option<f64>>,
    /// The mean of the tasks; none where one has no score.
    pub overall: Option<f64>,
    /// The model, or the built-in agent.
    pub model: String,
    /// The share of steps that the model chose itself; none for built-in agents.
    pub model_share: Option<f64>,
    /// Episodes without a score because the infrastructure failed.
    pub void: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Its id; none while its endpoint is checked.
    pub run_id: Option<String>,
    /// Episodes that ended.
    pub episodes: usize,
    /// Episodes in all.
    pub total: usize,
    /// What its model calls came to so far.
    pub spent: Spent,
    /// What it came to, or why it came to nothing; none while it goes on.
    pub outcome: Option<Result<Scores, String>>,
}

/// What model calls came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Calls that succeeded.
    pub calls: u64,
    /// What they cost in USD, where prices are known.
    pub cost_usd: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.cost_usd += other.cost_usd;
    }
}

/// A run that is being played. It says how far it is, and gives what it came to.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<Scores, String>> + Send>>;

/// Makes runs out of what is asked for.
pub trait Plays: Send + Sync {
    /// Prepares a run; it begins when the future is polled.
    ///
    /// # Errors
    /// What is wrong with the request.
    fn play(&self, ask: &Ask, progress: watch::Sender<Progress>) -> Result<RunFuture, Misfit>;
}

/// The runs of a server.
pub struct Baselines {
    plays: Arc<dyn Plays>,
    /// Whoever has it may start runs; none where the server can be reached from its own machine only.
    token: Option<SecretString>,
    runs: Mutex<Runs>,
}

/// The runs that are remembered, and what those before them spent.
#[derive(Debug, Default)]
struct Runs {
    kept: VecDeque<watch::Receiver<Progress>>,
    forgotten: Spent,
}

impl std::fmt::Debug for Baselines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Baselines").field("runs", &self.runs).finish_non_exhaustive()
    }
}

impl Baselines {
    /// No run yet.
    #[must_use]
    pub fn new(plays: Arc<dyn Plays>, token: Option<SecretString>) -> Self {
        Self { plays, token, runs: Mutex::default() }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all runs so far have spent.
    pub(crate) fn spent(&self) -> Spent {
        let runs = self.runs();
        let mut spent = runs.forgotten;
        runs.kept.iter().for_each(|run| spent += run.borrow().spent);
        spent
    }

    /// Lets in who has the token; without one, who is on this machine and not sent by a web page.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let Some(token) = &self.token else {
            // A page can also reach a machine by a name that it has turned around; that of its origin is checked elsewhere.
            return if is_loopback(text(headers, HOST).unwrap_or("localhost")) { Ok(()) } else { Err(Fault::Foreign) };
        };
        let given = text(headers, AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        // Digests, so that the time of a comparison says nothing about the token.
        if Sha256::digest(given.trim()) == Sha256::digest(token.expose_secret()) {
            Ok(())
        } else {
            Err(Fault::Unauthorized)
        }
    }

    /// Starts a run, unless one is under way. It goes on also where its client does not wait.
    fn start(&self, ask: &Ask) -> Result<watch::Receiver<Progress>, Fault> {
        let mut runs = self.runs();
        if let Some(run) = runs.kept.back().filter(|run| run.borrow().outcome.is_none() && run.has_changed().is_ok()) {
            return Err(Fault::Busy(run.borrow().run_id.clone()));
        }
        let (progress, run) = watch::channel(Progress::default());
        let playing = self.plays.play(ask, progress.clone())?;
        tokio::spawn(async move {
            let outcome = playing.await;
            progress.send_modify(|progress| progress.outcome = Some(outcome));
        });
        if runs.kept.len() == REMEMBERED
            && let Some(oldest) = runs.kept.pop_front()
        {
            runs.forgotten += oldest.borrow().spent;
        }
        runs.kept.push_back(run.clone());
        Ok(run)
    }

    fn find(&self, run_id: &str) -> Result<watch::Receiver<Progress>, Fault> {
        let run = self.runs().kept.iter().find(|run| run.borrow().run_id.as_deref() == Some(run_id)).cloned();
        run.ok_or_else(|| Fault::UnknownRun(crate::serve::error::excerpt(run_id).into_owned()))
    }
}

impl Ask {
    fn read(body: &Map<String, Value>) -> Result<Self, Misfit> {
        if let Some(key) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let problem = format!(
                "not taken; a request may say {}, and everything else, such as where to call, is the server's own \
                 configuration",
                KEYS.join(", ")
            );
            return Err(Misfit { place: crate::serve::error::excerpt(key).into_owned(), problem });
        }
        let word = |key: &str| choice::text(key, body.get(key).cloned());
        let epochs = match body.get("epochs") {
            None | Some(Value::Null) => 1,
            Some(value) => {
                let whole = integer("epochs", Some(value.clone())).ok().flatten();
                let epochs = whole.and_then(|epochs| u32::try_from(epochs).ok());
                let wrong = || Misfit::new("epochs", &format!("a whole number from 1 to {MOST_EPOCHS}"), value);
                epochs.filter(|epochs| (1..=MOST_EPOCHS).contains(epochs)).ok_or_else(wrong)?
            }
        };
        Ok(Self { model: word("model")?, agent: word("agent")?, suite: word("suite")?, epochs })
    }
}

/// `POST /baseline`: plays a run to its end.
pub(crate) async fn start(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let baselines = admitted(&app, request.headers())?;
    let input = Input::read(request, app.options.max_body).await?;
    let mut run = baselines.start(&Ask::read(&input.object()?)?)?;
    let ended = run.wait_for(|progress| progress.outcome.is_some()).await;
    let progress = ended.map(|progress| progress.clone()).unwrap_or_default();
    match progress.outcome {
        Some(Ok(scores)) => Ok(respond(&answer(&scores, progress.run_id.as_deref()))),
        Some(Err(why)) => Err(Fault::Baseline(why)),
        None => Err(Fault::Baseline("the server is stopping".to_owned())),
    }
}

/// `GET /baseline/{run_id}`: how far it is; as server-sent events until its end for who accepts them.
pub(crate) async fn progress(
    State(app): State<Arc<App>>,
    Segment(run_id): Segment,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let run = admitted(&app, &headers)?.find(&run_id)?;
    let accepts = text(&headers, ACCEPT).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        return Ok(respond(&state(&run.borrow())));
    }
    let stop = app.stop.clone();
    // The first event is the state of now; the last one has the outcome.
    let events = futures_util::stream::unfold(Some((run, true)), move |next| {
        let stop = stop.clone();
        async move {
            let (mut run, first) = next?;
            if !first {
                tokio::select! {
                    changed = run.changed() => changed.ok()?,
                    () = stop.cancelled() => return None,
                }
            }
            let progress = run.borrow_and_update().clone();
            let event = format!("event: progress\ndata: {}\n\n", state(&progress));
            let next = progress.outcome.is_none().then_some((run, false));
            Some((Ok::<_, Infallible>(Bytes::from(event)), next))
        }
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response())
}

fn admitted<'a>(app: &'a App, headers: &HeaderMap) -> Result<&'a Baselines, Fault> {
    let baselines = app.backing.baselines.as_ref().ok_or(Fault::NoBaseline)?;
    baselines.admit(headers)?;
    if app.options.visibility.exam { Err(Fault::Exam) } else { Ok(baselines) }
}

fn answer(scores: &Scores, run_id: Option<&str>) -> Value {
    let mut answer: Map<String, Value> =
        scores.tasks.iter().map(|(task, mean)| (task.as_str().to_owned(), json!(mean))).collect();
    answer.insert("overall".to_owned(), json!(scores.overall));
    answer.insert("model".to_owned(), json!(scores.model));
    answer.insert("run_id".to_owned(), json!(run_id));
    answer.insert("model_share".to_owned(), json!(scores.model_share));
    answer.insert("void".to_owned(), json!(scores.void));
    answer.into()
}

fn state(progress: &Progress) -> Value {
    let (status, result, error) = match &progress.outcome {
        None => ("running", Value::Null, Value::Null),
        Some(Ok(scores)) => ("done", answer(scores, progress.run_id.as_deref()), Value::Null),
        Some(Err(why)) => ("failed", Value::Null, json!(why)),
    };
    json!({
        "run_id": progress.run_id, "status": status, "episodes": progress.episodes, "total": progress.total,
        "result": result, "error": error,
    })
}
