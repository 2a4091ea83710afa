//! Observations and states as a server shows them: under a name that a client chose, or without what judges.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::observation::{Briefing, Feedback, Observation};
use super::points::Points;

/// An observation on the wire. The texts of the scenario are copied as they are kept.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    observation: &'a Observation,
    name: Option<&'a str>,
    judged: bool,
    done: bool,
}

impl Observation {
    /// The observation on the wire, all of it.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        Shown { observation: self, name: None, judged: true, done: true }
    }
}

impl<'a> Shown<'a> {
    /// The same with another `episode_id`.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same without a judgement where it is not to be judged: no rewards, and a feedback that says what was done and
    /// not how good it was.
    #[must_use]
    pub fn judged(self, judged: bool) -> Self {
        Self { judged, ..self }
    }

    /// The same without `done`, for who writes it elsewhere.
    #[must_use]
    pub fn without_done(self) -> Self {
        Self { done: false, ..self }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Observation { briefing, step_count, done, last_action_error, .. } = self.observation;
        let Briefing { scenario_id, task, json, .. } = &**briefing;
        let keys = 15 + usize::from(self.done) + usize::from(json.mechanisms.is_some());
        let mut out = serializer.serialize_struct("Observation", keys)?;
        match self.name {
            Some(name) => out.serialize_field("episode_id", name)?,
            None => out.serialize_field("episode_id", &self.observation.episode_id)?,
        }
        out.serialize_field("task_id", &task.id)?;
        out.serialize_field("scenario_id", scenario_id)?;
        out.serialize_field("step_count", step_count)?;
        out.serialize_field("max_steps", &task.max_steps)?;
        out.serialize_field("incident_summary", &json.summary)?;
        out.serialize_field("alert", &json.alert)?;
        out.serialize_field("available_actions", &json.actions)?;
        out.serialize_field("queried_data", &self.observation.queried_data())?;
        out.serialize_field("known_services", &json.services)?;
        out.serialize_field("cumulative_reward", &self.observation.cumulative(self.judged))?;
        if self.done {
            out.serialize_field("done", done)?;
        }
        out.serialize_field("feedback", &self.observation.feedback.shown(self.judged))?;
        out.serialize_field("last_action_error", last_action_error)?;
        out.serialize_field("available_runbooks", &json.runbooks)?;
        out.serialize_field("feature_flags", &json.flags)?;
        if let Some(mechanisms) = &json.mechanisms {
            out.serialize_field("mechanisms", mechanisms)?;
        }
        out.end()
    }
}

impl Observation {
    /// The sum of all rewards, where it may be seen.
    pub(super) fn cumulative(&self, judged: bool) -> Option<Points> {
        judged.then_some(self.cumulative_reward)
    }
}

impl Feedback {
    /// The feedback, or what is left of it without a judgement.
    #[must_use]
    pub fn shown(&self, judged: bool) -> ShownFeedback<'_> {
        ShownFeedback { feedback: self, judged }
    }
}

/// A feedback on the wire.
#[derive(Debug, Clone, Copy)]
pub struct ShownFeedback<'a> {
    feedback: &'a Feedback,
    judged: bool,
}

impl fmt::Display for ShownFeedback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.judged {
            return self.feedback.fmt(f);
        }
        match self.feedback {
            Feedback::Looked { kind, service, .. } => write!(f, "{kind} {service}: see queried_data."),
            // Helpful, useless and harmful read the same.
            Feedback::Executed { kind, target }
            | Feedback::Done { kind, target }
            | Feedback::NoEffect { kind, target }
            | Feedback::Harmful { kind, target } => write!(f, "{kind} {target}: executed; see queried_data."),
            Feedback::Submitted { .. } => f.write_str("Submission received."),
            Feedback::TimedOut { by_clock: true, .. } => f.write_str("Out of time without a submission."),
            Feedback::TimedOut { by_clock: false, .. } => f.write_str("Out of steps without a submission."),
            Feedback::Started | Feedback::Refused | Feedback::AlreadyDone => self.feedback.fmt(f),
        }
    }
}

impl Serialize for ShownFeedback<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
