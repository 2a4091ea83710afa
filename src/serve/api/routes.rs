//! Lists the routes, from which the router, the OpenAPI document and the labels of the counters are made.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Request;
use axum::response::Redirect;
use axum::routing::{delete, get, post};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::route::{AnswerForm, Parameter, Route, may, must};
use super::{assets, baseline, docs, openapi, rest, runs};
use crate::serve::app::{App, Backing, Options};
use crate::serve::error::{Fault, excerpt};
use crate::serve::mcp::http as mcp;
use crate::serve::openenv::metadata::{
    self as openenv, Metadata, NumTasks, OneTask, SomeTasks, Split, SplitTasks, environments,
};
use crate::serve::openenv::socket;
use crate::serve::wire::schema::baseline::{BaselineAnswer, BaselineProgress, BaselineRequest};
use crate::serve::wire::schema::jsonrpc::{JsonRpcReply, JsonRpcRequest};
use crate::serve::wire::schema::reset::{ResetAnswer, ResetRequest};
use crate::serve::wire::schema::service::{Health, Refusal, Schemas};
use crate::serve::wire::schema::shape::{counted, named, seeds, shape, texts, truths};
use crate::serve::wire::schema::split::{RangeRequest, SplitRequest, TaskRequest};
use crate::serve::wire::schema::state::StateAnswer;
use crate::serve::wire::schema::step::{GraderAnswer, StepAnswer, StepRequest};
use crate::serve::wire::schema::tasks::TasksAnswer;
use incident_env::Catalog;

const EPISODE: &[Parameter] = &[
    may(
        "episode_id",
        "query",
        "The episode; without it that of the header, else of the cookie. A request that names none means the last reset \
         of all on a server that only its own machine can reach, and is refused elsewhere and in exams",
        named,
    ),
    may("X-Episode-Id", "header", "The episode; wins over the query", named),
];

const WINS: &str = "As in the body, which wins";

const CHOICE: &[Parameter] = &[
    may("task_id", "query", WINS, texts),
    may("scenario_index", "query", WINS, counted),
    may("scenario_id", "query", WINS, texts),
    may("seed", "query", WINS, seeds),
    may("level", "query", WINS, texts),
    may("split", "query", WINS, texts),
    may("index", "query", WINS, counted),
    may("suite", "query", WINS, texts),
    may("episode_id", "query", WINS, named),
    may("X-Episode-Id", "header", "The name to keep the episode under, where neither body nor query has one", named),
];

const MCP_SESSION: &[Parameter] =
    &[may("Mcp-Session-Id", "header", "The session of an ordinary MCP client, as `initialize` was answered", texts)];

const ENDED: &[Parameter] = &[must("Mcp-Session-Id", "header", "The session to end", texts)];

const ENV: &[Parameter] =
    &[must("env", "path", "The environment, as in /list_environments, in any case", environments)];

const RUN: &[Parameter] = &[must(
    "run_id",
    "path",
    "The run; with 'Accept: text/event-stream' each change comes as an event until its end",
    texts,
)];

const KEPT: &[Parameter] = &[must("run_id", "path", "The run, as /runs lists it", texts)];

const EPISODE_OF_RUN: &[Parameter] = &[
    must("run_id", "path", "The run, as /runs lists it", texts),
    must("n", "path", "The number of the episode in the run", counted),
];

const TWO_RUNS: &[Parameter] = &[
    must("base", "query", "The run to compare with", texts),
    must("new", "query", "The run that is compared", texts),
    may("allow_drift", "query", "Compare also where suite, prompts or graders differ", truths),
];

