//! Episodes: one play of one scenario.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::action::{Action, ActionKind, Diagnostic, Remediation, Submission};
use crate::episode_id::EpisodeId;
use crate::grade::Grade;
use crate::names::same_name;
use crate::observation::{Feedback, Observation, StepError};
use crate::points::Points;
use crate::question::{Asked, Question, without_service};
use crate::reward::{Reason, Reward, Signal};
use crate::scenario::Scenario;
use crate::task::{Task, TaskId};
use crate::trajectory::{Novelty, Resolved, StepRecord, Trajectory};
use crate::world::{Acted, Pay, WorldState};

/// One play of one scenario. A step never fails: a bad action is a penalised step.
#[derive(Debug, Clone)]
pub struct Episode {
    scenario: Arc<Scenario>,
    observation: Observation,
    world: Box<dyn WorldState>,
    steps: Vec<StepRecord>,
    submitted: bool,
    resolved: bool,
    /// The number of actions that were refused.
    refusals: u32,
    grade: Option<Arc<Grade>>,
}

/// The outcome of a step.
#[derive(Debug, Serialize)]
pub struct StepOutcome<'a> {
    /// The observation after the step.
    pub observation: &'a Observation,
    /// The points that the step earned.
    pub reward: Reward,
    /// Whether the episode is over.
    pub done: bool,
    /// More facts about the step.
    pub info: Info,
    #[serde(skip)]
    episode: &'a Episode,
}

impl StepOutcome<'_> {
    /// Returns the strict grade if this step ended the episode, as [`Episode::strict_grade`] does.
    #[must_use]
    pub fn strict_grade(&self) -> Option<Grade> {
        self.episode.strict_grade()
    }
}

/// The facts that are sent beside an observation.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// The number of the step, from 1.
    pub step: u32,
    /// The feedback of the observation.
    pub feedback: Feedback,
    /// The grade. It is set on the last step only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grader: Option<Arc<Grade>>,
    /// The last step's reward without the grade. It is set on the last step only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shaping: Option<Points>,
}

/// An action in the history of an episode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionRecord {
    /// The kind of the action.
    pub action_type: ActionKind,
    /// Its parameters, as they were sent.
    pub parameters: Map<String, Value>,
    /// The number of the step, from 1.
    pub step: u32,
}

/// The state of an episode, as far as an agent may know it.
#[derive(Debug, Clone)]
pub struct EpisodeState<'a> {
    episode: &'a Episode,
    name: Option<&'a str>,
    redacted: bool,
}

/// The reason for which a diagnostic is refused: the error, its meaning, and its signal.
type Refused = (StepError, Resolved, Signal);

/// The result of an action: how it was resolved, and what it earns, if anything.
type Taken = (Resolved, Option<Pay>);

impl Episode {
    /// Starts an episode. Its first observation is [`Self::observation`].
    #[must_use]
    pub fn reset(scenario: &Arc<Scenario>, id: EpisodeId) -> Self {
        let briefing = Arc::clone(scenario.briefing());
        Self {
            steps: Vec::with_capacity(briefing.task.max_steps.min(64) as usize),
            world: Arc::clone(scenario.world()).start(&briefing),
            observation: Observation::first(id, briefing),
            scenario: Arc::clone(scenario),
            submitted: false,
            resolved: false,
            refusals: 0,
            grade: None,
        }
    }

