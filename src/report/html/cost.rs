//! The plot of score against cost, or against tokens if no price is known, with a point for each model.

use std::fmt::Write;

use super::parts::{floor_and_ceiling, grid, name, percent, shortened};
use crate::log::Row;
use crate::report::markup::escape;
use crate::report::score_table::{NONE, cost, count, duration, score, tokens};

/// The height of the plot in pixels.
const HEIGHT: f64 = 300.0;
/// The width in pixels for which labels are placed, which is a phone's. On a wider screen they only move apart.
const NARROW: f64 = 300.0;
/// With at most this many points they are labelled with their names, with more by numbers.
const NAMED: usize = 10;

/// Renders the plot and the table with its numbers; empty if no model played.
pub(super) fn section(rows: &[Row]) -> String {
    let models: Vec<_> = rows.iter().filter(|row| row.protocol.is_some()).collect();
    if models.is_empty() {
        return String::new();
    }
    let priced = models.iter().any(|row| row.cost_usd.is_some());
    let what = if priced { "cost" } else { "tokens" };
    let mut text = format!("<h2>Score against {what}</h2>\n");
    let points: Vec<_> = models.iter().enumerate().filter_map(|(index, row)| point(index, row, priced)).collect();
    if points.is_empty() {
        let _ = writeln!(text, "<p>No model has both a score and known {what}.</p>");
    } else {
        let unit = if priced { "cost of the run in USD" } else { "tokens of the run, read and written" };
        text += &figure(&points, models.len(), rows, priced, unit);
    }
    text + &table(&models)
}

struct Point<'a> {
    number: usize,
    name: &'a str,
    x: f64,
    score: f64,
}

fn point(index: usize, row: &Row, priced: bool) -> Option<Point<'_>> {
    #[expect(clippy::cast_precision_loss, reason = "for a place in a plot")]
    let tokens = (row.usage.prompt_tokens + row.usage.completion_tokens) as f64;
    let x = if priced { row.cost_usd? } else { Some(tokens).filter(|tokens| *tokens > 0.0)? };
    (x.is_finite() && x >= 0.0).then_some(())?;
    Some(Point { number: index + 1, name: &row.contestant, x, score: row.overall? })
}

impl Point<'_> {
    /// The area that its mark occupies.
    fn area(&self, scale: &Scale) -> Area {
        let (x, y) = (scale.place(self.x) * NARROW, up(self.score));
        Area { left: x - 6.0, right: x + 6.0, top: y - 6.0, bottom: y + 6.0 }
    }
}

// ---- the scale ----

