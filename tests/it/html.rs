//! Tests of files for machines and browsers: the page and the `JUnit` file of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use incident_bench::chat::Usage;
use incident_bench::log::summary::{PassK, ScenarioScore, TaskScore};
use incident_bench::log::{Durations, Row, Summary};
use incident_bench::report::{html, junit};
use incident_env::TaskId;

use crate::binary::Place;
use crate::reports::{expect, row, summary};

/// The content of a document: its texts, and each element with its attributes.
struct Document {
    text: String,
    elements: Vec<(String, BTreeMap<String, String>)>,
}

impl Document {
    fn with(&self, name: &str) -> Vec<&BTreeMap<String, String>> {
        self.elements.iter().filter(|(other, _)| other == name).map(|(_, attributes)| attributes).collect()
    }
}

/// Reads well-formed XML without comments and processing instructions, and fails at anything else.
#[track_caller]
fn parse(source: &str) -> Document {
    let legal = |c: char| matches!(c, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(source.chars().find(|c| !legal(*c)), None);
    let mut document = Document { text: String::new(), elements: Vec::new() };
    let mut open: Vec<String> = Vec::new();
    let mut rest = source;
    for head in ["<!DOCTYPE html>\n", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"] {
        rest = rest.strip_prefix(head).unwrap_or(rest);
    }
    while !rest.is_empty() {
        let (before, after) = rest.split_once('<').unwrap_or((rest, ""));
        document.text += &unescaped(before);
        if after.is_empty() {
            break;
        }
        let (tag, behind) = after.split_once('>').unwrap();
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            document.text.push(' ');
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "<{tag}>");
        let mut read = BTreeMap::new();
        while !attributes.is_empty() {
            let (key, value) = attributes.split_once("=\"").unwrap_or_else(|| panic!("<{tag}>"));
            let (value, more) = value.split_once('"').unwrap();
            assert!(
                key.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | 'X' | 'B' | 'U') || c.is_ascii_digit()),
                "{key}"
            );
            assert!(read.insert(key.to_owned(), unescaped(value)).is_none(), "{key} is twice in <{tag}>");
            attributes = more.strip_prefix(' ').unwrap_or_else(|| {
                assert_eq!(more, "", "<{tag}>");
                more
            });
        }
        document.elements.push((name.to_owned(), read));
        if !is_empty {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
    document
}

#[track_caller]
fn unescaped(text: &str) -> String {
    assert!(!text.contains('>') && !text.contains('"'), "{text}");
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or_else(|| panic!("& in {text}"));
        out += match entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            "#160" => " ",
            _ => panic!("&{entity};"),
        };
        out += rest;
    }
    out
}

