//! The runs that are kept, for people who look: lists, scores, episodes, comparisons; and as events while a run goes on.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::written;
use super::app::App;
use super::error::{Fault, Misfit};
use super::input::{Segment, TwoSegments};
use super::view::Reveal;
use crate::env::{Catalog, Scenario};
use crate::gate::compare::Side;
use crate::gate::{Rules, compare, render};
use crate::log::manifest::PlannedScenario;
use crate::log::run_index::{Head, OpenRun, RunIndex, RunIndexError, Status};
use crate::log::{Manifest, Row};
use crate::report::published;

/// How often a run that goes on is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Looks after which a listener is told that nothing has changed: proxies cut what is silent.
const SILENT: u32 = 30;
/// Scenarios of a suite that is made in a moment.
const SMALL: usize = 60;
/// Suites that are kept for the briefings of their scenarios.
const SUITES: usize = 4;

/// The suites that runs were played on.
pub trait Suites: Send + Sync + Debug {
    /// The scenarios of a run, where they can be had and are still what they were.
    fn of(&self, manifest: &Manifest) -> Option<Catalog>;
}

/// The runs of a results folder.
#[derive(Debug)]
pub struct Runs {
    shelf: RunIndex,
    suites: Arc<dyn Suites>,
    known: Mutex<BTreeMap<String, Option<Arc<Catalog>>>>,
}

impl Runs {
    /// Runs, with where their suites come from.
    #[must_use]
    pub fn new(shelf: RunIndex, suites: Arc<dyn Suites>) -> Self {
        Self { shelf, suites, known: Mutex::default() }
    }

    /// The scenario of an episode as its suite has it.
    fn scenario(&self, manifest: &Manifest, id: &str) -> Option<Arc<Scenario>> {
        let digest = &manifest.suite_digest;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        let catalog = known.unwrap_or_else(|| {
            // Without the lock: to make a suite takes its time.
            let catalog = self.suites.of(manifest).map(Arc::new);
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= SUITES {
                known.clear();
            }
            known.insert(digest.clone(), catalog.clone());
            catalog
        });
        catalog?.scenario(id).ok().cloned()
    }
}

type Shared = State<Arc<App>>;

/// What is done with the runs, on a thread that may wait for files.
async fn look<R: Send + 'static>(
    app: &Arc<App>,
    headers: &HeaderMap,
    act: impl FnOnce(&Runs) -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    let runs = runs(app, headers)?;
    tokio::task::spawn_blocking(move || act(&runs)).await.map_err(|_| Fault::Runs("it could not be read".to_owned()))?
}

fn runs(app: &App, headers: &HeaderMap) -> Result<Arc<Runs>, Fault> {
    // Prompts and replies are in there: nothing for a page that only seems to be this server's.
    if !app.options.origins.is_own_name(headers) {
        return Err(Fault::Foreign);
    }
    if app.options.visibility.exam {
        return Err(Fault::Exam);
    }
    app.backing.runs.clone().ok_or(Fault::NoRuns)
}

/// `GET /runs`.
pub(super) async fn list(State(app): Shared, headers: HeaderMap) -> Result<Response, Fault> {
    let all = |runs: &Runs| {
        let heads = runs.shelf.list().map_err(|error| Fault::Runs(error.to_string()))?;
        let text = json!({ "runs": heads.iter().map(entry).collect::<Vec<_>>() }).to_string();
        Ok((text, false))
    };
    answer(app, headers, all).await
}

/// `GET /runs/{run_id}`.
pub(super) async fn run(State(app): Shared, Segment(run_id): Segment, headers: HeaderMap) -> Result<Response, Fault> {
    let one = move |runs: &Runs| {
        let head = runs.shelf.with(&run_id, |book| {
            json!({
                "status": book.status(), "planned": book.listing.planned, "ended": book.listing.ended(),
                "labels": book.manifest.contestants.iter().map(|contestant| &contestant.label).collect::<Vec<_>>(),
                "summary": &*book.summary(), "published": published_rows(&book.manifest.suite),
                "command": book.manifest.command,
            })
        })?;
        let is_last = head["status"] == json!(Status::Finished);
        Ok((head.to_string(), is_last))
    };
    answer(app, headers, one).await
}

