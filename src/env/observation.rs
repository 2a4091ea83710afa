//! Observations: all that an agent may see. Nothing here refers to a scenario's facts or truth.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::action::{ActionKind, Diagnostic, Submission};
use super::episode_id::EpisodeId;
use super::evidence::{Text, raw};
use super::names::Aliases;
use super::points::Points;
use super::task::{Task, TaskId};

/// The alert that opened the incident. A scenario may leave parts out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// The alert's id.
    pub id: String,
    /// What fired.
    pub title: String,
    /// The severity that the alerting rule carries; a judgement of a rule, not of this incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_fired: Option<String>,
    /// The services that the alert names.
    pub affected_services: Vec<String>,
    /// What users and probes see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symptoms: Vec<String>,
    /// The share of failed requests, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<f64>,
    /// Minutes since the onset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_minutes: Option<serde_json::Number>,
    /// Revenue lost, in dollars a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_impact_per_min: Option<serde_json::Number>,
}

/// What is known about an incident before the first step; the same in every observation of an episode.
#[derive(Debug)]
pub struct Briefing {
    /// The scenario's id.
    pub scenario_id: String,
    /// The task and its rules.
    pub task: Arc<Task>,
    /// What the pager says.
    pub summary: String,
    /// The alert.
    pub alert: Alert,
    /// Every service that exists, sorted.
    pub services: Vec<Arc<str>>,
    /// The runbook steps that can be executed, sorted.
    pub runbooks: Vec<Arc<str>>,
    /// The feature flags that can be disabled, sorted.
    pub flags: Vec<Arc<str>>,
    /// The mechanisms that an answer can name; none where it may use its own words.
    pub mechanisms: Vec<Arc<str>>,
    aliases: Arc<Aliases>,
    pub(super) json: BriefingJson,
}

/// The JSON forms of the constant parts.
#[derive(Debug)]
pub(super) struct BriefingJson {
    pub(super) summary: Box<RawValue>,
    pub(super) alert: Box<RawValue>,
    pub(super) actions: Box<RawValue>,
    pub(super) services: Box<RawValue>,
    pub(super) runbooks: Box<RawValue>,
    pub(super) flags: Box<RawValue>,
    pub(super) mechanisms: Option<Box<RawValue>>,
}

impl Briefing {
    /// A briefing; services, runbooks and flags are sorted.
    #[must_use]
    pub fn new(
        scenario_id: String,
        task: Arc<Task>,
        summary: String,
        alert: Alert,
        [services, runbooks, flags]: [Vec<Arc<str>>; 3],
    ) -> Self {
        let json = BriefingJson {
            summary: raw(&summary),
            alert: raw(&alert),
            actions: raw(&task.actions),
            services: raw(&services),
            runbooks: raw(&runbooks),
            flags: raw(&flags),
            mechanisms: None,
        };
        let (aliases, mechanisms) = (Arc::default(), Vec::new());
        Self { scenario_id, task, summary, alert, services, runbooks, flags, mechanisms, aliases, json }
    }

    /// The same with a closed list of mechanisms.
    #[must_use]
    pub fn with_mechanisms(mut self, mechanisms: Vec<Arc<str>>) -> Self {
        self.json.mechanisms = Some(raw(&mechanisms));
        self.mechanisms = mechanisms;
        self
    }

    pub(super) fn with_aliases(self, aliases: Arc<Aliases>) -> Self {
        Self { aliases, ..self }
    }

    /// Whether an answer may name a service like this: by the name of a known one, or by a usual short form of it.
    #[must_use]
    pub fn is_a_service(&self, name: &str) -> bool {
        self.services.iter().any(|service| self.aliases.names(name, service))
    }
}

/// A text that an action brought up.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The action: a diagnostic or a remediation.
    pub kind: ActionKind,
    /// Its target, in the catalogue's spelling.
    pub target: Arc<str>,
    /// What it showed the last time.
    pub text: Text,
}

/// What the environment says about the last step, in a sentence.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the sentences in Display say what each means")]
pub enum Feedback {
    Started,
    Looked { kind: Diagnostic, service: Arc<str>, again: bool },
    Executed { kind: ActionKind, target: Arc<str> },
    NoEffect { kind: ActionKind, target: Arc<str> },
    Harmful { kind: ActionKind, target: Arc<str> },
    Done { kind: ActionKind, target: Arc<str> },
    Refused,
    Submitted { total: Points },
    TimedOut { total: Points, by_clock: bool },
    AlreadyDone,
}

impl fmt::Display for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("Episode started. Read the alert, then act."),
            Self::Looked { kind, service, again: false } => write!(f, "{kind} {service}: see queried_data."),
            Self::Looked { kind, service, again: true } => {
                write!(f, "{kind} {service}: queried before; the reading was taken again.")
            }
            Self::Executed { kind, target } => write!(f, "{kind} {target}: executed, a step of the repair."),
            Self::NoEffect { kind, target } => {
                write!(f, "{kind} {target}: executed, no effect on the progress of the repair.")
            }
            Self::Harmful { kind, target } => write!(f, "{kind} {target}: executed, and it made things worse."),
            Self::Done { kind, target } => write!(f, "{kind} {target}: executed; see queried_data."),
            Self::Refused => f.write_str("The action was not carried out; see last_action_error."),
            Self::Submitted { total } => write!(f, "Submission received. Grade {total}."),
            Self::TimedOut { total, by_clock } => {
                let of = if *by_clock { "time" } else { "steps" };
                write!(f, "Out of {of} without a submission. Grade {total}.")
            }
            Self::AlreadyDone => f.write_str("The episode is already done; reset to start another."),
        }
    }
}

