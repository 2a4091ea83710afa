//! Incidents behind the interface of the environment: diagnostics, remediations and grades, each of which takes its
//! minutes.

use std::sync::{Arc, OnceLock};

use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::world::{OwnChange, State, World};
use crate::play::abduction::{self, Limits};
use crate::play::answer::Answer;
use crate::play::command::{Change, Command, Impossible};
use crate::play::grade;
use crate::play::grounding::Deeds;
use crate::play::limits::FREE_REFUSALS;
use crate::play::oracle;
use crate::play::result::{self, InForce};
use crate::play::verification;
use crate::telemetry::laws;
use crate::telemetry::menu::metrics_of;
use crate::telemetry::query;
use incident_env::{
    Acted, Action, Briefing, Diagnostic, Feedback, Flaw, Grade, Novelty, Pay, Points, Question, Reachability, Reading,
    Remediation, Report, Resolved, STRICT_VERSION, Signal, StepError, Task, TaskId, Text, Trajectory, WorldState,
};

/// The coordinate of the draw of an incident's first ticket number.
const FIRST_TICKET: u64 = 1 << 40;

/// An incident that can be played. All episodes of it share its world.
#[derive(Debug)]
pub(crate) struct Playable(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    /// The entities in the order of their names, as observations list them.
    order: Vec<EntityId>,
    /// The last minute of each task, computed when the task is first played.
    deadlines: [OnceLock<Option<u32>>; TaskId::COUNT],
    /// What users lose while the oracle plays, computed when a remediation is first graded.
    lost_by_oracle: OnceLock<Vec<i32>>,
}

impl Shared {
    fn deadline(&self, task: TaskId) -> Option<u32> {
        let share = self.world.incident.knobs.minutes;
        let deadline = || (share > 0).then(|| (oracle::minutes(&self.world, task) * share).div_ceil(100));
        *self.deadlines[task.index()].get_or_init(deadline)
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

impl incident_env::World for Playable {
    fn start(self: Arc<Self>, briefing: &Arc<Briefing>) -> Box<dyn WorldState> {
        let state = self.0.world.start();
        let task = briefing.task.id;
        Box::new(Playing {
            task,
            paid: self.0.world.lasting_impact(&state),
            state,
            deeds: Deeds::default(),
            in_force: InForce::default(),
            tickets: 0,
            deadline: self.0.deadline(task),
            shared: Arc::clone(&self.0),
        })
    }

    fn oracle(&self, briefing: &Briefing) -> Vec<Action> {
        oracle::play(&self.0.world, briefing.task.id)
    }

    fn abduction(&self, briefing: &Briefing) -> Option<Vec<Action>> {
        let Task { id, max_steps, .. } = *briefing.task;
        Some(abduction::play(&self.0.world, id, Limits { steps: max_steps, deadline: self.0.deadline(id) }))
    }

    /// Returns nothing, because an incident is proved when it is made, and again by [`crate::prove`].
    fn prove(&self, _briefing: &Briefing, _oracle: &[Action]) -> Result<Reachability, Flaw> {
        Ok(Reachability::default())
    }

    fn graders(&self) -> &'static str {
        STRICT_VERSION
    }
}

/// An episode of an incident.
#[derive(Debug, Clone)]
struct Playing {
    shared: Arc<Shared>,
    task: TaskId,
    state: State,
    /// What users would lose for good when a change was last rewarded. The rewards of all steps therefore add up to the
    /// change of that, and what gives relief for some minutes earns nothing.
    paid: i32,
    deeds: Deeds,
    in_force: InForce,
    /// The number of tickets that were opened.
    tickets: u32,
    /// The last minute in which anything can be done, if there is one.
    deadline: Option<u32>,
}

impl Playing {
    /// Returns the entity that an index of known services means.
    fn entity(&self, service: u16) -> EntityId {
        self.shared.order[usize::from(service)]
    }

    /// Reads what a diagnostic shows of an entity, or of the whole system. It takes a minute.
    fn read(&mut self, question: &Question) -> String {
        let Question { kind, service, asked } = question;
        let (kind, at) = (*kind, service.map(|service| self.entity(service)));
        let world = &*self.shared.world;
        world.pass(&mut self.state, 1);
        let is_out = match at {
            Some(at) => world.is_out(&self.state, at, kind),
            None => world.is_out_everywhere(&self.state, kind),
        };
        if is_out {
            self.deeds.queries.push(self.deeds.seen.len());
            let now = world.clock(self.state.minute());
            return format!(
                "{now} {kind}: no answer within 30 s, the tool is overloaded; it may answer when it is asked again"
            );
        }
        let sheet = query::answer(world, &self.state, at, kind, asked);
        // A record of a log or of a change is the same one when it is read again, and a reading is taken anew.
        let is_kept = matches!(kind, Diagnostic::QueryLogs | Diagnostic::CheckRecentDeploys);
        for record in sheet.records {
            if !is_kept || !self.deeds.seen.contains(&record) {
                self.deeds.seen.push(record);
            }
        }
        self.deeds.queries.push(self.deeds.seen.len());
        let shows_fault = |at| verification::would_show(world, at, kind);
        if self.deeds.has_settled(self.state.now()) && at.is_some_and(shows_fault) {
            self.deeds.verified = true;
        }
        sheet.text
    }

