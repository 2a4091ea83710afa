//! Shows episodes to clients, in the plain and in OpenEnv's form, without the parts that they must not see.
//!
//! Every view borrows and is written once, so that a step costs no more than the copying of its bytes.

use std::sync::Arc;

use axum::body::Bytes;
use serde::{Serialize, Serializer};

use crate::serve::net::buffer::json;
use incident_env::grade::strict::Strict;
use incident_env::{
    Breakdown, Episode, FeedbackView, Grade, Observation, ObservationView, Points, Reason, Reward, StepOutcome, TaskId,
};

/// The time from which breakdowns name right answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reveal {
    /// Breakdowns never name right answers.
    Never,
    /// Breakdowns name right answers once the episode is over.
    #[default]
    Done,
    /// Breakdowns name right answers from the start.
    Always,
}

/// The rules for what a client may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visibility {
    /// The time from which breakdowns name right answers.
    pub reveal: Reveal,
    /// Whether an exam is held, in which no right answer, no score and no judgement of a step is shown.
    pub exam: bool,
}

impl Visibility {
    fn redacted(self) -> bool {
        self.exam
    }

    fn names_answers(self, done: bool) -> bool {
        match self.reveal {
            Reveal::Never => false,
            Reveal::Done => done,
            Reveal::Always => true,
        }
    }

    fn observation<'a>(self, observation: &'a Observation, name: &'a str) -> ObservationView<'a> {
        observation.view().named(name).redacted(self.redacted())
    }

    fn grade(self, grade: &Grade, done: bool) -> ShownGrade<'_> {
        ShownGrade { grade, answers: self.names_answers(done) }
    }

    /// Makes the answer to a reset: the observation, with OpenEnv's keys beside its own.
    pub(crate) fn reset<'a>(self, episode: &'a Episode, name: &'a str) -> impl Serialize + 'a {
        let observation = self.observation(episode.observation(), name);
        ResetView {
            top: observation,
            observation: observation.without_done(),
            reward: (!self.redacted()).then_some(Points::ZERO),
            metadata: Empty {},
        }
    }

    /// Makes the answer to a reset on a socket.
    pub(crate) fn openenv_reset<'a>(self, episode: &'a Episode, name: &'a str) -> impl Serialize + 'a {
        let observation = self.observation(episode.observation(), name);
        OpenenvView {
            done: episode.is_done(),
            observation: observation.without_done(),
            reward: (!self.redacted()).then_some(Points::ZERO),
            metadata: None::<Empty>,
        }
    }

    /// Shows the present state of an episode in OpenEnv's form.
    pub(crate) fn openenv_seen<'a>(self, episode: &'a Episode, name: &'a str) -> impl Serialize + 'a {
        let observation = self.observation(episode.observation(), name);
        OpenenvView {
            done: episode.is_done(),
            observation: observation.without_done(),
            reward: None,
            metadata: None::<Empty>,
        }
    }

    /// Makes the answer to a step in the plain form.
    pub(crate) fn step<'a>(self, outcome: &'a StepOutcome<'a>, name: &'a str) -> impl Serialize + 'a {
        StepView {
            observation: self.observation(outcome.observation, name),
            reward: RewardView { reward: (!self.redacted()).then_some(outcome.reward) },
            done: outcome.done,
            info: InfoView {
                step: outcome.info.step,
                feedback: outcome.info.feedback.view(self.redacted()),
                end: self.end(outcome),
            },
        }
    }

    /// Makes the answer to a step in OpenEnv's form.
    pub(crate) fn openenv_step<'a>(self, outcome: &'a StepOutcome<'a>, name: &'a str) -> impl Serialize + 'a {
        OpenenvView {
            observation: self.observation(outcome.observation, name).without_done(),
            reward: (!self.redacted()).then_some(outcome.reward.score),
            done: outcome.done,
            metadata: Some(MetadataView {
                step: outcome.info.step,
                reason: (!self.redacted()).then_some(ReasonView(&outcome.reward.reason)),
                end: self.end(outcome),
            }),
        }
    }

    fn end<'a>(self, outcome: &'a StepOutcome<'_>) -> Option<EndView<'a>> {
        let grade = outcome.info.grader.as_deref().filter(|_| !self.redacted())?;
        Some(EndView { grader: self.grade(grade, outcome.done), shaping: outcome.info.shaping })
    }

    /// Shows the state of an episode, which is the same in both forms.
    pub(crate) fn state<'a>(self, episode: &'a Episode, name: &'a str) -> impl Serialize + 'a {
        episode.state().named(name).redacted(self.redacted())
    }

    /// Writes the present grade of an episode. Returns `None` in an exam.
    pub(crate) fn grader(self, episode: &Episode) -> Option<Bytes> {
        if self.exam {
            return None;
        }
        let grade = episode.grade().map_or_else(|| Arc::new(episode.grade_now()), Arc::clone);
        let observation = episode.observation();
        let view = GraderView {
            grade: self.grade(&grade, episode.is_done()),
            task_id: observation.briefing.task.id,
            scenario_id: &observation.briefing.scenario_id,
            steps_used: observation.step_count,
            done: episode.is_done(),
        };
        Some(json(&view))
    }
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct ResetView<'a> {
    #[serde(flatten)]
    top: ObservationView<'a>,
    observation: ObservationView<'a>,
    reward: Option<Points>,
    metadata: Empty,
}

