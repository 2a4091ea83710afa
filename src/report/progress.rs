//! Shows progress on stderr: on a terminal with one bar for each contestant, elsewhere with plain lines.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::score_table::{count, plural};
use crate::chat::limit::Traffic;
use crate::escape::one_line;
use crate::log::{Event, EventKind, Fold, Outcome};
use crate::run::Sink;
use crate::run::budget::{Amount, Limits};

/// The interval at which the line below the bars is drawn again.
const REDRAW: Duration = Duration::from_millis(250);

/// What is known of a contestant during the run.
#[derive(Debug, Default, Clone)]
struct Tally {
    calls: u64,
    tokens: u64,
    cost: Option<f64>,
    retries: usize,
    void: u64,
    scores: Vec<f64>,
    finished: u64,
}

impl Tally {
    fn apply(&mut self, event: &EventKind) {
        match event {
            EventKind::ModelCalled { reply, cost_usd, .. } => {
                self.calls += 1;
                self.retries += reply.retries.len();
                self.tokens += reply.usage.map_or(0, |usage| usage.prompt_tokens + usage.completion_tokens);
                if let Some(cost) = cost_usd {
                    self.cost = Some(self.cost.unwrap_or_default() + cost);
                }
            }
            EventKind::ModelFailed { retries, .. } => self.retries += retries.len(),
            EventKind::EpisodeFinished { outcome, score, .. } => {
                self.finished += 1;
                self.void += u64::from(outcome.is_void());
                self.scores.extend(score.map(incident_env::Points::to_f64));
            }
            _ => {}
        }
    }

    fn message(&self) -> String {
        let mut parts = Vec::new();
        if self.calls > 0 {
            parts.push(plural(usize::try_from(self.calls).unwrap_or(usize::MAX), "call"));
        }
        if self.tokens > 0 {
            parts.push(format!("{} tokens", count(self.tokens)));
        }
        if let Some(cost) = self.cost {
            parts.push(format!("${cost:.4}"));
        }
        if self.retries > 0 {
            parts.push(if self.retries == 1 { "1 retry".to_owned() } else { format!("{} retries", self.retries) });
        }
        if self.void > 0 {
            parts.push(format!("{} void", self.void));
        }
        if let Some(mean) = crate::stats::mean::mean(&self.scores) {
            parts.push(format!("mean {mean:.3}"));
        }
        parts.join(" · ")
    }
}

/// What a run is waiting for at one moment, and how much of its budget is left.
#[derive(Debug, Clone, Default)]
pub struct RunStatusLine {
    /// The calls of each endpoint.
    pub endpoints: Vec<(String, Traffic)>,
    /// The limits of the run.
    pub limits: Limits,
    /// The amount that was spent.
    pub spent: Amount,
    /// The time until the run's time is up; none without a limit.
    pub time_left: Option<Duration>,
}

impl RunStatusLine {
    /// Renders the status as one line: `groq 8/16 calls, 12 wait, cools down 27 s · $0.0123 of $0.10 · ends in 4:31`.
    #[must_use]
    pub fn line(&self) -> String {
        let mut parts: Vec<_> = self.endpoints.iter().map(|(name, traffic)| self::traffic(name, traffic)).collect();
        if let Some(limit) = self.limits.cost_usd {
            parts.push(format!("${:.4} of ${limit}", self.spent.cost_usd));
        }
        if let Some(limit) = self.limits.tokens {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens")]
            let spent = self.spent.tokens as u64;
            parts.push(format!("{} of {} tokens", count(spent), count(limit)));
        }
        if let Some(left) = self.time_left {
            let seconds = left.as_secs();
            parts.push(format!("ends in {}:{:02}", seconds / 60, seconds % 60));
        }
        parts.join(" · ")
    }
}

