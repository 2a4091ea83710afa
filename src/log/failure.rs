//! Failures: the main reason why an episode did not pass, in one word for tables. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Outcome;
use crate::chat::ErrorKind;

/// The reasons why an episode does not pass. The first one that applies names the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The agent's process ended before the episode did.
    AgentExited,
    /// The agent's process did not answer in time and was killed.
    AgentTimeout,
    /// For at least half of the steps the model, or what guards it, refused to answer.
    Refusal,
    /// At least half of the steps were spent on replies that could not be used.
    Format,
    /// At least a third of the steps repeated an earlier step exactly.
    Loop,
    /// The episode ended without an answer: the steps ran out, or the agent gave up.
    MissingSubmission,
    /// A remediation made things worse.
    HarmfulAction,
    /// The answer was submitted before the agent had looked at anything.
    PrematureSubmission,
    /// The answer named the wrong severity, service or failure mode.
    WrongCause,
    /// The repair was incomplete, or the answer did not say enough.
    Incomplete,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AgentExited => "agent exited",
            Self::AgentTimeout => "agent timed out",
            Self::Refusal => "refusal",
            Self::Format => "format",
            Self::Loop => "loop",
            Self::MissingSubmission => "missing submission",
            Self::HarmfulAction => "harmful action",
            Self::PrematureSubmission => "premature submission",
            Self::WrongCause => "wrong cause",
            Self::Incomplete => "incomplete",
        })
    }
}

/// What is known about a scored episode.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The way in which the episode ended.
    pub outcome: Outcome,
    /// The number of steps that were taken.
    pub steps: usize,
    /// The number of steps for which the model's reply could not be used.
    pub problems: usize,
    /// The number of steps for which the model, or what guards it, refused to answer at least once.
    pub refusals: usize,
    /// The number of steps that repeated an earlier one exactly.
    pub repeats: usize,
    /// The fault that took the agent away before the end of the episode; none if it stayed.
    pub gone: Option<ErrorKind>,
    /// The full grade as the grader wrote it.
    pub grade: Option<&'a Value>,
}

/// Names the failure of an episode that did not pass.
#[must_use]
pub fn classify(facts: &Facts<'_>) -> Failure {
    let part = |name: &str| facts.grade.and_then(|grade| grade.get("breakdown")?.get(name));
    let is = |name: &str, value: bool| part(name).and_then(Value::as_bool) == Some(value);
    let number = |name: &str| part(name).and_then(Value::as_f64);
    if let Some(fault) = facts.gone {
        if fault == ErrorKind::Timeout { Failure::AgentTimeout } else { Failure::AgentExited }
    } else if facts.steps > 0 && facts.refusals * 2 >= facts.steps {
        Failure::Refusal
    } else if facts.steps > 0 && facts.problems * 2 >= facts.steps {
        Failure::Format
    } else if facts.repeats * 3 >= facts.steps.max(1) && facts.repeats > 1 {
        Failure::Loop
    } else if matches!(facts.outcome, Outcome::StepLimit | Outcome::GivenUp) {
        Failure::MissingSubmission
    } else if number("wrong_actions_count").is_some_and(|count| count > 0.0) {
        Failure::HarmfulAction
    } else if facts.steps <= 1 {
        Failure::PrematureSubmission
    } else if is("service_match", false) || is("mode_match", false) || number("severity_match").is_some_and(|m| m < 1.0)
    {
        Failure::WrongCause
    } else {
        Failure::Incomplete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_that_applies() {
        let wrong = json!({"breakdown": {"service_match": false, "mode_match": true}});
        let harmful = json!({"breakdown": {"wrong_actions_count": 2}});
        let partly = json!({"breakdown": {"wrong_actions_count": 0, "correct_actions_matched": 1}});
        let severity = json!({"breakdown": {"severity_match": 0.5}});
        for (outcome, steps, problems, repeats, grade, expected) in [
            (Outcome::Completed, 4, 2, 0, &wrong, Failure::Format),
            (Outcome::StepLimit, 10, 0, 4, &wrong, Failure::Loop),
            (Outcome::StepLimit, 10, 1, 2, &wrong, Failure::MissingSubmission),
            (Outcome::GivenUp, 1, 0, 0, &wrong, Failure::MissingSubmission),
            (Outcome::Completed, 8, 0, 1, &harmful, Failure::HarmfulAction),
            (Outcome::Completed, 1, 0, 0, &wrong, Failure::PrematureSubmission),
            (Outcome::Completed, 5, 0, 0, &wrong, Failure::WrongCause),
            (Outcome::Completed, 2, 0, 0, &severity, Failure::WrongCause),
            (Outcome::Completed, 9, 0, 0, &partly, Failure::Incomplete),
        ] {
            let facts = Facts { outcome, steps, problems, refusals: 0, repeats, gone: None, grade: Some(grade) };
            assert_eq!(classify(&facts), expected, "{facts:?}");
        }
        for (refusals, problems, expected) in
            [(4, 4, Failure::Refusal), (4, 8, Failure::Refusal), (3, 4, Failure::Format)]
        {
            let outcome = Outcome::StepLimit;
            let facts = Facts { outcome, steps: 8, problems, refusals, repeats: 8, gone: None, grade: Some(&wrong) };
            assert_eq!(classify(&facts), expected, "{facts:?}");
        }
        for (gone, expected) in
            [(ErrorKind::AgentExited, Failure::AgentExited), (ErrorKind::Timeout, Failure::AgentTimeout)]
        {
            let outcome = Outcome::StepLimit;
            let facts = Facts {
                outcome,
                steps: 10,
                problems: 9,
                refusals: 9,
                repeats: 8,
                gone: Some(gone),
                grade: Some(&wrong),
            };
            assert_eq!(classify(&facts), expected, "{facts:?}");
        }
    }
}
