//! Scores with their intervals: a strip a contestant, all on one scale.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{difficulty, floor_and_ceiling, name, percent};
use crate::log::Row;
use crate::report::markup::escape;
use crate::report::score_table::{NONE, score};

const TICKS: [(f64, &str); 5] = [(0.0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1.0, "1")];

/// What is drawn of a row.
type Estimate = (Option<f64>, Option<[f64; 2]>);

/// The overall scores, and those of each task.
pub(super) fn section(rows: &[Row]) -> String {
    let mut text = format!(
        "<h2>Scores with intervals</h2>\n<ul class=\"keys\">\n<li>{} model</li>\n<li>{} built-in agent</li>\n\
         <li>{} 95 % interval for incidents like these</li>\n<li>{} floor: random</li>\n<li>{} ceiling: oracle</li>\n</ul>\n",
        key("<circle cx=\"50%\" cy=\"7\" r=\"5\" class=\"point\"/>"),
        key("<circle cx=\"50%\" cy=\"7\" r=\"4.5\" class=\"builtin\"/>"),
        key("<line x1=\"0\" x2=\"100%\" y1=\"7\" y2=\"7\" class=\"whisker\"/>"),
        key("<line x1=\"0\" x2=\"100%\" y1=\"7\" y2=\"7\" class=\"floor\"/>"),
        key("<line x1=\"0\" x2=\"100%\" y1=\"7\" y2=\"7\" class=\"ceiling\"/>"),
    );
    text += &figure("overall", "Overall score", "the mean of the tasks", rows, |row| (row.overall, row.overall_ci95));
    let tasks: BTreeSet<_> = rows.iter().flat_map(|row| row.tasks.keys().copied()).collect();
    text += "<div class=\"tasks\">\n";
    for task in tasks {
        let estimate = move |row: &Row| row.tasks.get(&task).map_or((None, None), |task| (task.mean, task.ci95));
        text += &figure(task.as_str(), difficulty(task), task.as_str(), rows, estimate);
    }
    text + "</div>\n"
}

fn key(mark: &str) -> String {
    format!("<svg height=\"14\" aria-hidden=\"true\">{mark}</svg>")
}

fn figure(id: &str, title: &str, about: &str, rows: &[Row], estimate: impl Fn(&Row) -> Estimate) -> String {
    let (floor, ceiling) = floor_and_ceiling(rows, |row| estimate(row).0);
    let mut text = format!(
        "<figure aria-labelledby=\"strips-{id}\">\n<figcaption id=\"strips-{id}\"><h3>{title}</h3>\
         <p>{about}; scores from 0 to 1</p></figcaption>\n<table class=\"strips\">\n<thead><tr>\
         <th scope=\"col\">contestant{}</th><th scope=\"col\">score</th><th scope=\"col\">interval</th></tr></thead>\n<tbody>\n",
        axis(floor, ceiling)
    );
    for row in rows {
        let (mean, ci95) = estimate(row);
        let interval = ci95.map_or(NONE.to_owned(), |[low, high]| format!("{low:.3}–{high:.3}"));
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}{}</th><td>{}</td><td>{interval}</td></tr>",
            name(&row.model),
            strip(row, mean, ci95, floor, ceiling),
            score(mean),
        );
    }
    text + "</tbody>\n</table>\n</figure>\n"
}

/// The scale, and the names of the two lines above it.
fn axis(floor: Option<f64>, ceiling: Option<f64>) -> String {
    let mut text = String::from("<svg height=\"42\" aria-hidden=\"true\">");
    for (line, at, y) in [("ceiling", ceiling, 10), ("floor", floor, 23)] {
        let Some(at) = at else { continue };
        let (x, end) = (percent(at), at > 0.5);
        let (anchor, dx) = if end { ("end", "4") } else { ("start", "-4") };
        let _ = write!(
            text,
            "<text x=\"{x}\" y=\"{y}\" dx=\"{dx}\" text-anchor=\"{anchor}\">{line} {}</text>",
            score(Some(at))
        );
    }
    for (at, label) in TICKS {
        let _ = write!(text, "<text x=\"{}\" y=\"39\" text-anchor=\"middle\">{label}</text>", percent(at));
    }
    text + "</svg>"
}

fn strip(row: &Row, mean: Option<f64>, ci95: Option<[f64; 2]>, floor: Option<f64>, ceiling: Option<f64>) -> String {
    let interval = ci95.map(|[low, high]| format!(", interval {low:.3} to {high:.3}")).unwrap_or_default();
    let title = mean.map_or("no score".to_owned(), |mean| format!("{mean:.3}{interval}"));
    let mut text = format!("<svg height=\"18\" role=\"img\"><title>{}: {title}</title>", escape(&row.model));
    let mut line = |class: &str, at: f64| {
        let x = percent(at);
        let _ = write!(text, "<line x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"18\" class=\"{class}\"/>");
    };
    for (at, _) in TICKS {
        line("gridline", at);
    }
    for (class, at) in [("floor", floor), ("ceiling", ceiling)] {
        if let Some(at) = at {
            line(class, at);
        }
    }
    if let Some([low, high]) = ci95 {
        let (low, high) = (percent(low), percent(high));
        let _ = write!(text, "<line x1=\"{low}\" x2=\"{high}\" y1=\"9\" y2=\"9\" class=\"whisker\"/>");
    }
    if let Some(mean) = mean {
        let (class, r) = if row.protocol.is_some() { ("point", "6") } else { ("builtin", "5") };
        let _ = write!(text, "<circle cx=\"{}\" cy=\"9\" r=\"{r}\" class=\"{class}\"/>", percent(mean));
    }
    text + "</svg>"
}
