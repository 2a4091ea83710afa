//! A set of prompts, read from data and rendered to text.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::actions::{self, ActionDoc};
use super::protocol::Protocol;
use super::schema::{self, Absence, LONGEST_REASONING};
use crate::agent::think::Think;
use crate::agent::tool_aliases::ToolNames;
use crate::chat::{ReplyFormat, ToolSpec};
use incident_env::{Action, ActionKind, LookParameter, Observation, Task};

#[derive(RustEmbed)]
#[folder = "prompts/"]
struct Embedded;

/// The templates of a set.
pub const TEMPLATES: [&str; 4] = ["system.md.j2", "first.md.j2", "step.md.j2", "repair.md.j2"];
/// The number of instructions that a template may execute, which is a thousand times what the embedded ones need.
const FUEL: u64 = 1_000_000;
/// The file that describes a set and its actions.
pub const SET_FILE: &str = "prompt.toml";
/// The folder of a set whose files replace the set's own where a model may think before it acts.
pub const THINK_FOLDER: &str = "think";
/// The reasons why a set of prompts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file is missing.
    #[error("{file} is missing in the prompt set '{set}'")]
    Missing {
        /// The name of the set.
        set: String,
        /// The name of the file.
        file: &'static str,
    },
    /// The file `prompt.toml` is wrong.
    #[error("{SET_FILE} of the prompt set '{set}': {problem}")]
    Description {
        /// The name of the set.
        set: String,
        /// The problem with the file.
        problem: String,
    },
    /// A template cannot be parsed or rendered.
    #[error("{file}: {source:#}")]
    Template {
        /// The name of the template.
        file: String,
        /// The error of the template engine.
        source: minijinja::Error,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    version: String,
    #[serde(default, rename = "note")]
    _note: String,
    /// The descriptions of the actions. A set for models that think may leave them to the set that it is a part of.
    #[serde(default)]
    action: Vec<ActionDoc>,
}

/// A set of prompts. Its digest is part of a run, because scores with different prompts are not comparable.
#[derive(Debug)]
pub struct PromptSet {
    name: String,
    version: String,
    digest: String,
    think: Think,
    actions: Vec<ActionDoc>,
    templates: Environment<'static>,
    tool_names: Option<Arc<ToolNames>>,
}

/// What happened to the model's last reply, for the step message.
#[derive(Debug, Clone, Default)]
pub struct LastStep {
    /// The action that was taken.
    pub action: Option<Action>,
    /// The reason why the model's reply was not used; none if it was.
    pub not_used: Option<String>,
}

impl PromptSet {
    /// The embedded set `default`.
    ///
    /// # Errors
    /// Never fails in a released binary, because a test has rendered every template.
    pub fn embedded(think: Think) -> Result<Self, PromptError> {
        Self::of_name("default", think)
    }

    /// The embedded set for simulated incidents, whose answers have other parameters.
    ///
    /// # Errors
    /// Fails as [`Self::embedded`] does.
    pub fn simulated(think: Think) -> Result<Self, PromptError> {
        Self::of_name("simulated", think)
    }

    fn of_name(name: &str, think: Think) -> Result<Self, PromptError> {
        let files = files(think).into_iter().filter_map(|file| {
            let data = Embedded::get(&format!("{name}/{file}"))?.data;
            Some((file, String::from_utf8_lossy(&data).into_owned()))
        });
        Self::new(name, &files.collect(), think)
    }

    /// Makes a set from the texts of its files, each by its path in the set's folder. [`files`] lists what a set may have.
    ///
    /// # Errors
    /// Names the file that is missing or wrong.
    pub fn new(name: &str, files: &BTreeMap<String, String>, think: Think) -> Result<Self, PromptError> {
        let own =
            |file: &'static str| files.get(file).ok_or_else(|| PromptError::Missing { set: name.to_owned(), file });
        let instead = |file: &str| files.get(&instead_of(file)).filter(|_| think == Think::On);
        let described = |text: &String| {
            toml::from_str::<SetFile>(text)
                .map_err(|e| PromptError::Description { set: name.to_owned(), problem: e.to_string() })
        };
        let mut set = described(own(SET_FILE)?)?;
        let mut hash = Sha256::new();
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // A loop that never ends must be an error and not a hang.
        templates.set_fuel(Some(FUEL));
        templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        for file in TEMPLATES {
            let text = instead(file).map_or_else(|| own(file), Ok)?;
            hash.update(format!("{file} {}\n{text}\n", text.len()));
            templates
                .add_template_owned(file, text.clone())
                .map_err(|source| PromptError::Template { file: file.to_owned(), source })?;
        }
        let text = own(SET_FILE)?;
        hash.update(format!("{SET_FILE} {}\n{text}\n", text.len()));
        if let Some(text) = instead(SET_FILE) {
            hash.update(format!("{THINK_FOLDER} {}\n{text}\n", text.len()));
            let thinking = described(text)?;
            set.version = thinking.version;
            if !thinking.action.is_empty() {
                set.action = thinking.action;
            }
        }
        actions::check(&set.action).map_err(|problem| PromptError::Description { set: name.to_owned(), problem })?;
        let digest = incident_env::Digest::from(hash).to_string();
        Ok(Self {
            name: name.to_owned(),
            version: set.version,
            digest,
            think,
            actions: set.action,
            templates,
            tool_names: None,
        })
    }

    /// Returns the set for a model that is told other names for the actions. It is another set, with another label and
    /// another digest.
    #[must_use]
    pub fn with_tool_names(self, names: ToolNames) -> Self {
        let digest = incident_env::Digest::of(format!("{} {names:?}", self.digest)).to_string();
        Self { digest, tool_names: Some(Arc::new(names)), ..self }
    }

