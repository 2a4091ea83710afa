//! The wire form of observations and feedback: under a name that a client chose, and with or without judgements of the
//! agent.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::briefing::Briefing;
use super::feedback::Feedback;
use super::observation::Observation;
use crate::action_schema::ActionSchema;
use crate::points::Points;

/// An observation in its wire form. The texts of the scenario are copied in their stored JSON form.
#[derive(Debug, Clone, Copy)]
pub struct ObservationView<'a> {
    observation: &'a Observation,
    name: Option<&'a str>,
    redacted: bool,
    done: bool,
}

impl Observation {
    /// Returns the whole observation, ready to be sent.
    #[must_use]
    pub fn view(&self) -> ObservationView<'_> {
        ObservationView { observation: self, name: None, redacted: false, done: true }
    }

    /// Returns the sum of all rewards, or `None` if the agent must not see judgements.
    pub(crate) fn cumulative(&self, redacted: bool) -> Option<Points> {
        (!redacted).then_some(self.cumulative_reward)
    }
}

impl<'a> ObservationView<'a> {
    /// Returns the same view with `name` as `episode_id`.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Returns the same view; if `redacted`, without judgements of the agent: no rewards, and a feedback that says what
    /// was done and not how good it was. Exams send this form.
    #[must_use]
    pub fn redacted(self, redacted: bool) -> Self {
        Self { redacted, ..self }
    }

    /// Returns the same view without `done`, for messages that carry it elsewhere.
    #[must_use]
    pub fn without_done(self) -> Self {
        Self { done: false, ..self }
    }
}

impl Serialize for ObservationView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Observation { briefing, step_count, done, last_action_error, .. } = self.observation;
        let Briefing { scenario_id, task, json, .. } = &**briefing;
        // Only the first observation tells what is defined, because it is long and does not change.
        let schema = if *step_count == 0 { ActionSchema::of(task) } else { None };
        let keys = 15 + usize::from(self.done) + usize::from(json.mechanisms.is_some()) + usize::from(schema.is_some());
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
        out.serialize_field("cumulative_reward", &self.observation.cumulative(self.redacted))?;
        if self.done {
            out.serialize_field("done", done)?;
        }
        out.serialize_field("feedback", &self.observation.feedback.view(self.redacted))?;
        out.serialize_field("last_action_error", last_action_error)?;
        out.serialize_field("available_runbooks", &json.runbooks)?;
        out.serialize_field("feature_flags", &json.flags)?;
        if let Some(mechanisms) = &json.mechanisms {
            out.serialize_field("mechanisms", mechanisms)?;
        }
        if let Some(schema) = &schema {
            out.serialize_field("action_schema", schema)?;
        }
        out.end()
    }
}

impl Serialize for Observation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Feedback {
    /// Returns the feedback; if `redacted`, without the parts that judge the agent.
    #[must_use]
    pub fn view(&self, redacted: bool) -> FeedbackView<'_> {
        FeedbackView { feedback: self, redacted }
    }
}

/// A feedback in its wire form.
#[derive(Debug, Clone, Copy)]
pub struct FeedbackView<'a> {
    feedback: &'a Feedback,
    redacted: bool,
}

impl fmt::Display for FeedbackView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.redacted {
            return self.feedback.fmt(f);
        }
        match self.feedback {
            Feedback::Looked { kind, key, .. } => write!(f, "{kind} {key}: see queried_data."),
            // Helpful, useless and harmful remediations must read the same.
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

impl Serialize for FeedbackView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
