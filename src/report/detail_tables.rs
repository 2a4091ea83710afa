//! The tables that follow the score table, as cells for Markdown and HTML: how certain a score is, and why episodes did
//! not pass. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::score_table::{asked_by, place, score};
use crate::log::reliability::Reliability;
use crate::log::{Row, Summary};
use incident_env::TaskId;

/// A table of plain texts, whose first column names the row.
pub(super) struct Table {
    /// The headings of the columns.
    pub(super) head: Vec<String>,
    /// The rows, each with as many cells as there are headings.
    pub(super) rows: Vec<Vec<String>>,
}

/// The explanation of the columns of [`reliability`].
pub(super) const RELIABILITY: &str = "\
Two errors answer two questions. Incidents like these: how far the score of other incidents of this kind may lie, from \
the spread over scenarios; for leaderboards. These scenarios: how far the score of another run of the same scenarios \
may lie, from the spread over epochs; for gates. An episode passes from 0.8 on; its interval is Wilson's, with Student's t, on \
the number of independent episodes that the scenarios are worth. pass@k: one of k epochs passes; pass^k: all of them do.";

/// Makes a table with a row for each contestant: both errors, the pass rate, and what epochs show. Columns without any
/// value are left out; none if nothing is known.
pub(super) fn reliability(summary: &Summary) -> Option<Table> {
    type Column = (&'static str, fn(&Row, &Reliability) -> Option<String>);
    fn error(se: Option<f64>) -> Option<String> {
        se.map(|se| format!("{se:.3}"))
    }
    /// The values for k = 1, 2, 4 … and the last k, because with many epochs there are many k.
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
        return None;
    }
    let any_model = known.iter().any(|(row, _)| row.protocol.is_some());
    let lead = |name: String, asked: String| std::iter::once(name).chain(any_model.then_some(asked));
    let head: Vec<_> = lead("model".to_owned(), "asked by".to_owned())
        .chain(columns.iter().map(|(name, _)| (*name).to_owned()))
        .collect();
    let row = |(row, found): &(&Row, &Reliability)| {
        let cells = columns.iter().map(|(_, cell)| cell(row, found).unwrap_or_else(|| "–".to_owned()));
        lead(row.contestant.clone(), asked_by(row)).chain(cells).collect()
    };
    Some(Table { head, rows: known.iter().map(row).collect() })
}

/// Makes a table with a row for each contestant that has failures: their number by kind, and the mean score by the
/// source of the answer. None without failures.
pub(super) fn failures(summary: &Summary) -> Option<Table> {
    let with_any: Vec<_> = summary.rows.iter().filter(|row| !row.failures.is_empty()).collect();
    let kinds: BTreeSet<_> = with_any.iter().flat_map(|row| row.failures.keys()).collect();
    if kinds.is_empty() {
        return None;
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
        std::iter::once(row.contestant.clone())
            .chain(any_model.then(|| asked_by(row)))
            .chain(counts)
            .chain(any_model.then_some(answered))
            .collect()
    });
    Some(Table { head, rows: rows.collect() })
}

/// The explanation of the cells of [`relative`].
pub(super) const RELATIVE: &str = "\
The mean score, and in brackets its place between two programs: 0 is the heuristic, 1 is the oracle. There is no place where the oracle \
is less than 0.10 above the heuristic. Groups are those of the fault's mechanism, with the number of incidents; they exist for \
root causes and repairs of simulated incidents, whose grades name the mechanism. The answer to a severity names none.";

/// A mean score, and its place between the programs if it has one.
type Placed = (f64, Option<f64>);

/// Makes a table with a column for each contestant, and rows for the overall score, each task, and each group of
/// mechanisms in it; none if neither a place between the programs nor a group is known.
pub(super) fn relative(summary: &Summary) -> Option<Table> {
    let rows = &summary.rows;
    let is_known = |row: &Row| {
        let mut tasks = row.tasks.values();
        row.relative.is_some() || tasks.any(|task| task.relative.is_some() || !task.groups.is_empty())
    };
    if !rows.iter().any(is_known) {
        return None;
    }
    // A line that would be empty is left out.
    let line = |name: String, placed: &dyn Fn(&Row) -> Option<Placed>| {
        let shown = |(mean, relative): Placed| match relative {
            Some(_) => format!("{} ({})", score(Some(mean)), place(relative)),
            None => score(Some(mean)),
        };
        let cells = rows.iter().map(|row| placed(row).map_or(score(None), shown));
        let is_known = rows.iter().any(|row| placed(row).is_some());
        is_known.then(|| std::iter::once(name).chain(cells).collect::<Vec<_>>())
    };
    let mut lines = vec![line("overall".to_owned(), &|row| Some((row.overall?, row.relative)))];
    for task in TaskId::ALL {
        let name = task.as_str().replace('_', " ");
        let of_task = |row: &Row| row.tasks.get(&task).and_then(|found| Some((found.mean?, found.relative)));
        lines.push(line(name.clone(), &of_task));
        let mut sizes = BTreeMap::new();
        for (group, found) in rows.iter().filter_map(|row| row.tasks.get(&task)).flat_map(|found| &found.groups) {
            let size = sizes.entry(group).or_insert(0);
            *size = found.scenarios.max(*size);
        }
        for (group, size) in sizes {
            let of_group =
                |row: &Row| row.tasks.get(&task)?.groups.get(group).map(|found| (found.mean, found.relative));
            lines.push(line(format!("{name}: {group} ({size})"), &of_group));
        }
    }
    let head = std::iter::once("score".to_owned()).chain(rows.iter().map(|row| row.contestant.clone())).collect();
    Some(Table { head, rows: lines.into_iter().flatten().collect() })
}

/// The explanation of the rows of [`conduct`].
pub(super) const CONDUCT: &str = "\
From the parts of the grades, over the episodes that a measure is about (their number in brackets): shares, with Wilson's 95 % \
interval in summary.json, or means. A change is wrong where it was no step of a repair; a repair is lucky where what was read before it \
left other faults open; an answer is premature where what was read leaves others open.";

/// Makes a table with a row for each measure and a column for each contestant; none if no grade has any measure.
pub(super) fn conduct(summary: &Summary) -> Option<Table> {
    let rows: Vec<_> = summary.rows.iter().filter(|row| !row.conduct.is_empty()).collect();
    let names: BTreeSet<_> = rows.iter().flat_map(|row| row.conduct.keys()).collect();
    if names.is_empty() {
        return None;
    }
    let head = std::iter::once("measure".to_owned()).chain(rows.iter().map(|row| row.contestant.clone())).collect();
    let cell = |row: &&Row, name: &String| {
        let measure = row.conduct.get(name);
        measure.map_or("–".to_owned(), |found| format!("{:.3} ({})", found.value, found.episodes))
    };
    let line = |name: &&String| {
        std::iter::once(name.replace('_', " ")).chain(rows.iter().map(|row| cell(row, name))).collect()
    };
    Some(Table { head, rows: names.iter().map(line).collect() })
}
