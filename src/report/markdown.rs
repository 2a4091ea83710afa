//! The score table in Markdown: `SCORES.md`, and what is pasted into a pull request.

use std::fmt::Write;

use super::published;
use super::score_table::{Cells, asked_by, cells};
use crate::log::reliability::Reliability;
use crate::log::{Row, Summary};

/// The score table with its head, its notes, the scores by scenario, and the published rows apart.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let run = &summary.run;
    let mut text = String::new();
    let _ = writeln!(text, "# Scores of run {}\n", escape(&run.id.0));
    let _ = writeln!(
        text,
        "Suite {} ({}), prompts {} ({}), graders {}, seed {}, incident-bench {}.\n",
        run.suite,
        short(&run.suite_digest),
        run.prompts,
        short(&run.prompts_digest),
        run.graders.join(", "),
        run.seed,
        run.bench_version
    );
    text += &score_table(summary);
    let sure = reliability(summary);
    if !sure.is_empty() {
        text += "\n## How sure, how steady\n\n";
        text += RELIABILITY;
        text += &sure;
    }
    text += "\n## By scenario\n\n";
    text += &by_scenario(summary);
    let why = failures(summary);
    if !why.is_empty() {
        text += "\n## Why episodes did not pass\n\n";
        text += &why;
    }
    text += "\n## Published by others\n\nMade with other prompts and an earlier engine; not measured here.\n\n";
    text += &published_table();
    text
}

/// The score table and its notes alone.
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
    cells.notes.iter().map(|note| escape(note)).collect()
}

/// A row a contestant, a column a scenario.
#[must_use]
pub fn by_scenario(summary: &Summary) -> String {
    let Some(first) = summary.rows.first() else { return String::new() };
    let scenarios: Vec<_> = first.tasks.values().flat_map(|task| task.scenarios.keys()).collect();
    let any_model = summary.rows.iter().any(|row| row.protocol.is_some());
    let lead = |name: String, asked: String| std::iter::once(name).chain(any_model.then_some(asked));
    let names = scenarios.iter().map(ToString::to_string);
    let head: Vec<_> = lead("model".to_owned(), "asked by".to_owned()).chain(names).collect();
    let rows = summary.rows.iter().map(|row| {
        let score = |id: &&String| {
            let mean = row.tasks.values().find_map(|task| task.scenarios.get(*id)?.mean);
            mean.map_or("–".to_owned(), |mean| format!("{mean:.3}"))
        };
        lead(row.model.clone(), asked_by(row)).chain(scenarios.iter().map(score)).collect()
    });
    grid(&head, &rows.collect::<Vec<_>>())
}

/// What the columns of [`reliability`] mean.
pub(super) const RELIABILITY: &str = "\
Two errors answer two questions. *Incidents like these*: how far the score of other incidents of this kind may lie, from \
the spread over scenarios; for leaderboards. *These scenarios*: how far the score of another run of the same scenarios \
may lie, from the spread over epochs; for gates. An episode passes from 0.8 on; its interval is Wilson's, on the \
number of independent episodes that the scenarios are worth. pass@k: one of k epochs passes; pass^k: all of them do.\n\n";

