//! Lists the reasons for which a request can be refused. Each has a status, a code word for programs, and a text that
//! says what would be right.

use std::borrow::Cow;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::run::exam::Refused;
use incident_env::{ActionError, CatalogError, UnknownName};

/// The number of seconds after which a full server may have room again.
const RETRY_SECONDS: u32 = 5;

/// The error that the table of episodes has no room, and no idle episode could be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{active} of {most} episodes are in use")]
pub struct Full {
    /// The number of live episodes.
    pub active: usize,
    /// The largest number of live episodes.
    pub most: usize,
}

/// A value in a request that does not have the right form.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Misfit {
    /// The place of the value, such as `scenario_index` or `parameters.service`.
    pub place: String,
    /// The problem at that place, with what would be right.
    pub problem: String,
}

impl Misfit {
    /// Describes a value that has another type than the expected one.
    pub(super) fn new(place: &str, expected: &str, found: &Value) -> Self {
        let found: Cow<'_, str> = match found {
            Value::Null => "null".into(),
            Value::Bool(_) => "a boolean".into(),
            Value::Number(number) => format!("the number {number}").into(),
            Value::String(text) => format!("'{}'", excerpt(text)).into(),
            Value::Array(_) => "an array".into(),
            Value::Object(_) => "an object".into(),
        };
        Self { place: place.to_owned(), problem: format!("expected {expected}, found {found}") }
    }

    /// Describes a value that is missing.
    pub(super) fn missing(place: &str, expected: &str) -> Self {
        Self { place: place.to_owned(), problem: format!("missing; expected {expected}") }
    }
}

impl From<ActionError> for Misfit {
    fn from(error: ActionError) -> Self {
        Self { place: error.place, problem: error.problem }
    }
}

/// Cuts a text that a client sent to its beginning, since an answer must not repeat 64 KiB.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The reason for which a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The request names a task that does not exist.
    #[error(transparent)]
    Task(#[from] UnknownName),
    /// The request names a scenario that does not exist.
    #[error(transparent)]
    Scenario(#[from] CatalogError),
    /// The request gives the number of a scenario that does not exist.
    #[error("scenario {index} is out of range; {task} has the scenarios 0 to {last}")]
    Range {
        /// The number as it was sent.
        index: String,
        /// The task, or the suite, in which the number counts.
        task: String,
        /// The highest number that exists.
        last: usize,
    },
    /// The suite has no scenarios of the task.
    #[error("the suite has no scenarios of {0}; GET /tasks lists what there is")]
    NoScenarios(String),
    /// The suite has no scenarios of the level.
    #[error("the suite has no scenarios of level '{name}'; levels: {known}")]
    Level {
        /// The name that was sent.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The request names a split that does not exist.
    #[error("unknown split '{name}'; splits: {known}")]
    Split {
        /// The name that was sent.
        name: String,
        /// The names that exist.
        known: &'static str,
    },
    /// No episode was reset yet.
    #[error("no episode yet; POST /reset starts one")]
    NoEpisode,
    /// The request names no episode, and this server does not take the last reset of anybody for it.
    #[error(
        "this request names no episode, which it must in an exam, and where others can reach the server: send the \
         header 'X-Episode-Id' with the episode_id of POST /reset, or its cookie"
    )]
    Unnamed,
    /// A reset in an exam names an episode that has not ended.
    #[error(
        "episode '{0}' has not ended, and in an exam its name is not given to another: end it, or reset with another \
         episode_id, or with none"
    )]
    NameTaken(String),
    /// The exam does not let an episode begin or go on.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The episode does not exist, or does not exist any more.
    #[error("unknown episode '{0}': it expired, made room for others, or never was; POST /reset starts another")]
    UnknownEpisode(String),
    /// The path does not exist.
    #[error("there is no {0}; GET /docs lists what there is")]
    Path(String),
    /// The environment does not exist.
    #[error("unknown environment '{0}'; GET /list_environments names the one that there is")]
    Environment(String),
    /// The path does not take the method.
    #[error("{path} does not take {method}; the header Allow names what it takes")]
    Method {
        /// The path of the request.
        path: String,
        /// The method of the request.
        method: String,
    },
    /// The body is too large; the number is the limit in bytes.
    #[error("the body is larger than the {0} bytes that are taken")]
    TooLarge(usize),
    /// The content type of the body is not JSON.
    #[error("the content type is '{0}'; send the body with 'content-type: application/json'")]
    MediaType(String),
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    Json(String),
    /// The body is JSON of the wrong form.
    #[error(transparent)]
    Value(#[from] Misfit),
    /// The server has no room for another episode.
    #[error("{0} and none is idle; try again in {RETRY_SECONDS} seconds")]
    Full(#[from] Full),
    /// The body did not arrive in time; the number is the limit in seconds.
    #[error("the body did not arrive within {0} seconds")]
    Slow(u64),
    /// The connection broke while the body was read.
    #[error("the body could not be read: {0}")]
    Broken(String),
    /// The request asks for a score during an exam.
    #[error("this is an exam: no score leaves the server")]
    Exam,
    /// The request chooses by level during an exam.
    #[error("this is an exam: levels are not told; choose by scenario_id, task_id or index")]
    ExamLevel,
    /// The request has no token, or a wrong one.
    #[error("this needs the server's token: 'Authorization: Bearer …', as given by --token or printed at its start")]
    Unauthorized,
    /// A web page of another origin made a browser send the request.
    #[error(
        "a web page of another origin, or under a foreign name of this machine, may not do this; --allow-origin names pages that may, and with a --token runs start under any name"
    )]
    Foreign,
    /// The client sends more requests than it may.
    #[error("more requests than the {rate} a second that are taken from one address; try again in {} seconds", .after.as_secs_f64())]
    TooOften {
        /// The number of requests a second that are taken.
        rate: u32,
        /// The time after which the next request is taken.
        after: std::time::Duration,
    },
    /// A run is under way already. Its id is missing while its endpoint is checked.
    #[error("a run is under way ({}); GET /baseline/RUN_ID says how far it is", .0.as_deref().unwrap_or("its endpoint is being checked"))]
    Busy(Option<String>),
    /// The baseline run does not exist.
    #[error("unknown run '{0}'; POST /baseline starts one")]
    UnknownRun(String),
    /// The server plays no runs of its own.
    #[error("this server plays no runs of its own")]
    NoBaseline,
    /// The baseline run failed.
    #[error("the run came to nothing: {0}")]
    Baseline(String),
    /// The server shows no kept runs.
    #[error("this server shows no runs; --results DIR names the folder to show")]
    NoRuns,
    /// The kept run does not exist.
    #[error("{0}; GET /runs lists what there is")]
    NoRun(String),
    /// The kept runs cannot be read.
    #[error("the runs cannot be read: {0}")]
    Runs(String),
    /// The two runs were not played under the same conditions.
    #[error("{0}; allow_drift=true compares them all the same")]
    Drift(String),
    /// The suite cannot be generated.
    #[error("{0}")]
    Suite(String),
    /// An ordinary request came where a WebSocket is expected.
    #[error("/ws speaks WebSocket (version 13); open it with a WebSocket client")]
    Upgrade,
}