    /// Returns the present observation.
    #[must_use]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// Returns the scenario that is played.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Returns whether the episode is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.observation.done
    }

    /// Returns the grade, or `None` while the episode goes on.
    #[must_use]
    pub fn grade(&self) -> Option<&Arc<Grade>> {
        self.grade.as_ref()
    }

    /// Checks everything that could be read at the moment for readings that contradict each other, and returns the first
    /// contradiction in words, if there is one. It is meant for tests of worlds, and takes as long as some hundred steps.
    #[must_use]
    pub fn contradiction(&self) -> Option<String> {
        self.world.contradiction()
    }

    /// Returns the grade that an unfinished episode would get if it ended now.
    #[must_use]
    pub fn grade_now(&self) -> Grade {
        self.world.grade(self.trajectory())
    }

    /// Returns the strict grade that the episode would get if it ended now, or `None` if [`Self::grade_now`] is the
    /// strict grade already or the scenario lacks what the strict grader needs.
    #[must_use]
    pub fn strict_grade(&self) -> Option<Grade> {
        self.world.strict_grade(self.trajectory())
    }

    /// Returns the steps so far.
    #[must_use]
    pub fn trajectory(&self) -> Trajectory<'_> {
        Trajectory(&self.steps)
    }

    /// Returns the state in its wire form.
    #[must_use]
    pub fn state(&self) -> EpisodeState<'_> {
        EpisodeState { episode: self, name: None, redacted: false }
    }

    /// Takes one step. Its signals come in this order: exact repeat, second half of the steps, the action itself, and
    /// time-out. A step after the end changes nothing and earns nothing.
    pub fn step(&mut self, action: &Action) -> StepOutcome<'_> {
        if self.observation.done {
            return self.after_end();
        }
        let mut reason = Reason::default();
        self.observation.step_count += 1;
        self.observation.last_action_error = None;
        self.observation.shown = None;
        let question = self.question(action);
        let asked = question.as_ref().and_then(|question| question.as_ref().ok());
        if self.world.is_repeat(action, asked, self.trajectory()) {
            reason.add(Signal::ExactRepeat, self.price(Signal::ExactRepeat));
        }
        if self.task().is_past_half(self.observation.step_count) && !action.kind().is_submission() {
            reason.add(Signal::PastHalf, self.price(Signal::PastHalf));
        }
        let ((resolved, pay), question) = match question {
            Some(Ok(question)) => (self.look(action, &question), Some(Box::new(question))),
            Some(Err((error, resolved, signal))) => (self.refuse(error, resolved, signal), None),
            None => (self.act(action), None),
        };
        self.steps.push(StepRecord { action: action.clone(), resolved, question });
        match pay {
            Some(Pay::Signal(signal)) => reason.add(signal, self.price(signal)),
            Some(Pay::Impact(gain)) => reason.add(Signal::Impact, gain),
            None => {}
        }
        let out_of_time = self.world.is_out_of_time();
        let timed_out = !self.submitted && (self.observation.step_count >= self.task().max_steps || out_of_time);
        if timed_out {
            reason.add(Signal::Timeout, self.price(Signal::Timeout));
        }
        if self.submitted || timed_out {
            let grade = Arc::new(self.grade_now());
            reason.set_grade(grade.total);
            self.observation.done = true;
            self.observation.feedback = if timed_out {
                Feedback::TimedOut { total: grade.total, by_clock: out_of_time }
            } else {
                Feedback::Submitted { total: grade.total }
            };
            self.grade = Some(grade);
        }
        let shaping = reason.shaping();
        let score = shaping + reason.grade().unwrap_or_default();
        self.observation.cumulative_reward += score;
        self.outcome(Reward { score, reason, cumulative: self.observation.cumulative_reward })
    }

    fn task(&self) -> &Task {
        &self.observation.briefing.task
    }

    fn price(&self, signal: Signal) -> Points {
        self.task().rewards.points(signal)
    }

    fn after_end(&mut self) -> StepOutcome<'_> {
        self.outcome(Reward {
            score: Points::ZERO,
            reason: Reason::AFTER_END,
            cumulative: self.observation.cumulative_reward,
        })
    }

    fn outcome(&self, reward: Reward) -> StepOutcome<'_> {
        let after_end = reward.reason == Reason::AFTER_END;
        StepOutcome {
            episode: self,
            observation: &self.observation,
            reward,
            done: self.observation.done,
            info: Info {
                step: self.observation.step_count,
                feedback: if after_end { Feedback::AlreadyDone } else { self.observation.feedback.clone() },
                grader: self.grade.clone(),
                shaping: (self.observation.done && !after_end).then(|| reward.reason.shaping()),
            },
        }
    }

    fn act(&mut self, action: &Action) -> Taken {
        match action.kind() {
            ActionKind::Other(name) => {
                let error = StepError::UnknownAction { name: Arc::clone(name) };
                self.refuse(error, Resolved::Refused, Signal::BadAction)
            }
            kind @ (ActionKind::Diagnostic(_) | ActionKind::Remediation(_)) if !self.task().offers(kind) => {
                let briefing = Arc::clone(&self.observation.briefing);
                let error = StepError::NotOffered { kind: kind.clone(), briefing };
                let is_remediation = matches!(kind, ActionKind::Remediation(_));
                let signal = if is_remediation { Signal::RemWrong } else { Signal::BadAction };
                self.refuse(error, Resolved::Refused, signal)
            }
            // Whatever a task offers to look at is a question.
            ActionKind::Diagnostic(_) => (Resolved::Refused, None),
            ActionKind::Remediation(kind) => self.remediate(*kind, action),
            ActionKind::Submission(kind) => self.submit(*kind, action),
        }
    }

    fn refuse(&mut self, error: StepError, resolved: Resolved, signal: Signal) -> Taken {
        self.observation.last_action_error = Some(error);
        self.observation.feedback = Feedback::Refused;
        self.refusals += 1;
        let is_free = self.refusals <= self.world.free_refusals();
        (resolved, (!is_free).then_some(Pay::Signal(signal)))
    }

    /// Reads what a diagnostic that the task offers asks, or why it is refused. Returns `None` for every other action.
    fn question(&self, action: &Action) -> Option<Result<Question, Refused>> {
        match action.kind() {
            ActionKind::Diagnostic(kind) if self.task().offers(action.kind()) => Some(self.asked(*kind, action)),
            _ => None,
        }
    }

    fn asked(&self, kind: Diagnostic, action: &Action) -> Result<Question, Refused> {
        let unknown = Resolved::Diagnostic(kind, None);
        let briefing = &self.observation.briefing;
        let with_parameters = self.world.takes_parameters();
        let service = match action.target() {
            None if with_parameters && without_service(kind).is_some() => None,
            None => {
                let error = StepError::NoService { kind: action.kind().clone() };
                return Err((error, unknown, Signal::QueryNoService));
            }
            Some(name) => {
                let found = (0..).zip(&briefing.services).find(|(_, known)| same_name(known, name));
                let Some((index, _)) = found else {
                    let error = StepError::UnknownService { name: name.to_owned(), briefing: Arc::clone(briefing) };
                    return Err((error, unknown, Signal::QueryUnknownSvc));
                };
                Some(index)
            }
        };
        if !with_parameters {
            return Ok(Question { kind, service, asked: Asked::default() });
        }
        let asked = Asked::read(kind, action).and_then(|mut asked| {
            if let Some(index) = service {
                asked.settle_metric(&briefing.services[usize::from(index)], || self.world.metrics(index))?;
            }
            Ok(asked)
        });
        asked.map(|asked| Question { kind, service, asked }).map_err(|problem| {
            (StepError::Unfit { kind: action.kind().clone(), problem }, Resolved::Refused, Signal::BadAction)
        })
    }

    fn look(&mut self, action: &Action, question: &Question) -> Taken {
        let steps = Trajectory(&self.steps);
        let earlier = if self.world.takes_parameters() { steps.since_remediation() } else { steps };
        let novelty = earlier.novelty(question);
        let reading = self.world.look(question, novelty);
        let key = question.key(&self.observation.briefing.services);
        self.observation.record(action.kind().clone(), Arc::clone(&key), reading.text);
        let again = novelty == Novelty::Repeat;
        self.observation.feedback = Feedback::Looked { kind: question.kind, key, again };
        (Resolved::Diagnostic(question.kind, question.service), reading.pay)
    }

    fn remediate(&mut self, kind: Remediation, action: &Action) -> Taken {
        match self.world.act(kind, action, Trajectory(&self.steps)) {
            Acted::Done { resolved, pay, report } => {
                self.observation.record(action.kind().clone(), report.target, report.text);
                self.observation.feedback = report.feedback;
                (resolved, pay)
            }
            Acted::Refused { resolved, signal, error } => self.refuse(error, resolved, signal),
        }
    }

    fn submit(&mut self, kind: Submission, action: &Action) -> Taken {
        let task = self.task().id;
        if kind != task.submission() {
            let error = StepError::WrongSubmission { kind, task };
            return self.refuse(error, Resolved::WrongSubmission(kind), Signal::SubmitWrong);
        }
        match self.world.accept(action) {
            Err(problem) => {
                let error = StepError::Unfit { kind: action.kind().clone(), problem };
                self.refuse(error, Resolved::Refused, Signal::BadAction)
            }
            Ok(signal) => {
                self.submitted = true;
                self.resolved = task == TaskId::RemediationPlanning
                    && action.text("summary").is_some()
                    && self.trajectory().has_investigated();
                (Resolved::Answer, signal.map(Pay::Signal))
            }
        }
    }
}

