//! The score table for a terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::published;
use super::score_table::{Cells, NONE, cells};
use crate::log::Summary;

/// The score table, with published rows set apart, and notes. Plain text: colour is for the command line to add.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let cells = cells(summary);
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&cells.head);
    for row in &cells.rows {
        table.add_row(row);
    }
    for row in published_rows(&cells) {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let is_text = cells.head.get(index).is_some_and(|name| matches!(*name, "model" | "asked by"));
        column.set_cell_alignment(if is_text { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut text = lines.join("\n");
    for note in &cells.notes {
        text.push_str("\n· ");
        text.push_str(note);
    }
    text.push_str(
        "\n· (published): figures of others, made with other prompts and an earlier engine; not measured here.\n",
    );
    text
}

/// The published rows in the columns of a table.
fn published_rows(cells: &Cells) -> Vec<Vec<String>> {
    let row = |published: published::Published| {
        let cell = |name: &&'static str| match *name {
            "model" => format!("(published) {}", published.model),
            "easy" => format!("{:.2}", published.easy),
            "medium" => format!("{:.2}", published.medium),
            "hard" => format!("{:.2}", published.hard),
            "overall ± 95 %" => format!("{:.2}", published.overall),
            _ => NONE.to_owned(),
        };
        cells.head.iter().map(cell).collect()
    };
    published::rows().into_iter().map(row).collect()
}