#[derive(Serialize)]
struct OpenenvView<'a, M: Serialize> {
    observation: ObservationView<'a>,
    reward: Option<Points>,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<M>,
}

#[derive(Serialize)]
struct MetadataView<'a> {
    step: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView<'a>>,
    #[serde(flatten)]
    end: Option<EndView<'a>>,
}

#[derive(Serialize)]
struct StepView<'a> {
    observation: ObservationView<'a>,
    reward: RewardView,
    done: bool,
    info: InfoView<'a>,
}

#[derive(Serialize)]
struct InfoView<'a> {
    step: u32,
    feedback: FeedbackView<'a>,
    #[serde(flatten)]
    end: Option<EndView<'a>>,
}

/// The grade, and the reward without it, which the last step carries.
#[derive(Serialize)]
struct EndView<'a> {
    grader: ShownGrade<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shaping: Option<Points>,
}

struct ReasonView<'a>(&'a Reason);

impl Serialize for ReasonView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// A reward, or its keys with nulls in an exam.
struct RewardView {
    reward: Option<Reward>,
}

impl Serialize for RewardView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Unseen {
            score: (),
            value: (),
            reason: (),
            cumulative: (),
        }
        match &self.reward {
            Some(reward) => reward.serialize(serializer),
            None => Unseen { score: (), value: (), reason: (), cumulative: () }.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct GraderView<'a> {
    #[serde(flatten)]
    grade: ShownGrade<'a>,
    task_id: TaskId,
    scenario_id: &'a str,
    steps_used: u32,
    done: bool,
}

/// A grade with or without right answers.
struct ShownGrade<'a> {
    grade: &'a Grade,
    answers: bool,
}

impl Serialize for ShownGrade<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Sealed<'a> {
            total: Points,
            breakdown: SealedBreakdown<'a>,
            feedback: &'a str,
        }
        if self.answers {
            return self.grade.serialize(serializer);
        }
        let Grade { total, breakdown, feedback } = self.grade;
        let feedback = sealed_feedback(breakdown).unwrap_or(feedback);
        Sealed { total: *total, breakdown: SealedBreakdown(breakdown), feedback }.serialize(serializer)
    }
}

/// A breakdown whose right answers are null.
struct SealedBreakdown<'a>(&'a Breakdown);

