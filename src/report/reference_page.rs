//! Renders `results/README.md`: a reference table for the repository, with everything that is needed to make it again.
//! Pure.

use std::fmt::Write;

use serde::Deserialize;

use super::score_table::asked_by;
use super::{detail_tables, markdown};
use crate::escape::markdown::{code, text as text_of};
use crate::log::{Manifest, Summary};

/// The first line of the page.
pub const HEADING: &str = "# Reference scores";

/// The weights behind a model's name, for readers who want to repeat a row. It is one entry of `results/models.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// The model's name in the table.
    pub name: String,
    /// A description of the model: its family, size and quantisation.
    pub about: String,
    /// The SHA-256 digest of the file.
    pub sha256: String,
    /// The place from which the file can be downloaded.
    pub source: String,
    /// The server that ran the model.
    pub server: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFiles {
    #[serde(default)]
    model: Vec<ModelFile>,
}

/// Reads `results/models.toml`.
///
/// # Errors
/// Says where the text is wrong.
pub fn model_files(text: &str) -> Result<Vec<ModelFile>, toml::de::Error> {
    toml::from_str::<ModelFiles>(text).map(|file| file.model)
}

/// Renders the page: the joined table of these runs, the sources of the steps, and how the table was made.
#[must_use]
pub fn render(summary: &Summary, runs: &[Manifest], files: &[ModelFile]) -> String {
    let run = &summary.run;
    let mut text = format!("{HEADING}\n\n");
    let _ = writeln!(
        text,
        "Measured with incident-bench {} on the suite {} ({}), prompts {} ({}), graders {}, seed {}, {} epoch{}. \
         This page is written by `bench report RUN… --publish`; the same rows are in [reference.json](reference.json) \
         and, in long form, in [scores.csv](scores.csv).\n",
        text_of(&run.bench_version),
        text_of(&run.suite),
        code(&run.suite_digest),
        text_of(&run.prompts),
        code(&run.prompts_digest),
        text_of(&run.graders.join(", ")),
        run.seed,
        run.epochs,
        if run.epochs == 1 { "" } else { "s" },
    );
    text += "## Measured\n\n";
    text += &markdown::score_table(summary);
    text += "\n## Who chose the steps\n\nA score belongs to whoever chose the steps. Under `assist fallback` the safety \
             net takes a step where the model's reply cannot be read, or proposes what the rules make pointless; under \
             `off` that step is spent as it stands.\n\n";
    text += &who_chose(summary);
    text += "\n## Why episodes did not pass\n\nThe first that applies names an episode below 0.8. The last column says who chose the last step, the answer as \
             a rule, in how many episodes, and what they scored.\n\n";
    text += &detail_tables::failures(summary).as_ref().map(markdown::table).unwrap_or_default();
    if let Some(conduct) = detail_tables::conduct(summary) {
        text += "\n## How they worked\n\n";
        text += detail_tables::CONDUCT;
        text += "\n\n";
        text += &markdown::table(&conduct);
    }
    if let Some(beside) = detail_tables::relative(summary) {
        text += "\n## Beside the programs\n\n";
        text += detail_tables::RELATIVE;
        text += "\n\n";
        text += &markdown::table(&beside);
    }
    text += "\n## How sure, how steady\n\n";
    text += detail_tables::RELIABILITY;
    text += "\n\n";
    text += &detail_tables::reliability(summary).as_ref().map(markdown::table).unwrap_or_default();
    text += "\n## By scenario\n\n";
    text += &markdown::by_scenario(summary);
    if let Some(published) = markdown::published_table(&run.suite) {
        text += "\n## Published by others\n\nMade with other prompts and an earlier engine; not measured here, and not \
             comparable row by row.\n\n";
        text += &published;
    }
    text += "\n## How it was made\n\n";
    for manifest in runs {
        let machine = &manifest.machine;
        let _ = writeln!(
            text,
            "- run {}, {} processors ({} {}): {}",
            text_of(&manifest.id.0),
            machine.cpus,
            text_of(&machine.os),
            text_of(&machine.arch),
            code(&repeatable(&manifest.command))
        );
    }
    if !files.is_empty() {
        text += "\n### Model files\n\n";
        for file in files {
            let _ = writeln!(
                text,
                "- {}: {}, served by {}, from {}; SHA-256 `{}`",
                file.name, file.about, file.server, file.source, file.sha256
            );
        }
    }
    text
}

/// Renders a table with a row for each model: its steps by source.
fn who_chose(summary: &Summary) -> String {
    let head = [
        "model",
        "asked by",
        "steps",
        "model",
        "repaired",
        "fallback, proposal refused",
        "fallback, reply unreadable",
        "spent on an unusable reply",
        "overall",
    ]
    .map(str::to_owned);
    let models = summary.rows.iter().filter(|row| row.protocol.is_some());
    let rows = models.map(|row| {
        // If the fallback steps in, a problem is replaced; if nothing does, the step is lost.
        let spent = if matches!(row.assist.as_deref(), Some("off") | None) { row.problem_steps } else { 0 };
        let counts = [row.steps, row.model_steps, row.repaired_steps, row.override_steps, row.fallback_steps, spent];
        [row.contestant.clone(), asked_by(row)]
            .into_iter()
            .chain(counts.iter().map(ToString::to_string))
            .chain([row.overall.map_or("–".to_owned(), |score| format!("{score:.3}"))])
            .collect()
    });
    markdown::grid(&head, &rows.collect::<Vec<_>>())
}

/// The command as somebody else would repeat it: without the options for the place and the look of its output.
fn repeatable(command: &[String]) -> String {
    const WITH_VALUE: [&str; 5] = ["--out", "--record", "--progress", "--format", "--log-format"];
    let mut words = Vec::new();
    let mut left = command.iter();
    while let Some(word) = left.next() {
        let option = word.split_once('=').map_or(word.as_str(), |(option, _)| option);
        if WITH_VALUE.contains(&option) {
            if option == word {
                left.next();
            }
        } else if !["-q", "--quiet"].contains(&option) {
            words.push(word.as_str());
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_output_went_is_nobody_elses_business() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (command, published) in [
            ("bench --model a --out /x/y --seed 3 --record=t -q", "bench --model a --seed 3"),
            ("bench --format markdown", "bench"),
            ("bench --outer 3 --out", "bench --outer 3"),
        ] {
            assert_eq!(repeatable(&words(command)), published);
        }
    }
}