/// Lists all routes.
fn routes() -> Vec<Route> {
    use AnswerForm::{Events, Json, Nothing, Socket, Text};
    let (g, p) = (Route::get, Route::post);
    vec![
        p("/reset", "Start an episode", [shape::<ResetRequest>, shape::<ResetAnswer>], post(rest::reset))
            .with(CHOICE)
            .also_empty()
            .or(
                "409",
                "In an exam: the incident is being played or used up, or the name is in use",
                Json(shape::<Refusal>),
            )
            .or("503", "No room, and no episode that could make room", Json(shape::<Refusal>))
            .naming("episode_id", &["post_step", "get_state", "get_grader"]),
        p("/step", "Take a step", [shape::<StepRequest>, shape::<StepAnswer>], post(rest::step))
            .with(EPISODE)
            .or(
                "409",
                "In an exam: the first step, while the incident is being played or is used up",
                Json(shape::<Refusal>),
            )
            .or("503", "In an exam that has ended or cannot be recorded", Json(shape::<Refusal>)),
        g("/state", "The state of an episode", Json(shape::<StateAnswer>), get(rest::state)).with(EPISODE),
        g("/grader", "The grade of an episode as it stands", Json(shape::<GraderAnswer>), get(rest::grader))
            .with(EPISODE),
        g("/tasks", "The tasks, their scenarios and actions", Json(shape::<TasksAnswer>), get(rest::tasks)),
        p(
            "/baseline",
            "Play a run of the server's own agents, one at a time",
            [shape::<BaselineRequest>, shape::<BaselineAnswer>],
            post(baseline::start),
        )
        .also_empty()
        .or("502", "The run came to nothing", Json(shape::<Refusal>))
        .naming("run_id", &["get_baseline_run_id"])
        .by_token(),
        g("/baseline/{run_id}", "How far it is", Events(shape::<BaselineProgress>), get(baseline::progress))
            .with(RUN)
            .by_token(),
        g("/ws", "One isolated episode over WebSocket, in OpenEnv's messages", Socket, get(socket::upgrade)),
        p(
            "/mcp",
            "A message of MCP: the actions as tools",
            [shape::<JsonRpcRequest>, shape::<JsonRpcReply>],
            post(mcp::post),
        )
        .with(MCP_SESSION)
        .or("202", "A notification, which has no reply", Nothing)
        .or("400", "A version of MCP that is not spoken here", Json(shape::<JsonRpcReply>))
        .or("404", "The session is gone", Json(shape::<JsonRpcReply>)),
        g("/mcp", "The same over WebSocket, in a session of its own", Socket, get(mcp::get)),
        Route::delete("/mcp", "End a session", delete(mcp::delete))
            .with(ENDED)
            .or("400", "The header is missing", Json(shape::<JsonRpcReply>))
            .or("404", "The session is gone", Json(shape::<JsonRpcReply>)),
        g("/health", "Whether the server is well", Json(shape::<Health>), get(rest::health)),
        g("/metrics", "Counters for Prometheus", Text("text/plain"), get(rest::metrics)),
        g("/schema", "Schemas of action, observation and state", Json(shape::<Schemas>), get(openenv::schemas)),
        g("/metadata", "What the environment is", Json(shape::<Metadata>), get(openenv::metadata)),
        g("/list_environments", "Its name", Json(shape::<Vec<String>>), get(openenv::list_environments)),
        g("/{env}/splits", "The parts of the suite", Json(shape::<Vec<Split>>), get(openenv::splits)).with(ENV),
        p("/{env}/tasks", "All tasks of a split", [shape::<SplitRequest>, shape::<SplitTasks>], post(openenv::tasks))
            .with(ENV),
        p("/{env}/num_tasks", "How many", [shape::<SplitRequest>, shape::<NumTasks>], post(openenv::num_tasks))
            .with(ENV),
        p("/{env}/task", "One of them", [shape::<TaskRequest>, shape::<OneTask>], post(openenv::task)).with(ENV),
        p("/{env}/task_range", "Some", [shape::<RangeRequest>, shape::<SomeTasks>], post(openenv::task_range))
            .with(ENV),
        g("/runs", "The runs that are kept, newest first", Events(shape::<Map<String, Value>>), get(runs::list)),
        g("/runs/{run_id}", "What one came to so far", Events(shape::<Map<String, Value>>), get(runs::run)).with(KEPT),
        g("/runs/{run_id}/episodes", "Its episodes", Json(shape::<Map<String, Value>>), get(runs::episodes)).with(KEPT),
        g(
            "/runs/{run_id}/episodes/{n}",
            "One of them, step by step",
            Json(shape::<Map<String, Value>>),
            get(runs::episode),
        )
        .with(EPISODE_OF_RUN),
        g("/compare", "Two runs compared, with a verdict", Json(shape::<Map<String, Value>>), get(runs::comparison))
            .with(TWO_RUNS),
        g(
            "/openapi.json",
            "This document",
            Json(shape::<Map<String, Value>>),
            get(|| async { openapi::answer(&DOCUMENT) }),
        ),
        g("/docs", "The same as a page", Text("text/html"), get(|| async { docs::answer(&DOCUMENT) })),
    ]
}

/// The OpenAPI document of all routes.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&routes()));

// These functions are in this file because the state of a server is made for its routes and must not know them.
impl App {
    /// Makes the state of a server without an episode.
    #[must_use]
    pub fn new(catalog: Catalog, options: Options, stop: CancellationToken) -> Arc<Self> {
        Self::backed(catalog, options, stop, Backing::default())
    }

    /// Makes the state of a server without an episode, with the parts that the program around it adds.
    #[must_use]
    pub fn backed(catalog: Catalog, options: Options, stop: CancellationToken, backing: Backing) -> Arc<Self> {
        Self::on(routes().iter().map(|route| route.path), catalog, options, stop, backing)
    }
}

/// Makes the router of all routes. It answers in JSON also if no route matches.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    let router = router.route("/", get(assets::page)).route("/web/{*path}", get(assets::asset));
    // Hosts of OpenEnv look for a page at these paths.
    let page = |router: Router<_>, (path, page): (&str, &'static str)| {
        router.route(path, get(move || async move { Redirect::temporary(page) }))
    };
    // A proxy may show the server under a path that is not known here.
    let router = [("/web", "./"), ("/web/", "../")].into_iter().fold(router, page);
    router
        .fallback(|request: Request| async move { Fault::path(request.uri()) })
        .method_not_allowed_fallback(|request: Request| async move {
            Fault::Method { path: excerpt(request.uri().path()).into_owned(), method: request.method().to_string() }
        })
        .with_state(Arc::clone(app))
}
