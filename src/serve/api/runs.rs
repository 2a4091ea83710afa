//! Serves `/runs` and `/compare`, which show kept runs: lists, scores, episodes and comparisons, also as events while a
//! run goes on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::events::{self, event};
use crate::gate::compare::Side;
use crate::gate::{Refused, Rules, compare, render};
use crate::log::Row;
use crate::log::manifest::PlannedScenario;
use crate::log::run_index::{Head, OpenRun, RunIndexError, Status};
use crate::report::others_scores;
use crate::serve::app::App;
use crate::serve::episodes::view::Reveal;
use crate::serve::error::{Fault, Misfit, excerpt};
use crate::serve::net::buffer::written;
use crate::serve::runs::kept::KeptRuns;
use crate::serve::wire::input::{Segment, TwoSegments};

/// The time between two readings of a run that goes on.
const LOOK: Duration = Duration::from_millis(500);
/// The number of readings without a change after which a listener is told so, since proxies cut silent connections.
const SILENT: u32 = 30;
/// The largest number of scenarios of a suite that is made in a moment.
const SMALL: usize = 60;

type Shared = State<Arc<App>>;

/// Reads the runs on a thread that may wait for files.
async fn look<R: Send + 'static>(
    app: &Arc<App>,
    headers: &HeaderMap,
    act: impl FnOnce(&KeptRuns) -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    let runs = runs(app, headers)?;
    tokio::task::spawn_blocking(move || act(&runs)).await.map_err(|_| Fault::Runs("it could not be read".to_owned()))?
}

/// Returns the kept runs if the client may see them.
fn runs(app: &App, headers: &HeaderMap) -> Result<Arc<KeptRuns>, Fault> {
    // Runs hold prompts and replies, which a page that only seems to be this server's must not see.
    if !app.options.origins.is_own_name(headers) {
        return Err(Fault::Foreign);
    }
    if app.options.visibility.exam {
        return Err(Fault::Exam);
    }
    app.backing.runs.clone().ok_or(Fault::NoRuns)
}

/// Serves `GET /runs`.
pub(crate) async fn list(State(app): Shared, headers: HeaderMap) -> Result<Response, Fault> {
    let all = |runs: &KeptRuns| {
        let listed = runs.shelf.list().map_err(|error| Fault::Runs(error.to_string()))?;
        let mut answer = json!({ "runs": listed.heads.iter().map(entry).collect::<Vec<_>>() });
        if !listed.unreadable.is_empty() {
            let unreadable = listed.unreadable.iter();
            let unreadable = unreadable.map(|(id, problem)| json!({ "id": id, "problem": problem }));
            answer["unreadable"] = unreadable.collect();
        }
        Ok((answer.to_string(), false))
    };
    answer(app, headers, all).await
}

