//! The audit of a run: its trajectories are played through the engine again, to see whether every reward and score is
//! what the log says. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::plan;
use crate::log::event::StepTaken;
use crate::log::{EpisodeKey, Event, EventKind, Manifest};
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
    /// What cannot be checked by this version, in words, each with the number of times.
    pub not_checked: BTreeMap<String, usize>,
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
pub fn audit(manifest: &Manifest, events: &[Event], catalog: &Catalog) -> Audit {
    let mut episodes: BTreeMap<&EpisodeKey, LoggedPlay<'_>> = BTreeMap::new();
    for event in events {
        let Some(key) = &event.episode else { continue };
        let kept = episodes.entry(key).or_default();
        match &event.event {
            // An episode may begin a second time after a run was cut off; its earlier steps count no more.
            EventKind::EpisodeStarted { .. } if kept.score.is_none() => *kept = LoggedPlay::default(),
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
            audit.play(key, &kept, score, catalog, manifest);
        }
    }
    audit
}

impl Audit {
    fn play(&mut self, key: &EpisodeKey, kept: &LoggedPlay<'_>, score: Points, catalog: &Catalog, manifest: &Manifest) {
        let differences = &mut self.differences;
        let mut differ = |step, what: String| differences.push(Difference { key: key.clone(), step, what });
        let Ok(scenario) = catalog.scenario(&key.scenario) else {
            return differ(None, "the suite has no such scenario".to_owned());
        };
        let mut episode = Episode::reset(scenario, plan::episode_id(manifest.seed, key));
        for step in &kept.steps {
            self.steps += 1;
            let action = match Action::new(step.action_type.clone(), step.parameters.clone()) {
                Ok(action) => action,
                Err(error) => return differ(Some(step.step), error.to_string()),
            };
            let outcome = episode.step(&action);
            let reason = outcome.reward.reason.to_string();
            let error = outcome.observation.last_action_error.as_ref().map(ToString::to_string);
            let now = (
                outcome.info.step,
                outcome.reward.score,
                outcome.reward.cumulative,
                reason,
                outcome.done,
                error.is_some(),
            );
            let kept_reason = step.reason.clone();
            let then = (step.step, step.reward, step.cumulative, kept_reason, step.done, step.error.is_some());
            if now != then {
                differ(Some(step.step), format!("the log has {then:?}, the engine gives {now:?}"));
            }
            let shown = outcome.observation.shown().map(|evidence| evidence.text.as_str().to_owned());
            let told = outcome.observation.feedback.to_string();
            let texts = [
                ("result", &step.result, &shown),
                ("feedback", &Some(step.feedback.clone()), &Some(told)),
                ("error", &step.error, &error),
            ];
            for (what, ..) in texts.into_iter().filter(|(_, then, now)| then != now) {
                if manifest.has_present_wording() {
                    differ(Some(step.step), format!("its {what} is not what the engine says"));
                } else {
                    *self.not_checked.entry(format!("{what} of a step, worded by earlier rules")).or_default() += 1;
                }
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
        let of = |grade: &Value| grade["total"].to_string();
        match (kept.strict, &strict) {
            (Some(kept), _) if kept["grader"] != STRICT_VERSION => {
                let what = format!("strict grade by {}", kept["grader"].as_str().unwrap_or("nobody"));
                *self.not_checked.entry(what).or_default() += 1;
            }
            (Some(kept), now) if now.as_ref() != Some(kept) => {
                let now = now.as_ref().map_or_else(|| "none".to_owned(), of);
                differ(None, format!("the log has the strict grade {}, the grader gives {now}", of(kept)));
            }
            (None, Some(now)) if manifest.has_present_wording() => {
                differ(None, format!("the log has no strict grade, the grader gives {}", of(now)));
            }
            _ => {}
        }
        let kept_strict = kept.strict.cloned();
        self.graded.push(Graded { key: key.clone(), kept: score, now, kept_strict, strict });
    }
}
