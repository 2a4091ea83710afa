//! The routes: one list, from which both the router and the OpenAPI document are made.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Redirect;
use axum::routing::{MethodRouter, delete, get, post};
use serde_json::{Map, Value};

use super::app::App;
use super::error::{Fault, excerpt};
use super::openapi::{Shape, shape};
use super::schema::{
    BaselineAnswer, BaselineProgress, BaselineRequest, GraderAnswer, Health, JsonRpcReply, JsonRpcRequest, Metadata,
    NumTasks, OneTask, RangeRequest, Refusal, ResetAnswer, ResetRequest, Schemas, SomeTasks, Split, SplitRequest,
    SplitTasks, StateAnswer, StepAnswer, StepRequest, TaskRequest, TasksAnswer, counted, environments, named, seeds,
    texts, truths,
};
use super::{assets, baseline, mcp, openapi, openenv, rest, runs, ws};

/// What is served at a path with a method.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<Body>,
    pub(super) answer: Answer,
    /// Other answers than that and a plain refusal: status, and for what.
    pub(super) others: Vec<(&'static str, &'static str, Answer)>,
    /// A key of the answer that names something, and the operations that take it as a parameter of the same name.
    pub(super) names: Option<(&'static str, &'static [&'static str])>,
    /// Whether it may need the server's token.
    pub(super) by_token: bool,
    handler: MethodRouter<Arc<App>>,
}

/// Something that a request says outside of its body.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `query`, `header` or `path`.
    pub(super) place: &'static str,
    pub(super) about: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// What a request says in its body.
pub(super) struct Body {
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// What a route answers.
pub(super) enum Answer {
    /// JSON of this shape.
    Json(Shape),
    /// JSON of this shape, or server-sent events that hold it.
    Events(Shape),
    /// Text of this type.
    Text(&'static str),
    /// Another protocol.
    Socket,
    /// Nothing.
    Nothing,
}

/// What may be left out.
const fn may(name: &'static str, place: &'static str, about: &'static str, shape: Shape) -> Parameter {
    Parameter { name, place, about, shape, required: false }
}

/// What must be there.
const fn must(name: &'static str, place: &'static str, about: &'static str, shape: Shape) -> Parameter {
    Parameter { name, place, about, shape, required: true }
}

const EPISODE: &[Parameter] = &[
    may(
        "episode_id",
        "query",
        "The episode; without it that of the header, else of the cookie, else the last reset of all",
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

impl Route {
    fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        answer: Answer,
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        let (parameters, body, others, names, by_token): (&[_], _, _, _, _) = (&[], None, Vec::new(), None, false);
        Self { method, path, summary, parameters, body, answer, others, names, by_token, handler }
    }

    fn get(path: &'static str, summary: &'static str, answer: Answer, handler: MethodRouter<Arc<App>>) -> Self {
        Self::new("get", path, summary, answer, handler)
    }

    fn post(
        path: &'static str,
        summary: &'static str,
        [body, answer]: [Shape; 2],
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        let body = Some(Body { shape: body, required: true });
        Self { body, ..Self::new("post", path, summary, Answer::Json(answer), handler) }
    }

    fn delete(path: &'static str, summary: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        Self::new("delete", path, summary, Answer::Nothing, handler)
    }

    fn with(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// Without a body it does what an empty object asks for.
    fn also_empty(self) -> Self {
        Self { body: self.body.map(|body| Body { required: false, ..body }), ..self }
    }

    fn or(mut self, status: &'static str, about: &'static str, answer: Answer) -> Self {
        self.others.push((status, about, answer));
        self
    }

    fn naming(self, key: &'static str, operations: &'static [&'static str]) -> Self {
        Self { names: Some((key, operations)), ..self }
    }

    fn by_token(self) -> Self {
        Self { by_token: true, ..self }
    }
}

/// All of them.
pub(super) fn routes() -> Vec<Route> {
    use Answer::{Events, Json, Nothing, Socket, Text};
    let (g, p) = (Route::get, Route::post);
    vec![
        p("/reset", "Start an episode", [shape::<ResetRequest>, shape::<ResetAnswer>], post(rest::reset))
            .with(CHOICE)
            .also_empty()
            .or("503", "No room, and no episode idle", Json(shape::<Refusal>))
            .naming("episode_id", &["post_step", "get_state", "get_grader"]),
        p("/step", "Take a step", [shape::<StepRequest>, shape::<StepAnswer>], post(rest::step)).with(EPISODE),
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
        g("/ws", "One isolated episode over WebSocket, in OpenEnv's messages", Socket, get(ws::upgrade)),
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
        g("/list_environments", "Its name", Json(shape::<Vec<String>>), get(openenv::environments)),
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
        g("/openapi.json", "This document", Json(shape::<Map<String, Value>>), get(openapi::openapi)),
        g("/docs", "The same as a page", Text("text/html"), get(openapi::docs)),
    ]
}

/// All routes as axum serves them, with an answer in JSON wherever there is none.
pub(super) fn router(app: &Arc<App>) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    let router = router.route("/", get(assets::page)).route("/web/{*path}", get(assets::asset));
    // Where hosts of OpenEnv look for a page.
    let router = ["/web", "/web/"]
        .into_iter()
        .fold(router, |router, path| router.route(path, get(|| async { Redirect::temporary("/") })));
    router
        .fallback(|request: Request| async move { Fault::path(request.uri()) })
        .method_not_allowed_fallback(|request: Request| async move {
            Fault::Method { path: excerpt(request.uri().path()).into_owned(), method: request.method().to_string() }
        })
        .with_state(Arc::clone(app))
}
