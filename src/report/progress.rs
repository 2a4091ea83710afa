//! Progress on stderr: a bar a contestant on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{self, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::score_table::count;
use crate::log::{Event, EventKind, Fold, Outcome};
use crate::run::Sink;

/// What is known of a contestant while it plays.
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
                self.scores.extend(score.map(crate::env::Points::to_f64));
            }
            _ => {}
        }
    }

    fn message(&self) -> String {
        let mut parts = Vec::new();
        if self.calls > 0 {
            parts.push(format!("{} calls", self.calls));
        }
        if self.tokens > 0 {
            parts.push(format!("{} tokens", count(self.tokens)));
        }
        if let Some(cost) = self.cost {
            parts.push(format!("${cost:.4}"));
        }
        if self.retries > 0 {
            parts.push(format!("{} retries", self.retries));
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

/// Bars on a terminal.
pub struct Bars {
    // Holds the bars' drawing area for as long as they live.
    _area: MultiProgress,
    bars: BTreeMap<String, (ProgressBar, Tally)>,
}

impl Bars {
    /// A bar for each label, to be filled by this many episodes.
    #[must_use]
    pub fn new(labels: &[(String, u64)], target: ProgressDrawTarget) -> Self {
        let area = MultiProgress::with_draw_target(target);
        let width = labels.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0).min(40);
        let template = format!("{{prefix:{width}}} {{bar:24}} {{pos:>4}}/{{len}} {{elapsed}} eta {{eta}} {{msg}}");
        // A template that does not parse would be our mistake; the default style still shows progress.
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |(label, episodes): &(String, u64)| {
            let bar = area.add(ProgressBar::new(*episodes).with_style(style.clone()));
            bar.set_prefix(label.clone());
            bar.tick();
            (label.clone(), (bar, Tally::default()))
        };
        Self { bars: labels.iter().map(bar).collect(), _area: area }
    }
}

impl Sink for Bars {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        if matches!(event.event, EventKind::RunFinished) {
            for (bar, _) in self.bars.values() {
                bar.abandon();
            }
        }
        let Some(key) = &event.episode else { return Ok(()) };
        if let Some((bar, tally)) = self.bars.get_mut(&key.model) {
            tally.apply(&event.event);
            bar.set_position(tally.finished);
            bar.set_message(tally.message());
        }
        Ok(())
    }
}

/// A line for each episode that ends.
pub struct Lines<W> {
    out: W,
    total: u64,
    finished: u64,
    tallies: BTreeMap<String, Tally>,
    /// Built-in agents end thousands of episodes a second; only models get a line each.
    quiet: Vec<String>,
}

impl<W: Write + Send> Lines<W> {
    /// Lines on this stream for this many episodes; none for the labels in `quiet`.
    pub fn new(out: W, total: u64, quiet: Vec<String>) -> Self {
        Self { out, total, finished: 0, tallies: BTreeMap::new(), quiet }
    }
}

impl<W: Write + Send> Sink for Lines<W> {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        let Some(key) = &event.episode else { return Ok(()) };
        let tally = self.tallies.entry(key.model.clone()).or_default();
        tally.apply(&event.event);
        if let EventKind::EpisodeFinished { outcome, score, steps, message, .. } = &event.event {
            self.finished += 1;
            if self.quiet.contains(&key.model) {
                return Ok(());
            }
            let result = match (outcome, score) {
                (_, Some(score)) => format!("score {score}"),
                (Outcome::Cancelled, None) => "stopped".to_owned(),
                (_, None) => format!("void: {}", message.as_deref().unwrap_or("no reason given")),
            };
            writeln!(
                self.out,
                "[{}/{}] {key}: {result}, {steps} steps ({})",
                self.finished,
                self.total,
                tally.message()
            )?;
        }
        Ok(())
    }
}
