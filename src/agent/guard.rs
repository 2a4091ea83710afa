//! The guard: it refuses proposals that are pointless by the rules.

use std::fmt;

use incident_env::{Action, ActionKind, Observation, Remediation, Severity, Submission, same_name, without_service};

/// The reasons why a proposal is pointless.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentences in Display say what each means")]
pub enum Refusal {
    UnknownAction { name: String },
    NotOffered { name: String },
    WrongSubmission { name: String, right: Submission },
    NoTarget { parameter: &'static str },
    ForeignTarget { what: &'static str, name: String },
    MalformedSeverity { given: String },
    NoService,
    NoFailureMode,
    ShortSummary { characters: usize },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction { name } => write!(f, "there is no action '{name}'"),
            Self::NotOffered { name } => write!(f, "this task does not offer {name}"),
            Self::WrongSubmission { name, right } => write!(f, "{name} does not answer this task; {right} does"),
            Self::NoTarget { parameter } => write!(f, "the parameter '{parameter}' is missing"),
            Self::ForeignTarget { what, name } => write!(f, "there is no {what} '{name}' in this incident"),
            Self::MalformedSeverity { given } => write!(f, "'{given}' is no severity; use P1, P2, P3 or P4"),
            Self::NoService => f.write_str("the answer names no service"),
            Self::NoFailureMode => f.write_str("the answer has no failure_mode"),
            Self::ShortSummary { characters } => {
                write!(f, "the summary has {characters} characters; at least {SHORTEST_SUMMARY} are needed")
            }
        }
    }
}

/// The fewest characters of a summary that can say what failed, what was done, and what the present state is.
const SHORTEST_SUMMARY: usize = 30;

/// Checks a proposal against what the agent itself can see.
///
/// # Errors
/// Returns the rule that makes the proposal pointless.
pub fn check(action: &Action, observation: &Observation) -> Result<(), Refusal> {
    let briefing = &observation.briefing;
    let name = || excerpt(action.kind().as_str());
    match action.kind() {
        ActionKind::Other(_) => return Err(Refusal::UnknownAction { name: name() }),
        ActionKind::Submission(kind) if *kind != briefing.task.id.submission() => {
            return Err(Refusal::WrongSubmission { name: name(), right: briefing.task.id.submission() });
        }
        kind if !briefing.task.offers(kind) => return Err(Refusal::NotOffered { name: name() }),
        _ => {}
    }
    let known = |what, parameter, names: &[std::sync::Arc<str>]| match action.target() {
        None => Err(Refusal::NoTarget { parameter }),
        Some(target) if names.iter().any(|name| same_name(name, target)) => Ok(()),
        Some(target) => Err(Refusal::ForeignTarget { what, name: excerpt(target) }),
    };
    // A simulated world reads names in these texts, and refuses those that name nothing.
    let simulated = briefing.asks_for_citations();
    match action.kind() {
        ActionKind::Remediation(Remediation::ExecuteRunbookStep) | ActionKind::Submission(Submission::Resolution)
            if simulated =>
        {
            Ok(())
        }
        ActionKind::Remediation(Remediation::DisableFeatureFlag) => known("feature flag", "flag", &briefing.flags),
        ActionKind::Remediation(Remediation::ExecuteRunbookStep) => {
            known("runbook step", "runbook_action", &briefing.runbooks)
        }
        // Some looks of a simulated world are at the whole system.
        ActionKind::Diagnostic(kind) if simulated && without_service(*kind).is_some() && action.target().is_none() => {
            Ok(())
        }
        ActionKind::Diagnostic(_) | ActionKind::Remediation(_) => known("service", "service", &briefing.services),
        ActionKind::Submission(Submission::Severity) => {
            let given = action.text("severity").unwrap_or_default();
            let well_formed = Severity::NAMES.iter().any(|level| level.eq_ignore_ascii_case(given));
            if well_formed { Ok(()) } else { Err(Refusal::MalformedSeverity { given: excerpt(given) }) }
        }
        ActionKind::Submission(Submission::RootCause) => match action.text("service") {
            None => Err(Refusal::NoService),
            // A false alarm has no root cause.
            Some("none") if simulated => Ok(()),
            Some(name) if !briefing.is_a_service(name) => {
                Err(Refusal::ForeignTarget { what: "service", name: excerpt(name) })
            }
            Some(_) if !simulated && action.text("failure_mode").is_none() => Err(Refusal::NoFailureMode),
            Some(_) => Ok(()),
        },
        ActionKind::Submission(Submission::Resolution) => {
            let characters = action.text("summary").unwrap_or_default().chars().count();
            if characters < SHORTEST_SUMMARY { Err(Refusal::ShortSummary { characters }) } else { Ok(()) }
        }
        ActionKind::Other(_) => Ok(()),
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}
