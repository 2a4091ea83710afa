//! Serves the routes that hosts and trainers of OpenEnv use beside episodes: schemas, metadata, and the Task API.
//!
//! The comments on the types of answers, and on their fields, are the descriptions in the published document.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::serve::app::App;
use crate::serve::episodes::choice::{check_split, nth};
use crate::serve::error::{Fault, Misfit};
use crate::serve::net::buffer::{json, respond, written};
use crate::serve::wire::field::{integer, text};
use crate::serve::wire::input::{Input, Segment};
use crate::serve::wire::schema::action::IncidentAction;
use crate::serve::wire::schema::observation::IncidentObservation;
use crate::serve::wire::schema::shape::standalone;
use crate::serve::wire::schema::split::SPLIT;
use crate::serve::wire::schema::state::IncidentState;
use incident_env::{Scenario, TaskId};

/// This is the name of the environment in OpenEnv.
const NAME: &str = "cloud_incident_env";

/// Refusals of numbers that are out of range call the suite by this name.
const SUITE: &str = "the suite";

/// Describes the name of the one environment.
pub(crate) fn environments(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [NAME] })
}

/// What the environment is.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Metadata {
    name: &'static str,
    description: &'static str,
    readme_content: Option<&'static str>,
    version: &'static str,
    author: Option<&'static str>,
    documentation_url: Option<&'static str>,
}

/// A part of the suite.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Split {
    name: &'static str,
    r#type: &'static str,
}

/// A task of a split: one scenario. Pass its split and index, or its `scenario_id`, to a reset.
#[derive(JsonSchema, Serialize)]
pub(crate) struct SplitTask<'a> {
    index: usize,
    task_id: TaskId,
    scenario_id: &'a str,
    max_steps: u32,
    description: &'a str,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct SplitTasks<'a> {
    tasks: Vec<SplitTask<'a>>,
    env_name: &'static str,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct NumTasks {
    num_tasks: usize,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct OneTask<'a> {
    task: SplitTask<'a>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct SomeTasks<'a> {
    tasks: Vec<SplitTask<'a>>,
}

type Shared = State<Arc<App>>;

/// Serves `GET /schema`.
pub(crate) async fn schemas() -> Response {
    static SCHEMAS: LazyLock<Bytes> = LazyLock::new(|| {
        json(&json!({
            "action": standalone::<IncidentAction>(),
            "observation": standalone::<IncidentObservation>(),
            "state": standalone::<IncidentState>(),
        }))
    });
    written(SCHEMAS.clone())
}

/// Serves `GET /metadata`.
pub(crate) async fn metadata() -> Response {
    respond(&Metadata {
        name: NAME,
        description: "Cloud incidents: judge how severe one is, find its root cause, repair it. Deterministic.",
        readme_content: None,
        version: env!("CARGO_PKG_VERSION"),
        author: None,
        documentation_url: None,
    })
}

/// Serves `GET /list_environments`.
pub(crate) async fn list_environments() -> Response {
    respond(&[NAME])
}

/// Serves `GET /{env}/splits`.
pub(crate) async fn splits(Segment(env): Segment) -> Result<Response, Fault> {
    check(&env)?;
    Ok(respond(&[Split { name: SPLIT, r#type: "test" }]))
}

/// Serves `POST /{env}/tasks`.
pub(crate) async fn tasks(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    read_body(&app, &env, request).await?;
    Ok(respond(&SplitTasks { tasks: all(&app), env_name: NAME }))
}

/// Serves `POST /{env}/num_tasks`.
pub(crate) async fn num_tasks(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    read_body(&app, &env, request).await?;
    Ok(respond(&NumTasks { num_tasks: app.catalog.scenarios().len() }))
}

/// Serves `POST /{env}/task`.
pub(crate) async fn task(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    let mut body = read_body(&app, &env, request).await?;
    let index = integer("index", body.remove("index"))?.ok_or_else(|| Misfit::missing("index", "an integer"))?;
    let scenario = nth(app.catalog.scenarios(), index, SUITE)?;
    let index = usize::try_from(index).unwrap_or_default();
    Ok(respond(&OneTask { task: of(index, scenario) }))
}

/// Serves `POST /{env}/task_range`, which lists the tasks from `start` to before `stop`, as far as they exist.
pub(crate) async fn task_range(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    let mut body = read_body(&app, &env, request).await?;
    let mut bound = |name: &str, default: usize| -> Result<usize, Fault> {
        let Some(bound) = integer(name, body.remove(name))? else { return Ok(default) };
        if bound < 0 {
            let last = app.catalog.scenarios().len().saturating_sub(1);
            return Err(Fault::Range { index: bound.to_string(), task: SUITE.to_owned(), last });
        }
        // A number past the end is as good as the end.
        Ok(usize::try_from(bound).unwrap_or(usize::MAX))
    };
    let (start, stop) = (bound("start", 0)?, bound("stop", usize::MAX)?);
    let tasks: Vec<_> = all(&app).into_iter().take(stop).skip(start).collect();
    Ok(respond(&SomeTasks { tasks }))
}

/// Refuses an environment that does not exist.
fn check(env: &str) -> Result<(), Fault> {
    if env.eq_ignore_ascii_case(NAME) { Ok(()) } else { Err(Fault::Environment(env.to_owned())) }
}

/// Reads the body of a request, whose environment and split must exist.
async fn read_body(app: &App, env: &str, request: Request) -> Result<Map<String, Value>, Fault> {
    check(env)?;
    let mut body = Input::read(request, app.options.max_body).await?.object()?;
    let split = text("split", body.remove("split"))?.ok_or_else(|| Misfit::missing("split", "a string"))?;
    check_split(&split)?;
    Ok(body)
}

/// Lists all tasks of the split.
fn all(app: &App) -> Vec<SplitTask<'_>> {
    app.catalog.scenarios().iter().enumerate().map(|(index, scenario)| of(index, scenario)).collect()
}

/// Describes a scenario as a task of the split.
fn of(index: usize, scenario: &Scenario) -> SplitTask<'_> {
    let task = &scenario.briefing().task;
    SplitTask {
        index,
        task_id: task.id,
        scenario_id: scenario.id(),
        max_steps: task.max_steps,
        description: &task.description,
    }
}
