//! The sentences about a step: its feedback, and the reason for which an action was refused.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::briefing::Briefing;
use crate::action::{ActionKind, Diagnostic, Submission};
use crate::points::Points;
use crate::task::TaskId;

/// The environment's comment on the last step, in a sentence.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the sentences in Display say what each means")]
pub enum Feedback {
    Started,
    Looked { kind: Diagnostic, key: Arc<str>, again: bool },
    Executed { kind: ActionKind, target: Arc<str> },
    NoEffect { kind: ActionKind, target: Arc<str> },
    Harmful { kind: ActionKind, target: Arc<str> },
    Done { kind: ActionKind, target: Arc<str> },
    Refused,
    Submitted { total: Points },
    TimedOut { total: Points, by_clock: bool },
    AlreadyDone,
}

impl fmt::Display for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("Episode started. Read the alert, then act."),
            Self::Looked { kind, key, again: false } => write!(f, "{kind} {key}: see queried_data."),
            Self::Looked { kind, key, again: true } => {
                write!(f, "{kind} {key}: queried before; the reading was taken again.")
            }
            Self::Executed { kind, target } => write!(f, "{kind} {target}: executed, a step of the repair."),
            Self::NoEffect { kind, target } => {
                write!(f, "{kind} {target}: executed, no effect on the progress of the repair.")
            }
            Self::Harmful { kind, target } => write!(f, "{kind} {target}: executed, and it made things worse."),
            Self::Done { kind, target } => write!(f, "{kind} {target}: executed; see queried_data."),
            Self::Refused => f.write_str("The action was not carried out; see last_action_error."),
            Self::Submitted { total } => write!(f, "Submission received. Grade {total}."),
            Self::TimedOut { total, by_clock } => {
                let of = if *by_clock { "time" } else { "steps" };
                write!(f, "Out of {of} without a submission. Grade {total}.")
            }
            Self::AlreadyDone => f.write_str("The episode is already done; reset to start another."),
        }
    }
}

impl Serialize for Feedback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The reason for which an action was refused, with what would be right.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the sentences in Display say what each means")]
pub enum StepError {
    UnknownAction { name: Arc<str> },
    NotOffered { kind: ActionKind, briefing: Arc<Briefing> },
    NoService { kind: ActionKind },
    UnknownService { name: String, briefing: Arc<Briefing> },
    NoTarget { kind: ActionKind, parameter: &'static str },
    WrongSubmission { kind: Submission, task: TaskId },
    Unfit { kind: ActionKind, problem: String },
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction { name } => {
                write!(f, "unknown action_type '{}'; valid: ", Excerpt(name))?;
                join(f, ActionKind::all())
            }
            Self::NotOffered { kind, briefing } => {
                write!(f, "{kind} is not available in {}; available: ", briefing.task.id)?;
                join(f, briefing.task.actions.iter())
            }
            Self::NoService { kind } => write!(f, "{kind} needs the parameter 'service'"),
            Self::UnknownService { name, briefing } => {
                write!(f, "unknown service '{}'; known services: ", Excerpt(name))?;
                join(f, briefing.services.iter())
            }
            Self::NoTarget { kind, parameter } => write!(f, "{kind} needs the parameter '{parameter}'"),
            Self::WrongSubmission { kind, task } => {
                write!(f, "{kind} does not answer {task}; submit with {}", task.submission())
            }
            Self::Unfit { kind, problem } => write!(f, "{kind}: {problem}"),
        }
    }
}

impl Serialize for StepError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    for (index, item) in items.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

/// Shows the first 80 characters of a text that an agent wrote, because an error must not repeat a megabyte of it.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