/// Returns the page of a summary, as a document that satisfies the rules of every page. Pages are kept for
/// `tests/e2e/report_pictures.sh`.
#[track_caller]
fn page(name: &str, summary: &Summary) -> Document {
    let text = html::render(summary);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.html")), &text).unwrap();

    let (before, style, after) = {
        let (before, rest) = text.split_once("<style>").unwrap();
        let (style, after) = rest.split_once("</style>").unwrap();
        (before, style, after)
    };
    assert_eq!(style.matches('{').count(), style.matches('}').count());
    let document = parse(&format!("{before}{after}"));
    // The page loads nothing and runs nothing.
    let names: BTreeSet<_> = document.elements.iter().map(|(name, _)| name.as_str()).collect();
    for name in
        ["script", "link", "img", "iframe", "object", "embed", "form", "a", "b", "base", "use", "image", "style"]
    {
        assert!(!names.contains(name), "<{name}>");
    }
    for (name, attributes) in &document.elements {
        for (key, value) in attributes {
            assert!(!key.starts_with("on") && !matches!(key.as_str(), "src" | "href" | "style"), "{name} {key}");
            assert!(!value.contains("NaN") && !value.contains("inf%"), "{name} {key}={value}");
        }
    }
    for word in ["@import", "http:", "https:", "//", "url(h"] {
        assert!(!style.contains(word), "{word}");
    }
    // A screen reader reads a description of each picture; every id that is referred to exists once.
    let pictures = document.with("svg");
    let hidden = pictures.iter().filter(|svg| svg.contains_key("aria-hidden")).count();
    let spoken = pictures.iter().filter(|svg| svg.get("role").is_some_and(|role| role == "img")).count();
    let nested = pictures.iter().filter(|svg| svg.contains_key("x")).count();
    assert_eq!(hidden + spoken + nested, pictures.len());
    assert!(document.with("title").len() > spoken);
    let ids: Vec<_> = document.elements.iter().filter_map(|(_, attributes)| attributes.get("id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    for figure in document.with("figure") {
        assert!(ids.contains(&&figure["aria-labelledby"]));
    }
    document
}

/// Checks that every number of a summary, as the page writes it, occurs in its text.
#[track_caller]
fn expect_every_number(document: &Document, summary: &Summary) {
    let mut numbers = BTreeSet::new();
    let score = |score: f64| format!("{score:.3}").replace('-', "−");
    for row in &summary.rows {
        numbers.extend(row.overall.iter().chain(row.overall_ci95.iter().flatten()).map(|value| score(*value)));
        numbers.extend(row.pass_hat_k.map(|pass| score(pass.value)));
        for task in row.tasks.values() {
            numbers.extend(task.mean.iter().chain(task.ci95.iter().flatten()).map(|value| score(*value)));
            for scenario in task.scenarios.values() {
                let brief = scenario.mean.map(|mean| score(mean).trim_start_matches('0').to_owned());
                numbers.extend(brief.map(|brief| match brief.as_str() {
                    ".000" => "0".to_owned(),
                    "1.000" => "1".to_owned(),
                    _ => brief,
                }));
                if summary.run.epochs > 1 {
                    numbers.extend(scenario.epochs.iter().flatten().map(|value| score(*value)));
                }
            }
        }
        let counts = [row.episodes, row.void, row.unfinished, row.steps, row.problem_steps, row.dropped_evidence];
        numbers.extend(counts.map(|count| count.to_string()));
        if row.protocol.is_some() {
            let sources = [row.model_steps, row.repaired_steps, row.override_steps, row.fallback_steps];
            numbers.extend(sources.map(|count| count.to_string()));
            numbers.extend([row.calls, row.failed_calls, row.retries].map(|count| count.to_string()));
            let usage = row.usage;
            let tokens = [usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens];
            numbers.extend(tokens.map(|count| count.to_string()));
            numbers.extend(row.cost_usd.map(|cost| format!("${cost:.4}")));
        }
    }
    numbers.extend([summary.run.seed.to_string(), summary.run.epochs.to_string()]);
    let split = |c: char| c.is_whitespace() || matches!(c, '–' | '*' | '·' | '(' | ')' | ',' | ';');
    let words: BTreeSet<_> = document.text.split(split).collect();
    let missing: Vec<_> = numbers.iter().filter(|number| !words.contains(number.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} in {}", document.text);
}

/// Makes a scenario with these scores by epoch, of which the epochs in `void` are void.
fn scenario(scores: &[Option<f64>], void: &[u32]) -> ScenarioScore {
    let known: Vec<_> = scores.iter().flatten().copied().collect();
    #[allow(clippy::cast_precision_loss, reason = "a few epochs")]
    let mean = (!known.is_empty()).then(|| (known.iter().sum::<f64>() / known.len() as f64 * 1e4).round() / 1e4);
    let void = void.iter().map(|epoch| (*epoch, "no answer in time".to_owned())).collect();
    ScenarioScore { mean, epochs: scores.to_vec(), void }
}

/// Makes a row with this many scenarios in each task; its scores follow from the number, and some are void.
fn made(model: &str, number: u32, per_task: u32, epochs: u32) -> Row {
    let quality = f64::from(number % 9) / 8.0;
    let mut tasks = BTreeMap::new();
    for (task, prefix) in TaskId::ALL.into_iter().zip(["AC", "RCA", "RP"]) {
        let one = |index: u32| {
            let score = |epoch: u32| {
                let noise = f64::from((index * 7 + epoch * 5 + number * 3) % 11) / 10.0;
                (quality * 0.7 + noise * 0.3).min(1.0)
            };
            let void = if (index + number) % 13 == 5 { 0..epochs.div_ceil(1 + index % 2) } else { 0..0 };
            let scores: Vec<_> = (0..epochs).map(|epoch| (!void.contains(&epoch)).then(|| score(epoch))).collect();
            (format!("{prefix}-{:03}", index + 1), scenario(&scores, &void.collect::<Vec<_>>()))
        };
        let scenarios: BTreeMap<_, _> = (0..per_task).map(one).collect();
        let means: Vec<_> = scenarios.values().filter_map(|scenario| scenario.mean).collect();
        #[allow(clippy::cast_precision_loss, reason = "a few scenarios")]
        let mean = (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64);
        let ci95 = mean.filter(|_| means.len() > 3).map(|mean| [(mean - 0.2).max(0.0), (mean + 0.15).min(1.0)]);
        let range = mean.filter(|_| means.len() <= 3).map(|_| [0.0, 1.0]);
        tasks.insert(task, TaskScore { mean, ci95, range, scenarios, ..TaskScore::default() });
    }
    let means: Option<Vec<_>> = tasks.values().map(|task| task.mean).collect();
    let overall = means.map(|means| means.iter().sum::<f64>() / 3.0);
    let count = usize::try_from(number).unwrap();
    Row {
        overall,
        overall_ci95: overall.map(|mean| [(mean - 0.12).max(0.0), (mean + 0.1).min(1.0)]),
        pass_hat_k: (epochs > 1).then_some(PassK { k: epochs, threshold: 0.8, value: quality * 0.9 }),
        tasks,
        assist: Some("fallback".to_owned()),
        steps: 120 + count,
        model_steps: 60 + count,
        repaired_steps: 10,
        override_steps: 30,
        fallback_steps: 20,
        problem_steps: 55,
        calls: 131 + count,
        failed_calls: 2,
        retries: 7,
        cost_usd: (number % 4 != 3).then(|| 0.004 * f64::from(number + 1).powi(2)),
        episodes: usize::try_from(3 * per_task * epochs).unwrap(),
        ..row(model, [&[], &[], &[]])
    }
}

/// Makes the row of a built-in agent.
fn builtin(agent: &str, number: u32, per_task: u32, epochs: u32) -> Row {
    Row {
        agent: agent.to_owned(),
        protocol: None,
        assist: None,
        cost_usd: None,
        latency_ms: None,
        model_steps: 0,
        repaired_steps: 0,
        override_steps: 0,
        fallback_steps: 0,
        problem_steps: 0,
        ..made(agent, number, per_task, epochs)
    }
}

fn models(count: u32, per_task: u32, epochs: u32) -> Summary {
    let mut rows: Vec<_> = (0..count).map(|n| made(&format!("vendor/model-{n}-large"), n, per_task, epochs)).collect();
    rows.push(builtin("random", 0, per_task, epochs));
    rows.push(builtin("oracle", 8, per_task, epochs));
    summary(epochs, rows)
}

#[test]
fn a_page_of_any_size_has_every_number() {
    for (name, count, per_task, epochs) in
        [("one", 1, 1, 1), ("few", 5, 3, 3), ("many", 38, 3, 2), ("wide", 3, 13, 1), ("twelve", 12, 4, 1)]
    {
        let summary = models(count, per_task, epochs);
        let document = page(name, &summary);
        expect_every_number(&document, &summary);
        assert_eq!(document.text.contains("pass^k"), epochs > 1, "{name}");
        assert!(document.text.contains("void"), "{name}");
    }
}

#[test]
fn many_scenarios_are_told_by_task_and_by_the_worst() {
    let summary = models(38, 100, 2);
    let document = page("huge", &summary);
    assert!(document.text.contains("300 scenarios are more than a table is wide"));
    assert!(!document.text.contains("Scores of each epoch"));
    for row in &summary.rows {
        let worst = row.tasks.values().flat_map(|task| &task.scenarios);
        let lowest = worst.filter_map(|(_, scenario)| scenario.mean).min_by(f64::total_cmp).unwrap();
        assert!(document.text.contains(&format!("{lowest:.3}")), "{}", row.contestant);
        for task in row.tasks.values() {
            let scored = task.scenarios.values().filter(|scenario| scenario.mean.is_some()).count();
            assert!(document.text.contains(&format!("{scored}/100")));
        }
    }
    assert!(html::render(&summary).len() < 400_000);
}

#[test]
fn a_page_without_rows_or_models_or_scores() {
    page("empty", &summary(1, vec![]));
    let alone = page("built-in", &summary(1, vec![row("oracle", [&[Some(1.0)], &[Some(0.5)], &[None]])]));
    for word in ["Who chose", "Score against", "model-chosen"] {
        assert!(!alone.text.contains(word), "{word}");
    }
    assert!(alone.text.contains("open") && alone.text.contains("not finished"));
    // Nothing has a score, a price or a token.
    let nothing = Row { steps: 0, model_steps: 0, usage: Usage::default(), ..row("m", [&[None, None]; 3]) };
    let document = page("void", &summary(2, vec![nothing]));
    assert!(document.text.contains("No model has both a score and known tokens"), "{}", document.text);
    // Everything is free, or costs the same.
    for cost in [0.0, 0.25, 1e-9, 12_345.0] {
        let rows = ["a", "b"].map(|name| Row { cost_usd: Some(cost), ..row(name, [&[Some(1.0)]; 3]) });
        page("same-cost", &summary(1, rows.to_vec()));
    }
}

#[test]
fn a_cell_says_why_it_has_no_score() {
    let mut rows = vec![row("m", [&[Some(1.0), None], &[None, None], &[None, None]])];
    for (task, void) in [(TaskId::AlertClassification, &[1][..]), (TaskId::RootCauseAnalysis, &[0, 1])] {
        for scores in rows[0].tasks.get_mut(&task).unwrap().scenarios.values_mut() {
            *scores = scenario(&scores.epochs, void);
        }
    }
    let text = html::render(&summary(2, rows));
    let cells = "<td class=\"h5 first\">1*</td><td class=\"none first\">void</td><td class=\"none first\">open</td>";
    assert!(text.contains(cells), "{text}");
    for epochs in ["1.000 · void", "void · void", "open · open"] {
        assert!(text.contains(epochs), "{epochs}");
    }
}

#[test]
fn how_sure_and_why_stand_on_the_page_as_in_the_scores() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "random,oracle", "--epochs", "4"]).exits(0);
    let run = format!("results/runs/{}", place.latest());
    let summary: Summary = serde_json::from_str(&place.read(&format!("{run}/summary.json"))).unwrap();
    let text = page("reliability", &summary).text;
    let scores = place.read(&format!("{run}/SCORES.md"));
    let found = summary.rows[0].reliability.as_ref().unwrap();
    let rate = found.pass_rate.unwrap();
    let cells = [
        format!("{:.3}", found.se_fixed.unwrap()),
        format!("{:.2} ({:.2} to {:.2})", rate.value, rate.wilson95[0], rate.wilson95[1]),
        format!("4: {:.2}", found.pass_at[3]),
        format!("{:.0} %", found.flip_rate.unwrap() * 100.0),
        "How sure, how steady".to_owned(),
        "Why episodes did not pass".to_owned(),
    ];
    let kinds = summary.rows[0].failures.keys().map(ToString::to_string);
    for cell in cells.into_iter().chain(kinds) {
        assert!(text.contains(&cell) && scores.contains(&cell), "{cell}");
    }
}

