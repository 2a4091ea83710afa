//! The actions as tools, and what a call of one comes to: a step that counts.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::env::{Action, ActionKind, Diagnostic, Remediation, SEVERITIES, Submission, TaskId};
use crate::serve::app::{App, Play};
use crate::serve::episodes::choice::Choice;
use crate::serve::error::{Fault, Misfit, excerpt};

/// Begins an episode. `reset` is a name that OpenEnv keeps for itself.
pub(crate) const START: &str = "start_incident";
/// Reads the observation without a step.
pub(crate) const SHOW: &str = "show_incident";

/// A tool: name, what it is for, and the schema of its arguments.
struct Tool {
    name: String,
    description: &'static str,
    schema: Value,
}

/// All tools. They do not change with the task, so clients may keep the list; the observation's `available_actions` names
/// those that the task offers.
fn tools() -> impl Iterator<Item = Tool> {
    let start = Tool {
        name: START.to_owned(),
        description: "Start another incident: by scenario_id, by task_id and scenario_index, or drawn by a seed. \
                      Without arguments the first one. Not while one is under way.",
        schema: json!({
            "type": "object",
            "properties": {
                "task_id": { "type": "string", "enum": TaskId::ALL },
                "scenario_index": { "type": "integer", "minimum": 0 },
                "scenario_id": { "type": "string" },
                "seed": { "type": "integer", "minimum": 0 },
            },
        }),
    };
    let show = Tool {
        name: SHOW.to_owned(),
        description: "The incident as far as it is known: the alert, the actions that its task offers, services, and \
                      what was queried. Takes no step.",
        schema: json!({ "type": "object", "properties": {} }),
    };
    let action = |kind: ActionKind| {
        let (description, properties, required) = about(&kind);
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        Tool { name: kind.as_str().to_owned(), description, schema }
    };
    [start, show].into_iter().chain(ActionKind::all().map(action))
}

/// The properties of an answer, with those that simulated worlds read besides.
fn answer(properties: &Value, more: &[&str]) -> Value {
    let in_simulated = |text: &str| json!({ "description": format!("In simulated worlds: {text}") });
    let about = |name: &str| match name {
        "mechanism" => in_simulated("one of mechanisms, or none."),
        "trigger" => in_simulated("the change that set it off, or none."),
        "path" => in_simulated("the services from the alerted one to the root, with commas between."),
        "evidence" => in_simulated("ids of records such as e-7f3a that show it, with commas between, at most 8."),
        "confidence" => in_simulated("how sure, from 0 to 1."),
        "status" => in_simulated("resolved, mitigated, unresolved or no_incident."),
        _ => in_simulated("the service at the root, or none."),
    };
    let mut all = properties.as_object().cloned().unwrap_or_default();
    all.extend(more.iter().map(|name| ((*name).to_owned(), about(name))));
    Value::Object(all)
}