/// `GET /runs/{run_id}/episodes`.
pub(super) async fn episodes(
    State(app): Shared,
    Segment(run_id): Segment,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let text = look(&app, &headers, move |runs| {
        let manifest = runs.shelf.with(&run_id, |book| book.manifest.clone())?;
        // Levels stand in the suite, which is not made anew for them alone where that takes long.
        let is_small = manifest.scenarios.len() <= SMALL;
        let scenario = |one: &PlannedScenario| {
            let found = is_small.then(|| runs.scenario(&manifest, &one.id)).flatten();
            json!({ "id": one.id, "task": one.task, "level": found.map(|scenario| scenario.level()) })
        };
        let scenarios: Vec<_> = manifest.scenarios.iter().map(scenario).collect();
        let labels: Vec<_> = manifest.contestants.iter().map(|contestant| contestant.label.clone()).collect();
        Ok(runs.shelf.with(&run_id, |book| {
            json!({
                "run": manifest.id, "contestants": labels, "scenarios": scenarios, "episodes": book.listing.lines(),
            })
            .to_string()
        })?)
    });
    Ok(written(text.await?))
}

/// `GET /runs/{run_id}/episodes/{n}`.
pub(super) async fn episode(
    State(app): Shared,
    TwoSegments(run_id, n): TwoSegments,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let asked: i128 = n.parse().map_err(|_| {
        let problem = format!("expected the number of an episode, found '{}'", super::error::excerpt(&n));
        Misfit { place: "n".to_owned(), problem }
    })?;
    let n = usize::try_from(asked).map_err(|_| Fault::NoRun(format!("the run has no episode {asked}")))?;
    let may_tell = app.options.visibility.reveal != Reveal::Never;
    let text = look(&app, &headers, move |runs| {
        let trajectory = runs.shelf.trajectory(&run_id, n)?;
        let manifest = runs.shelf.with(&run_id, |book| book.manifest.clone())?;
        let scenario = runs.scenario(&manifest, &trajectory.episode.scenario);
        let briefing = scenario.as_ref().map(|scenario| {
            let briefing = scenario.briefing();
            json!({
                "summary": briefing.summary, "alert": briefing.alert, "max_steps": briefing.task.max_steps,
            })
        });
        let oracle = scenario.as_ref().filter(|_| may_tell).map(|scenario| crate::env::verify::oracle(scenario));
        let level = scenario.as_ref().map(|scenario| scenario.level());
        Ok(json!({
            "n": n, "episodes": manifest.contestants.len() * manifest.scenarios.len() * manifest.epochs as usize,
            "label": trajectory.episode.contestant, "level": level, "trajectory": trajectory, "briefing": briefing,
            "oracle": oracle,
        })
        .to_string())
    });
    Ok(written(text.await?))
}

/// What `GET /compare` is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    base: Option<String>,
    new: Option<String>,
    #[serde(default)]
    allow_drift: bool,
}

/// `GET /compare`.
pub(super) async fn comparison(
    State(app): Shared,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let Query(asked) = asked.map_err(|error| Misfit { place: "query".to_owned(), problem: error.body_text() })?;
    let named = |name: &str, value: Option<String>| value.ok_or_else(|| Misfit::missing(name, "the id of a run"));
    let (base, new) = (named("base", asked.base)?, named("new", asked.new)?);
    let text = look(&app, &headers, move |runs| {
        let side = |id: &str| -> Result<_, RunIndexError> {
            Ok((runs.shelf.with(id, OpenRun::summary)?, runs.shelf.events(id)?))
        };
        let (base, new) = (side(&base)?, side(&new)?);
        let sides = (Side { summary: &base.0, events: &base.1 }, Side { summary: &new.0, events: &new.1 });
        let comparison = compare(sides.0, sides.1, Rules::default(), asked.allow_drift)
            .map_err(|drift| Fault::Drift(drift.to_string()))?;
        let text = render::markdown(&comparison);
        Ok(json!({ "verdict": comparison.verdict(), "text": text, "comparison": comparison }).to_string())
    });
    Ok(written(text.await?))
}

