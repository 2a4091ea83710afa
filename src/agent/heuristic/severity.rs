//! Judges the severity of an alert by what it costs and whom it reaches.

use super::actions::{look, submit};
use super::reading::words;
use incident_env::{Action, Alert, Diagnostic, Observation, Submission};

/// The loss in dollars a minute from which an alert is critical.
const CRITICAL_LOSS: f64 = 5_000.0;
/// The share of failed requests from which an outage is critical if nothing is known of the business.
const CRITICAL_ERRORS: f64 = 0.5;
/// The share of failed requests below which nobody notices.
const NOTICEABLE_ERRORS: f64 = 0.05;
/// The share of a baseline that is left when the business behind it has stopped.
const STANDSTILL: f64 = 0.5;
/// The words in the names of metrics that measure the business and not the machines.
const BUSINESS: [&str; 9] =
    ["checkout", "order", "orders", "login", "logins", "payment", "payments", "revenue", "conversion"];

/// Reads the metrics of the alerted services first, and then judges.
pub(super) fn next(observation: &Observation) -> Action {
    let alert = &observation.briefing.alert;
    let first = alert.affected_services.first().map_or("", String::as_str);
    let metrics = observation.reading(Diagnostic::CheckMetrics, first);
    if metrics.is_none() && !first.is_empty() && observation.steps_left() > 1 {
        return look(Diagnostic::CheckMetrics, first);
    }
    submit(Submission::Severity, &[("severity", judge(alert, metrics.unwrap_or_default()))])
}

/// The severity: an alert that stops the business is critical, and one that costs nothing is minor, however many
/// requests fail.
fn judge(alert: &Alert, metrics: &str) -> &'static str {
    let loss = alert.revenue_impact_per_min.as_ref().and_then(serde_json::Number::as_f64);
    let errors = alert.error_rate.unwrap_or(0.0);
    let business: Vec<_> = metrics.lines().filter_map(business_left).collect();
    let stands_still = business.iter().any(|left| *left < STANDSTILL);
    match loss {
        _ if stands_still => "P1",
        Some(loss) if loss >= CRITICAL_LOSS => "P1",
        Some(loss) if loss > 0.0 => "P2",
        None if business.is_empty() && errors >= CRITICAL_ERRORS => "P1",
        None if errors >= NOTICEABLE_ERRORS => "P2",
        Some(_) if errors < NOTICEABLE_ERRORS => "P4",
        _ => "P3",
    }
}

/// The share of a business metric's baseline that is left, 1 for all of it: `orders   170 /min   baseline 180 /min`.
fn business_left(row: &str) -> Option<f64> {
    let (value, baseline) = row.split_once("baseline")?;
    let name = value.split_whitespace().next()?;
    if !words(name).any(|word| BUSINESS.contains(&word.as_str())) {
        return None;
    }
    let now = first_number(value)?;
    let usual = first_number(baseline).filter(|usual| *usual > 0.0)?;
    Some(now / usual)
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace()
        .find_map(|word| word.trim_matches(|c: char| !c.is_ascii_digit()).replace(',', "").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(errors: f64, loss: Option<u32>) -> Alert {
        Alert {
            id: "a".to_owned(),
            title: "t".to_owned(),
            severity_fired: None,
            affected_services: Vec::new(),
            symptoms: Vec::new(),
            error_rate: Some(errors),
            duration_minutes: None,
            revenue_impact_per_min: loss.map(Into::into),
        }
    }

    #[test]
    fn what_it_costs_and_whom_it_reaches() {
        for (errors, loss, metrics, expected) in [
            (0.1, Some(9_000), "", "P1"),
            (0.9, None, "", "P1"),
            (0.9, Some(200), "", "P2"),
            (0.2, None, "", "P2"),
            (0.01, None, "", "P3"),
            (0.6, Some(0), "", "P3"),
            (0.01, Some(0), "", "P4"),
            (0.1, Some(200), "orders   0 /min   baseline 1,240 /min", "P1"),
            (0.6, None, "window 15m\ncheckout_success  99.1 %  baseline 99.9 %", "P2"),
            (0.6, None, "cpu  1 %  baseline 70 %", "P1"),
        ] {
            assert_eq!(judge(&alert(errors, loss), metrics), expected, "{errors} {loss:?} {metrics:?}");
        }
    }
}
