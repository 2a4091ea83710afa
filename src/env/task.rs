//! The three tasks: their limits, actions and reward tables, read from `scenarios/tasks.toml`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::{ActionKind, Submission};
use super::names::Aliases;
use super::reward::RewardTable;

/// The severities that answer `alert_classification`, worst first.
pub const SEVERITIES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskId {
    /// How severe is it?
    AlertClassification,
    /// Which service failed, and how?
    RootCauseAnalysis,
    /// Bring it back.
    RemediationPlanning,
}

impl TaskId {
    /// All tasks, from easy to hard.
    pub const ALL: [Self; 3] = [Self::AlertClassification, Self::RootCauseAnalysis, Self::RemediationPlanning];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlertClassification => "alert_classification",
            Self::RootCauseAnalysis => "root_cause_analysis",
            Self::RemediationPlanning => "remediation_planning",
        }
    }

    /// The submission that ends an episode of this task.
    #[must_use]
    pub const fn submission(self) -> Submission {
        match self {
            Self::AlertClassification => Submission::Severity,
            Self::RootCauseAnalysis => Submission::RootCause,
            Self::RemediationPlanning => Submission::Resolution,
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A task name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task '{0}'; tasks: alert_classification, root_cause_analysis, remediation_planning")]
pub struct UnknownTask(pub String);

impl FromStr for TaskId {
    type Err = UnknownTask;

    fn from_str(name: &str) -> Result<Self, UnknownTask> {
        Self::ALL.into_iter().find(|task| task.as_str() == name.trim()).ok_or_else(|| UnknownTask(name.to_owned()))
    }
}

/// How hard a task is; also its column in the score table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    /// `alert_classification`.
    Easy,
    /// `root_cause_analysis`.
    Medium,
    /// `remediation_planning`.
    Hard,
}

impl Difficulty {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A task with its rules.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// The number of steps after which an episode times out.
    pub max_steps: u32,
    /// What the task asks for, in a sentence.
    pub description: String,
    /// The actions that it offers, its submission last.
    pub actions: Vec<ActionKind>,
    /// The points of each signal.
    pub rewards: RewardTable,
}

impl Task {
    /// Whether the task offers an action of this kind.
    #[must_use]
    pub fn offers(&self, kind: &ActionKind) -> bool {
        self.actions.contains(kind)
    }

    /// Whether a non-submission at this step number costs `past_half`.
    #[must_use]
    pub fn is_past_half(&self, step: u32) -> bool {
        step > (self.max_steps / 2).max(1)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    id: TaskId,
    difficulty: Difficulty,
    max_steps: u32,
    description: String,
    actions: Vec<ActionKind>,
    rewards: RewardTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TasksFile {
    task: Vec<TaskFile>,
    aliases: std::collections::BTreeMap<String, Vec<String>>,
}

/// The rules that all scenarios share: the tasks and the service aliases.
#[derive(Debug, Clone)]
pub struct Tasks {
    tasks: Vec<Arc<Task>>,
    pub(crate) aliases: Arc<Aliases>,
}

impl Tasks {
    /// Reads `tasks.toml`.
    ///
    /// # Errors
    /// Says which line is wrong, or which task is missing.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: TasksFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let tasks: Vec<_> = file
            .task
            .into_iter()
            .map(|t| {
                Arc::new(Task {
                    id: t.id,
                    difficulty: t.difficulty,
                    max_steps: t.max_steps,
                    description: t.description,
                    actions: t.actions,
                    rewards: t.rewards,
                })
            })
            .collect();
        for id in TaskId::ALL {
            let Some(task) = tasks.iter().find(|task| task.id == id) else {
                return Err(format!("task {id} is missing"));
            };
            if !task.offers(&ActionKind::Submission(id.submission())) {
                return Err(format!("task {id} does not offer {}", id.submission()));
            }
            if let Some(ActionKind::Other(name)) = task.actions.iter().find(|k| matches!(k, ActionKind::Other(_))) {
                return Err(format!("task {id} offers the unknown action '{name}'"));
            }
        }
        Ok(Self { tasks, aliases: Arc::new(Aliases::new(&file.aliases)) })
    }

    /// A task by its id. All three exist: `parse` has checked it.
    #[must_use]
    pub fn get(&self, id: TaskId) -> &Arc<Task> {
        self.tasks.iter().find(|task| task.id == id).unwrap_or(&self.tasks[0])
    }

    /// The same tasks by other rules.
    #[must_use]
    pub fn map(&self, rule: impl Fn(&Task) -> Task) -> Self {
        Self { tasks: self.tasks.iter().map(|task| Arc::new(rule(task))).collect(), aliases: Arc::clone(&self.aliases) }
    }

    /// The tasks in their order in the file.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.iter()
    }
}
