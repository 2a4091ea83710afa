//! An answer that needs no look at the evidence.

use incident_env::{Action, ActionKind, Observation, Submission};

/// The submission of the task with P2, the first alerted service, and these words.
pub(super) fn answer(observation: &Observation, words: &str) -> Action {
    let briefing = &observation.briefing;
    let submission = briefing.task.id.submission();
    let first = briefing.alert.affected_services.first().cloned();
    let service = first.or_else(|| briefing.services.first().map(ToString::to_string)).unwrap_or_default();
    let parameters: &[(&str, &str)] = match submission {
        Submission::Severity => &[("severity", "P2")],
        Submission::RootCause => &[("service", &service), ("failure_mode", words)],
        Submission::Resolution => &[("summary", words)],
    };
    Action::with(ActionKind::Submission(submission), parameters)
}
