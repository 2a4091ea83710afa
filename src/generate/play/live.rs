//! Incidents behind the interface of the environment: diagnostics, remediations and grades, each of which takes its
//! minutes.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use crate::env::{Action, CannotRepair, Diagnostic, Grade, Live, LiveState, Points, Remediation, Repaired, TaskId};
use crate::generate::ids::{EntityId, EntitySet};
use crate::generate::incident::world::{State, World};
use crate::generate::play::answer::Answer;
use crate::generate::play::command::Command;
use crate::generate::play::grade;
use crate::generate::play::grounding::Deeds;
use crate::generate::play::oracle;
use crate::generate::telemetry::query;

/// An incident that can be played. All episodes of it share its world.
#[derive(Debug)]
pub(crate) struct Playable(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    /// The entities in the order of their names, as observations list them.
    order: Vec<EntityId>,
    /// The last minute of each task, computed when the task is first played.
    deadlines: [OnceLock<Option<u32>>; TaskId::ALL.len()],
    /// What users lose while the oracle plays, computed when a remediation is first graded.
    lost_by_oracle: OnceLock<Vec<i32>>,
}

impl Shared {
    fn deadline(&self, task: TaskId) -> Option<u32> {
        let share = self.world.incident.knobs.minutes;
        let deadline = || (share > 0).then(|| (oracle::minutes(&self.world, task) * share).div_ceil(100));
        *self.deadlines[task as usize].get_or_init(deadline)
    }

    fn lost_by_oracle(&self) -> &[i32] {
        self.lost_by_oracle.get_or_init(|| oracle::lost(&self.world))
    }
}

impl Playable {
    /// Makes an incident ready to be played.
    #[must_use]
    pub(crate) fn new(world: Arc<World>) -> Self {
        let topology = &world.incident.topology;
        let mut order: Vec<_> = topology.ids().collect();
        order.sort_by_key(|at| topology.name(*at));
        Self(Arc::new(Shared { world, order, deadlines: Default::default(), lost_by_oracle: OnceLock::new() }))
    }

    /// Returns the minutes that a task allows, if the knob sets a limit.
    #[must_use]
    pub(crate) fn deadline(&self, task: TaskId) -> Option<u32> {
        self.0.deadline(task)
    }
}

impl Live for Playable {
    fn start(&self, task: TaskId) -> Box<dyn LiveState> {
        let state = self.0.world.start();
        Box::new(Playing {
            task,
            paid: self.0.world.impact(&state),
            state,
            deeds: Deeds::default(),
            deadline: self.0.deadline(task),
            shared: Arc::clone(&self.0),
        })
    }

    fn oracle(&self, task: TaskId) -> Vec<Action> {
        oracle::play(&self.0.world, task)
    }
}

/// An episode of an incident.
#[derive(Debug, Clone)]
struct Playing {
    shared: Arc<Shared>,
    task: TaskId,
    state: State,
    /// What users lost when a remediation was last rewarded. The rewards of all remediations therefore add up to the
    /// change of what users lose.
    paid: i32,
    deeds: Deeds,
    /// The last minute in which anything can be done, if there is one.
    deadline: Option<u32>,
}

impl LiveState for Playing {
    fn fork(&self) -> Box<dyn LiveState> {
        Box::new(self.clone())
    }

    fn look(&mut self, kind: Diagnostic, service: usize) -> String {
        let world = &*self.shared.world;
        let Some(at) = self.shared.order.get(service).copied() else { return String::new() };
        world.pass(&mut self.state, 1);
        if world.is_out(&self.state, at, kind) {
            self.deeds.queries.push(self.deeds.seen.len());
            let now = world.clock(self.state.minute());
            return format!(
                "{now} {kind}: no answer within 30 s, the tool is overloaded; it may answer when it is asked again"
            );
        }
        let sheet = query::read(world, &self.state, at, kind);
        // A record of a log or of a change is the same one when it is read again, and a reading is taken anew.
        let is_kept = matches!(kind, Diagnostic::QueryLogs | Diagnostic::CheckRecentDeploys);
        for record in sheet.records {
            if !is_kept || !self.deeds.seen.contains(&record) {
                self.deeds.seen.push(record);
            }
        }
        self.deeds.queries.push(self.deeds.seen.len());
        if matches!(kind, Diagnostic::CheckMetrics | Diagnostic::CheckServiceStatus | Diagnostic::QueryLogs) {
            self.deeds.read_since |= [at].into_iter().collect();
        }
        sheet.text
    }

    fn repair(&mut self, kind: Remediation, action: &Action) -> Result<Repaired, CannotRepair> {
        /// Ten-thousandths of a point for each thousandth that users lose less.
        const POINTS: i32 = 10;
        let world = &*self.shared.world;
        let Command { verb, target, name } = Command::read(world, kind, action)?;
        self.deeds.before_change.get_or_insert(self.deeds.seen.len());
        let consequence = world.perform(&mut self.state, verb, target);
        if consequence.helped {
            self.deeds.read_since = EntitySet::EMPTY;
        }
        self.deeds.consequences.push(consequence);
        let verb = &world.library.vocabulary.verb(verb).name;
        let mut text = String::new();
        let _ =
            write!(text, "{} {verb} {name}: done, took {} min", world.clock(self.state.minute()), consequence.minutes);
        let now = world.impact(&self.state);
        let gain = Points::new((self.paid - now) * POINTS);
        self.paid = now;
        let target = if kind == Remediation::ExecuteRunbookStep { format!("{verb} {name}") } else { name };
        Ok(Repaired { target: target.into(), text, gain })
    }

    fn check(&self, answer: &Action) -> Result<(), String> {
        let answer = Answer::read(&self.shared.world, answer)?;
        let missing = match self.task {
            TaskId::AlertClassification if answer.severity.is_none() => "the parameter 'severity' is missing",
            TaskId::RootCauseAnalysis if answer.service.is_none() => "the parameter 'service' is missing",
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.state.now() > deadline)
    }

    fn grade(&self, answer: Option<&Action>) -> Grade {
        let world = &*self.shared.world;
        let answer = answer.and_then(|answer| Answer::read(world, answer).ok());
        let answer = answer.as_ref();
        match self.task {
            TaskId::AlertClassification => grade::severity(world, &self.deeds, answer),
            TaskId::RootCauseAnalysis => grade::root_cause(world, &self.deeds, answer),
            TaskId::RemediationPlanning => {
                grade::remediation(world, &self.state, &self.deeds, answer, self.shared.lost_by_oracle())
            }
        }
    }
}