fn traffic(name: &str, traffic: &Traffic) -> String {
    let mut text = format!("{name} {}/{} calls", traffic.under_way, traffic.window);
    if traffic.waiting > 0 {
        let _ = write!(text, ", {} wait", traffic.waiting);
    }
    if let Some(left) = traffic.cool_down {
        let _ = write!(text, ", cools down {:.0} s", left.as_secs_f64().ceil());
    }
    text
}

/// Reads the present status of a run.
pub type ReadRunStatus = Arc<dyn Fn() -> RunStatusLine + Send + Sync>;

/// The bars on a terminal.
pub struct Bars {
    // The drawing area of the bars, which must live as long as they do.
    _area: MultiProgress,
    by_label: BTreeMap<String, (ProgressBar, Tally)>,
    pace: ProgressBar,
}

impl Bars {
    /// Makes a bar for each label, to be filled by this many episodes, and the status line below them.
    #[must_use]
    pub fn new(labels: &[(String, u64)], pace: ReadRunStatus, target: ProgressDrawTarget) -> Self {
        let area = MultiProgress::with_draw_target(target);
        let width = labels.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0).min(40);
        let template = format!("{{prefix:{width}}} {{bar:24}} {{pos:>4}}/{{len}} {{elapsed}} eta {{eta}} {{msg}}");
        // A template that cannot be parsed would be our mistake; the default style still shows progress.
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |(label, episodes): &(String, u64)| {
            let bar = area.add(ProgressBar::new(*episodes).with_style(style.clone()));
            bar.set_prefix(one_line(label));
            bar.tick();
            (label.clone(), (bar, Tally::default()))
        };
        let by_label = labels.iter().map(bar).collect();
        let style = ProgressStyle::with_template("{pace}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let write = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = out.write_str(&pace().line());
        };
        let pace = area.add(ProgressBar::new_spinner().with_style(style.with_key("pace", write)));
        // Nothing happens while calls wait, but the time that is left changes.
        pace.enable_steady_tick(REDRAW);
        Self { by_label, pace, _area: area }
    }
}

impl Sink for Bars {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        if matches!(event.event, EventKind::RunFinished) {
            for (bar, _) in self.by_label.values() {
                bar.abandon();
            }
            self.pace.finish_and_clear();
        }
        let Some(key) = &event.episode else { return Ok(()) };
        if let Some((bar, tally)) = self.by_label.get_mut(&key.contestant) {
            tally.apply(&event.event);
            bar.set_position(tally.finished);
            bar.set_message(tally.message());
        }
        Ok(())
    }
}

/// Prints a line for each episode that ends.
pub struct Lines<W> {
    out: W,
    total: u64,
    finished: u64,
    tallies: BTreeMap<String, Tally>,
    /// The labels that get no lines. Built-in agents end thousands of episodes a second, so only models get a line
    /// each.
    quiet: Vec<String>,
}

impl<W: Write + Send> Lines<W> {
    /// Makes a printer on this stream for this many episodes, which prints nothing for the labels in `quiet`.
    pub fn new(out: W, total: u64, quiet: Vec<String>) -> Self {
        Self { out, total, finished: 0, tallies: BTreeMap::new(), quiet }
    }
}

impl<W: Write + Send> Sink for Lines<W> {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        let Some(key) = &event.episode else { return Ok(()) };
        let tally = self.tallies.entry(key.contestant.clone()).or_default();
        tally.apply(&event.event);
        if let EventKind::EpisodeFinished { outcome, score, steps, message, .. } = &event.event {
            self.finished += 1;
            if self.quiet.contains(&key.contestant) {
                return Ok(());
            }
            let result = match (outcome, score) {
                (_, Some(score)) => format!("score {score}"),
                (Outcome::Cancelled, None) => "stopped".to_owned(),
                (_, None) => format!("void: {}", one_line(message.as_deref().unwrap_or("no reason given"))),
            };
            writeln!(
                self.out,
                "[{}/{}] {}: {result}, {steps} steps ({})",
                self.finished,
                self.total,
                one_line(&key.to_string()),
                tally.message()
            )?;
        }
        Ok(())
    }
}
