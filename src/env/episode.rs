//! Episodes: one play of one scenario.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::action::{Action, ActionKind, Diagnostic, Remediation, Submission};
use super::episode_id::EpisodeId;
use super::evidence::{Text, default_outcome};
use super::facts::Facts;
use super::grade::Grade;
use super::live::{CannotRepair, LiveState, Repaired};
use super::names::same_name;
use super::observation::{Feedback, Observation, StepError};
use super::points::Points;
use super::reward::{Reason, Reward, Signal};
use super::scenario::Scenario;
use super::task::TaskId;
use super::trajectory::{Resolved, StepRecord, Trajectory};

/// One play of one scenario. A step never fails: a bad action is a penalised step.
#[derive(Debug, Clone)]
pub struct Episode {
    scenario: Arc<Scenario>,
    observation: Observation,
    facts: Facts,
    live: Option<Box<dyn LiveState>>,
    steps: Vec<StepRecord>,
    submitted: bool,
    resolved: bool,
    grade: Option<Arc<Grade>>,
}

/// What a step brought.
#[derive(Debug, Serialize)]
pub struct StepOutcome<'a> {
    /// What the agent sees now.
    pub observation: &'a Observation,
    /// What the step earned.
    pub reward: Reward,
    /// Whether the episode is over.
    pub done: bool,
    /// More about the step.
    pub info: Info,
    #[serde(skip)]
    episode: &'a Episode,
}

impl StepOutcome<'_> {
    /// The strict grade if the episode ended now: see [`Episode::strict_grade`].
    #[must_use]
    pub fn strict_grade(&self) -> Option<Grade> {
        self.episode.strict_grade()
    }
}

/// What stands beside an observation.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// The number of the step, from 1.
    pub step: u32,
    /// The feedback of the observation.
    pub feedback: Feedback,
    /// The grade, at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grader: Option<Arc<Grade>>,
    /// The last step's reward without the grade, at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shaping: Option<Points>,
}

/// An action in the history of an episode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionRecord {
    /// The kind of action.
    pub action_type: ActionKind,
    /// Its parameters, as they were sent.
    pub parameters: Map<String, Value>,
    /// The number of the step, from 1.
    pub step: u32,
}

/// The whole state of an episode that an agent may know.
#[derive(Debug, Clone)]
pub struct EpisodeState<'a> {
    episode: &'a Episode,
    name: Option<&'a str>,
    judged: bool,
}

impl Episode {
    /// Starts an episode. What the agent sees first is [`Self::observation`].
    #[must_use]
    pub fn reset(scenario: &Arc<Scenario>, id: EpisodeId) -> Self {
        let briefing = Arc::clone(&scenario.briefing);
        Self {
            steps: Vec::with_capacity(briefing.task.max_steps.min(64) as usize),
            observation: Observation::first(id, briefing),
            facts: scenario.world.start,
            live: scenario.live.as_ref().map(|live| live.start(scenario.task())),
            scenario: Arc::clone(scenario),
            submitted: false,
            resolved: false,
            grade: None,
        }
    }

