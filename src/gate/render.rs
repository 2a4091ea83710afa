//! Renders a comparison as text: for a terminal, for a pull request, and for a CI system. Pure.

use std::fmt::Write;

use super::compare::{Changed, CompareRow, Comparison};
use super::decision::Verdict;
use super::difference::ErrorFrom;
use crate::report::score_table::{one_line, plural};

const HEAD: [&str; 8] = ["model", "scope", "base", "new", "Δ", "these scenarios", "incidents like these", "verdict"];

/// The name of a row: that of the contestant, or both where they differ.
fn name(row: &CompareRow) -> String {
    match &row.base_contestant {
        Some(base) => format!("{base} → {}", row.contestant),
        None => row.contestant.clone(),
    }
}

fn cells(row: &CompareRow) -> Vec<String> {
    let interval =
        |bounds: Option<[f64; 2]>| bounds.map_or("–".to_owned(), |[low, high]| format!("[{low:+.3}, {high:+.3}]"));
    let how = if row.exact { " (exact)" } else { "" };
    vec![
        name(row),
        row.scope.clone(),
        format!("{:.3}", row.base),
        format!("{:.3}", row.new),
        // No difference has no sign.
        format!("{:+.3}", if row.delta.abs() < 5e-4 { 0.0 } else { row.delta }),
        if row.exact { "–".to_owned() } else { interval(row.bounds_fixed) },
        interval(row.ci95_paired),
        format!("{}{how}", row.verdict),
    ]
}

/// What a reader needs in order to act: what is missing, what could not be decided, and what changed.
fn remarks(comparison: &Comparison) -> Vec<String> {
    let how =
        if comparison.allow_missing { "allowed by --allow-missing" } else { "what is not there is not agreement" };
    let mut remarks: Vec<_> =
        comparison.missing_texts().into_iter().map(|what| format!("the new run lacks {what}; {how}")).collect();
    remarks.extend(comparison.notes.iter().cloned());
    for row in &comparison.rows {
        if row.verdict == Verdict::NotDecided {
            remarks.push(format!("{}, {}: {}", name(row), row.scope, undecided(row, comparison.margin)));
        }
        if row.scope != "overall" {
            continue;
        }
        remarks.extend(row.changed.iter().map(|changed| format!("{}, {}", name(row), moved(changed))));
        let flags = row.changed.iter().filter(|changed| changed.p_worse.is_some()).count();
        if flags > 0 && !row.exact {
            remarks.push(format!(
                "{}: {} worse with a probability above .99, judged alone; chance makes {:.2} of them on average",
                name(row),
                if flags == 1 { "1 scenario is".to_owned() } else { format!("{flags} scenarios are") },
                row.flags_by_chance
            ));
        }
    }
    remarks
}

/// What would decide a row.
fn undecided(row: &CompareRow, margin: f64) -> String {
    let mut text = "not decided".to_owned();
    let single = row.error_from != Some(ErrorFrom::Epochs);
    match (row.mde, row.epochs_needed) {
        (Some(mde), epochs) => {
            let _ = write!(text, "; these epochs would show a drop of {mde:.3}");
            if let Some(epochs) = epochs {
                let most = if single { "at most " } else { "" };
                let epochs = plural(usize::try_from(epochs).unwrap_or(usize::MAX), "epoch");
                let _ = write!(text, ", {most}{epochs} that nothing has changed within {margin}");
            }
        }
        _ => text += "; one epoch of one scenario shows no spread: give --epochs 2 or more",
    }
    text
}

/// How a scenario changed.
fn moved(changed: &Changed) -> String {
    let mut text = format!("{}: {:.3} → {:.3}", changed.scenario, changed.base, changed.new);
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
    text
}

/// Renders the comparison for a terminal.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let rows: Vec<_> =
        comparison.rows.iter().map(|row| cells(row).iter().map(|cell| one_line(cell)).collect()).collect();
    let mut text = format!("{} → {}\n", comparison.base_run, comparison.new_run);
    text += &crate::report::table::grid(&HEAD, &rows);
    for remark in remarks(comparison) {
        let _ = writeln!(text, "· {}", one_line(&remark));
    }
    text
}

