//! The scores by scenario, as a table whose cells are darker for higher scores. With many scenarios the table is by
//! task.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::parts::{difficulty, grid, name};
use crate::log::summary::{ScenarioScore, TaskScore};
use crate::log::{Row, Summary};
use crate::report::markup::escape;
use crate::report::score_table::{NONE, score};
use incident_env::TaskId;

/// With more scenarios than this, the table is by task.
const WIDEST: usize = 40;
/// The number of worst scenarios that are then listed.
const WORST: usize = 5;
/// With more lines than this, the scores of each epoch are only in `scores.csv`.
const LONGEST: usize = 400;

/// Renders the scores of each contestant by scenario.
pub(super) fn section(summary: &Summary) -> String {
    let rows = &summary.rows;
    let mut columns: BTreeMap<TaskId, Vec<&str>> = BTreeMap::new();
    for (task, score) in rows.iter().flat_map(|row| &row.tasks) {
        let ids = columns.entry(*task).or_default();
        for id in score.scenarios.keys() {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
    }
    let scenarios: usize = columns.values().map(Vec::len).sum();
    let mut text = format!("<h2>By scenario</h2>\n{}", legend(summary));
    if scenarios > WIDEST {
        text += &by_task(rows, &columns, scenarios);
    } else {
        text += &by_scenario(rows, &columns);
        if summary.run.epochs > 1 && rows.len() * scenarios <= LONGEST {
            text += &by_epoch(rows);
        }
    }
    text
}

fn legend(summary: &Summary) -> String {
    let mut text = String::from("<ul class=\"keys\">\n");
    let shades = ["below .2", "below .4", "below .6", "below .8", "from .8, passed", "1"];
    for (shade, what) in shades.iter().enumerate() {
        let _ = writeln!(text, "<li><span class=\"chip h{shade}\" aria-hidden=\"true\">&#160;</span> {what}</li>");
    }
    text += "<li><span class=\"chip none\">void</span> the infrastructure failed: no score</li>\n\
             <li><span class=\"chip none\">open</span> did not end</li>\n";
    if summary.run.epochs > 1 {
        text += "<li>A cell is the mean of the epochs that have a score; * : some have none.</li>\n";
    }
    text + "</ul>\n"
}

/// The CSS class of a score's cell. The bounds are those of the legend.
fn shade(score: f64) -> &'static str {
    match score {
        ..0.2 => "h0",
        ..0.4 => "h1",
        ..0.6 => "h2",
        ..0.8 => "h3",
        ..0.9999 => "h4",
        _ => "h5",
    }
}

/// A score in short form: `.406`, but `0` and `1` alone. Nine of them fit side by side on a phone.
fn brief(score: f64) -> String {
    let text = format!("{score:.3}");
    match text.as_str() {
        "0.000" => "0".to_owned(),
        "1.000" => "1".to_owned(),
        other => other.trim_start_matches('0').to_owned(),
    }
}

/// The reason why there is no score.
fn missing(scenario: &ScenarioScore) -> &'static str {
    if scenario.void.is_empty() { "open" } else { "void" }
}