    /// What the agent sees now.
    #[must_use]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The scenario being played.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Whether the episode is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.observation.done
    }

    /// The grade, once the episode is over.
    #[must_use]
    pub fn grade(&self) -> Option<&Arc<Grade>> {
        self.grade.as_ref()
    }

    /// What an unfinished episode would earn if it ended now.
    #[must_use]
    pub fn grade_now(&self) -> Grade {
        if let Some(live) = &self.live {
            return live.grade(self.trajectory().answer());
        }
        super::grade::grade(Trajectory(&self.steps), &self.scenario)
    }

    /// The strict grade if the episode ended now, where it stands beside another; none where [`Self::grade_now`] is the strict
    /// one, and where the scenario does not say what it needs.
    #[must_use]
    pub fn strict_grade(&self) -> Option<Grade> {
        let truth = self.scenario.strict.as_ref()?;
        Some(super::grade::strict::written::grade(Trajectory(&self.steps), &self.scenario, truth))
    }

    /// The facts of the world now. For proofs and graders; no agent sees them.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// The steps so far.
    #[must_use]
    pub fn trajectory(&self) -> Trajectory<'_> {
        Trajectory(&self.steps)
    }

    /// The state on the wire.
    #[must_use]
    pub fn state(&self) -> EpisodeState<'_> {
        EpisodeState { episode: self, name: None, judged: true }
    }

    /// Takes one step (page 1.3 of the contract, in its order).
    pub fn step(&mut self, action: &Action) -> StepOutcome<'_> {
        if self.observation.done {
            return self.after_end();
        }
        let task = Arc::clone(&self.observation.briefing.task);
        let mut reason = Reason::default();
        let points = |signal: Signal| task.rewards.points(signal);
        let mut give = |signal: Signal, points: Points| reason.add(signal, points);

        self.observation.step_count += 1;
        self.observation.last_action_error = None;
        if self.since_changed().any(|earlier| earlier.action == *action) {
            give(Signal::ExactRepeat, points(Signal::ExactRepeat));
        }
        if task.is_past_half(self.observation.step_count) && !action.kind().is_submission() {
            give(Signal::PastHalf, points(Signal::PastHalf));
        }
        let (resolved, signal) = self.act(action);
        self.steps.push(StepRecord { action: action.clone(), resolved });
        match signal {
            Some((Signal::Impact, gain)) => give(Signal::Impact, gain),
            Some((signal, _)) => give(signal, points(signal)),
            None => {}
        }
        let is_over = self.live.as_ref().is_some_and(|live| live.is_over());
        let timed_out = !self.submitted && (self.observation.step_count >= task.max_steps || is_over);
        if timed_out {
            give(Signal::Timeout, points(Signal::Timeout));
        }
        if self.submitted || timed_out {
            let grade = Arc::new(self.grade_now());
            reason.set_grade(grade.total);
            self.observation.done = true;
            self.observation.feedback = if timed_out {
                Feedback::TimedOut { total: grade.total, by_clock: is_over }
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

    /// The steps that an action would repeat if it were one of them. In a simulated world what is read after a change is
    /// another reading.
    fn since_changed(&self) -> impl Iterator<Item = &StepRecord> {
        let is_live = self.live.is_some();
        let changes = move |step: &&StepRecord| is_live && matches!(step.resolved, Resolved::Remediation(_));
        self.steps.iter().rev().take_while(move |step| !changes(step))
    }

    /// Carries the action out, and says what it was, which signal it gives, and what that is worth where it has no price.
    fn act(&mut self, action: &Action) -> (Resolved, Option<(Signal, Points)>) {
        let (resolved, signal) = match action.kind() {
            ActionKind::Remediation(kind) if self.live.is_some() && self.task_offers(action.kind()) => {
                return self.change(*kind, action);
            }
            _ => self.act_as_written(action),
        };
        (resolved, signal.map(|signal| (signal, Points::ZERO)))
    }

    fn act_as_written(&mut self, action: &Action) -> (Resolved, Option<Signal>) {
        match action.kind() {
            ActionKind::Other(name) => {
                self.refuse(StepError::UnknownAction { name: Arc::clone(name) });
                (Resolved::Refused, Some(Signal::BadAction))
            }
            kind @ (ActionKind::Diagnostic(_) | ActionKind::Remediation(_)) if !self.task_offers(kind) => {
                self.refuse(StepError::NotOffered {
                    kind: kind.clone(),
                    briefing: Arc::clone(&self.observation.briefing),
                });
                let remediation = matches!(kind, ActionKind::Remediation(_));
                (Resolved::Refused, Some(if remediation { Signal::RemWrong } else { Signal::BadAction }))
            }
            ActionKind::Diagnostic(kind) => {
                let (service, signal) = self.look(*kind, action);
                (Resolved::Diagnostic(*kind, service), signal)
            }
            ActionKind::Remediation(kind) => {
                let (remedy, signal) = self.remedy(*kind, action);
                (Resolved::Remediation(remedy), signal)
            }
            ActionKind::Submission(kind) => self.submit(*kind, action),
        }
    }

    fn task_offers(&self, kind: &ActionKind) -> bool {
        self.observation.briefing.task.offers(kind)
    }

    fn refuse(&mut self, error: StepError) {
        self.observation.last_action_error = Some(error);
        self.observation.feedback = Feedback::Refused;
    }

    fn look(&mut self, kind: Diagnostic, action: &Action) -> (Option<u16>, Option<Signal>) {
        let Some(name) = action.target() else {
            self.refuse(StepError::NoService { kind: action.kind().clone() });
            return (None, Some(Signal::QueryNoService));
        };
        let Some(index) = self.known_service(name) else {
            return (None, Some(Signal::QueryUnknownSvc));
        };
        if let Some(live) = &mut self.live {
            let text = Text::new(live.look(kind, usize::from(index)));
            let service = Arc::clone(&self.observation.briefing.services[usize::from(index)]);
            let known = self.observation.reading(kind, &service).is_some();
            self.observation.record(action.kind().clone(), Arc::clone(&service), text);
            self.observation.feedback = Feedback::Looked { kind, service, again: known };
            return (Some(index), None);
        }
        let is_this = |step: &StepRecord| step.resolved == Resolved::Diagnostic(kind, Some(index));
        let is_service =
            |step: &StepRecord| matches!(step.resolved, Resolved::Diagnostic(_, Some(service)) if service == index);
        let signal = if self.steps.iter().any(is_this) {
            Signal::QueryRepeat
        } else if self.steps.iter().any(is_service) {
            Signal::QueryNewAction
        } else {
            Signal::QueryNewSvc
        };
        let service = Arc::clone(&self.observation.briefing.services[usize::from(index)]);
        if let Some(text) = self.scenario.world.look(kind, usize::from(index), self.facts) {
            self.observation.record(action.kind().clone(), Arc::clone(&service), text.clone());
        }
        self.observation.feedback = Feedback::Looked { kind, service, again: signal == Signal::QueryRepeat };
        (Some(index), Some(signal))
    }

    /// A remediation in a simulated world.
    fn change(&mut self, kind: Remediation, action: &Action) -> (Resolved, Option<(Signal, Points)>) {
        let done = self.live.as_mut().map(|live| live.repair(kind, action));
        match done {
            Some(Ok(Repaired { target, text, gain })) => {
                self.observation.record(action.kind().clone(), Arc::clone(&target), Text::new(text));
                self.observation.feedback = Feedback::Done { kind: action.kind().clone(), target };
                (Resolved::Remediation(None), (gain != Points::ZERO).then_some((Signal::Impact, gain)))
            }
            Some(Err(CannotRepair::Unknown(problem))) => {
                self.refuse(StepError::Unfit { kind: action.kind().clone(), problem });
                (Resolved::Refused, Some((Signal::QueryUnknownSvc, Points::ZERO)))
            }
            Some(Err(CannotRepair::Without(parameter))) => {
                self.refuse(StepError::NoTarget { kind: action.kind().clone(), parameter });
                (Resolved::Refused, Some((Signal::RemNoTarget, Points::ZERO)))
            }
            None => (Resolved::Refused, None),
        }
    }

    fn remedy(&mut self, kind: Remediation, action: &Action) -> (Option<u16>, Option<Signal>) {
        let Some(name) = action.target() else {
            let parameter = kind.target_parameters()[0];
            self.refuse(StepError::NoTarget { kind: action.kind().clone(), parameter });
            return (None, Some(Signal::RemNoTarget));
        };
        let briefing = Arc::clone(&self.observation.briefing);
        let index = match kind {
            Remediation::DisableFeatureFlag => position(&briefing.flags, name),
            Remediation::ExecuteRunbookStep => position(&briefing.runbooks, name),
            _ => match self.known_service(name) {
                Some(index) => Some(usize::from(index)),
                None => return (None, Some(Signal::QueryUnknownSvc)),
            },
        };
        let target = match (kind, index) {
            (Remediation::DisableFeatureFlag, Some(index)) => Arc::clone(&briefing.flags[index]),
            (Remediation::ExecuteRunbookStep, Some(index)) => Arc::clone(&briefing.runbooks[index]),
            (_, Some(index)) => Arc::clone(&briefing.services[index]),
            (_, None) => Arc::from(name),
        };
        let world = &self.scenario.world;
        let remedy = index.and_then(|index| world.remedy(kind, index));
        let text = match remedy.and_then(|remedy| world.outcome(remedy, self.facts)) {
            Some(outcome) => {
                self.facts = outcome.effect.apply(self.facts);
                outcome.text.clone()
            }
            None => Text::new(default_outcome(kind, &target)),
        };
        self.observation.record(action.kind().clone(), Arc::clone(&target), text);

        let (truth, kind) = (&self.scenario.truth, action.kind().clone());
        let executed = |remedy: u16| self.trajectory().executed().any(|earlier| earlier == remedy);
        let (signal, feedback) = match remedy {
            Some(remedy) if truth.wrong.contains(&remedy) => {
                (Some(Signal::RemWrong), Feedback::Harmful { kind, target })
            }
            Some(remedy) if truth.sequence.contains(&remedy) && !executed(remedy) => {
                (Some(Signal::RemGood), Feedback::Executed { kind, target })
            }
            _ => (None, Feedback::NoEffect { kind, target }),
        };
        self.observation.feedback = feedback;
        (remedy, signal)
    }

    fn submit(&mut self, kind: Submission, action: &Action) -> (Resolved, Option<Signal>) {
        let task = self.observation.briefing.task.id;
        if kind != task.submission() {
            self.refuse(StepError::WrongSubmission { kind, task });
            return (Resolved::WrongSubmission(kind), Some(Signal::SubmitWrong));
        }
        if let Some(Err(problem)) = self.live.as_ref().map(|live| live.check(action)) {
            self.refuse(StepError::Unfit { kind: action.kind().clone(), problem });
            return (Resolved::Refused, Some(Signal::BadAction));
        }
        self.submitted = true;
        self.resolved = task == TaskId::RemediationPlanning
            && action.text("summary").is_some()
            && self.trajectory().has_investigated();
        // Where the world is simulated, an answer is worth its grade and nothing besides.
        (Resolved::Answer, self.live.is_none().then_some(Signal::SubmitCorrect))
    }

    /// The index of a service; refuses the action where there is none.
    fn known_service(&mut self, name: &str) -> Option<u16> {
        let index = position(&self.observation.briefing.services, name).and_then(|index| u16::try_from(index).ok());
        if index.is_none() {
            let briefing = Arc::clone(&self.observation.briefing);
            self.refuse(StepError::UnknownService { name: name.to_owned(), briefing });
        }
        index
    }
}

fn position(names: &[Arc<str>], name: &str) -> Option<usize> {
    names.iter().position(|known| same_name(known, name))
}

impl<'a> EpisodeState<'a> {
    /// The same with another `episode_id`.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same without a judgement where it is not to be judged; see [`super::Shown::judged`].
    #[must_use]
    pub fn judged(self, judged: bool) -> Self {
        Self { judged, ..self }
    }

    /// The actions so far, oldest first.
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
        // Whether a submission counts is a judgement of it.
        out.serialize_field("resolved", &self.judged.then_some(resolved))?;
        out.serialize_field("done", &observation.done)?;
        out.serialize_field("cumulative_reward", &observation.cumulative(self.judged))?;
        out.serialize_field("feedback", &observation.feedback.shown(self.judged))?;
        out.end()
    }
}
