//! The three tasks: their limits, actions and reward tables, read from `scenarios/tasks.toml`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{ActionKind, Submission};
use crate::definitions::Definitions;
use crate::names::Aliases;
use crate::reward::RewardTable;

crate::named_enum! {
    /// A kind of problem.
    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum TaskId ("task", "tasks") {
        /// How severe is it?
        AlertClassification = "alert_classification",
        /// Which service failed, and how?
        RootCauseAnalysis = "root_cause_analysis",
        /// Bring it back.
        RemediationPlanning = "remediation_planning",
    }
}

impl TaskId {
    /// Returns the submission that ends an episode of this task.
    #[must_use]
    pub const fn submission(self) -> Submission {
        match self {
            Self::AlertClassification => Submission::Severity,
            Self::RootCauseAnalysis => Submission::RootCause,
            Self::RemediationPlanning => Submission::Resolution,
        }
    }
}

crate::named_enum! {
    /// The difficulty of a task. It is also the task's column in the score table.
    pub enum Difficulty ("difficulty", "difficulties") {
        /// The difficulty of `alert_classification`.
        Easy = "easy",
        /// The difficulty of `root_cause_analysis`.
        Medium = "medium",
        /// The difficulty of `remediation_planning`.
        Hard = "hard",
    }
}

/// A task with its rules.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// The name of the task.
    pub id: TaskId,
    /// The difficulty of the task.
    pub difficulty: Difficulty,
    /// The number of steps after which an episode times out.
    pub max_steps: u32,
    /// The request of the task in its first line, and after an empty line everything that is defined.
    pub description: String,
    /// What an agent is told about the words of the task.
    #[serde(skip)]
    pub definitions: Arc<Definitions>,
    /// The actions that the task offers, its submission last.
    pub actions: Vec<ActionKind>,
    /// The points of each signal.
    pub rewards: RewardTable,
}

impl Task {
    /// Returns whether the task offers an action of this kind.
    #[must_use]
    pub fn offers(&self, kind: &ActionKind) -> bool {
        self.actions.contains(kind)
    }

    /// Returns whether a non-submission at this step number costs `past_half`.
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

/// The rules that all scenarios share: the three tasks and the short names of services.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// The tasks, at the index of their id.
    tasks: [Arc<Task>; TaskId::COUNT],
    pub(crate) aliases: Arc<Aliases>,
}

impl Tasks {
    /// Reads `tasks.toml`.
    ///
    /// # Errors
    /// Returns a text that says which line is wrong, which task is missing or occurs twice, or which action does not
    /// exist.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let TasksFile { mut task, aliases } = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut take = |id: TaskId| {
            let at = task.iter().position(|task| task.id == id).ok_or_else(|| format!("task {id} is missing"))?;
            task.swap_remove(at).check().map(Arc::new)
        };
        let tasks =
            [take(TaskId::AlertClassification)?, take(TaskId::RootCauseAnalysis)?, take(TaskId::RemediationPlanning)?];
        if let Some(twice) = task.first() {
            return Err(format!("task {} is there twice", twice.id));
        }
        Ok(Self { tasks, aliases: Arc::new(Aliases::new(&aliases)) })
    }

    /// Returns the task with this id.
    #[must_use]
    pub fn get(&self, id: TaskId) -> &Arc<Task> {
        &self.tasks[id.index()]
    }

    /// Makes the same tasks with other rules. `rule` must keep the id of each task.
    #[must_use]
    pub fn map(&self, rule: impl Fn(&Task) -> Task) -> Self {
        let tasks = self.tasks.each_ref().map(|task| Arc::new(Task { id: task.id, ..rule(task) }));
        Self { tasks, aliases: Arc::clone(&self.aliases) }
    }

    /// Returns the three tasks, from easy to hard.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.iter()
    }
}

impl TaskFile {
    /// Returns the task if its actions exist and its own submission is among them.
    fn check(self) -> Result<Task, String> {
        let Self { id, difficulty, max_steps, description, actions, rewards } = self;
        if !actions.contains(&ActionKind::Submission(id.submission())) {
            return Err(format!("task {id} does not offer {}", id.submission()));
        }
        if let Some(ActionKind::Other(name)) = actions.iter().find(|kind| matches!(kind, ActionKind::Other(_))) {
            return Err(format!("task {id} offers the unknown action '{name}'"));
        }
        Ok(Task { id, difficulty, max_steps, description, definitions: Arc::default(), actions, rewards })
    }
}