/// What an action is for, its parameters, and those that it needs.
fn about(kind: &ActionKind) -> (&'static str, Value, Vec<&'static str>) {
    let text = json!({ "type": "string" });
    let service = json!({ "type": "string", "description": "One of known_services." });
    let only_service = json!({ "service": service });
    let (description, properties) = match kind {
        ActionKind::Diagnostic(kind) => match kind {
            Diagnostic::QueryLogs => ("Recent log lines of a service.", only_service),
            Diagnostic::CheckMetrics => ("Metrics of a service with their baselines.", only_service),
            Diagnostic::CheckDependencies => ("What a service calls, and how those calls go.", only_service),
            Diagnostic::CheckRecentDeploys => ("Recent deploys and configuration changes of a service.", only_service),
            Diagnostic::CheckServiceStatus => ("Replicas, restarts, probes and resources of a service.", only_service),
        },
        ActionKind::Remediation(kind) => match kind {
            Remediation::RestartService => ("Restart a service.", only_service),
            Remediation::RollbackDeploy => {
                ("Take back the last change of a service.", json!({ "service": service, "target_version": text }))
            }
            Remediation::ScaleService => {
                let replicas = json!({ "type": "integer" });
                ("Give a service more replicas.", json!({ "service": service, "replicas": replicas }))
            }
            Remediation::DisableFeatureFlag => {
                let flag = json!({ "type": "string", "description": "One of feature_flags." });
                ("Turn a feature flag off.", json!({ "flag": flag }))
            }
            Remediation::ClearCache => ("Empty the cache of a service.", only_service),
            Remediation::ExecuteRunbookStep => {
                let step = json!({ "type": "string", "description": "One of available_runbooks." });
                let target = json!({ "type": "string", "description": "In simulated worlds: what it is done to." });
                ("Run one step of a runbook.", json!({ "runbook_action": step, "target": target }))
            }
        },
        ActionKind::Submission(kind) => match kind {
            Submission::Severity => (
                "The answer to alert_classification: P1 (critical, core business down), P2 (major, degraded for many \
                 users), P3 (minor, little or no user impact) or P4 (informational). Ends the episode.",
                answer(&json!({ "severity": { "type": "string", "enum": SEVERITIES } }), &["evidence", "confidence"]),
            ),
            Submission::RootCause => (
                "The answer to root_cause_analysis: the service in which the incident began, and a sentence on how it \
                 failed. Ends the episode.",
                answer(
                    &json!({ "service": service, "failure_mode": text }),
                    &["mechanism", "trigger", "path", "evidence", "confidence"],
                ),
            ),
            Submission::Resolution => (
                "The answer to remediation_planning: what failed, what was done, and the state now, in a few \
                 sentences. Ends the episode.",
                answer(&json!({ "summary": text }), &["service", "mechanism", "status"]),
            ),
        },
        ActionKind::Other(_) => ("", json!({})),
    };
    let required = match kind {
        ActionKind::Diagnostic(_) => vec!["service"],
        ActionKind::Remediation(kind) => vec![kind.target_parameters()[0]],
        ActionKind::Submission(Submission::Severity) => vec!["severity"],
        ActionKind::Submission(Submission::RootCause) => vec!["service", "failure_mode"],
        ActionKind::Submission(Submission::Resolution) => vec!["summary"],
        ActionKind::Other(_) => Vec::new(),
    };
    (description, properties, required)
}

/// The list for `tools/list`: the schema under MCP's key and under OpenEnv's.
pub(crate) static LISTED: LazyLock<Value> = LazyLock::new(|| {
    let tool = |Tool { name, description, schema }: Tool| json!({ "name": name, "description": description, "inputSchema": schema, "input_schema": schema });
    json!({ "tools": tools().map(tool).collect::<Vec<_>>() })
});

/// The list for the step action `list_tools`, whose clients know these keys alone.
pub(crate) static LISTED_BY_STEP: LazyLock<Value> = LazyLock::new(|| {
    let tool = |Tool { name, description, schema }: Tool| json!({ "name": name, "description": description, "input_schema": schema });
    json!({ "tools": tools().map(tool).collect::<Vec<_>>() })
});

/// Why a call is no step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallFault {
    /// The name of no tool.
    #[error("Unknown tool: '{0}'")]
    Unknown(String),
    /// Arguments of the wrong form.
    #[error("{0}")]
    Arguments(Misfit),
    /// An incident that cannot be started.
    #[error(transparent)]
    Start(Fault),
    /// To start over would undo steps that cost points.
    #[error(
        "this incident is still under way (step {step} of {most}); submit an answer, or use up the steps, before you \
         start another"
    )]
    UnderWay {
        /// Steps taken.
        step: u32,
        /// The limit.
        most: u32,
    },
}

impl CallFault {
    /// OpenEnv's word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "tool_not_found",
            Self::Arguments(_) => "invalid_args",
            Self::Start(_) | Self::UnderWay { .. } => "execution_error",
        }
    }
}

/// What a call brought: `{observation, reward, done}` and, after a step, `metadata`, as a step on a socket is answered.
#[derive(Debug)]
pub(crate) struct Brought(Box<RawValue>);