impl Serialize for Feedback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why an action was refused, and what would be right.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the sentences in Display say what each means")]
pub enum StepError {
    UnknownAction { name: Arc<str> },
    NotOffered { kind: ActionKind, briefing: Arc<Briefing> },
    NoService { kind: ActionKind },
    UnknownService { name: String, briefing: Arc<Briefing> },
    NoTarget { kind: ActionKind, parameter: &'static str },
    WrongSubmission { kind: Submission, task: TaskId },
    Unfit { kind: ActionKind, problem: String },
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction { name } => {
                write!(f, "unknown action_type '{}'; valid: ", Excerpt(name))?;
                join(f, ActionKind::all())
            }
            Self::NotOffered { kind, briefing } => {
                write!(f, "{kind} is not available in {}; available: ", briefing.task.id)?;
                join(f, briefing.task.actions.iter())
            }
            Self::NoService { kind } => write!(f, "{kind} needs the parameter 'service'"),
            Self::UnknownService { name, briefing } => {
                write!(f, "unknown service '{}'; known services: ", Excerpt(name))?;
                join(f, briefing.services.iter())
            }
            Self::NoTarget { kind, parameter } => write!(f, "{kind} needs the parameter '{parameter}'"),
            Self::WrongSubmission { kind, task } => {
                write!(f, "{kind} does not answer {task}; submit with {}", task.submission())
            }
            Self::Unfit { kind, problem } => write!(f, "{kind}: {problem}"),
        }
    }
}

impl Serialize for StepError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    for (index, item) in items.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

/// The beginning of a text that an agent wrote: an error must not repeat a megabyte.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// What an agent sees after a reset and after every step.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The episode.
    pub episode_id: EpisodeId,
    /// What was known from the start.
    pub briefing: Arc<Briefing>,
    /// Steps taken.
    pub step_count: u32,
    /// What was brought up so far, each action and target once, in the order of the first time.
    pub evidence: Vec<Evidence>,
    /// The sum of all rewards so far.
    pub cumulative_reward: Points,
    /// Whether the episode is over.
    pub done: bool,
    /// What the environment says about the last step.
    pub feedback: Feedback,
    /// Why the last action was refused, if it was.
    pub last_action_error: Option<StepError>,
}

impl Observation {
    pub(super) fn first(episode_id: EpisodeId, briefing: Arc<Briefing>) -> Self {
        Self {
            episode_id,
            briefing,
            step_count: 0,
            evidence: Vec::new(),
            cumulative_reward: Points::ZERO,
            done: false,
            feedback: Feedback::Started,
            last_action_error: None,
        }
    }

    /// The task being played.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.briefing.task
    }

    /// The text that a diagnostic of a service brought up, if it was queried.
    #[must_use]
    pub fn reading(&self, kind: Diagnostic, service: &str) -> Option<&str> {
        self.evidence
            .iter()
            .find(|e| e.kind == ActionKind::Diagnostic(kind) && &*e.target == service)
            .map(|e| e.text.as_str())
    }

    /// Steps that are left.
    #[must_use]
    pub fn steps_left(&self) -> u32 {
        self.briefing.task.max_steps.saturating_sub(self.step_count)
    }

    pub(super) fn record(&mut self, kind: ActionKind, target: Arc<str>, text: Text) {
        match self.evidence.iter_mut().find(|e| e.target == target && e.kind == kind) {
            Some(known) => known.text = text,
            None => self.evidence.push(Evidence { kind, target, text }),
        }
    }

    /// The evidence as `queried_data`: {action: {target: text}}.
    #[must_use]
    pub fn queried_data(&self) -> QueriedData<'_> {
        QueriedData(&self.evidence)
    }
}

/// Evidence in its form on the wire: {action: {target: text}}.
#[derive(Debug, Clone, Copy)]
pub struct QueriedData<'a>(&'a [Evidence]);

impl Serialize for QueriedData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut actions = serializer.serialize_map(None)?;
        for (index, first) in self.0.iter().enumerate() {
            if self.0[..index].iter().all(|earlier| earlier.kind != first.kind) {
                actions.serialize_entry(first.kind.as_str(), &OfKind { all: &self.0[index..], kind: &first.kind })?;
            }
        }
        actions.end()
    }
}

struct OfKind<'a> {
    all: &'a [Evidence],
    kind: &'a ActionKind,
}

impl Serialize for OfKind<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut targets = serializer.serialize_map(None)?;
        for evidence in self.all.iter().filter(|evidence| evidence.kind == *self.kind) {
            targets.serialize_entry(&*evidence.target, &evidence.text)?;
        }
        targets.end()
    }
}

impl Serialize for Observation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shown().serialize(serializer)
    }
}