    /// Carries out a command, and returns its report.
    fn perform(&mut self, kind: Remediation, action: &Action) -> Result<Report, Impossible> {
        let world = &*self.shared.world;
        let (target, done) = match Command::read(world, kind, action)? {
            Command::Change(change) => {
                let had_work = result::has_work(world, &self.state, &change);
                let consequence = world.perform(&mut self.state, change.verb, change.target);
                self.deeds.changed(consequence, self.state.now());
                let effect = consequence.effect;
                let done = result::report(world, &self.state, &change, had_work, effect, &mut self.in_force);
                let Change { verb, name, target } = change;
                let own = OwnChange { minute: self.state.minute(), verb, at: target.at, name: name.as_str().into() };
                self.state.note(own);
                let verb = &world.library.vocabulary.verb(verb).name;
                (if kind == Remediation::ExecuteRunbookStep { format!("{verb} {name}") } else { name }, done)
            }
            Command::Observe(minutes) => {
                world.pass(&mut self.state, minutes);
                (format!("observe {minutes}"), format!("observe: {minutes} min passed"))
            }
            Command::OpenTicket(name) => {
                world.pass(&mut self.state, 1);
                let first = world.incident.draws.within(Stream::Phrases, FIRST_TICKET, 0, 10_000, 90_000);
                let number = first + self.tickets;
                self.tickets += 1;
                (
                    format!("open_ticket {name}"),
                    format!("open_ticket {name}: T-{number} is open, its owners take it on"),
                )
            }
        };
        let text = format!("{} {done}", world.clock(self.state.minute()));
        let target: Arc<str> = target.into();
        let feedback = Feedback::Done { kind: action.kind().clone(), target: Arc::clone(&target) };
        Ok(Report { target, text: Text::new(text), feedback })
    }

    /// Returns the pay of a change: by how much users lose less for good than after the last one.
    fn pay(&mut self) -> Option<Pay> {
        /// Ten-thousandths of a point for each thousandth that users lose less.
        const POINTS: i32 = 10;
        let now = self.shared.world.lasting_impact(&self.state);
        let gain = Points::new((self.paid - now) * POINTS);
        self.paid = now;
        (gain != Points::ZERO).then_some(Pay::Impact(gain))
    }
}

impl WorldState for Playing {
    fn fork(&self) -> Box<dyn WorldState> {
        Box::new(self.clone())
    }

    fn look(&mut self, question: &Question, _novelty: Novelty) -> Reading {
        Reading { text: Text::new(self.read(question)), pay: None }
    }

    fn takes_parameters(&self) -> bool {
        true
    }

    fn metrics(&self, service: u16) -> Vec<String> {
        metrics_of(&self.shared.world, &self.state, self.entity(service))
    }

    fn act(&mut self, kind: Remediation, action: &Action, _earlier: Trajectory<'_>) -> Acted {
        let refused = |signal, error| Acted::Refused { resolved: Resolved::Refused, signal, error };
        match self.perform(kind, action) {
            Ok(report) => Acted::Done { resolved: Resolved::Remediation(None), pay: self.pay(), report },
            Err(Impossible::Unknown(problem)) => {
                refused(Signal::QueryUnknownSvc, StepError::Unfit { kind: action.kind().clone(), problem })
            }
            Err(Impossible::Without(parameter)) => {
                refused(Signal::RemNoTarget, StepError::NoTarget { kind: action.kind().clone(), parameter })
            }
        }
    }

    fn free_refusals(&self) -> u32 {
        FREE_REFUSALS
    }

    /// Checks the names of an answer. Submitting it earns its grade and nothing else.
    fn accept(&self, answer: &Action) -> Result<Option<Signal>, String> {
        let answer = Answer::read(&self.shared.world, answer)?;
        let missing = match self.task {
            TaskId::AlertClassification if answer.severity.is_none() => "the parameter 'severity' is missing",
            TaskId::RootCauseAnalysis if answer.service.is_none() => "the parameter 'service' is missing",
            _ => return Ok(None),
        };
        Err(missing.to_owned())
    }

    /// Returns whether the same was asked, or an equal action was taken, since the last remediation. After a remediation
    /// the same query takes another reading.
    fn is_repeat(&self, action: &Action, question: Option<&Question>, earlier: Trajectory<'_>) -> bool {
        earlier.since_remediation().0.iter().any(|step| match question {
            Some(_) => step.question.as_deref() == question,
            None => step.action == *action,
        })
    }

    fn is_out_of_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.state.now() > deadline)
    }

    fn contradiction(&self) -> Option<String> {
        laws::check(&self.shared.world, &self.state).err().map(|law| law.to_string())
    }

    fn grade(&self, steps: Trajectory<'_>) -> Grade {
        let world = &*self.shared.world;
        let answer = steps.answer().and_then(|answer| Answer::read(world, answer).ok());
        let answer = answer.as_ref();
        match self.task {
            TaskId::AlertClassification => grade::severity(world, &self.deeds, answer),
            TaskId::RootCauseAnalysis => grade::root_cause(world, &self.deeds, answer),
            TaskId::RemediationPlanning => {
                grade::remediation(world, &self.state, &self.deeds, answer, self.shared.lost_by_oracle())
            }
        }
    }

    fn strict_grade(&self, _steps: Trajectory<'_>) -> Option<Grade> {
        None
    }
}
