//! Renders a comparison as text: for a terminal, for a pull request, and for a CI system. Pure.

use std::fmt::Write;

use super::compare::{CompareRow, Comparison};
use crate::gate::decision::Verdict;

const HEAD: [&str; 8] = ["model", "scope", "base", "new", "Δ", "these scenarios", "incidents like these", "verdict"];

fn cells(row: &CompareRow) -> Vec<String> {
    let interval =
        |bounds: Option<[f64; 2]>| bounds.map_or("–".to_owned(), |[low, high]| format!("[{low:+.3}, {high:+.3}]"));
    let how = if row.exact { " (exact)" } else { "" };
    vec![
        row.contestant.clone(),
        row.scope.clone(),
        format!("{:.3}", row.judged.base),
        format!("{:.3}", row.judged.new),
        format!("{:+.3}", row.judged.delta),
        if row.exact { "–".to_owned() } else { interval(row.judged.bounds_fixed) },
        interval(row.judged.ci95_paired),
        format!("{}{how}", row.judged.verdict),
    ]
}

/// What a reader needs in order to act: what could not be decided, and what changed.
fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks = comparison.notes.clone();
    for row in &comparison.rows {
        if row.judged.verdict == Verdict::Inconclusive {
            let mut text = format!("{}, {}: cannot be decided", row.contestant, row.scope);
            match (row.judged.mde, row.judged.epochs_needed) {
                (Some(mde), Some(epochs)) => {
                    let _ = write!(
                        text,
                        "; these epochs would show a difference of {mde:.3}, {epochs} epochs one of {}",
                        comparison.margin
                    );
                }
                (Some(mde), None) => {
                    let _ = write!(text, "; these epochs would show a difference of {mde:.3}");
                }
                _ => text += "; with one epoch nothing is known of the spread: give --epochs 2 or more",
            }
            remarks.push(text);
        }
        for changed in row.changed.iter().filter(|_| row.scope == "overall") {
            let mut text =
                format!("{}, {}: {:.3} → {:.3}", row.contestant, changed.scenario, changed.base, changed.new);
            if let Some(p) = changed.p_worse {
                let _ = write!(text, ", worse with probability {p:.3}");
            }
            if let Some(first) = &changed.first_difference {
                let end = || "had ended".to_owned();
                let _ = write!(
                    text,
                    "; they part at step {}: {} | {}",
                    first.step,
                    first.base.clone().unwrap_or_else(end),
                    first.new.clone().unwrap_or_else(end)
                );
            }
            remarks.push(text);
        }
    }
    remarks
}

/// Renders the comparison for a terminal.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.rows.iter().map(cells).collect();
    let mut text = format!("{} → {}\n", comparison.base_run, comparison.new_run);
    text += &crate::report::table::grid(&HEAD, &rows);
    for remark in remarks(comparison) {
        let _ = writeln!(text, "· {}", crate::report::score_table::one_line(&remark));
    }
    text
}

/// Renders the comparison for a pull request, in Markdown.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.rows.iter().map(cells).collect();
    let mut text = format!(
        "### Comparison of {} with {}\n\nMargin {}, one-sided bounds at {:.0} %.\n\n",
        comparison.new_run,
        comparison.base_run,
        comparison.margin,
        (1.0 - comparison.alpha) * 100.0
    );
    text += &crate::report::markdown::grid(&HEAD.map(str::to_owned), &rows);
    text.push('\n');
    for remark in remarks(comparison) {
        let _ = writeln!(text, "- {}", crate::report::markdown::escape(&remark));
    }
    text
}

/// Renders commands for a GitHub Actions log, with one annotation for each row that counts and does not
/// pass.
#[must_use]
pub fn annotations(comparison: &Comparison) -> String {
    let mut text = String::new();
    for row in comparison.counting().filter(|row| row.judged.verdict != Verdict::Pass) {
        let level = if row.judged.verdict == Verdict::Regressed { "error" } else { "warning" };
        let message = format!(
            "{} {}: {:.3} to {:.3} ({:+.3})",
            row.contestant, row.scope, row.judged.base, row.judged.new, row.judged.delta
        );
        // The runner reads % and line breaks in their encoded form.
        let message = crate::report::score_table::one_line(&message).replace('%', "%25");
        let _ = writeln!(text, "::{level} title=incident-bench {}::{message}", row.judged.verdict);
    }
    text
}

/// Renders the comparison as `JUnit` XML, with a suite for each contestant that counts and a case for each
/// scope.
#[must_use]
pub fn junit(comparison: &Comparison) -> String {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"incident-bench compare\">\n");
    let mut models: Vec<_> = comparison.counting().map(|row| &row.contestant).collect();
    models.dedup();
    for model in models {
        let rows: Vec<_> = comparison.rows.iter().filter(|row| row.contestant == *model).collect();
        let count = |verdict| rows.iter().filter(|row| row.judged.verdict == verdict).count();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            crate::report::markup::escape(model),
            rows.len(),
            count(Verdict::Regressed),
            count(Verdict::Inconclusive)
        );
        for row in rows {
            let message = format!("{:.4} to {:.4} ({:+.4})", row.judged.base, row.judged.new, row.judged.delta);
            let inner = match row.judged.verdict {
                Verdict::Regressed => format!("<failure message=\"{message}\"/>"),
                Verdict::Inconclusive => format!("<skipped message=\"inconclusive: {message}\"/>"),
                Verdict::Pass => String::new(),
            };
            let _ = writeln!(
                text,
                "    <testcase classname=\"{}\" name=\"{}\">{inner}</testcase>",
                crate::report::markup::escape(model),
                crate::report::markup::escape(&row.scope)
            );
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}
