//! Renders the answer to a plan's question for a terminal.

use std::fmt::Write;

use super::advice::{pair_name, shown};
use super::shape::{Answer, ContestantAnswer, Needs};
use super::subjects::Basis;
use crate::report::score_table::{NONE, one_line};
use crate::report::table::grid;

/// The most pairs that are shown.
const MOST_PAIRS: usize = 6;

/// Renders the spread, what a gate needs, what a comparison needs, and what to do.
#[must_use]
pub fn render(answer: &Answer) -> String {
    let Answer { difference, power, alpha, .. } = answer;
    let here = shown(answer.incidents, answer.epochs);
    let mut text = format!("Difference {difference}, power {power}, error {alpha}; with {here}.\n");
    let _ = match &answer.suite {
        Some(suite) => writeln!(text, "Spread of scores (SD) in {} of {suite}:\n", answer.runs.join(", ")),
        None => writeln!(text, "Spread of scores (SD), assumed:\n"),
    };
    text += &grid(&["model", "within incidents", "between", "from"], &spread(answer));
    text += "\nThese scenarios: is the agent worse than before? One-sided, for gates\n\n";
    let rows: Vec<_> =
        answer.contestants.iter().map(|found| cells(&found.contestant, &found.these_scenarios, found.basis)).collect();
    text += &table(answer, &rows);
    let how = if answer.paired { "paired" } else { "unpaired" };
    let _ =
        writeln!(text, "\nIncidents like these: which of two agents is better? Two-sided, {how}, for leaderboards\n");
    let (rows, left_out) = comparisons(answer);
    text += &table(answer, &rows);
    let _ = writeln!(
        text,
        "\n· smallest: the smallest difference that {here} show. Then what shows {difference}: the epochs of {}, and \
         the incidents in some numbers of epochs.",
        answer.incidents
    );
    if left_out > 0 {
        let _ = writeln!(text, "· {left_out} more pairs need less; --format json has them.");
    }
    for sentence in &answer.advice {
        let _ = writeln!(text, "· {}", one_line(sentence));
    }
    text
}

fn spread(answer: &Answer) -> Vec<Vec<String>> {
    let row = |found: &ContestantAnswer| {
        let at_most = if found.basis == Basis::OneEpoch { "≤ " } else { "" };
        let from = match found.basis {
            Basis::Assumed => "assumed".to_owned(),
            Basis::Deterministic => "it never varies".to_owned(),
            Basis::Measured | Basis::NoSpreadSeen | Basis::OneEpoch => {
                shown(found.scenarios_played, found.epochs_played)
            }
        };
        vec![
            one_line(&found.contestant),
            format!("{at_most}{:.3}", found.within_sd),
            format!("{at_most}{:.3}", found.between_sd),
            from,
        ]
    };
    answer.contestants.iter().map(row).collect()
}

/// The rows of the comparisons, and how many pairs are left out.
fn comparisons(answer: &Answer) -> (Vec<Vec<String>>, usize) {
    let mut pairs: Vec<_> = answer.pairs.iter().collect();
    let needed = |needs: &Needs| needs.incidents_in(answer.epochs);
    pairs.sort_by_key(|pair| std::cmp::Reverse(needed(&pair.incidents_like_these)));
    let alike = |name: &str| format!("{name} and one like it");
    let alone = answer
        .contestants
        .iter()
        .map(|found| cells(&alike(&found.contestant), &found.incidents_like_these, found.basis));
    let pairs_shown =
        pairs.iter().take(MOST_PAIRS).map(|pair| cells(&pair_name(pair), &pair.incidents_like_these, pair.basis));
    (alone.chain(pairs_shown).collect(), pairs.len().saturating_sub(MOST_PAIRS))
}

fn cells(name: &str, needs: &Needs, basis: Basis) -> Vec<String> {
    let incidents = needs.incidents.iter().map(|needed| needed.incidents.to_string());
    // A single epoch does not tell how much others would help.
    let none = if basis == Basis::OneEpoch { "unknown" } else { "never" };
    let epochs = needs.epochs.map_or(none.to_owned(), |epochs| epochs.to_string());
    let smallest = needs.detectable.map_or(NONE.to_owned(), |detectable| format!("{detectable:.3}"));
    [one_line(name), smallest, epochs].into_iter().chain(incidents).collect()
}

fn table(answer: &Answer, rows: &[Vec<String>]) -> String {
    let on = format!("epochs on {}", answer.incidents);
    let needed = answer.contestants.first().map(|found| found.these_scenarios.incidents.as_slice()).unwrap_or_default();
    let columns: Vec<_> = needed
        .iter()
        .enumerate()
        .map(|(at, needed)| match (at, needed.epochs) {
            (0, epochs) => format!("incidents in {epochs}"),
            (_, epochs) => format!("in {epochs}"),
        })
        .collect();
    let head: Vec<_> = ["model", "smallest", &on].into_iter().chain(columns.iter().map(String::as_str)).collect();
    grid(&head, rows)
}