/// Renders the comparison for a pull request, in Markdown.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.rows.iter().map(cells).collect();
    let mut text = format!(
        "### Comparison of {} with {}\n\nVerdict: {}. Margin {}, one-sided bounds at {:.0} %; a change is called one with an \
         error of {:.0} % for all rows together.\n\n",
        comparison.new_run,
        comparison.base_run,
        comparison.verdict,
        comparison.margin,
        (1.0 - comparison.alpha) * 100.0,
        comparison.alpha * 100.0
    );
    text += &crate::report::markdown::grid(&HEAD.map(str::to_owned), &rows);
    text.push('\n');
    for remark in remarks(comparison) {
        let _ = writeln!(text, "- {}", crate::report::markdown::escape(&remark));
    }
    text
}

/// Renders commands for a GitHub Actions log, with one annotation for each row that counts and is worse or not decided, and
/// for each thing that is missing.
#[must_use]
pub fn annotations(comparison: &Comparison) -> String {
    let mut text = String::new();
    for row in comparison.counting().filter(|row| row.verdict < Verdict::Same) {
        let level = if row.verdict.is_worse() { "error" } else { "warning" };
        let message = format!("{} {}: {:.3} to {:.3} ({:+.3})", name(row), row.scope, row.base, row.new, row.delta);
        let _ = writeln!(text, "::{level} title=incident-bench {}::{}", row.verdict, command_data(&message));
    }
    for what in comparison.missing_texts().iter().filter(|_| comparison.is_incomplete()) {
        let message = command_data(&format!("the new run lacks {what}"));
        let _ = writeln!(text, "::warning title=incident-bench {}::{message}", Verdict::NotDecided);
    }
    text
}

/// Escapes a text as the data of a workflow command, which ends with its line. The encoded forms are those that the runner
/// of GitHub Actions reads.
fn command_data(text: &str) -> String {
    one_line(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// Renders the comparison as `JUnit` XML, with a suite for each contestant that counts and a case for each
/// scope. What is missing has a suite of its own.
#[must_use]
pub fn junit(comparison: &Comparison) -> String {
    let escape = crate::report::markup::escape;
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"incident-bench compare\">\n");
    let mut names: Vec<_> = comparison.counting().map(name).collect();
    names.dedup();
    for contestant in names {
        let rows: Vec<_> = comparison.rows.iter().filter(|row| name(row) == contestant).collect();
        let contestant = escape(&contestant);
        let _ = writeln!(
            text,
            "  <testsuite name=\"{contestant}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            rows.len(),
            rows.iter().filter(|row| row.verdict.is_worse()).count(),
            rows.iter().filter(|row| row.verdict == Verdict::NotDecided).count()
        );
        for row in rows {
            let message = format!("{}: {:.4} to {:.4} ({:+.4})", row.verdict, row.base, row.new, row.delta);
            let inner = match row.verdict {
                Verdict::Worse | Verdict::WorseThanMargin => format!("<failure message=\"{message}\"/>"),
                Verdict::NotDecided => format!("<skipped message=\"{message}\"/>"),
                Verdict::Same | Verdict::Better => format!("<system-out>{message}</system-out>"),
            };
            let scope = escape(&row.scope);
            let _ = writeln!(text, "    <testcase classname=\"{contestant}\" name=\"{scope}\">{inner}</testcase>");
        }
        text += "  </testsuite>\n";
    }
    let missing = comparison.missing_texts();
    if comparison.is_incomplete() {
        let n = missing.len();
        let _ =
            writeln!(text, "  <testsuite name=\"missing\" tests=\"{n}\" failures=\"0\" errors=\"0\" skipped=\"{n}\">");
        for what in missing {
            let what = escape(&what);
            let _ = writeln!(
                text,
                "    <testcase classname=\"missing\" name=\"{what}\"><skipped message=\"not_decided: the new run lacks it\"/></testcase>"
            );
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_in_its_command() {
        assert_eq!(command_data("50 %\r\n::error::x"), "50 %25%0D%0A::error::x");
    }
}
