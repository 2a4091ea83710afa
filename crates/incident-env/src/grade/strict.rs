//! The parts of a strict grade, by task and by kind of world.

use serde::Serialize;

use crate::points::Points;

/// The parts of a strict grade, by task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Strict {
    /// The parts of the grade of a severity.
    Severity(Severity),
    /// The parts of the grade of a root cause in a simulated world.
    RootCause(RootCause),
    /// The parts of the grade of a repair in a simulated world.
    Remediation(Remediation),
    /// The parts of the grade of a root cause in a scripted world.
    ScriptedCause(ScriptedCause),
    /// The parts of the grade of a repair in a scripted world.
    ScriptedRepair(ScriptedRepair),
}

/// The grade of a severity, and whether the answer was more than a guess.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Severity {
    /// The submitted severity, if there was one.
    pub submitted_severity: Option<String>,
    /// The right severity. `None` in reports that an agent may see.
    pub correct_severity: Option<String>,
    /// The worth of the answer before the cap on guesses, 0 to 1.
    pub severity_match: Points,
    /// Whether anything was read that tells the user impact. Otherwise the score is at most 0.25.
    pub impact_seen: bool,
}

/// The grade of a root cause in a simulated world. Each part is from 0 to 1 before it is weighted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RootCause {
    /// Whether the answer names the entity at the root. Otherwise the score is 0.
    pub service_match: bool,
    /// 1 for the right mechanism, 0.5 for another one of its group, and otherwise 0.
    pub mechanism_match: Points,
    /// Whether the answer names the change that set the incident off.
    pub trigger_match: bool,
    /// Whether the fault acts along the path that the answer names.
    pub path_valid: bool,
    /// The worth of the citations, 0 to 1, by [`super::rubric::citations`].
    pub citations: Points,
    /// The degree, 0 to 1, to which everything that was read rules out every other explanation. Below 0.75 the score is
    /// at most 0.25.
    pub ruled_out: Points,
    /// The number of other faults that remain possible after everything that was read.
    pub left_open: u32,
    /// The average number of bits of uncertainty that a query removed.
    pub bits_per_query: f64,
    /// The number of queries made after every other explanation was ruled out.
    pub idle_queries: u32,
    /// The stated confidence, 0 to 1, if there was one. It is no part of the score.
    pub confidence: Option<f64>,
    /// The submitted entity, if there was one.
    pub submitted_service: Option<String>,
    /// The right entity. `None` in reports that an agent may see.
    pub correct_service: Option<String>,
    /// The right mechanism. `None` in reports that an agent may see.
    pub correct_mechanism: Option<String>,
    /// The id of the right change, or `none`. `None` in reports that an agent may see.
    pub correct_trigger: Option<String>,
}

/// The grade of a repair in a simulated world, by the state at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct Remediation {
    /// The share of the initial user impact that is gone, 0 to 1.
    pub recovery: Points,
    /// Whether there was an incident. Otherwise it was a false alarm.
    pub incident: bool,
    /// Whether nothing harmful remains and no emergency measure is still in force.
    pub clean: bool,
    /// Whether the change that set the incident off is gone.
    pub durable: bool,
    /// Whether the agent read, at least five minutes after the last change that had an effect, a record that would have
    /// shown the fault.
    pub verified: bool,
    /// Whether the evidence read before the first change leaves few other explanations.
    pub diagnosed: bool,
    /// 1 for the right mechanism in the submission, 0.5 for another one of its group, and otherwise 0.
    pub mechanism_match: Points,
    /// The user impact that the changes caused, as a fraction of user traffic.
    pub harm: Points,
    /// Whether a change did irreparable damage.
    pub catastrophic: bool,
    /// Whether the answer claims that the incident is resolved.
    pub claims_resolved: bool,
    /// The minute after the alert from which on the user impact is at most a tenth of the initial one. `None` if it
    /// never is.
    pub minutes_to_mitigate: Option<u32>,
    /// The user impact from the alert until the world had settled, in minutes weighted by the share of user traffic
    /// that is lost.
    pub customer_minutes: f64,
    /// The difference between that and the value of the oracle's play, over the same number of minutes.
    pub customer_minutes_over_oracle: f64,
    /// The number of entities that fail more at the end than they would if nothing had been done.
    pub worse_off: u32,
    /// The number of changes.
    pub changes: u32,
    /// The number of changes that were steps of a repair.
    pub helpful_changes: u32,
    /// The right mechanism. `None` in reports that an agent may see.
    pub correct_mechanism: Option<String>,
}

/// The grade of a root cause in a scripted world. A part that the answer leaves out is `None` and counts neither for
/// nor against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScriptedCause {
    /// Whether the answer gives the exact name of the service at the root. Otherwise the score is 0.
    pub service_match: bool,
    /// 1 for the right mechanism, 0.5 for another one of its group, and otherwise 0.
    pub mechanism_match: Points,
    /// The mechanisms that the answer names or asserts. More than two count as none.
    pub mechanisms: Vec<String>,
    /// Whether the answer names the change that set the incident off.
    pub trigger_match: Option<bool>,
    /// Whether the fault acts along the path that the answer names.
    pub path_valid: Option<bool>,
    /// The worth of the citations, 0 to 1, by [`super::rubric::citations`].
    pub citations: Option<Points>,
    /// The share of the clues that were seen, 0 to 1. Below 0.75 the score is at most 0.25.
    pub clues_seen: Points,
    /// The stated confidence, 0 to 1, if there was one. It is no part of the score.
    pub confidence: Option<f64>,
    /// The submitted service, if there was one.
    pub submitted_service: Option<String>,
    /// The right service.
    pub correct_service: String,
    /// The right mechanism.
    pub correct_mechanism: Option<String>,
}

/// The grade of a repair in a scripted world, by the state at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct ScriptedRepair {
    /// The share of the goal's facts that were wrong at the start and are right at the end, 0 to 1.
    pub recovery: Points,
    /// Whether the whole goal is reached.
    pub clean: bool,
    /// Whether the change that set the incident off is gone.
    pub durable: bool,
    /// Whether the agent looked again after the last change that helped.
    pub verified: bool,
    /// Whether enough clues were seen before the first change.
    pub diagnosed: bool,
    /// 1 for the right mechanism in the submission, 0.5 for another one of its group, and otherwise 0. `None` if the
    /// submission names none or the scenario asks for none.
    pub mechanism_match: Option<Points>,
    /// The harm of the changes that were wrong or did not help: 0.10 for each wrong and 0.07 for each useless change.
    pub harm: Points,
    /// The number of changes.
    pub changes: u32,
    /// The number of changes that were steps of a repair.
    pub helpful_changes: u32,
}

impl Strict {
    /// Returns the same grade without the right answers.
    #[must_use]
    pub fn sealed(&self) -> Self {
        match self.clone() {
            Self::Severity(parts) => Self::Severity(Severity { correct_severity: None, ..parts }),
            Self::RootCause(parts) => Self::RootCause(RootCause {
                correct_service: None,
                correct_mechanism: None,
                correct_trigger: None,
                ..parts
            }),
            Self::Remediation(parts) => Self::Remediation(Remediation { correct_mechanism: None, ..parts }),
            // No server shows the strict grade of a scripted world, so it needs no sealing.
            parts @ (Self::ScriptedCause(_) | Self::ScriptedRepair(_)) => parts,
        }
    }
}
