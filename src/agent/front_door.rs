//! The severity of a simulated incident by the rule, as programs judge it: they go from the alerted part to its callers until
//! they are at the part through which users come in, and read there what users lose.

use std::collections::VecDeque;

use super::records::{calls, journeys, series};
use incident_env::{Action, ActionKind, Diagnostic, Loss, Observation, Severity};

/// What is submitted if the part through which users come in is not found.
const UNKNOWN: Severity = Severity::P2;

/// Decides on the next step towards a severity: a look, or the answer.
#[must_use]
pub fn severity(observation: &Observation) -> Action {
    match search(observation) {
        Search::Look(tool, part) if observation.steps_left() > 1 => {
            Action::with(ActionKind::Diagnostic(tool), &[("service", &part)])
        }
        Search::Found(severity) => Action::submit_severity(severity),
        Search::Look(..) | Search::Lost => Action::submit_severity(UNKNOWN),
    }
}

/// How far the search is.
#[derive(Debug, PartialEq, Eq)]
enum Search {
    /// This look is next.
    Look(Diagnostic, String),
    /// What users lose was read.
    Found(Severity),
    /// All that can be reached was read, and users come in through none of it.
    Lost,
}

/// Searches by what was read so far: upwards from the alerted part, the first caller of each part first. Nobody calls what
/// only consumes from a queue, so what was called on the way is searched upwards from, too.
fn search(observation: &Observation) -> Search {
    let metrics_of = |part: &str| observation.reading(Diagnostic::CheckMetrics, part);
    let mut seen: Vec<String> = Vec::new();
    let mut next: Vec<String> = observation.briefing.alert.affected_services.first().cloned().into_iter().collect();
    let mut called = VecDeque::new();
    while let Some(part) = next.pop().or_else(|| called.pop_front()) {
        if seen.contains(&part) {
            continue;
        }
        let metrics = metrics_of(&part);
        if let Some(found) = metrics.and_then(|metrics| rule(metrics, metrics_of)) {
            return found;
        }
        let Some(edges) = observation.reading(Diagnostic::CheckDependencies, &part) else {
            return Search::Look(Diagnostic::CheckDependencies, part);
        };
        let callers: Vec<_> = calls(edges).filter(|call| call.to == part).map(|call| call.from.to_owned()).collect();
        if callers.is_empty() && metrics.is_none() {
            return Search::Look(Diagnostic::CheckMetrics, part);
        }
        next.extend(callers.into_iter().rev());
        called.extend(calls(edges).filter(|call| call.from == part).map(|call| call.to.to_owned()));
        seen.push(part);
    }
    Search::Lost
}

/// Returns the severity by what is lost of each journey, weighted by its share, or the look at a part that serves one;
/// none if there are no journeys.
fn rule<'a>(metrics: &str, metrics_of: impl Fn(&str) -> Option<&'a str>) -> Option<Search> {
    let mut losses = Vec::new();
    for journey in journeys(metrics) {
        let Some(metrics) = metrics_of(journey.entry) else {
            return Some(Search::Look(Diagnostic::CheckMetrics, journey.entry.to_owned()));
        };
        losses.push(journey.share * failed(metrics) / 100.0);
    }
    // A loss on a threshold reaches it, although sums of decimals are not exact.
    #[expect(clippy::cast_possible_truncation, reason = "a share is at most 100 per cent")]
    let thousandths = (losses.iter().sum::<f64>() * 10.0 + 1e-6) as i32;
    let loss = Loss { share: thousandths, ..Loss::default() };
    (!losses.is_empty()).then(|| Search::Found(Severity::of(loss)))
}

/// Returns the share of its requests that a part fails now, in per cent; 0 if it has no such series.
fn failed(metrics: &str) -> f64 {
    let series = series(metrics).find(|series| series.label.starts_with("failed requests"));
    series.map_or(0.0, |series| series.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journeys_are_weighed_by_their_share() {
        let journey = |share: u32, entry: &str| {
            format!(
                "[e-1] journey 'x' ({share} % of what users come for, enters at {entry}), requests (per s), every 10 min to 09:45: 7 8\n"
            )
        };
        let door = journey(50, "a") + &journey(50, "b");
        for (failed, expected) in [
            (["0.1", "0"], Severity::P4),
            (["4.0", "0"], Severity::P3),
            (["10.0", "40.0"], Severity::P2),
            (["10.0", "50.0"], Severity::P1),
        ] {
            let metrics = failed.map(|share| format!("[e-2] failed requests (%), every 10 min to 09:45: 0.1 {share}"));
            let metrics_of = |part: &str| Some(if part == "a" { &*metrics[0] } else { &*metrics[1] });
            assert_eq!(rule(&door, metrics_of), Some(Search::Found(expected)), "{failed:?}");
        }
        assert_eq!(rule("[e-1] cpu (%), every 10 min to 09:45: 18 18", |_| None), None);
        let look = Search::Look(Diagnostic::CheckMetrics, "a".to_owned());
        assert_eq!(rule(&door, |_| None), Some(look));
    }
}
