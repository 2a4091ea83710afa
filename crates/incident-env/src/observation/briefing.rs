//! Briefings: the facts that an agent knows about an incident before its first step.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::names::Aliases;
use crate::task::Task;
use crate::text::raw;

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

/// The possible targets of actions, by kind. [`Briefing::new`] expects each list to be sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Every service that exists.
    pub services: Vec<Arc<str>>,
    /// The runbook steps that can be executed.
    pub runbooks: Vec<Arc<str>>,
    /// The feature flags that can be disabled.
    pub flags: Vec<Arc<str>>,
}

/// The form in which an answer must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerForm {
    /// The agent answers in its own words, and a grader reads the text.
    FreeText,
    /// The agent answers by exact names: a mechanism of this closed list, change ids, and ids of cited records.
    Cited {
        /// The mechanisms that an answer can name.
        mechanisms: Vec<Arc<str>>,
    },
}

/// The facts that are known about an incident before the first step. They are the same in every observation of an
/// episode.
#[derive(Debug)]
pub struct Briefing {
    /// The scenario's id.
    pub scenario_id: String,
    /// The task and its rules.
    pub task: Arc<Task>,
    /// The text of the page that the on-call engineer gets.
    pub summary: String,
    /// The alert.
    pub alert: Alert,
    /// Every service that exists, sorted.
    pub services: Vec<Arc<str>>,
    /// The runbook steps that can be executed, sorted.
    pub runbooks: Vec<Arc<str>>,
    /// The feature flags that can be disabled, sorted.
    pub flags: Vec<Arc<str>>,
    /// The form in which an answer must be given.
    pub answer_form: AnswerForm,
    aliases: Arc<Aliases>,
    pub(super) json: BriefingJson,
}

/// The JSON forms of the parts that never change.
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
    /// Makes a briefing. The lists of `targets` must be sorted.
    #[must_use]
    pub fn new(
        scenario_id: String,
        task: Arc<Task>,
        summary: String,
        alert: Alert,
        targets: Targets,
        answer_form: AnswerForm,
    ) -> Self {
        let Targets { services, runbooks, flags } = targets;
        let json = BriefingJson {
            summary: raw(&summary),
            alert: raw(&alert),
            actions: raw(&task.actions),
            services: raw(&services),
            runbooks: raw(&runbooks),
            flags: raw(&flags),
            mechanisms: match &answer_form {
                AnswerForm::FreeText => None,
                AnswerForm::Cited { mechanisms } => Some(raw(mechanisms)),
            },
        };
        let aliases = Arc::default();
        Self { scenario_id, task, summary, alert, services, runbooks, flags, answer_form, aliases, json }
    }

    pub(crate) fn with_aliases(self, aliases: Arc<Aliases>) -> Self {
        Self { aliases, ..self }
    }

    /// Returns the mechanisms that an answer can name; the list is empty if the answer is free text.
    #[must_use]
    pub fn mechanisms(&self) -> &[Arc<str>] {
        match &self.answer_form {
            AnswerForm::FreeText => &[],
            AnswerForm::Cited { mechanisms } => mechanisms,
        }
    }

    /// Returns whether an answer must cite records and use exact names.
    #[must_use]
    pub const fn asks_for_citations(&self) -> bool {
        matches!(self.answer_form, AnswerForm::Cited { .. })
    }

    /// Returns whether `name` names a known service, by its name or by a usual short form of it.
    #[must_use]
    pub fn is_a_service(&self, name: &str) -> bool {
        self.services.iter().any(|service| self.aliases.names(name, service))
    }
}
