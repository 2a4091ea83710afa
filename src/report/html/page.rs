//! Renders the page: the facts of the run, the score table, the sections with plots, and the tables beside them.

use std::fmt::Write;

use super::parts::{grid, name, texts};
use super::{cost, heat, sources, strips};
use crate::log::{Row, Summary};
use crate::report::detail_tables::{self, Table};
use crate::report::markdown::short;
use crate::report::markup::escape;
use crate::report::others_scores;
use crate::report::score_table::{NONE, asked_by, cells};

/// Renders the page of a summary.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let title = format!("Scores of run {}", escape(&summary.run.id.0));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <style>\n{}</style>\n</head>\n<body>\n{}<main>\n<h1>{title}</h1>\n",
        include_str!("page.css"),
        sources::PATTERNS
    );
    page += &head(summary);
    page += &score_table(summary);
    page += &strips::section(&summary.rows);
    page += &cost::section(&summary.rows);
    page += &sources::section(&summary.rows);
    page += &heat::section(summary);
    if let Some(beside) = detail_tables::relative(summary) {
        page += &beside_table("Beside the programs", detail_tables::RELATIVE, &beside);
    }
    if let Some(sure) = detail_tables::reliability(summary) {
        page += &beside_table("How sure, how steady", detail_tables::RELIABILITY, &sure);
    }
    if let Some(why) = detail_tables::failures(summary) {
        page += &beside_table("Why episodes did not pass", WHY, &why);
    }
    if let Some(how) = detail_tables::conduct(summary) {
        page += &beside_table("How they worked", detail_tables::CONDUCT, &how);
    }
    page += &counts(summary);
    page += &published_table(&summary.run.suite);
    let _ = writeln!(
        page,
        "</main>\n<footer><p class=\"soft\">Made by incident-bench {} from the event log of the run. The same numbers in \
         full precision: summary.json and scores.csv beside this page.</p></footer>\n</body>\n</html>",
        escape(&summary.run.bench_version)
    );
    page
}

fn head(summary: &Summary) -> String {
    let run = &summary.run;
    let when = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let digest = |name: &str, digest: &str| format!("{} <code>{}</code>", escape(name), escape(short(digest)));
    let finished = run.finished_at.map_or("not finished".to_owned(), |at| {
        let seconds = at.as_second() - run.started_at.as_second();
        format!("{} (after {})", when(at), span(seconds))
    });
    let facts = [
        ("suite", digest(&run.suite, &run.suite_digest)),
        ("prompts", digest(&run.prompts, &run.prompts_digest)),
        ("graders", escape(&run.graders.join(", "))),
        ("epochs", run.epochs.to_string()),
        ("seed", run.seed.to_string()),
        ("version", format!("incident-bench {}", escape(&run.bench_version))),
        ("started", when(run.started_at)),
        ("finished", finished),
    ];
    let mut text = String::from("<dl>\n");
    for (name, fact) in facts {
        let _ = writeln!(text, "<div><dt>{name}</dt><dd>{fact}</dd></div>");
    }
    text + "</dl>\n"
}

/// A span of time in short form: `48 s`, `5 min 12 s` or `3 h 7 min`.
fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

fn score_table(summary: &Summary) -> String {
    let cells = cells(summary);
    let rows: Vec<Vec<_>> = cells.rows.iter().map(|row| texts(row)).collect();
    let head: Vec<_> = cells.head.iter().map(ToString::to_string).collect();
    let mut text = format!("<h2>Scores</h2>\n{}<ul class=\"notes\">\n", grid("Scores", &head, &rows));
    let mut notes = cells.notes;
    notes.push(
        "easy is alert_classification, medium root_cause_analysis, hard remediation_planning; overall is their mean. \
         Scores go from 0 to 1."
            .to_owned(),
    );
    if let Some(pass) = summary.rows.iter().find_map(|row| row.pass_hat_k) {
        notes.push(format!(
            "pass^k: the share of scenarios of which each of {} epochs scores {} or more.",
            pass.k, pass.threshold
        ));
    }
    for note in notes {
        let _ = writeln!(text, "<li>{}</li>", escape(&note));
    }
    text + "</ul>\n"
}

const WHY: &str = "Episodes below 0.8 by the first reason that applies. Answered by: who chose the last step, in how many \
                   episodes, and their mean score.";

fn beside_table(title: &str, about: &str, table: &Table) -> String {
    let rows: Vec<Vec<_>> = table.rows.iter().map(|row| texts(row)).collect();
    format!("<h2>{title}</h2>\n<p class=\"soft\">{}</p>\n{}", escape(about), grid(title, &table.head, &rows))
}

/// Renders the counts, with a row for each contestant.
fn counts(summary: &Summary) -> String {
    let head = ["contestant", "asked by", "episodes", "void", "open", "steps", "problems", "dropped", "trajectories"];
    let row = |row: &Row| {
        let counted = [row.episodes, row.void, row.unfinished, row.steps, row.problem_steps, row.dropped_evidence];
        [name(&row.contestant), escape(&asked_by(row))]
            .into_iter()
            .chain(counted.iter().map(ToString::to_string))
            .chain([row.trajectory_digest.as_deref().map_or(NONE.to_owned(), |digest| escape(short(digest)))])
            .collect()
    };
    let rows: Vec<_> = summary.rows.iter().map(row).collect();
    format!(
        "<h2>Episodes and steps</h2>\n<p class=\"soft\">Void: the infrastructure failed, so there is no score. Open: did \
         not end. Problems: steps at which a part of the model's reply was wrong. Dropped: pieces of evidence that did not \
         fit the model's context. Trajectories: a digest of all steps; equal digests are equal play.</p>\n{}",
        grid("Episodes and steps", &head.map(str::to_owned), &rows)
    )
}

fn published_table(suite: &str) -> String {
    let head = ["model", "easy", "medium", "hard", "overall"].map(str::to_owned);
    let row = |row: others_scores::Published| {
        let scores = [row.easy, row.medium, row.hard, row.overall].map(|score| format!("{score:.2}"));
        std::iter::once(name(&row.model)).chain(scores).collect()
    };
    let rows: Vec<_> = others_scores::rows(suite).into_iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Published by others</h2>\n<p class=\"soft\">Made with other prompts and an earlier engine; not measured here, \
         and in none of the plots.</p>\n{}",
        grid("Published by others", &head, &rows)
    )
}
