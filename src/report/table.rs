//! Renders the score table for a terminal.
//!
//! The text contains ANSI styles; the stream that prints it removes them if they do not belong there.

use std::fmt::Write;

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::others_scores;
use super::score_table::cells;
use crate::log::Summary;

const HEAD: Style = Style::new().bold();
const ASIDE: Style = Style::new().dimmed();

/// Renders the score table, its notes, and the published rows separately.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let cells = cells(summary);
    let mut text = grid(&cells.head, &cells.rows);
    for note in &cells.notes {
        let _ = writeln!(text, "{ASIDE}· {note}{ASIDE:#}");
    }
    let rows: Vec<_> = others_scores::rows(&summary.run.suite)
        .into_iter()
        .map(|row| {
            let scores = [row.easy, row.medium, row.hard, row.overall].map(|score| format!("{score:.2}"));
            std::iter::once(row.model).chain(scores).collect()
        })
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(
            text,
            "\n{ASIDE}Published by others, with other prompts and an earlier engine; not measured here:{ASIDE:#}"
        );
        text += &grid(&["model", "easy", "medium", "hard", "overall"], &rows);
    }
    text
}

/// Renders columns with a line under their headings. Texts are aligned to the left and numbers to the right.
pub(crate) fn grid(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head);
    table.add_rows(rows);
    for (name, column) in head.iter().zip(table.column_iter_mut()) {
        let is_text = matches!(*name, "model" | "asked by" | "scope" | "verdict");
        column.set_cell_alignment(if is_text { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(text, "{HEAD}{line}{HEAD:#}\n {}", "─".repeat(width.saturating_sub(1)));
        } else {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}
