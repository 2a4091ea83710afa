//! The audit of a run: its trajectories are played through the engine again, to see whether every reward and score is
//! what the log says. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::plan;
use crate::log::event::StepTaken;
use crate::log::{EpisodeKey, Event, EventKind};
use incident_env::{
    Action, Breakdown, CLASSIC_VERSION, Catalog, Episode, Grade, Points, STRICT_VERSION, strict_record,
};

/// The result of an audit.
#[derive(Debug, Default)]
pub struct Audit {
    /// The episodes that have a score: the score in the log, and the grade of the same actions now.
    pub graded: Vec<Graded>,
    /// The number of steps that were played again.
    pub steps: usize,
    /// The differences between log and engine, in the order of the log's episodes.
    pub differences: Vec<Difference>,
}

/// An episode with its score in the log and its grade now.
#[derive(Debug)]
pub struct Graded {
    /// The key of the episode.
    pub key: EpisodeKey,
    /// The score that counts at present.
    pub kept: Points,
    /// The grade of the same actions by the present graders.
    pub now: Grade,
    /// The strict grade in the log, if the score comes from another grader.
    pub kept_strict: Option<Value>,
    /// The strict grade of the same actions now, if the score comes from another grader.
    pub strict: Option<Value>,
}

impl Graded {
    /// The version of the grader that gave the grade.
    #[must_use]
    pub fn grader(&self) -> &'static str {
        if matches!(self.now.breakdown, Breakdown::Strict(_)) { STRICT_VERSION } else { CLASSIC_VERSION }
    }

    /// Whether the present strict grade differs from the one in the log.
    #[must_use]
    pub fn has_new_strict_grade(&self) -> bool {
        self.strict.is_some() && self.strict != self.kept_strict
    }
}

/// A difference between a log and the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key of the episode.
    pub key: EpisodeKey,
    /// The number of the step, from 1; none for the end of the episode.
    pub step: Option<u32>,
    /// What differs, with both values.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some(step) = self.step {
            write!(f, ", step {step}")?;
        }
        write!(f, ": {}", self.what)
    }
}

#[derive(Debug, Default)]
struct LoggedPlay<'a> {
    steps: Vec<&'a StepTaken>,
    score: Option<Points>,
    grade: Option<&'a Value>,
    strict: Option<&'a Value>,
}

/// Plays every episode that has a score again.
#[must_use]
pub fn audit(events: &[Event], catalog: &Catalog, seed: u64) -> Audit {
    let mut episodes: BTreeMap<&EpisodeKey, LoggedPlay<'_>> = BTreeMap::new();
    for event in events {
        let Some(key) = &event.episode else { continue };
        let kept = episodes.entry(key).or_default();
        match &event.event {
            EventKind::StepTaken(step) => kept.steps.push(step),
            EventKind::EpisodeFinished { score, grade, strict, .. } => {
                (kept.score, kept.grade, kept.strict) = (*score, grade.as_ref(), strict.as_ref());
            }
            EventKind::EpisodeRegraded { score, grade, strict, .. } => {
                (kept.score, kept.grade, kept.strict) = (Some(*score), Some(grade), strict.as_ref());
            }
            _ => {}
        }
    }
    let mut audit = Audit::default();
    for (key, kept) in episodes {
        if let Some(score) = kept.score {
            audit.play(key, &kept, score, catalog, seed);
        }
    }
    audit
}

impl Audit {
    fn play(&mut self, key: &EpisodeKey, kept: &LoggedPlay<'_>, score: Points, catalog: &Catalog, seed: u64) {
        let mut differ = |step, what: String| self.differences.push(Difference { key: key.clone(), step, what });
        let Ok(scenario) = catalog.scenario(&key.scenario) else {
            return differ(None, "the suite has no such scenario".to_owned());
        };
        let mut episode = Episode::reset(scenario, plan::episode_id(seed, key));
        for step in &kept.steps {
            self.steps += 1;
            let action = match Action::new(step.action_type.clone(), step.parameters.clone()) {
                Ok(action) => action,
                Err(error) => return differ(Some(step.step), error.to_string()),
            };
            let outcome = episode.step(&action);
            let reason = outcome.reward.reason.to_string();
            let error = outcome.observation.last_action_error.as_ref().map(ToString::to_string);
            let now = (outcome.reward.score, outcome.reward.cumulative, reason, outcome.done, error);
            let then = (step.reward, step.cumulative, step.reason.clone(), step.done, step.error.clone());
            if now != then {
                differ(Some(step.step), format!("the log has {then:?}, the engine gives {now:?}"));
            }
        }
        let now = episode.grade_now();
        if now.total != score {
            differ(None, format!("the log has the score {score}, the graders give {}", now.total));
        }
        let grade = serde_json::to_value(&now).ok();
        if now.total == score && kept.grade != grade.as_ref() {
            differ(None, "the score is the same, but its parts are not".to_owned());
        }
        let strict = episode.strict_grade().map(|grade| strict_record(&grade));
        if let Some(kept) = kept.strict.filter(|kept| strict.as_ref() != Some(kept)) {
            let of = |grade: &Value| grade["total"].to_string();
            let now = strict.as_ref().map_or_else(|| "none".to_owned(), of);
            differ(None, format!("the log has the strict grade {}, the grader gives {now}", of(kept)));
        }
        let kept_strict = kept.strict.cloned();
        self.graded.push(Graded { key: key.clone(), kept: score, now, kept_strict, strict });
    }
}