/// Serves `GET /runs/{run_id}`.
pub(crate) async fn run(State(app): Shared, Segment(run_id): Segment, headers: HeaderMap) -> Result<Response, Fault> {
    let one = move |runs: &KeptRuns| {
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

/// Serves `GET /runs/{run_id}/episodes`.
pub(crate) async fn episodes(
    State(app): Shared,
    Segment(run_id): Segment,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let text = look(&app, &headers, move |runs| {
        let manifest = runs.shelf.with(&run_id, |book| book.manifest.clone())?;
        // Levels are in the suite, which is not made for them alone if that takes long.
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

/// Serves `GET /runs/{run_id}/episodes/{n}`.
pub(crate) async fn episode(
    State(app): Shared,
    TwoSegments(run_id, n): TwoSegments,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let asked: i128 = n.parse().map_err(|_| {
        let problem = format!("expected the number of an episode, found '{}'", excerpt(&n));
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
        let oracle = scenario.as_ref().filter(|_| may_tell).map(|scenario| scenario.oracle());
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

/// The query of `GET /compare`.
#[derive(Debug, Deserialize)]
pub(crate) struct CompareQuery {
    base: Option<String>,
    new: Option<String>,
    #[serde(default)]
    allow_drift: bool,
    #[serde(default)]
    allow_missing: bool,
}

/// Serves `GET /compare`.
pub(crate) async fn comparison(
    State(app): Shared,
    query: Result<Query<CompareQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let Query(query) = query.map_err(|error| Misfit { place: "query".to_owned(), problem: error.body_text() })?;
    let named = |name: &str, value: Option<String>| value.ok_or_else(|| Misfit::missing(name, "the id of a run"));
    let (base, new) = (named("base", query.base)?, named("new", query.new)?);
    let text = look(&app, &headers, move |runs| {
        // No id holds a colon.
        let side = |name: &str| -> Result<_, RunIndexError> {
            let (id, contestant) = name.split_once(':').map_or((name, None), |(id, of)| (id, Some(of.to_owned())));
            Ok((runs.shelf.with(id, OpenRun::summary)?, runs.shelf.events(id)?, contestant))
        };
        let (base, new) = (side(&base)?, side(&new)?);
        let [base, new] = [&base, &new].map(|(summary, events, contestant)| Side {
            summary,
            events,
            contestant: contestant.as_deref(),
            is_apart: false,
        });
        let rules = Rules { allow_drift: query.allow_drift, allow_missing: query.allow_missing, ..Rules::default() };
        let comparison = compare(base, new, &rules).map_err(|refused| match refused {
            Refused::Drift(drift) => Fault::Drift(drift.to_string()),
            other => Fault::from(Misfit { place: "query".to_owned(), problem: other.to_string() }),
        })?;
        let text = render::markdown(&comparison);
        Ok(json!({ "verdict": comparison.verdict, "text": text, "comparison": comparison }).to_string())
    });
    Ok(written(text.await?))
}

/// Describes a run in the list.
fn entry(head: &Head) -> Value {
    let Head { id, manifest, status, planned, ended, summary } = head;
    let contestant = |(label, row): (&String, &Row)| {
        json!({
            "label": label, "model": row.contestant, "agent": row.agent, "protocol": row.protocol, "assist": row.assist,
            "overall": row.overall, "overall_ci95": row.overall_ci95, "overall_range": row.overall_range,
        })
    };
    let labels = manifest.contestants.iter().map(|contestant| &contestant.label);
    json!({
        "id": id, "status": status, "started_at": manifest.started_at,
        "finished_at": summary.run.finished_at, "suite": manifest.suite, "suite_digest": manifest.suite_digest,
        "epochs": manifest.epochs, "planned": planned, "ended": ended,
        "contestants": labels.zip(&summary.rows).map(contestant).collect::<Vec<_>>(),
    })
}

/// Lists the scores that others published for a suite.
fn published_rows(suite: &str) -> Value {
    let rows = others_scores::rows(suite).into_iter().map(|row| {
        let tasks = json!({
            "alert_classification": row.easy, "root_cause_analysis": row.medium, "remediation_planning": row.hard,
        });
        json!({ "label": row.model, "tasks": tasks, "overall": row.overall })
    });
    rows.collect()
}

/// Answers once. Clients that accept events are told whenever the answer has changed, until the last change.
async fn answer<F>(app: Arc<App>, headers: HeaderMap, read: F) -> Result<Response, Fault>
where
    F: Fn(&KeptRuns) -> Result<(String, bool), Fault> + Clone + Send + 'static,
{
    let first = look(&app, &headers, read.clone()).await?;
    if !events::accepted(&headers) {
        return Ok(written(first.0));
    }
    let listener = Listener { app, headers, read, shown: None, found: Some(first) };
    Ok(events::respond(listener, |mut listener| async {
        let (event, is_last) = listener.next().await?;
        Some((event, (!is_last).then_some(listener)))
    }))
}

/// A client that is told of changes.
struct Listener<F> {
    app: Arc<App>,
    headers: HeaderMap,
    read: F,
    /// The answer that the client was told last.
    shown: Option<String>,
    /// An answer that was found and not told yet, and whether nothing can follow it.
    found: Option<(String, bool)>,
}

impl<F> Listener<F>
where
    F: Fn(&KeptRuns) -> Result<(String, bool), Fault> + Clone + Send + 'static,
{
    /// Waits for the next event, and returns it with whether it is the last. Returns `None` if the server stops, or if
    /// the runs cannot be read any more.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        for _ in 0..SILENT {
            let (text, is_last) = match self.found.take() {
                Some(found) => found,
                None => self.look_again().await?,
            };
            if self.shown.as_ref() != Some(&text) {
                let event = event("run", &text);
                self.shown = Some(text);
                return Some((event, is_last));
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