    /// The names that a model is told instead of the actions' own names.
    #[must_use]
    pub fn tool_names(&self) -> Option<&Arc<ToolNames>> {
        self.tool_names.as_ref()
    }

    /// The name and version of the set, such as `default/1`.
    #[must_use]
    pub fn label(&self) -> String {
        let names = self.tool_names.as_ref().map_or_else(String::new, |names| format!("+{}", names.label()));
        format!("{}/{}{names}", self.name, self.version)
    }

    /// Whether a model that is told these prompts may think before it acts.
    #[must_use]
    pub const fn think(&self) -> Think {
        self.think
    }

    /// The digest of the files of the set that are used, with the prefix `sha256:`.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn render(&self, file: &str, mut values: Value) -> Result<String, PromptError> {
        values["think"] = json!(self.think);
        values["longest_reasoning"] = LONGEST_REASONING.into();
        self.templates
            .get_template(file)
            .and_then(|template| template.render(Serde(&values)))
            .map_err(|source| PromptError::Template { file: file.to_owned(), source })
    }

    /// Renders the instructions for a task that hold for the whole conversation.
    ///
    /// # Errors
    /// Fails if the template uses a name that does not exist.
    pub fn system(&self, task: &Task, protocol: Protocol) -> Result<String, PromptError> {
        let task_view = json!({
            "id": task.id, "description": task.description, "max_steps": task.max_steps,
            "submission": task.id.submission(),
        });
        let actions: Vec<_> = self.offered(task).collect();
        self.render("system.md.j2", json!({ "task": task_view, "actions": actions, "protocol": protocol }))
    }

    /// Renders the incident, which is the first message of the user.
    ///
    /// # Errors
    /// Fails as [`Self::system`] does.
    pub fn first(&self, observation: &Observation, protocol: Protocol) -> Result<String, PromptError> {
        let view = view(observation);
        let alert = view.get("alert").cloned().unwrap_or_default();
        let steps_left = observation.steps_left();
        let values = json!({ "observation": view, "alert": alert, "steps_left": steps_left, "protocol": protocol });
        self.render("first.md.j2", values)
    }

    /// Renders the result of the last step.
    ///
    /// # Errors
    /// Fails as [`Self::system`] does.
    pub fn step(&self, observation: &Observation, last: &LastStep, protocol: Protocol) -> Result<String, PromptError> {
        let simulated = observation.briefing.asks_for_citations();
        self.render(
            "step.md.j2",
            json!({
                "observation": view(observation),
                "last_action": last.action.as_ref().map(|action| shown(action, simulated)),
                "result": observation.shown().map(|evidence| evidence.text.as_str()),
                "not_used": last.not_used,
                "steps_left": observation.steps_left(),
                "protocol": protocol,
            }),
        )
    }

    /// Renders the message that asks the model to correct its reply.
    ///
    /// # Errors
    /// Fails as [`Self::system`] does.
    pub fn repair(&self, problem: &str) -> Result<String, PromptError> {
        self.render("repair.md.j2", json!({ "problem": problem }))
    }

    /// The form of the answer that a protocol requests in this incident, with the actions' own names.
    #[must_use]
    pub fn format(&self, observation: &Observation, protocol: Protocol) -> ReplyFormat {
        let offered = self.offered(observation.task());
        match protocol {
            Protocol::Text => ReplyFormat::Text,
            Protocol::Json => {
                let schema = schema::answer(offered, observation, self.think);
                ReplyFormat::Json { name: "incident_action".to_owned(), schema }
            }
            Protocol::Tools => {
                let definitions = &observation.task().definitions;
                let spec = |doc: &ActionDoc| ToolSpec {
                    name: doc.name.clone(),
                    description: match definitions.verb(&doc.name) {
                        Some(verb) => format!("{} {verb}", doc.about),
                        None => doc.about.clone(),
                    },
                    parameters: schema::parameters(doc, observation, Absence::LeftOut),
                };
                ReplyFormat::Tools { tools: offered.map(spec).collect() }
            }
        }
    }

    fn offered<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = &'a ActionDoc> {
        task.actions.iter().filter_map(|kind| self.actions.iter().find(|doc| doc.name == kind.as_str()))
    }
}

/// The files that a set may have, by their paths in the set's folder. Those for models that think replace others of the
/// same name, and a set needs none of them.
#[must_use]
pub fn files(think: Think) -> Vec<String> {
    let own = TEMPLATES.into_iter().chain([SET_FILE]);
    let instead = own.clone().map(instead_of).filter(|_| think == Think::On);
    own.map(str::to_owned).chain(instead).collect()
}

/// The path of the file that replaces another one where a model may think.
fn instead_of(file: &str) -> String {
    format!("{THINK_FOLDER}/{file}")
}

/// An action as a model should write it, without anything else that it contained, because a model writes what it reads.
/// Only simulated worlds read the optional parameters of looks.
fn shown(action: &Action, simulated: bool) -> String {
    let (parameter, optional) = match action.kind() {
        ActionKind::Remediation(kind) => (kind.target_parameters()[0], &[][..]),
        ActionKind::Diagnostic(kind) if simulated => ("service", LookParameter::of(*kind)),
        _ => ("service", &[][..]),
    };
    let target = action.target().map(|target| (parameter.to_owned(), Value::from(target)));
    let given = |one: &LookParameter| {
        let value = action.parameters().get(one.as_str()).filter(|value| value.is_string() || value.is_number())?;
        Some((one.as_str().to_owned(), value.clone()))
    };
    let parameters: Map<_, _> = target.into_iter().chain(optional.iter().filter_map(given)).collect();
    json!({ "action_type": action.kind(), "parameters": parameters }).to_string()
}

/// The observation as its JSON, for templates.
fn view(observation: &Observation) -> Value {
    serde_json::to_value(observation).unwrap_or_default()
}