impl Serialize for SealedBreakdown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Sealed<'a> {
            Severity {
                submitted_severity: &'a Option<String>,
                correct_severity: (),
                severity_match: &'a Points,
            },
            RootCause {
                base: &'a Points,
                efficiency_bonus: &'a Points,
                service_match: &'a bool,
                mode_match: &'a bool,
                submitted_service: &'a Option<String>,
                correct_service: (),
            },
            Whole(&'a Breakdown),
            Strict(Strict),
        }
        let sealed = match self.0 {
            Breakdown::Severity { submitted_severity, correct_severity: _, severity_match } => {
                Sealed::Severity { submitted_severity, correct_severity: (), severity_match }
            }
            Breakdown::RootCause {
                base,
                efficiency_bonus,
                service_match,
                mode_match,
                submitted_service,
                correct_service: _,
            } => Sealed::RootCause {
                base,
                efficiency_bonus,
                service_match,
                mode_match,
                submitted_service,
                correct_service: (),
            },
            // This breakdown has numbers only and names no answer.
            whole @ Breakdown::Remediation { .. } => Sealed::Whole(whole),
            Breakdown::Strict(strict) => Sealed::Strict(strict.sealed()),
        };
        sealed.serialize(serializer)
    }
}

/// Returns a replacement for the feedback of a grade if it names an answer.
fn sealed_feedback(breakdown: &Breakdown) -> Option<&'static str> {
    match breakdown {
        Breakdown::Severity { submitted_severity: Some(_), severity_match, .. } if *severity_match != Points::ONE => {
            Some("the submitted severity is not the right one")
        }
        Breakdown::RootCause { submitted_service: Some(_), service_match: false, .. } => Some("wrong service"),
        Breakdown::Strict(_) => Some("graded; the parts stand in the breakdown"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use incident_env::{Action, Catalog, EpisodeId};
    use serde_json::{Value, json};

    #[test]
    fn the_unchanged_form_is_the_engines_own() {
        let catalog = Catalog::embedded().unwrap();
        for scenario in catalog.scenarios() {
            let mut episode = Episode::reset(scenario, EpisodeId::nil());
            let name = EpisodeId::nil().to_string();
            for action in scenario.oracle() {
                let all = Visibility { reveal: Reveal::Done, exam: false };
                let outcome = episode.step(&action);
                assert_eq!(json(&all.step(&outcome, &name)), json(&outcome));
                assert_eq!(json(&all.state(&episode, &name)), json(&episode.state()));
            }
        }
    }

    #[test]
    fn answers_are_named_when_they_may_be() {
        let catalog = Catalog::embedded().unwrap();
        let grader = |scenario: &str, reveal, action: Option<Value>| -> Value {
            let mut episode = Episode::reset(catalog.scenario(scenario).unwrap(), EpisodeId::nil());
            if let Some(action) = action {
                episode.step(&Action::from_value(action).unwrap());
            }
            let text = Visibility { reveal, exam: false }.grader(&episode).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        let wrong = || Some(json!({"action_type": "submit_severity", "parameters": {"severity": "P4"}}));
        let shut = json!({"submitted_severity": null, "correct_severity": null, "severity_match": 0.0});
        assert_eq!(grader("AC-001", Reveal::Done, None)["breakdown"], shut);
        assert_eq!(grader("AC-001", Reveal::Never, None)["breakdown"], shut);
        assert_eq!(grader("AC-001", Reveal::Always, None)["breakdown"]["correct_severity"], "P1");
        let done = grader("AC-001", Reveal::Done, wrong());
        assert_eq!((&done["breakdown"]["correct_severity"], done["done"].as_bool()), (&json!("P1"), Some(true)));
        let never = grader("AC-001", Reveal::Never, wrong()).to_string();
        assert!(!never.contains("P1"), "{never}");
        let wrong =
            || Some(json!({"action_type": "submit_root_cause", "parameters": {"service": "x", "failure_mode": "y"}}));
        assert!(grader("RCA-001", Reveal::Done, wrong()).to_string().contains("analytics-service"));
        assert!(!grader("RCA-001", Reveal::Never, wrong()).to_string().contains("analytics-service"));
    }
}
