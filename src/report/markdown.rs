//! Renders the score table in Markdown, for `SCORES.md` and for pull requests.

use std::fmt::Write;

use super::detail_tables::{self, RELIABILITY, Table};
use super::others_scores;
use super::score_table::{Cells, asked_by, cells};
pub(crate) use crate::escape::markdown::cell as escape;
use crate::escape::markdown::text as prose;
use crate::log::Summary;

/// Renders the score table with its heading, its notes, the scores by scenario, and the published rows separately.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let run = &summary.run;
    let mut text = String::new();
    let _ = writeln!(text, "# Scores of run {}\n", prose(&run.id.0));
    let _ = writeln!(
        text,
        "Suite {} ({}), prompts {} ({}), graders {}, seed {}, incident-bench {}.\n",
        prose(&run.suite),
        prose(short(&run.suite_digest)),
        prose(&run.prompts),
        prose(short(&run.prompts_digest)),
        prose(&run.graders.join(", ")),
        run.seed,
        prose(&run.bench_version)
    );
    text += &score_table(summary);
    if let Some(beside) = detail_tables::relative(summary) {
        let _ = write!(text, "\n## Beside the programs\n\n{}\n\n{}", detail_tables::RELATIVE, table(&beside));
    }
    if let Some(sure) = detail_tables::reliability(summary) {
        let _ = write!(text, "\n## How sure, how steady\n\n{RELIABILITY}\n\n{}", table(&sure));
    }
    if let Some(how) = detail_tables::conduct(summary) {
        let _ = write!(text, "\n## How they worked\n\n{}\n\n{}", detail_tables::CONDUCT, table(&how));
    }
    text += "\n## By scenario\n\n";
    text += &by_scenario(summary);
    if let Some(why) = detail_tables::failures(summary) {
        let _ = write!(text, "\n## Why episodes did not pass\n\n{}", table(&why));
    }
    if let Some(published) = published_table(&run.suite) {
        text += "\n## Published by others\n\nMade with other prompts and an earlier engine; not measured here.\n\n";
        text += &published;
    }
    text
}

/// Renders only the score table and its notes.
#[must_use]
pub fn score_table(summary: &Summary) -> String {
    let cells = cells(summary);
    let mut text = grid(&cells.head.iter().map(ToString::to_string).collect::<Vec<_>>(), &cells.rows);
    text.push('\n');
    for note in &notes(&cells) {
        let _ = writeln!(text, "- {note}");
    }
    text
}

fn notes(cells: &Cells) -> Vec<String> {
    cells.notes.iter().map(|note| prose(note)).collect()
}

/// The most scenarios that are shown as columns.
const MOST_COLUMNS: usize = 40;

/// Renders a table with a row for each contestant and a column for each scenario.
#[must_use]
pub fn by_scenario(summary: &Summary) -> String {
    let Some(first) = summary.rows.first() else { return String::new() };
    let scenarios: Vec<_> = first.tasks.values().flat_map(|task| task.scenarios.keys()).collect();
    if scenarios.len() > MOST_COLUMNS {
        return format!("{} scenarios, more than a table can show: scores.csv has each.\n", scenarios.len());
    }
    let any_model = summary.rows.iter().any(|row| row.protocol.is_some());
    let lead = |name: String, asked: String| std::iter::once(name).chain(any_model.then_some(asked));
    let names = scenarios.iter().map(ToString::to_string);
    let head: Vec<_> = lead("model".to_owned(), "asked by".to_owned()).chain(names).collect();
    let rows = summary.rows.iter().map(|row| {
        let score = |id: &&String| {
            let mean = row.tasks.values().find_map(|task| task.scenarios.get(*id)?.mean);
            mean.map_or("–".to_owned(), |mean| format!("{mean:.3}"))
        };
        lead(row.contestant.clone(), asked_by(row)).chain(scenarios.iter().map(score)).collect()
    });
    grid(&head, &rows.collect::<Vec<_>>())
}

/// Renders the published rows that can be compared with a suite; none if there are none.
#[must_use]
pub fn published_table(suite: &str) -> Option<String> {
    let head = ["model", "easy", "medium", "hard", "overall"].map(str::to_owned);
    let row = |p: others_scores::Published| {
        vec![
            p.model,
            format!("{:.2}", p.easy),
            format!("{:.2}", p.medium),
            format!("{:.2}", p.hard),
            format!("{:.2}", p.overall),
        ]
    };
    let rows: Vec<_> = others_scores::rows(suite).into_iter().map(row).collect();
    (!rows.is_empty()).then(|| grid(&head, &rows))
}

/// Renders one of the tables that follow the score table.
pub(super) fn table(table: &Table) -> String {
    grid(&table.head, &table.rows)
}

/// Renders a Markdown table. The first column is aligned to the left, the others to the right.
pub(crate) fn grid(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(head);
    let rule: Vec<_> = (0..head.len()).map(|column| if column == 0 { ":--" } else { "--:" }).collect();
    let _ = writeln!(text, "|{}|", rule.join("|"));
    for row in rows {
        text += &line(row);
    }
    text
}

/// The beginning of a digest, which is long enough to distinguish two of them.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}
