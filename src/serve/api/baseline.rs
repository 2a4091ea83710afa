//! Serves `/baseline`: starts a run of the server's own agents, and reports its progress.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::events::{self, event};
use crate::serve::app::App;
use crate::serve::error::{Fault, Misfit, excerpt};
use crate::serve::net::buffer::respond;
use crate::serve::ports::{Ask, Progress, Scores};
use crate::serve::runs::baselines::Baselines;
use crate::serve::wire::field::{integer, text};
use crate::serve::wire::input::{Input, Segment};
use crate::serve::wire::schema::baseline::MOST_EPOCHS;

/// The keys of a request. An endpoint to call is not among them: the server calls only the endpoints with which it is
/// configured.
const KEYS: [&str; 4] = ["model", "agent", "suite", "epochs"];

/// Reads the request of a client.
fn ask(body: &Map<String, Value>) -> Result<Ask, Misfit> {
    if let Some(key) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let problem = format!(
            "not taken; a request may say {}, and everything else, such as where to call, is the server's own \
             configuration",
            KEYS.join(", ")
        );
        return Err(Misfit { place: excerpt(key).into_owned(), problem });
    }
    let word = |key: &str| text(key, body.get(key).cloned());
    let epochs = match body.get("epochs") {
        None | Some(Value::Null) => 1,
        Some(value) => {
            let whole = integer("epochs", Some(value.clone())).ok().flatten();
            let epochs = whole.and_then(|epochs| u32::try_from(epochs).ok());
            let wrong = || Misfit::new("epochs", &format!("a whole number from 1 to {MOST_EPOCHS}"), value);
            epochs.filter(|epochs| (1..=MOST_EPOCHS).contains(epochs)).ok_or_else(wrong)?
        }
    };
    Ok(Ask { model: word("model")?, agent: word("agent")?, suite: word("suite")?, epochs })
}

/// Serves `POST /baseline`: plays a run to its end.
pub(crate) async fn start(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let baselines = admitted(&app, request.headers())?;
    let input = Input::read(request, app.options.max_body).await?;
    let mut run = baselines.start(&ask(&input.object()?)?)?;
    let ended = run.wait_for(|progress| progress.outcome.is_some()).await;
    let progress = ended.map(|progress| progress.clone()).unwrap_or_default();
    match progress.outcome {
        Some(Ok(scores)) => Ok(respond(&answer(&scores, progress.run_id.as_deref()))),
        Some(Err(why)) => Err(Fault::Baseline(why)),
        None => Err(Fault::Baseline("the server is stopping".to_owned())),
    }
}

/// Serves `GET /baseline/{run_id}`, which reports the progress of a run. Clients that accept events are told until its
/// end.
pub(crate) async fn progress(
    State(app): State<Arc<App>>,
    Segment(run_id): Segment,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let run = admitted(&app, &headers)?.find(&run_id)?;
    if !events::accepted(&headers) {
        return Ok(respond(&state(&run.borrow())));
    }
    let stop = app.stop.clone();
    // The first event is the present state; the last one has the outcome.
    Ok(events::respond((run, true), move |(mut run, is_first)| {
        let stop = stop.clone();
        async move {
            if !is_first {
                tokio::select! {
                    changed = run.changed() => changed.ok()?,
                    () = stop.cancelled() => return None,
                }
            }
            let progress = run.borrow_and_update().clone();
            let next = progress.outcome.is_none().then_some((run, false));
            Some((event("progress", state(&progress)), next))
        }
    }))
}

/// Returns the baseline runs if the client may use them.
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
