//! The sources of the steps, with a bar for each model.

use std::fmt::Write;

use super::parts::{name, percent};
use crate::log::Row;
use crate::report::markup::escape;
use crate::report::score_table::asked_by;

/// The hatching that distinguishes the fallback's steps from the model's without colours. The whole page uses it.
pub(super) const PATTERNS: &str = "<svg class=\"defs\" aria-hidden=\"true\"><defs>\
     <pattern id=\"hatch-override\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
     <path d=\"M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2\" class=\"ink-override\"/></pattern>\
     <pattern id=\"hatch-fallback\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
     <path d=\"M-1,5 l2,2 M0,0 l6,6 M5,-1 l2,2\" class=\"ink-fallback\"/></pattern></defs></svg>\n";

const SOURCES: [&str; 4] = ["model", "repaired", "override", "fallback"];

const fn steps(row: &Row) -> [usize; 4] {
    [row.model_steps, row.repaired_steps, row.override_steps, row.fallback_steps]
}

/// Renders the steps of each model by source; empty if no model played.
pub(super) fn section(rows: &[Row]) -> String {
    let models: Vec<_> = rows.iter().filter(|row| row.protocol.is_some()).collect();
    if models.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<h2>Who chose the steps</h2>\n<figure aria-labelledby=\"sources\">\n<figcaption id=\"sources\"><p>A score belongs \
         to whoever chose the steps. Model: by itself. Repaired: by the model after one message that said what was wrong. \
         Override: by the fallback instead of a refused proposal. Fallback: by the fallback instead of an unreadable \
         reply.</p></figcaption>\n<table class=\"sources\">\n<thead><tr>",
    );
    for source in SOURCES {
        let _ = write!(
            text,
            "<th scope=\"col\"><svg height=\"11\" aria-hidden=\"true\">\
             <rect width=\"100%\" height=\"11\" class=\"{source}\"/></svg>{source}</th>"
        );
    }
    text += "<th scope=\"col\">steps</th></tr></thead>\n";
    for row in models {
        text += &bar(row);
    }
    text + "</table>\n</figure>\n"
}

fn bar(row: &Row) -> String {
    let share = |steps: usize| {
        #[expect(clippy::cast_precision_loss, reason = "counts of steps are small")]
        let share = steps as f64 / row.steps.max(1) as f64;
        share
    };
    let (mut parts, mut said, mut cells) = (String::new(), Vec::new(), String::new());
    let mut from = 0.0;
    for (source, n) in SOURCES.into_iter().zip(steps(row)) {
        let part = share(n);
        if n > 0 {
            let (x, width) = (percent(from), percent(part));
            let _ = write!(parts, "<rect x=\"{x}\" width=\"{width}\" height=\"16\" class=\"{source}\"/>");
            said.push(format!("{source} {n}"));
        }
        let of_all = if row.steps > 0 { format!("{:.0} %", part * 100.0) } else { "–".to_owned() };
        let _ = write!(cells, "<td>{n}<small>{of_all}</small></td>");
        from += part;
    }
    let said = if said.is_empty() { "no steps".to_owned() } else { said.join(", ") };
    format!(
        "<tbody>\n<tr><th colspan=\"5\" scope=\"rowgroup\">{} <span class=\"soft\">{}</span>\
         <svg height=\"16\" role=\"img\"><title>{}: {said} of {} steps</title>\
         <rect width=\"100%\" height=\"16\" class=\"track\"/>{parts}</svg></th></tr>\n<tr>{cells}<td>{}</td></tr>\n</tbody>\n",
        name(&row.contestant),
        escape(&asked_by(row)),
        escape(&row.contestant),
        row.steps,
        row.steps,
    )
}
