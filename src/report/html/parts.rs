//! The parts that the sections of the page share: names, tables, and positions in plots.

use std::fmt::Write;

use crate::log::Row;
use crate::report::markup::escape;
use crate::report::score_table::NONE;
use incident_env::TaskId;

/// Renders a name that comes from elsewhere, even if it is written from right to left or is empty.
pub(super) fn name(text: &str) -> String {
    if text.trim().is_empty() { NONE.to_owned() } else { format!("<bdi>{}</bdi>", escape(text)) }
}

pub(super) fn texts(row: &[String]) -> Vec<String> {
    row.iter().enumerate().map(|(column, text)| if column == 0 { name(text) } else { escape(text) }).collect()
}

/// Renders a table of finished markup that scrolls if it is wider than the screen. The first column is the heading of
/// its row.
pub(super) fn grid(label: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let class = |column: usize| {
        if matches!(
            head[column].as_str(),
            "asked by" | "answered by (mean score)" | "lowest scores by scenario" | "epochs from 0"
        ) {
            " class=\"left\""
        } else {
            ""
        }
    };
    let mut text =
        format!("<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\">\n<table>\n<thead><tr>");
    for (column, heading) in head.iter().enumerate() {
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", class(column), escape(heading));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let _ = if column == 0 {
                write!(text, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(text, "<td{}>{cell}</td>", class(column))
            };
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n</div>\n"
}

/// A value from 0 to 1 as a position in per cent.
pub(super) fn percent(value: f64) -> String {
    format!("{:.2}%", value.clamp(0.0, 1.0) * 100.0)
}

/// A text that is cut to at most this many characters.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept + "…"
}

/// The name of a task in the score table.
pub(super) const fn difficulty(task: TaskId) -> &'static str {
    match task {
        TaskId::AlertClassification => "easy",
        TaskId::RootCauseAnalysis => "medium",
        TaskId::RemediationPlanning => "hard",
    }
}

/// The score of the agent that acts at random, and the score of the agent that knows the answers.
pub(super) fn floor_and_ceiling(rows: &[Row], score: impl Fn(&Row) -> Option<f64>) -> (Option<f64>, Option<f64>) {
    let of = |agent: &str| rows.iter().find(|row| row.agent == agent).and_then(&score);
    (of("random"), of("oracle"))
}