impl<'a> EpisodeState<'a> {
    /// Returns the same state with `name` as `episode_id`.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Returns the same state; if `redacted`, without anything that judges the agent. See
    /// [`crate::ObservationView::redacted`].
    #[must_use]
    pub fn redacted(self, redacted: bool) -> Self {
        Self { redacted, ..self }
    }

    /// Returns the actions so far, oldest first.
    #[must_use]
    pub fn action_history(&self) -> Vec<ActionRecord> {
        let numbered = (1..).zip(&self.episode.steps);
        numbered
            .map(|(step, record)| ActionRecord {
                action_type: record.action.kind().clone(),
                parameters: record.action.parameters().clone(),
                step,
            })
            .collect()
    }
}

impl Serialize for EpisodeState<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let Episode { observation, submitted, resolved, .. } = self.episode;
        let briefing = &observation.briefing;
        let mut out = serializer.serialize_struct("EpisodeState", 12)?;
        match self.name {
            Some(name) => out.serialize_field("episode_id", name)?,
            None => out.serialize_field("episode_id", &observation.episode_id)?,
        }
        out.serialize_field("task_id", &briefing.task.id)?;
        out.serialize_field("scenario_id", &briefing.scenario_id)?;
        out.serialize_field("step_count", &observation.step_count)?;
        out.serialize_field("max_steps", &briefing.task.max_steps)?;
        out.serialize_field("action_history", &self.action_history())?;
        out.serialize_field("queried_data", &observation.queried_data())?;
        out.serialize_field("submitted", submitted)?;
        // Whether a submission counts is a judgement, so it is redacted.
        out.serialize_field("resolved", &(!self.redacted).then_some(resolved))?;
        out.serialize_field("done", &observation.done)?;
        out.serialize_field("cumulative_reward", &observation.cumulative(self.redacted))?;
        out.serialize_field("feedback", &observation.feedback.view(self.redacted))?;
        out.end()
    }
}