fn hostile() -> Vec<String> {
    let names = [
        "<script>alert(1)</script>",
        "</title></style><img src=x onerror=alert(1)>",
        "\" onload=\"alert(1)\" x='",
        "]]> --> &lt; &amp;amp; <!-- <![CDATA[",
        "two\nlines\tand \u{1b}[31m\u{0}\u{7f}\u{85}\u{fffe}\u{ffff}",
        "\u{202e}from right to left",
        "模型 é́ 🙂",
        "",
    ];
    names.into_iter().map(str::to_owned).chain(["x".repeat(200), "wide words ".repeat(18)]).collect()
}

#[test]
fn hostile_text_stays_text() {
    let names = hostile();
    let with = |name: &String| Row {
        answered_by: Some(name.clone()),
        assist: Some(name.clone()),
        protocol: Some(name.clone()),
        void: 1,
        void_reasons: BTreeMap::from([(name.clone(), 1)]),
        ..made(name, 3, 3, 1)
    };
    let mut summary = summary(1, names.iter().map(with).collect());
    summary.run.suite.clone_from(&names[0]);
    summary.run.suite_digest.clone_from(&names[1]);
    summary.run.prompts.clone_from(&names[2]);
    summary.run.graders = names.clone();
    let mut odd = summary.rows[0].clone();
    let tasks = odd.tasks.values_mut();
    for task in tasks {
        task.scenarios = names.iter().map(|name| (name.clone(), scenario(&[Some(0.5)], &[]))).collect();
    }
    summary.rows.push(odd);
    let document = page("hostile", &summary);
    let shown = incident_bench::escape::one_line;
    for name in &names {
        assert!(document.text.contains(&shown(name)), "{name:?}");
    }

    let document = parse(&junit::render(&summary, &Durations::default()));
    let suites: Vec<_> = document.with("testsuite").into_iter().map(|suite| suite["name"].clone()).collect();
    assert_eq!(suites[..names.len()], names.iter().map(|name| shown(name)).collect::<Vec<_>>());
}