/// The parts of it that are told again beside it.
#[derive(Deserialize)]
pub(crate) struct Parts<'a> {
    #[serde(borrow)]
    pub(crate) reward: &'a RawValue,
    pub(crate) done: bool,
    #[serde(borrow)]
    pub(crate) metadata: Option<&'a RawValue>,
}

impl Brought {
    fn of<T: Serialize>(view: &T) -> Self {
        Self(to_raw_value(view).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Reward, end and metadata. They are read from what was made for the client's eyes, so nothing can slip past.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let nothing = Parts { reward: RawValue::NULL, done: false, metadata: None };
        serde_json::from_str(self.0.get()).unwrap_or(nothing)
    }
}

/// Calls a tool.
pub(crate) fn call(
    app: &App,
    play: &mut Play,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<Brought, CallFault> {
    let visibility = app.options.visibility;
    match (name, ActionKind::from(name)) {
        (START, _) => {
            let choice = Choice::read(arguments).map_err(CallFault::Arguments)?;
            let (step, most) = (play.episode.observation().step_count, play.episode.observation().task().max_steps);
            if step > 0 && !play.episode.is_done() {
                return Err(CallFault::UnderWay { step, most });
            }
            let scenario = app.scenario(&choice).map_err(CallFault::Start)?;
            *play = Play::start(&scenario, choice.episode_id.as_deref());
            app.metrics.episode();
            Ok(Brought::of(&visibility.openenv_reset(&play.episode, &play.name)))
        }
        (SHOW, _) => Ok(Brought::of(&visibility.openenv_seen(&play.episode, &play.name))),
        (_, ActionKind::Other(_)) => Err(CallFault::Unknown(excerpt(name).into_owned())),
        (_, kind) => {
            let action = Action::new(kind, arguments).map_err(|error| {
                let misfit = Misfit::from(error);
                let place = misfit.place.strip_prefix("parameters.").unwrap_or(&misfit.place).to_owned();
                CallFault::Arguments(Misfit { place, ..misfit })
            })?;
            let (outcome, name) = app.step(play, &action);
            Ok(Brought::of(&visibility.openenv_step(&outcome, name)))
        }
    }
}

/// The result of a call in MCP's keys, and beside them in those of OpenEnv's clients.
#[derive(Serialize)]
pub(crate) struct CallResult<'a> {
    content: [Text<'a>; 1],
    #[serde(rename = "structuredContent", skip_serializing_if = "Option::is_none")]
    structured: Option<&'a RawValue>,
    structured_content: Option<&'a RawValue>,
    data: Data<'a>,
    #[serde(rename = "isError")]
    is_error_in_mcp: bool,
    is_error: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta_in_mcp: Option<Meta<'a>>,
    meta: Option<Meta<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// What OpenEnv's clients hand on: all of it, or what is wrong.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Brought(&'a RawValue),
    Problem(&'a str),
}

#[derive(Clone, Copy, Serialize)]
struct Meta<'a> {
    reward: &'a RawValue,
    done: bool,
}

impl<'a> CallResult<'a> {
    pub(crate) fn good(brought: &'a Brought) -> Self {
        let Parts { reward, done, .. } = brought.parts();
        let meta = Some(Meta { reward, done });
        Self {
            content: [Text { r#type: "text", text: brought.0.get() }],
            structured: Some(&brought.0),
            structured_content: Some(&brought.0),
            data: Data::Brought(&brought.0),
            is_error_in_mcp: false,
            is_error: false,
            meta_in_mcp: meta,
            meta,
        }
    }

    /// A problem that the caller can mend.
    pub(crate) fn bad(problem: &'a str) -> Self {
        Self {
            content: [Text { r#type: "text", text: problem }],
            structured: None,
            structured_content: None,
            data: Data::Problem(problem),
            is_error_in_mcp: true,
            is_error: true,
            meta_in_mcp: None,
            meta: None,
        }
    }
}