fn by_scenario(rows: &[Row], columns: &BTreeMap<TaskId, Vec<&str>>) -> String {
    let mut text = String::from(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Scores by scenario\" tabindex=\"0\">\n<table class=\"heat\">\n\
         <thead>\n<tr><th rowspan=\"2\" scope=\"col\">contestant</th>",
    );
    for (task, ids) in columns {
        let _ =
            write!(text, "<th colspan=\"{}\" scope=\"colgroup\" class=\"first\">{}</th>", ids.len(), difficulty(*task));
    }
    text += "</tr>\n<tr>";
    let first = |index: usize| if index == 0 { " first" } else { "" };
    for ids in columns.values() {
        for (index, id) in ids.iter().enumerate() {
            let _ = write!(text, "<th scope=\"col\" class=\"id{}\"><span>{}</span></th>", first(index), escape(id));
        }
    }
    text += "</tr>\n</thead>\n<tbody>\n";
    for row in rows {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", name(&row.contestant));
        for (task, ids) in columns {
            for (index, id) in ids.iter().enumerate() {
                let scenario = row.tasks.get(task).and_then(|score| score.scenarios.get(*id));
                text += &cell(scenario, first(index));
            }
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn cell(scenario: Option<&ScenarioScore>, first: &str) -> String {
    let Some(scenario) = scenario else { return format!("<td class=\"none{first}\">{NONE}</td>") };
    match scenario.mean {
        Some(mean) => {
            let partial = if scenario.epochs.iter().any(Option::is_none) { "*" } else { "" };
            format!("<td class=\"{}{first}\">{}{partial}</td>", shade(mean), brief(mean))
        }
        None => format!("<td class=\"none{first}\">{}</td>", missing(scenario)),
    }
}

/// Renders each epoch's score in a folded part.
fn by_epoch(rows: &[Row]) -> String {
    let head = ["contestant", "task", "scenario", "mean", "epochs from 0"].map(str::to_owned);
    let mut lines = Vec::new();
    for row in rows {
        for (task, of_task) in &row.tasks {
            for (id, scenario) in &of_task.scenarios {
                let epoch = |(epoch, score): (usize, &Option<f64>)| {
                    let void = u32::try_from(epoch).is_ok_and(|epoch| scenario.void.contains_key(&epoch));
                    score.map_or(if void { "void" } else { "open" }.to_owned(), |score| format!("{score:.3}"))
                };
                let epochs: Vec<_> = scenario.epochs.iter().enumerate().map(epoch).collect();
                let mean = score(scenario.mean);
                lines.push(vec![
                    name(&row.contestant),
                    difficulty(*task).to_owned(),
                    escape(id),
                    mean,
                    epochs.join(" · "),
                ]);
            }
        }
    }
    format!(
        "<details>\n<summary>Scores of each epoch</summary>\n{}</details>\n",
        grid("Scores of each epoch", &head, &lines)
    )
}

fn by_task(rows: &[Row], columns: &BTreeMap<TaskId, Vec<&str>>, scenarios: usize) -> String {
    let mut text = format!(
        "<p>{scenarios} scenarios are more than a table is wide, so this one is by task: the mean, how many scenarios have a \
         score, and how many of these have a mean below .8. Every scenario is in scores.csv.</p>\n<div class=\"scroll\" \
         role=\"region\" aria-label=\"Scores by task\" tabindex=\"0\">\n<table class=\"heat\">\n<thead>\n<tr><th rowspan=\"2\" scope=\"col\">contestant</th>"
    );
    for task in columns.keys() {
        let _ = write!(text, "<th colspan=\"3\" scope=\"colgroup\" class=\"first\">{}</th>", difficulty(*task));
    }
    text += "</tr>\n<tr>";
    for _ in columns {
        text +=
            "<th scope=\"col\" class=\"first\">mean</th><th scope=\"col\">scored</th><th scope=\"col\">below .8</th>";
    }
    text += "</tr>\n</thead>\n<tbody>\n";
    for row in rows {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", name(&row.contestant));
        for (task, ids) in columns {
            text += &task_cells(row.tasks.get(task), ids.len());
        }
        text += "</tr>\n";
    }
    text += "</tbody>\n</table>\n</div>\n<h3>The lowest scores</h3>\n";
    let head = ["contestant", "lowest scores by scenario"].map(str::to_owned);
    let worst = |row: &Row| {
        let scenarios = row.tasks.values().flat_map(|task| &task.scenarios);
        let mut below: Vec<_> =
            scenarios.filter_map(|(id, scenario)| Some((scenario.mean.filter(|mean| *mean < 1.0)?, id))).collect();
        below.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let listed: Vec<_> = below.iter().take(WORST).map(|(mean, id)| format!("{} {mean:.3}", escape(id))).collect();
        let more = below.len().saturating_sub(WORST);
        let more = if more > 0 { format!(", and {more} more below 1") } else { String::new() };
        let said = if listed.is_empty() { "none below 1".to_owned() } else { listed.join(", ") + &more };
        vec![name(&row.contestant), said]
    };
    text + &grid("The lowest scores", &head, &rows.iter().map(worst).collect::<Vec<_>>())
}

fn task_cells(of_task: Option<&TaskScore>, planned: usize) -> String {
    let Some(of_task) = of_task else { return format!("<td class=\"none first\">{NONE}</td><td>0</td><td>0</td>") };
    let means = || of_task.scenarios.values().filter_map(|scenario| scenario.mean);
    let void = of_task.scenarios.values().any(|scenario| !scenario.void.is_empty());
    let mean = match of_task.mean {
        Some(mean) => format!("<td class=\"{} first\">{}</td>", shade(mean), brief(mean)),
        None => format!("<td class=\"none first\">{}</td>", if void { "void" } else { "open" }),
    };
    format!(
        "{mean}<td>{}/{planned}</td><td>{}</td>",
        means().count(),
        means().filter(|mean| *mean < crate::log::summary::PASS_THRESHOLD).count()
    )
}