// ---- JUnit ----

#[test]
fn junit_of_a_run() {
    let place = Place::with_suite();
    place.bench(&["--suite", "suite", "--agent", "random,oracle", "--epochs", "2", "--quiet"]).exits(0);
    let text = place.kept("junit.xml");
    parse(&text);
    expect("junit_run", &text);
    page("run", &serde_json::from_value(place.summary()).unwrap());
}

#[test]
fn junit_counts_what_failed_is_void_or_open() {
    let mut rows = vec![
        row("a", [&[Some(1.0), Some(0.8)], &[Some(0.7999), None], &[None, None]]),
        row("b", [&[Some(1.0), Some(1.0)]; 3]),
        // It is there for comparison, so nobody is told whether it passed.
        row("oracle", [&[Some(1.0), Some(1.0)]; 3]),
    ];
    let task = rows[0].tasks.get_mut(&TaskId::RootCauseAnalysis).unwrap();
    for scores in task.scenarios.values_mut() {
        *scores = scenario(&scores.epochs, &[1]);
    }
    let text = junit::render(&summary(2, rows), &Durations::default());
    insta::assert_snapshot!("junit_said", text);
    let document = parse(&text);
    let counts = |of: &BTreeMap<String, String>| ["tests", "failures", "errors", "skipped"].map(|key| of[key].clone());
    assert_eq!(counts(document.with("testsuites")[0]), ["12", "1", "1", "2"]);
    let suites: Vec<_> = document.with("testsuite").into_iter().map(counts).collect();
    assert_eq!(suites, [["6", "1", "1", "2"], ["6", "0", "0", "0"]]);
    assert_eq!(document.with("testcase").len(), 12);
    for (element, count) in [("failure", 1), ("error", 1), ("skipped", 2)] {
        assert_eq!(document.with(element).len(), count, "{element}");
    }
    assert_eq!(parse(&junit::render(&summary(1, vec![]), &Durations::default())).with("testsuites")[0]["tests"], "0");
}