impl Fault {
    /// Makes the refusal of a path that has no route.
    pub(super) fn path(uri: &Uri) -> Self {
        Self::Path(excerpt(uri.path()).into_owned())
    }

    /// Returns the status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Task(_)
            | Self::Scenario(_)
            | Self::Range { .. }
            | Self::NoScenarios(_)
            | Self::Level { .. }
            | Self::Split { .. }
            | Self::NoEpisode
            | Self::Unnamed
            | Self::Suite(_)
            | Self::Broken(_) => StatusCode::BAD_REQUEST,
            Self::Exam | Self::ExamLevel | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_)
            | Self::Runs(_)
            | Self::Drift(_)
            | Self::NameTaken(_)
            | Self::Refused(Refused::Open(_) | Refused::Used { .. }) => StatusCode::CONFLICT,
            Self::Baseline(_) => StatusCode::BAD_GATEWAY,
            Self::UnknownEpisode(_)
            | Self::Path(_)
            | Self::Environment(_)
            | Self::UnknownRun(_)
            | Self::NoBaseline
            | Self::NoRuns
            | Self::NoRun(_) => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Json(_) | Self::Value(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Upgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Full(_) | Self::Refused(Refused::Ended) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the code word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Task(_) => "unknown_task",
            Self::Scenario(_) | Self::NoScenarios(_) | Self::Level { .. } => "unknown_scenario",
            Self::Range { .. } => "scenario_out_of_range",
            Self::Split { .. } => "unknown_split",
            Self::NoEpisode => "no_episode",
            Self::Unnamed => "episode_unnamed",
            Self::NameTaken(_) => "episode_open",
            Self::Refused(Refused::Open(_)) => "scenario_open",
            Self::Refused(Refused::Used { .. }) => "scenario_used",
            Self::Refused(Refused::Ended) => "exam_ended",
            Self::UnknownEpisode(_) => "unknown_episode",
            Self::Path(_) => "not_found",
            Self::Environment(_) => "unknown_environment",
            Self::Method { .. } => "method_not_allowed",
            Self::TooLarge(_) => "body_too_large",
            Self::MediaType(_) => "unsupported_media_type",
            Self::Json(_) => "malformed_json",
            Self::Value(_) => "invalid_value",
            Self::Full(_) => "at_capacity",
            Self::Slow(_) => "body_too_slow",
            Self::Broken(_) => "body_unreadable",
            Self::Exam | Self::ExamLevel => "exam",
            Self::Unauthorized => "unauthorized",
            Self::Foreign => "foreign_origin",
            Self::TooOften { .. } => "too_many_requests",
            Self::Busy(_) => "run_under_way",
            Self::UnknownRun(_) | Self::NoRun(_) => "unknown_run",
            Self::NoRuns => "no_runs",
            Self::Runs(_) => "runs_unreadable",
            Self::Drift(_) => "drift",
            Self::Suite(_) => "unknown_suite",
            Self::NoBaseline => "no_baseline",
            Self::Baseline(_) => "baseline_failed",
            Self::Upgrade => "upgrade_required",
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut body = json!({ "detail": self.to_string(), "code": self.code() });
        if let Self::Busy(run_id) = &self {
            body["run_id"] = json!(run_id);
        }
        let body = body.to_string();
        let mut response = (self.status(), [(CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::Full(_) => drop(headers.insert(RETRY_AFTER, RETRY_SECONDS.into())),
            // The header has whole seconds.
            Self::TooOften { after, .. } => {
                headers.insert(RETRY_AFTER, (after.as_secs() + u64::from(after.subsec_nanos() > 0)).into());
            }
            Self::Upgrade => {
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            }
            _ => {}
        }
        response
    }
}
