//! The scores with their intervals: a strip for each contestant, all on one scale.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::parts::{difficulty, floor_and_ceiling, name, percent};
use crate::log::Row;
use crate::report::markup::escape;
use crate::report::score_table::{NONE, score};

const TICKS: [(f64, &str); 5] = [(0.0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1.0, "1")];

/// The score of a row that is drawn, with its interval or the range of its scores.
#[derive(Clone, Copy, Default)]
struct Estimate {
    mean: Option<f64>,
    ci95: Option<[f64; 2]>,
    range: Option<[f64; 2]>,
}

/// Renders the overall scores and those of each task.
pub(super) fn section(rows: &[Row]) -> String {
    let mut text = String::from("<h2>Scores with intervals</h2>\n");
    text += &keys(rows);
    text += &figure("overall", "Overall score", "the mean of the tasks", rows, |row| Estimate {
        mean: row.overall,
        ci95: row.overall_ci95,
        range: row.overall_range,
    });
    let tasks: BTreeSet<_> = rows.iter().flat_map(|row| row.tasks.keys().copied()).collect();
    text += "<div class=\"tasks\">\n";
    for task in tasks {
        let estimate = move |row: &Row| {
            let score = row.tasks.get(&task);
            score.map_or(Estimate::default(), |task| Estimate { mean: task.mean, ci95: task.ci95, range: task.range })
        };
        text += &figure(task.as_str(), difficulty(task), task.as_str(), rows, estimate);
    }
    text + "</div>\n"
}

fn keys(rows: &[Row]) -> String {
    let line = |class: &str| format!("<line x1=\"0\" x2=\"100%\" y1=\"7\" y2=\"7\" class=\"{class}\"/>");
    let dot = |r: u8, class: &str| format!("<circle cx=\"50%\" cy=\"7\" r=\"{r}\" class=\"{class}\"/>");
    let mut keys = vec![
        (Some(dot(6, "point")), "model".to_owned()),
        (Some(dot(5, "builtin")), "built-in agent".to_owned()),
        (Some(line("whisker")), "95 % interval for incidents like these".to_owned()),
        (None, "range: the lowest and the highest score, where scenarios are too few for an interval".to_owned()),
    ];
    for (agent, what) in [("random", "floor"), ("oracle", "ceiling")] {
        keys.push(if rows.iter().any(|row| row.agent == agent) {
            (Some(line(what)), format!("{what}: {agent}"))
        } else {
            (None, format!("no {what}: {agent} did not play"))
        });
    }
    let mut text = String::from("<ul class=\"keys\">\n");
    for (mark, what) in keys {
        let mark = mark.map(|mark| format!("<svg height=\"14\" aria-hidden=\"true\">{mark}</svg> "));
        let _ = writeln!(text, "<li>{}{what}</li>", mark.unwrap_or_default());
    }
    text + "</ul>\n"
}

fn figure(id: &str, title: &str, about: &str, rows: &[Row], estimate: impl Fn(&Row) -> Estimate) -> String {
    let (floor, ceiling) = floor_and_ceiling(rows, |row| estimate(row).mean);
    let mut text = format!(
        "<figure aria-labelledby=\"strips-{id}\">\n<figcaption id=\"strips-{id}\"><h3>{title}</h3>\
         <p>{about}; scores from 0 to 1</p></figcaption>\n<table class=\"strips\">\n<thead><tr>\
         <th scope=\"col\">contestant{}</th><th scope=\"col\">score</th><th scope=\"col\">interval</th></tr></thead>\n<tbody>\n",
        axis(floor, ceiling)
    );
    for row in rows {
        let Estimate { mean, ci95, range } = estimate(row);
        let around = ci95.map(interval).or_else(|| range.map(|ends| format!("range {}", interval(ends))));
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}{}</th><td>{}</td><td>{}</td></tr>",
            name(&row.contestant),
            strip(row, mean, ci95, floor, ceiling),
            score(mean),
            around.unwrap_or(NONE.to_owned()),
        );
    }
    text + "</tbody>\n</table>\n</figure>\n"
}

/// An interval as text, `0.049–0.762`.
fn interval([low, high]: [f64; 2]) -> String {
    format!("<span>{low:.3}–{high:.3}</span>")
}

/// Renders the scale and the names of the two lines above it.
fn axis(floor: Option<f64>, ceiling: Option<f64>) -> String {
    let lines: Vec<_> =
        [("ceiling", ceiling), ("floor", floor)].into_iter().filter_map(|(l, at)| Some((l, at?))).collect();
    let height = 13 * lines.len() + 16;
    let mut text = format!("<svg height=\"{height}\" aria-hidden=\"true\">");
    for (index, (line, at)) in lines.into_iter().enumerate() {
        let y = 13 * index + 10;
        let (x, end) = (percent(at), at > 0.5);
        let (anchor, dx) = if end { ("end", "4") } else { ("start", "-4") };
        let _ = write!(
            text,
            "<text x=\"{x}\" y=\"{y}\" dx=\"{dx}\" text-anchor=\"{anchor}\">{line} {}</text>",
            score(Some(at))
        );
    }
    for (at, label) in TICKS {
        let _ = write!(text, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", percent(at), height - 3);
    }
    text + "</svg>"
}

fn strip(row: &Row, mean: Option<f64>, ci95: Option<[f64; 2]>, floor: Option<f64>, ceiling: Option<f64>) -> String {
    let interval = ci95.map(|[low, high]| format!(", interval {low:.3} to {high:.3}")).unwrap_or_default();
    let title = mean.map_or("no score".to_owned(), |mean| format!("{mean:.3}{interval}"));
    let mut text = format!("<svg height=\"18\" role=\"img\"><title>{}: {title}</title>", escape(&row.contestant));
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
