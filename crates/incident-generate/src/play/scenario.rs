//! Scenarios: an incident as a scenario of the environment, with its briefing, its budget of steps and the rules of
//! its task.

use std::fmt::Write;
use std::sync::Arc;

use crate::data::library::{TaskText, TaskTexts};
use crate::incident::incident::Incident;
use crate::incident::rule::AlertRule;
use crate::incident::world::World;
use crate::play::answer::NONE;
use crate::play::live::Playable;
use crate::telemetry::alert::{AlertText, Standing};
use incident_env::{
    ActionKind, Alert, AnswerForm, Briefing, Diagnostic, Points, Remediation, RewardTable, Scenario, Severity, Signal,
    Targets, Task, TaskId, Tasks,
};

/// Where generated scenarios come from.
const ORIGIN: &str = "generated";

/// Says where the words of the task are defined.
const DEFINED: &str = " The description of the task, and action_schema in the first observation, define mechanisms, verbs, \
rules and the grade.";

/// Returns the task that an incident poses in a suite.
#[must_use]
pub fn task_of(incident: &Incident) -> TaskId {
    incident.task
}

/// Returns a task with the rules of simulated worlds: queries earn nothing, and remediations earn what they change.
#[must_use]
pub(crate) fn rules(task: &Task, texts: &TaskTexts, max_steps: u32) -> Task {
    let rewards = RewardTable::new(|signal| match signal {
        Signal::QueryNewSvc
        | Signal::QueryNewAction
        | Signal::QueryRepeat
        | Signal::RemGood
        | Signal::SubmitCorrect => Points::ZERO,
        _ => task.rewards.points(signal),
    });
    let TaskText { description, definitions } = texts.of(task.id).clone();
    // Whatever may show that stored data comes apart or that work is late can be looked at in every task.
    let looks = Diagnostic::ALL.map(ActionKind::Diagnostic);
    let others = task.actions.iter().filter(|action| !matches!(action, ActionKind::Diagnostic(_)));
    let actions = looks.iter().chain(others).cloned().collect();
    Task { max_steps, actions, rewards, description, definitions, ..task.clone() }
}

/// Returns the number of steps that an incident allows. It is the same for all incidents of a level in a task, so it
/// tells nothing about any of them.
#[must_use]
pub(crate) fn budget(world: &World, task: TaskId) -> u32 {
    let knobs = &world.incident.knobs;
    (knobs.steps[task.index()] * knobs.slack).div_ceil(100)
}

/// Makes an incident a scenario of a task. Its origin is the same for all incidents, because a suite that is named there
/// would tell where its incidents come from.
#[must_use]
pub fn scenario(world: impl Into<Arc<World>>, task: TaskId, tasks: &Tasks) -> Scenario {
    let world = world.into();
    let task = Arc::new(rules(tasks.get(task), &world.library.tasks, budget(&world, task)));
    let playable = Playable::new(Arc::clone(&world));
    let deadline = playable.deadline(task.id);
    let briefing = briefing(&world, task, deadline);
    Scenario::new(briefing, Arc::new(playable), world.incident.level.as_str(), ORIGIN)
}

fn briefing(world: &World, task: Arc<Task>, deadline: Option<u32>) -> Briefing {
    let World { incident, library, objects, .. } = world;
    let alert = alert(world);
    let summary = summary(world, &alert.title, task.id, deadline);
    let sorted = |mut names: Vec<Arc<str>>| {
        names.sort();
        names
    };
    let services = incident.topology.entities.iter().map(|entity| Arc::from(entity.name.as_str())).collect();
    let verbs = library.vocabulary.verbs.iter().filter(|verb| verb.action == Remediation::ExecuteRunbookStep);
    let verbs = verbs.map(|verb| format!("{} ({})", verb.name, verb.accepted()).into()).collect();
    let flags = objects.flags().map(Arc::from).collect();
    let is_planning = task.id == TaskId::RemediationPlanning;
    let only = |names: Vec<Arc<str>>| if is_planning { sorted(names) } else { Vec::new() };
    let mechanisms = library.families.iter().map(|family| family.id.as_str()).chain([NONE]).map(Arc::from).collect();
    let targets = Targets { services: sorted(services), runbooks: only(verbs), flags: only(flags) };
    Briefing::new(incident.id.clone(), task, summary, alert, targets, AnswerForm::Cited { mechanisms })
}

/// Returns the alert: the rule that fired, and since when.
fn alert(world: &World) -> Alert {
    let AlertRule { at, since, .. } = world.incident.alert;
    let AlertText { id, title, rule } =
        AlertText::of(world, world.incident.alert, 0, Standing::of_first(&world.incident.alert));
    Alert {
        id,
        title,
        severity_fired: None,
        affected_services: vec![world.incident.topology.name(at).to_owned()],
        symptoms: vec![rule],
        error_rate: None,
        duration_minutes: Some(since.into()),
        revenue_impact_per_min: None,
    }
}

/// Returns the summary of an incident, with what is peculiar to the task and to the knobs.
fn summary(world: &World, title: &str, task: TaskId, deadline: Option<u32>) -> String {
    let incident = &world.incident;
    let topology = &incident.topology;
    let mut summary = format!(
        "Paged at {}: {title}. The system has {} parts; users come in through {}, whose metrics show what \
they come for and where. Every query takes a minute, changes take longer.",
        world.clock(0),
        topology.entities.len(),
        topology.name(topology.gateway),
    );
    if task == TaskId::AlertClassification {
        summary.push(' ');
        summary.push_str(Severity::RULE);
    }
    summary.push_str(DEFINED);
    if let Some(minutes) = deadline {
        let _ = write!(summary, " There are {minutes} minutes, until {}.", world.clock(minutes.cast_signed()));
    }
    if incident.knobs.second > 0 {
        summary.push_str(match task {
            TaskId::AlertClassification => " Two faults may be at work; what users lose by both counts.",
            TaskId::RootCauseAnalysis => " Two faults may be at work; asked is for the one that this alert is about.",
            TaskId::RemediationPlanning => {
                " Two faults may be at work; repair both, and name the one that this alert is about."
            }
        });
    }
    summary
}
