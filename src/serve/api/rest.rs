//! Serves the REST API. It answers in the plain form, and in OpenEnv's form if the request has that form.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::serve::app::App;
use crate::serve::episodes::choice::{Choice, from_query};
use crate::serve::episodes::play::with;
use crate::serve::error::{Fault, Misfit};
use crate::serve::net::buffer::{respond, written};
use crate::serve::wire::field::{check_id, text};
use crate::serve::wire::input::{Input, set_cookie};
use crate::serve::wire::step_body::StepBody;
use incident_env::{Action, ActionSchema, Task};

type Shared = State<Arc<App>>;

/// Serves `POST /reset`.
pub(crate) async fn reset(State(app): Shared, request: Request) -> Result<Response, Fault> {
    let input = Input::read(request, app.options.max_body).await?;
    let body = Choice::read(input.object()?)?;
    let query = Choice::read(from_query(input.query()?))?;
    // The header is read even if it is not needed, so that the client is told what is wrong with it.
    let header = input.header_id()?;
    let mut choice = body.or(query);
    choice.episode_id = choice.episode_id.or(header);
    let play = app.reset(&choice)?;
    let (name, mut response) =
        with(&play, |play| (Arc::clone(&play.name), respond(&app.options.visibility.reset(&play.episode, &play.name))));
    response.headers_mut().extend(set_cookie(&name).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// Serves `POST /step`, which takes an action or OpenEnv's `{"action": …}`. The latter is answered in OpenEnv's form.
pub(crate) async fn step(State(app): Shared, request: Request) -> Result<Response, Fault> {
    let input = Input::read(request, app.options.max_body).await?;
    let Some(body) = input.keys::<StepBody>("an action as an object")? else {
        return Err(Misfit::missing("body", "an action such as {\"action_type\": \"query_logs\"}").into());
    };
    let in_body = id(body.episode_id)?;
    let openenv = body.action.is_some();
    let action = match body.action {
        None => Action::from_parts(body.action_type, body.parameters).map_err(Misfit::from)?,
        Some(action) => {
            check_openenv(body.timeout_s, body.request_id)?;
            Action::from_value(action).map_err(|error| within_action(Misfit::from(error)))?
        }
    };
    let play = app.find(name_of(&input, in_body)?.as_deref())?;
    let visibility = app.options.visibility;
    with(&play, |play| {
        let (outcome, name) = app.step(play, &action)?;
        Ok(if openenv {
            respond(&visibility.openenv_step(&outcome, name))
        } else {
            respond(&visibility.step(&outcome, name))
        })
    })
}

/// Checks the other keys of OpenEnv's request. They change nothing: a step takes no time, and answers need no number.
fn check_openenv(timeout_s: Option<Value>, request_id: Option<Value>) -> Result<(), Misfit> {
    match timeout_s {
        None | Some(Value::Null) => {}
        Some(Value::Number(seconds)) if seconds.as_f64().is_some_and(|seconds| seconds > 0.0) => {}
        Some(other) => return Err(Misfit::new("timeout_s", "a number of seconds above 0", &other)),
    }
    text("request_id", request_id)?.map_or(Ok(()), |id| check_id("request_id", &id))
}

/// Names the place of a misfit as seen from the body of the request.
fn within_action(error: Misfit) -> Misfit {
    let place = if error.place == "action" { error.place } else { format!("action.{}", error.place) };
    Misfit { place, ..error }
}

/// Finds the name of the episode that a request means: in the header, the query, the body, or the cookie.
fn name_of(input: &Input, in_body: Option<String>) -> Result<Option<String>, Fault> {
    let in_query = id(input.query()?.remove("episode_id"))?;
    Ok(input.header_id()?.or(in_query).or(in_body).or_else(|| input.cookie_id()))
}

/// Reads a text that can name an episode.
fn id(value: Option<Value>) -> Result<Option<String>, Misfit> {
    let id = text("episode_id", value)?;
    id.as_deref().map_or(Ok(()), |id| check_id("episode_id", id))?;
    Ok(id)
}

/// Serves `GET /state`.
pub(crate) async fn state(State(app): Shared, request: Request) -> Result<Response, Fault> {
    let input = Input::read(request, app.options.max_body).await?;
    let play = match app.find(name_of(&input, None)?.as_deref()) {
        // Whoever names no episode, and may not mean that of somebody else, has none.
        Err(Fault::NoEpisode | Fault::Unnamed) if app.options.openenv && !app.options.visibility.exam => {
            return Ok(written(json!({ "episode_id": null, "step_count": 0 }).to_string()));
        }
        found => found?,
    };
    Ok(with(&play, |play| respond(&app.options.visibility.state(&play.episode, &play.name))))
}

/// Serves `GET /grader`.
pub(crate) async fn grader(State(app): Shared, request: Request) -> Result<Response, Fault> {
    if app.options.visibility.exam {
        return Err(Fault::Exam);
    }
    let input = Input::read(request, app.options.max_body).await?;
    let play = app.find(name_of(&input, None)?.as_deref())?;
    with(&play, |play| app.options.visibility.grader(&play.episode)).map(written).ok_or(Fault::Exam)
}

/// Serves `GET /tasks`.
pub(crate) async fn tasks(State(app): Shared) -> Response {
    let task = |task: &Arc<Task>| {
        let scenarios: Vec<_> = app.catalog.of_task(task.id).map(|scenario| scenario.id()).collect();
        json!({
            "task_id": task.id,
            "difficulty": task.difficulty,
            "description": task.description,
            "max_steps": task.max_steps,
            "available_actions": task.actions,
            "submission": task.id.submission(),
            "scenarios": scenarios,
        })
    };
    let tasks: Vec<_> = app.catalog.tasks().iter().map(task).collect();
    let total = tasks.len();
    let schema = ActionSchema::of_all(app.catalog.tasks());
    written(json!({ "tasks": tasks, "total": total, "action_schema": schema }).to_string())
}

/// Serves `GET /health`.
pub(crate) async fn health(State(app): Shared) -> Response {
    let status = if app.options.openenv { "healthy" } else { "ok" };
    written(json!({ "status": status, "version": env!("CARGO_PKG_VERSION") }).to_string())
}

/// Serves `GET /metrics`.
pub(crate) async fn metrics(State(app): Shared) -> Response {
    let live = app.sweep();
    (StatusCode::OK, [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.text(live, app.spent()))
        .into_response()
}
