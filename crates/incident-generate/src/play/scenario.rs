//! Scenarios: an incident as a scenario of the environment, with its briefing, its budget of steps and the rules of
//! its task.

use std::fmt::Write;
use std::sync::Arc;

use crate::data::library::{TaskText, TaskTexts};
use crate::incident::incident::Incident;
use crate::incident::world::World;
use crate::play::answer::NONE;
use crate::play::live::Playable;
use crate::play::oracle;
use incident_env::{
    Alert, AnswerForm, Briefing, Points, Remediation, RewardTable, Scenario, Severity, Signal, Targets, Task, TaskId,
    Tasks,
};

/// The least number of steps of the oracle that the slack is applied to.
const SHORTEST_PLAY: u32 = 3;
/// The steps that are allowed besides those of the slack.
const SPARE_STEPS: u32 = 4;

/// Says where the words of the task are defined.
const DEFINED: &str = " The description of the task, and action_schema in the first observation, define mechanisms, verbs, \
rules and the grade.";

/// Returns the task that an incident poses in a suite. Tasks take turns.
#[must_use]
pub fn task_of(incident: &Incident) -> TaskId {
    match incident.number % 3 {
        0 => TaskId::ALL[0],
        1 => TaskId::ALL[1],
        _ => TaskId::ALL[2],
    }
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
    Task { max_steps, rewards, description, definitions, ..task.clone() }
}

/// Returns the number of steps that an incident allows: those of the oracle times the slack, and a few more.
#[must_use]
pub(crate) fn budget(world: &World, task: TaskId) -> u32 {
    let play = u32::try_from(oracle::play(world, task).len()).unwrap_or(u32::MAX);
    (play.max(SHORTEST_PLAY) * world.incident.knobs.slack).div_ceil(100) + SPARE_STEPS
}

/// Makes an incident a scenario of a task. The origin is shown as where the scenario comes from.
#[must_use]
pub fn scenario(world: impl Into<Arc<World>>, task: TaskId, tasks: &Tasks, origin: &str) -> Scenario {
    let world = world.into();
    let task = Arc::new(rules(tasks.get(task), &world.library.tasks, budget(&world, task)));
    let playable = Playable::new(Arc::clone(&world));
    let deadline = playable.deadline(task.id);
    let briefing = briefing(&world, task, deadline);
    let origin = format!("generated:{origin}");
    Scenario::new(briefing, Arc::new(playable), world.incident.level.as_str(), &origin)
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

/// Returns the alert: what is over its threshold at the alerted entity, and since when.
fn alert(world: &World) -> Alert {
    let incident = &world.incident;
    let start = world.start();
    let reading = world.reading(&start, incident.alerted, 0);
    let usual = world.usual(incident.alerted);
    let alerted = incident.topology.name(incident.alerted);
    let errors = world.trouble(&start, incident.alerted, 0).errors;
    let began = world.clock(-i32::try_from(incident.duration).unwrap_or_default());
    let share = f64::from(reading.error) / 1000.0;
    let (title, symptom) = match (&incident.fault, errors) {
        (None, _) => (
            format!("Failed requests of {alerted} over their threshold"),
            format!("threshold 0.2 %, crossed at {began}"),
        ),
        (Some(_), true) => (
            format!("Failed requests of {alerted} over their threshold"),
            format!("{:.1} % of requests to {alerted} fail since about {began}", share * 100.0),
        ),
        (Some(_), false) => (
            format!("Response time of {alerted} over its threshold"),
            format!(
                "p99 of {alerted} is {} ms since about {began}, usually {} ms",
                reading.latency / 1000,
                (usual.latency / 1000).max(1)
            ),
        ),
    };
    Alert {
        id: format!("ALT-{}", &incident.id[4..12]),
        title,
        severity_fired: None,
        affected_services: vec![alerted.to_owned()],
        symptoms: vec![symptom],
        error_rate: errors.then_some(share),
        duration_minutes: Some(incident.duration.into()),
        revenue_impact_per_min: None,
    }
}

/// Returns the summary of an incident, with what is peculiar to the task and to the knobs.
fn summary(world: &World, title: &str, task: TaskId, deadline: Option<u32>) -> String {
    let incident = &world.incident;
    let topology = &incident.topology;
    let mut summary = format!(
        "{title} fired at {}. The system has {} parts; users come in through {}, whose metrics show what they get of what \
they come for. Every query takes a minute, changes take longer.",
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
    if incident.knobs.faults > 1 {
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
