//! The two kinds of actions that the rules produce most.

use incident_env::{Action, ActionKind, Diagnostic, Submission};

/// Makes a submission with these texts.
pub(super) fn submit(kind: Submission, texts: &[(&str, &str)]) -> Action {
    Action::with(ActionKind::Submission(kind), texts)
}

/// Makes a look at a service.
pub(super) fn look(kind: Diagnostic, service: &str) -> Action {
    Action::with(ActionKind::Diagnostic(kind), &[("service", service)])
}
