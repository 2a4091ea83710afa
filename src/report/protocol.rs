//! Prints the line protocol of `OpenEnv` inference scripts on stdout.
//!
//! The lines of an episode are printed together when it ends, so that episodes that run at the same time do not mix.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::score_table::one_line;
use crate::escape::visible::is_plain;
use crate::log::event::StepTaken;
use crate::log::summary::PASS_THRESHOLD;
use crate::log::{EpisodeKey, Event, EventKind, Fold, Row, Summary};
use crate::run::Sink;
use incident_env::{Points, TaskId};

/// The name of the environment in the protocol.
const ENVIRONMENT: &str = "cloud-incident-response";

/// Prints `[START]`, `[STEP]` and `[END]` lines.
pub struct Protocol<W> {
    out: W,
    open: BTreeMap<EpisodeKey, Lines>,
}

#[derive(Default)]
struct Lines {
    text: String,
    rewards: Vec<Points>,
}

impl<W: Write + Send> Protocol<W> {
    /// Makes a printer on this stream.
    pub fn new(out: W) -> Self {
        Self { out, open: BTreeMap::new() }
    }
}

impl<W: Write + Send> Sink for Protocol<W> {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        let Some(key) = &event.episode else { return Ok(()) };
        match &event.event {
            EventKind::EpisodeStarted { task, .. } => {
                let mut lines = Lines::default();
                let _ =
                    writeln!(lines.text, "[START] task={task} env={ENVIRONMENT} model={}", one_line(&key.contestant));
                self.open.insert(key.clone(), lines);
            }
            EventKind::StepTaken(step) => {
                if let Some(lines) = self.open.get_mut(key) {
                    lines.rewards.push(step.reward);
                    lines.text += &step_line(step);
                }
            }
            EventKind::EpisodeFinished { score, steps, .. } => {
                if let Some(lines) = self.open.remove(key) {
                    let score = score.map(Points::to_f64);
                    let success = score.is_some_and(|score| score >= PASS_THRESHOLD);
                    let rewards: Vec<_> = lines.rewards.iter().map(ToString::to_string).collect();
                    let score = score.map_or("null".to_owned(), |score| format!("{score:.4}"));
                    writeln!(
                        self.out,
                        "{}[END] success={success} steps={steps} score={score} rewards={}",
                        lines.text,
                        rewards.join(",")
                    )?;
                    self.out.flush()?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn step_line(step: &StepTaken) -> String {
    let action = serde_json::json!({ "action_type": step.action_type, "parameters": step.parameters });
    let action = escaped(&action.to_string());
    let error = step.error.as_deref().map_or("null".to_owned(), one_line);
    format!("[STEP] step={} action={action} reward={} done={} error={error}\n", step.step, step.reward, step.done)
}

/// Escapes what a terminal would not show in JSON. JSON itself allows control characters above ASCII and what turns the
/// direction of a line, but they are commands to some terminals.
fn escaped(json: &str) -> String {
    let escape = |c: char| {
        if is_plain(c) {
            return c.to_string();
        }
        let escapes = c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>();
        escapes.concat()
    };
    json.chars().map(escape).collect()
}

/// The last line: one JSON object with the task scores and `overall` of the first contestant, which is the model if one
/// plays. With several contestants, `rows` contains each of them.
#[must_use]
pub fn result_line(summary: &Summary) -> String {
    let scores = |row: &Row| {
        let mut object = serde_json::Map::new();
        for task in TaskId::ALL {
            object.insert(task.to_string(), row.task_mean(task).into());
        }
        object.insert("overall".to_owned(), row.overall.into());
        object.insert("model".to_owned(), row.contestant.clone().into());
        object
    };
    let mut object = summary.rows.first().map(scores).unwrap_or_default();
    if summary.rows.len() > 1 {
        object.insert("rows".to_owned(), summary.rows.iter().map(scores).map(serde_json::Value::Object).collect());
    }
    escaped(&serde_json::Value::Object(object).to_string()) + "\n"
}
