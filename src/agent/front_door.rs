//! The severity of a simulated incident by the rule, as programs judge it: they go from the alerted part to its callers until
//! they are at the part through which users come in, and read there what users lose.

use std::collections::VecDeque;

use super::records::{calls, journeys};
use incident_env::{Action, ActionKind, Diagnostic, Observation, Severity};

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
    let mut seen: Vec<String> = Vec::new();
    let mut next: Vec<String> = observation.briefing.alert.affected_services.first().cloned().into_iter().collect();
    let mut called = VecDeque::new();
    while let Some(part) = next.pop().or_else(|| called.pop_front()) {
        if seen.contains(&part) {
            continue;
        }
        let metrics = observation.reading(Diagnostic::CheckMetrics, &part);
        if let Some(severity) = metrics.and_then(rule) {
            return Search::Found(severity);
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

/// Returns the severity by what is lost of each journey, weighted by its share; none if there are no journeys.
fn rule(metrics: &str) -> Option<Severity> {
    let lost: Vec<f64> = journeys(metrics).map(|one| one.share * (100.0 - one.completed) / 100.0).collect();
    // A loss on a threshold reaches it, although sums of decimals are not exact.
    #[expect(clippy::cast_possible_truncation, reason = "a share is at most 100 per cent")]
    let thousandths = (lost.iter().sum::<f64>() * 10.0 + 1e-6) as i32;
    (!lost.is_empty()).then(|| Severity::of(thousandths, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journeys_are_weighed_by_their_share() {
        let journey = |share: u32, completed: &str| {
            format!(
                "[e-1] journey 'x' ({share} % of what users come for, enters at a), completed (%), every 10 min to 09:45: 100 {completed}\n"
            )
        };
        for (completed, expected) in [
            (["100", "100"], Severity::P4),
            (["96.0", "100"], Severity::P3),
            (["90.0", "60.0"], Severity::P2),
            (["90.0", "50.0"], Severity::P1),
        ] {
            let metrics = journey(50, completed[0]) + &journey(50, completed[1]);
            assert_eq!(rule(&metrics), Some(expected), "{completed:?}");
        }
        assert_eq!(rule("[e-1] cpu (%), every 10 min to 09:45: 18 18"), None);
    }
}