/// The scale from values to positions between 0 and 1.
struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Makes a scale that is logarithmic if the values differ a lot, and otherwise begins at 0.
    fn of(points: &[Point<'_>]) -> Self {
        let min = points.iter().map(|point| point.x).fold(f64::INFINITY, f64::min);
        let max = points.iter().map(|point| point.x).fold(0.0, f64::max);
        if min > 0.0 && max / min > 20.0 {
            Self { low: min.log10().floor(), high: max.log10().ceil(), log: true }
        } else {
            let high = if max > 0.0 { (max / step(max)).ceil() * step(max) } else { 1.0 };
            Self { low: 0.0, high, log: false }
        }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The values with ticks. There are at most six, so that their labels do not touch on a phone.
    fn ticks(&self) -> Vec<f64> {
        let step = if self.log { ((self.high - self.low) / 4.0).ceil() } else { step(self.high) };
        let at = |index: i32| self.low + f64::from(index) * step;
        let ticks = (0..6).map(at).take_while(|at| *at <= self.high + step * 1e-6);
        ticks.map(|at| if self.log { 10_f64.powf(at) } else { at }).collect()
    }
}

/// A quarter of a value, rounded up to 1, 2, 2.5 or 5 times a power of ten.
fn step(value: f64) -> f64 {
    let raw = value / 4.0;
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= raw * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// The label of a value: `$0`, `$0.025`, `$3` or `12.5k`.
fn label(value: f64, priced: bool) -> String {
    if priced {
        let text = format!("{value:.9}");
        return format!("${}", text.trim_end_matches('0').trim_end_matches('.'));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tokens are counted from 0")]
    let text = count(value.round() as u64);
    match text.find(['k', 'M']) {
        Some(at) => {
            let (number, unit) = text.split_at(at);
            format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text,
    }
}

// ---- the plot ----

fn figure(points: &[Point<'_>], models: usize, rows: &[Row], priced: bool, unit: &str) -> String {
    let scale = Scale::of(points);
    let left_out = match models - points.len() {
        0 => String::new(),
        n => format!(" {n} of {models} models are missing here: without a score, or without a known price."),
    };
    let how = if scale.log { "logarithmic scale" } else { "scale from 0" };
    let mut text = format!(
        "<figure aria-labelledby=\"cost\">\n<figcaption id=\"cost\"><p>Overall score, upwards, against the {unit}, to the \
         right ({how}). Higher and further to the left is better.{left_out}</p></figcaption>\n<div class=\"plot\">\
         <svg height=\"{HEIGHT}\" role=\"img\"><title>Overall score against the {unit}; the numbers stand in the table \
         below</title>\n"
    );
    for at in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = up(at);
        let _ = writeln!(
            text,
            "<line x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\" class=\"gridline\"/>\
             <text x=\"-8\" y=\"{}\" text-anchor=\"end\">{at}</text>",
            y + 4.0
        );
    }
    for at in scale.ticks() {
        let x = percent(scale.place(at));
        let _ = writeln!(
            text,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{}\" class=\"gridline\"/>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            up(1.0),
            up(0.0),
            HEIGHT - 4.0,
            label(at, priced)
        );
    }
    let (floor, ceiling) = floor_and_ceiling(rows, |row| row.overall);
    let mut taken: Vec<_> = points.iter().map(|point| point.area(&scale)).collect();
    for (class, agent, at) in [("floor", "random", floor), ("ceiling", "oracle", ceiling)] {
        let Some(at) = at else { continue };
        let y = up(at);
        let said = format!("{class}: {agent} {}", score(Some(at)));
        let wide = width(&said);
        let area = |left: f64| Area { left, right: left + wide, top: y - 16.0, bottom: y };
        // The legend is at the right end, unless a point is there and none at the left.
        let is_free = |area: &Area| !taken.iter().any(|other| area.meets(other));
        let (right, left) = (area(NARROW - wide), area(4.0));
        let (area, x, anchor) =
            if is_free(&left) && !is_free(&right) { (left, "4", "start") } else { (right, "100%", "end") };
        taken.push(area);
        let _ = writeln!(
            text,
            "<line x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\" class=\"{class}\"/>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{said}</text>",
            y - 5.0
        );
    }
    text += &marks(points, &scale, taken);
    let _ = writeln!(text, "</svg></div>\n<p class=\"axis\">{unit}</p>\n</figure>");
    text
}

/// The vertical position of a score, which leaves room for a line of text above the plot and the ticks below it.
fn up(score: f64) -> f64 {
    (20.0 + (1.0 - score.clamp(0.0, 1.0)) * (HEIGHT - 44.0)).round()
}

/// A rectangle of the plot in pixels at its narrowest.
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

fn width(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)) * 6.4
}

/// Renders the points with their labels, each beside its point or as near as there is room.
fn marks(points: &[Point<'_>], scale: &Scale, mut taken: Vec<Area>) -> String {
    let (mut marks, mut labels) = (String::new(), String::new());
    for point in points {
        let (at, y) = (scale.place(point.x), up(point.score));
        let said = if points.len() <= NAMED {
            // The part before the slash names the model's publisher.
            let model = point.name.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
            format!("{} {}", point.number, shortened(model, 16))
        } else {
            point.number.to_string()
        };
        let spot = |right: bool, dy: f64| {
            let (x, width) = (at * NARROW, width(&said) + 10.0);
            let (left, right) = if right { (x + 7.0, x + width) } else { (x - width, x - 7.0) };
            Area { left, right, top: y + dy - 6.0, bottom: y + dy + 6.0 }
        };
        let is_free = |spot: &Area| {
            let inside =
                spot.left > -4.0 && spot.right < NARROW + 16.0 && spot.top > 0.0 && spot.bottom < HEIGHT - 20.0;
            inside && !taken.iter().any(|other| spot.meets(other))
        };
        let offsets = (0..20).flat_map(|n| [-13.0 * f64::from(n), 13.0 * f64::from(n)]);
        let sides = if at > 0.6 { [false, true] } else { [true, false] };
        let mut places = offsets.flat_map(|dy| sides.map(|right| (right, dy)));
        let (right, dy) = places.find(|(right, dy)| is_free(&spot(*right, *dy))).unwrap_or((sides[0], 0.0));
        taken.push(spot(right, dy));
        let x = percent(at);
        let _ = write!(
            marks,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"6\" class=\"point\"><title>{}: {:.3}</title></circle>",
            escape(point.name),
            point.score
        );
        // The mark is in a group of its own, in which positions are pixels from the point.
        let end = if right { 9.0 } else { -9.0 };
        let _ = write!(labels, "<svg x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\">");
        if dy != 0.0 {
            let _ = write!(labels, "<line x1=\"0\" y1=\"0\" x2=\"{end}\" y2=\"{dy}\" class=\"leader\"/>");
        }
        let anchor = if right { "start" } else { "end" };
        let _ = writeln!(
            labels,
            "<text x=\"{end}\" y=\"{}\" text-anchor=\"{anchor}\" class=\"label\">{}</text></svg>",
            dy + 4.0,
            escape(&said)
        );
    }
    labels + &marks + "\n"
}

// ---- the table ----

fn table(models: &[&Row]) -> String {
    let head = [
        "model",
        "no.",
        "overall",
        "cost",
        "tokens",
        "prompt",
        "of it cached",
        "completion",
        "of it reasoning",
        "check before",
        "calls",
        "failed",
        "retries",
        "p50 call",
        "p99 call",
    ]
    .map(str::to_owned);
    let row = |(index, row): (usize, &&Row)| {
        let usage = &row.usage;
        let check = row.check_usage.prompt_tokens + row.check_usage.completion_tokens;
        let counted =
            [usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens, check];
        let calls = [row.calls, row.failed_calls, row.retries];
        let latency = |of: fn(crate::log::summary::Latency) -> f64| {
            row.latency_ms.map_or(NONE.to_owned(), |latency| duration(of(latency)))
        };
        [name(&row.contestant), (index + 1).to_string(), score(row.overall), cost(row), tokens(row)]
            .into_iter()
            .chain(counted.iter().map(|n| if row.is_program() { NONE.to_owned() } else { n.to_string() }))
            .chain(calls.iter().map(ToString::to_string))
            .chain([latency(|latency| latency.p50), latency(|latency| latency.p99)])
            .collect()
    };
    let rows: Vec<_> = models.iter().enumerate().map(row).collect();
    grid("Cost, tokens and calls", &head, &rows)
}