/// A row a contestant: both errors, the pass rate, and what epochs tell. Columns that nobody fills are left out; empty
/// where nothing is known.
#[must_use]
pub fn reliability(summary: &Summary) -> String {
    type Column = (&'static str, fn(&Row, &Reliability) -> Option<String>);
    fn error(se: Option<f64>) -> Option<String> {
        se.map(|se| format!("{se:.3}"))
    }
    /// k = 1, 2, 4 … and the last: with many epochs there are many k.
    fn over_k(values: &[f64]) -> Option<String> {
        let shown = |(k, _): &(usize, &f64)| k.is_power_of_two() || *k == values.len();
        let values: Vec<_> = (1..).zip(values).filter(shown).map(|(k, value)| format!("{k}: {value:.2}")).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
    let columns: [Column; 9] = [
        ("SE, incidents like these", |_, found| error(found.se_general)),
        ("SE, these scenarios", |_, found| error(found.se_fixed)),
        ("passes (95 %)", |_, found| {
            let rate = found.pass_rate?;
            Some(format!("{:.2} ({:.2} to {:.2})", rate.value, rate.wilson95[0], rate.wilson95[1]))
        }),
        ("effective n", |_, found| found.pass_rate.map(|rate| format!("{:.1}", rate.effective_n))),
        ("pass@k", |_, found| over_k(&found.pass_at)),
        ("pass^k", |_, found| over_k(&found.pass_hat)),
        ("flips", |_, found| found.flip_rate.map(|rate| format!("{:.0} %", rate * 100.0))),
        ("ICC", |_, found| found.icc.map(|icc| format!("{icc:.2}"))),
        ("void as 0 to left out", |row, found| {
            let (zero, left_out) = (found.overall_void_as_zero?, row.overall?);
            Some(format!("{zero:.3} to {left_out:.3}"))
        }),
    ];
    let known: Vec<_> = summary.rows.iter().filter_map(|row| Some((row, row.reliability.as_ref()?))).collect();
    let filled = |(_, cell): &&Column| known.iter().any(|(row, found)| cell(row, found).is_some());
    let columns: Vec<_> = columns.iter().filter(filled).collect();
    if columns.is_empty() {
        return String::new();
    }
    let any_model = known.iter().any(|(row, _)| row.protocol.is_some());
    let lead = |name: String, asked: String| std::iter::once(name).chain(any_model.then_some(asked));
    let head: Vec<_> = lead("model".to_owned(), "asked by".to_owned())
        .chain(columns.iter().map(|(name, _)| (*name).to_owned()))
        .collect();
    let row = |(row, found): &(&Row, &Reliability)| {
        let cells = columns.iter().map(|(_, cell)| cell(row, found).unwrap_or_else(|| "–".to_owned()));
        lead(row.model.clone(), asked_by(row)).chain(cells).collect()
    };
    grid(&head, &known.iter().map(row).collect::<Vec<_>>())
}

/// A row a contestant that has any: its failures by kind, and the mean score by who answered. Empty without any.
#[must_use]
pub fn failures(summary: &Summary) -> String {
    let with_any: Vec<_> = summary.rows.iter().filter(|row| !row.failures.is_empty()).collect();
    let kinds: std::collections::BTreeSet<_> = with_any.iter().flat_map(|row| row.failures.keys()).collect();
    if kinds.is_empty() {
        return String::new();
    }
    let any_model = with_any.iter().any(|row| row.protocol.is_some());
    let last = any_model.then(|| "answered by (mean score)".to_owned());
    let asked = any_model.then(|| "asked by".to_owned());
    let head: Vec<_> = std::iter::once("model".to_owned())
        .chain(asked)
        .chain(kinds.iter().map(ToString::to_string))
        .chain(last)
        .collect();
    let rows = with_any.iter().map(|row| {
        let counts = kinds.iter().map(|kind| row.failures.get(kind).map_or("–".to_owned(), ToString::to_string));
        let answered: Vec<_> =
            row.answered.iter().map(|(source, one)| format!("{source} {} ({:.3})", one.episodes, one.mean)).collect();
        let answered = if answered.is_empty() { "–".to_owned() } else { answered.join(", ") };
        std::iter::once(row.model.clone())
            .chain(any_model.then(|| asked_by(row)))
            .chain(counts)
            .chain(any_model.then_some(answered))
            .collect()
    });
    grid(&head, &rows.collect::<Vec<_>>())
}

/// The published rows.
#[must_use]
pub fn published_table() -> String {
    let head = ["model", "easy", "medium", "hard", "overall"].map(str::to_owned);
    let row = |p: published::Published| {
        vec![
            p.model,
            format!("{:.2}", p.easy),
            format!("{:.2}", p.medium),
            format!("{:.2}", p.hard),
            format!("{:.2}", p.overall),
        ]
    };
    grid(&head, &published::rows().into_iter().map(row).collect::<Vec<_>>())
}

/// A Markdown table: the first column to the left, the others to the right.
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

/// A text that cannot break out of a table cell or become markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '`' | '[' | ']' | '\\' | '<' | '>' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a digest, enough to tell two apart.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_in_its_cell() {
        assert_eq!(escape("a|b\n*c* <x>"), "a\\|b \\*c\\* \\<x\\>");
    }
}
