//! What hosts and trainers of OpenEnv ask beside episodes: schemas, metadata, and the Task API.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::serve::net::buffer::{json, respond, written};
use crate::serve::app::App;
use crate::serve::episodes::choice::{SPLIT, check_split, integer, nth, text};
use crate::serve::error::{Fault, Misfit};
use crate::serve::wire::input::{Input, Segment};
use crate::serve::wire::schema::{self, IncidentAction, IncidentObservation, IncidentState, Metadata, Split, SplitTask};
use crate::env::Scenario;

/// What the environment is called there.
pub(crate) const NAME: &str = "cloud_incident_env";

type Shared = State<Arc<App>>;

/// `GET /schema`.
pub(crate) async fn schemas() -> Response {
    static SCHEMAS: LazyLock<Bytes> = LazyLock::new(|| {
        json(&json!({
            "action": schema::standalone::<IncidentAction>(),
            "observation": schema::standalone::<IncidentObservation>(),
            "state": schema::standalone::<IncidentState>(),
        }))
    });
    written(SCHEMAS.clone())
}

/// `GET /metadata`.
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

/// `GET /list_environments`.
pub(crate) async fn environments() -> Response {
    respond(&[NAME])
}

/// `GET /{env}/splits`.
pub(crate) async fn splits(Segment(env): Segment) -> Result<Response, Fault> {
    check(&env)?;
    Ok(respond(&[Split { name: SPLIT, r#type: "test" }]))
}

/// `POST /{env}/tasks`.
pub(crate) async fn tasks(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    asked(&app, &env, request).await?;
    Ok(respond(&json!({ "tasks": all(&app), "env_name": NAME })))
}

/// `POST /{env}/num_tasks`.
pub(crate) async fn num_tasks(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    asked(&app, &env, request).await?;
    Ok(respond(&json!({ "num_tasks": app.catalog.scenarios().len() })))
}

/// `POST /{env}/task`.
pub(crate) async fn task(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    let mut body = asked(&app, &env, request).await?;
    let index = integer("index", body.remove("index"))?.ok_or_else(|| Misfit::missing("index", "an integer"))?;
    let scenario = nth(app.catalog.scenarios(), index, SUITE)?;
    let index = usize::try_from(index).unwrap_or_default();
    Ok(respond(&json!({ "task": of(index, scenario) })))
}

/// `POST /{env}/task_range`: from `start` to before `stop`, as far as there are tasks.
pub(crate) async fn task_range(State(app): Shared, Segment(env): Segment, request: Request) -> Result<Response, Fault> {
    let mut body = asked(&app, &env, request).await?;
    let mut bound = |name: &str, default: usize| -> Result<usize, Fault> {
        let Some(bound) = integer(name, body.remove(name))? else { return Ok(default) };
        if bound < 0 {
            let last = app.catalog.scenarios().len().saturating_sub(1);
            return Err(Fault::Range { index: bound.to_string(), task: SUITE.to_owned(), last });
        }
        // Past the end is past the end, however far.
        Ok(usize::try_from(bound).unwrap_or(usize::MAX))
    };
    let (start, stop) = (bound("start", 0)?, bound("stop", usize::MAX)?);
    let tasks: Vec<_> = all(&app).into_iter().take(stop).skip(start).collect();
    Ok(respond(&json!({ "tasks": tasks })))
}

const SUITE: &str = "the suite";

fn check(env: &str) -> Result<(), Fault> {
    if env.eq_ignore_ascii_case(NAME) { Ok(()) } else { Err(Fault::Environment(env.to_owned())) }
}

/// The body of a request for a split that exists, of an environment that exists.
async fn asked(app: &App, env: &str, request: Request) -> Result<Map<String, Value>, Fault> {
    check(env)?;
    let mut body = Input::read(request, app.options.max_body).await?.object()?;
    let split = text("split", body.remove("split"))?.ok_or_else(|| Misfit::missing("split", "a string"))?;
    check_split(&split)?;
    Ok(body)
}

fn all(app: &App) -> Vec<SplitTask<'_>> {
    app.catalog.scenarios().iter().enumerate().map(|(index, scenario)| of(index, scenario)).collect()
}

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