/// What a run is listed with.
fn entry(head: &Head) -> Value {
    let Head { manifest, status, planned, ended, summary } = head;
    let contestant = |(label, row): (&String, &Row)| {
        json!({
            "label": label, "model": row.contestant, "agent": row.agent, "protocol": row.protocol, "assist": row.assist,
            "overall": row.overall, "overall_ci95": row.overall_ci95,
        })
    };
    let labels = manifest.contestants.iter().map(|contestant| &contestant.label);
    json!({
        "id": manifest.id, "status": status, "started_at": manifest.started_at,
        "finished_at": summary.run.finished_at, "suite": manifest.suite, "suite_digest": manifest.suite_digest,
        "epochs": manifest.epochs, "planned": planned, "ended": ended,
        "contestants": labels.zip(&summary.rows).map(contestant).collect::<Vec<_>>(),
    })
}

fn published_rows(suite: &str) -> Value {
    let rows = published::rows(suite).into_iter().map(|row| {
        let tasks = json!({
            "alert_classification": row.easy, "root_cause_analysis": row.medium, "remediation_planning": row.hard,
        });
        json!({ "label": row.model, "tasks": tasks, "overall": row.overall })
    });
    rows.collect()
}

/// An answer; or, for who accepts events, one whenever it has changed, until the last.
async fn answer<F>(app: Arc<App>, headers: HeaderMap, read: F) -> Result<Response, Fault>
where
    F: Fn(&Runs) -> Result<(String, bool), Fault> + Clone + Send + 'static,
{
    let first = look(&app, &headers, read.clone()).await?;
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        return Ok(written(first.0));
    }
    let listener = Listener { app, headers, read, shown: None, found: Some(first) };
    let events = futures_util::stream::unfold(Some(listener), |listener| async {
        let mut listener = listener?;
        let (event, is_last) = listener.next().await?;
        Some((Ok::<_, Infallible>(event), (!is_last).then_some(listener)))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response())
}

/// Somebody who is told of changes.
struct Listener<F> {
    app: Arc<App>,
    headers: HeaderMap,
    read: F,
    /// What was told last.
    shown: Option<String>,
    /// What was found and not told yet, and whether nothing can follow it.
    found: Option<(String, bool)>,
}

impl<F> Listener<F>
where
    F: Fn(&Runs) -> Result<(String, bool), Fault> + Clone + Send + 'static,
{
    /// The next event, and whether it is the last; none when the server stops or the runs cannot be read any more.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        for _ in 0..SILENT {
            let (text, is_last) = match self.found.take() {
                Some(found) => found,
                None => self.look_again().await?,
            };
            if self.shown.as_ref() != Some(&text) {
                let event = format!("event: run\ndata: {text}\n\n");
                self.shown = Some(text);
                return Some((event.into(), is_last));
            }
        }
        Some((Bytes::from_static(b": nothing new\n\n"), false))
    }

    async fn look_again(&mut self) -> Option<(String, bool)> {
        tokio::select! {
            () = self.app.stop.cancelled() => return None,
            () = tokio::time::sleep(LOOK) => {}
        }
        look(&self.app, &self.headers, self.read.clone()).await.ok()
    }
}

impl From<RunIndexError> for Fault {
    fn from(error: RunIndexError) -> Self {
        match error {
            RunIndexError::Find(_) | RunIndexError::NoEpisode(_) => Self::NoRun(error.to_string()),
            RunIndexError::Store(_) | RunIndexError::Damaged { .. } => Self::Runs(error.to_string()),
        }
    }
}
