//! Renders the scores as `JUnit` XML, for systems that show tests, with a suite for each contestant that a gate judges and a
//! case for each scenario and epoch.
//!
//! The XML is written by hand, because it has only four kinds of elements, and a crate for it would bring a writer of
//! XML, dates and ids along.

use std::fmt::Write;

use super::markup::escape;
use crate::log::summary::{PASS_THRESHOLD, ScenarioScore};
use crate::log::{Durations, EpisodeKey, Row, Summary};

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn attributes(&self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!(r#"tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}""#)
    }
}

/// Renders a summary as `JUnit` XML. A score below [`PASS_THRESHOLD`] is a failure, a void episode is an error, and an
/// episode that did not end is skipped.
#[must_use]
pub fn render(summary: &Summary, durations: &Durations) -> String {
    let mut all = Counts::default();
    let suites: String = summary.judged().map(|row| suite(summary, durations, row, &mut all)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"incident-bench {}\" {}>\n{suites}</testsuites>\n",
        escape(&summary.run.id.0),
        all.attributes()
    )
}

fn suite(summary: &Summary, durations: &Durations, row: &Row, all: &mut Counts) -> String {
    let run = &summary.run;
    let mut counts = Counts::default();
    let mut cases = String::new();
    let mut whole = 0.0;
    for (task, score) in &row.tasks {
        for (id, scenario) in &score.scenarios {
            for epoch in 0..scenario.epochs.len() {
                // A single epoch needs no number.
                let name = if run.epochs > 1 { format!("{id}, epoch {epoch}") } else { id.clone() };
                let key = EpisodeKey {
                    contestant: row.contestant.clone(),
                    scenario: id.clone(),
                    epoch: u32::try_from(epoch).unwrap_or(u32::MAX),
                };
                let seconds = durations.seconds(&key).unwrap_or_default();
                whole += seconds;
                // Readers know a case by these two alone, whatever suite or file it stands in.
                let class = format!("{}.{}.{task}", run.id, row.contestant);
                let case = Case { class: &class, name: &name, seconds };
                cases += &case.render(scenario, epoch, &mut counts);
            }
        }
    }
    all.tests += counts.tests;
    all.failures += counts.failures;
    all.errors += counts.errors;
    all.skipped += counts.skipped;
    // The format has times without a zone, in UTC.
    let started = run.started_at.strftime("%Y-%m-%dT%H:%M:%S");
    let counts = counts.attributes();
    let mut text = format!(
        "  <testsuite name=\"{}\" {counts} time=\"{whole:.3}\" timestamp=\"{started}\">\n",
        escape(&row.contestant)
    );
    text += "    <properties>\n";
    let properties = [
        ("run", Some(run.id.0.clone())),
        ("bench_version", Some(run.bench_version.clone())),
        ("suite", Some(run.suite.clone())),
        ("suite_digest", Some(run.suite_digest.clone())),
        ("prompts", Some(run.prompts.clone())),
        ("prompts_digest", Some(run.prompts_digest.clone())),
        ("graders", Some(run.graders.join(", "))),
        ("seed", Some(run.seed.to_string())),
        ("agent", Some(row.agent.clone())),
        ("protocol", row.protocol.clone()),
        ("assist", row.assist.clone()),
        ("overall", row.overall.map(|overall| overall.to_string())),
    ];
    for (name, value) in properties.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
        let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", escape(&value));
    }
    text + "    </properties>\n" + &cases + "  </testsuite>\n"
}

/// What identifies an episode in reports of tests, and how long it took.
struct Case<'a> {
    class: &'a str,
    name: &'a str,
    seconds: f64,
}

impl Case<'_> {
    fn render(&self, scenario: &ScenarioScore, epoch: usize, counts: &mut Counts) -> String {
        let reason = u32::try_from(epoch).ok().and_then(|epoch| scenario.void.get(&epoch));
        counts.tests += 1;
        let inner = match (scenario.epochs.get(epoch).copied().flatten(), reason) {
            (Some(score), _) => {
                let kept = format!("<properties><property name=\"score\" value=\"{score}\"/></properties>");
                if score < PASS_THRESHOLD {
                    counts.failures += 1;
                    kept + &format!("<failure type=\"score\" message=\"score {score} is below {PASS_THRESHOLD}\"/>")
                } else {
                    kept
                }
            }
            (None, Some(reason)) => {
                counts.errors += 1;
                format!("<error type=\"void\" message=\"void: {}\"/>", escape(reason))
            }
            (None, None) => {
                counts.skipped += 1;
                "<skipped message=\"the episode did not end\"/>".to_owned()
            }
        };
        let (class, name, seconds) = (escape(self.class), escape(self.name), self.seconds);
        format!("    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\">{inner}</testcase>\n")
    }
}
