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
    /// The answer.
    pub submitted_severity: Option<String>,
    /// The right answer. `None` in reports that an agent may see.
    pub correct_severity: Option<String>,
    /// What the answer is worth before the cap on guesses.
    pub severity_match: Points,
    /// Whether anything was read that says what users lose. Otherwise at most 0.25 is given.
    pub impact_seen: bool,
}

/// The grade of a root cause in a simulated world. Each part is from 0 to 1 before it is weighed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RootCause {
    /// Whether the answer names the entity at the root. Without it nothing counts.
    pub service_match: bool,
    /// 1 for the right mechanism, a third for another one of its group.
    pub mechanism_match: Points,
    /// Whether the answer names the change that set the incident off.
    pub trigger_match: bool,
    /// Whether the fault acts along the path of the answer.
    pub path_valid: bool,
    /// How far the cited evidence rules out every other explanation, times the square of the share of citations that
    /// help. Below 0.25 the whole answer earns at most 0.25.
    pub grounding: Points,
    /// How well the stated confidence fits, measured against a coin.
    pub calibration: Points,
    /// How far everything that was read rules out every other explanation.
    pub ruled_out: Points,
    /// The number of other faults that what was read leaves possible.
    pub left_open: u32,
    /// The bits of uncertainty that each query removed, on average.
    pub bits_per_query: f64,
    /// The number of queries after no other explanation was left.
    pub idle_queries: u32,
    /// The stated confidence.
    pub confidence: Option<f64>,
    /// The answer.
    pub submitted_service: Option<String>,
    /// The right answer. `None` in reports that an agent may see.
    pub correct_service: Option<String>,
    /// The right mechanism. `None` in reports that an agent may see.
    pub correct_mechanism: Option<String>,
    /// The id of the right change, or `none`. `None` in reports that an agent may see.
    pub correct_trigger: Option<String>,
}

/// The grade of a repair in a simulated world, by the state that it left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct Remediation {
    /// The share of what users lost that they have back.
    pub recovery: Points,
    /// Whether there was an incident. Otherwise the alert was wrong.
    pub incident: bool,
    /// Whether nothing harmful is left and no emergency measure is still in force.
    pub clean: bool,
    /// Whether what set the incident off is gone.
    pub durable: bool,
    /// Whether the agent looked again after the last change that helped.
    pub verified: bool,
    /// Whether what was read before the first change leaves few other explanations.
    pub diagnosed: bool,
    /// What the changes cost users, as a fraction.
    pub harm: Points,
    /// Whether a change did damage that no repair can undo.
    pub catastrophic: bool,
    /// Whether the answer says that the incident is resolved.
    pub claims_resolved: bool,
    /// The minute after the alert from which on users lose at most a tenth of what they lost at first. `None` if that was
    /// never reached.
    pub minutes_to_mitigate: Option<u32>,
    /// What users lost from the alert until the world had settled: minutes, weighed by the share that they lost.
    pub customer_minutes: f64,
    /// How much more that is than when the oracle plays, over the same number of minutes.
    pub customer_minutes_over_oracle: f64,
    /// The number of entities that failed more at the end than if nobody had done anything.
    pub worse_off: u32,
    /// The number of changes.
    pub changes: u32,
    /// The number of changes that were steps of a repair.
    pub helpful_changes: u32,
}

/// The grade of a root cause in a scripted world. What an answer left out is `None` and counts neither way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScriptedCause {
    /// Whether the answer names the service at the root by its exact name. Without it nothing counts.
    pub service_match: bool,
    /// 1 for the right mechanism, a third for another one of its group.
    pub mechanism_match: Points,
    /// The mechanisms that the answer names or asserts. More than two count as none.
    pub mechanisms: Vec<String>,
    /// Whether the answer names the change that set the incident off.
    pub trigger_match: Option<bool>,
    /// Whether the fault acts along the path of the answer.
    pub path_valid: Option<bool>,
    /// The share of the clues that were seen. Below 0.25 the whole answer earns at most 0.25.
    pub grounding: Points,
    /// How well the stated confidence fits, measured against a coin.
    pub calibration: Option<Points>,
    /// The answer.
    pub submitted_service: Option<String>,
    /// The right service.
    pub correct_service: String,
    /// The right mechanism.
    pub correct_mechanism: Option<String>,
}

/// The grade of a repair in a scripted world, by the state that it left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct ScriptedRepair {
    /// The share of the facts of the goal that were wrong at the start and are right at the end.
    pub recovery: Points,
    /// Whether the whole goal is reached.
    pub clean: bool,
    /// Whether what set the incident off is gone.
    pub durable: bool,
    /// Whether the agent looked again after the last change that helped.
    pub verified: bool,
    /// Whether enough clues were seen before the first change.
    pub diagnosed: bool,
    /// The harm of the changes that were wrong or did not help, as a fraction.
    pub harm: Points,
    /// The number of changes.
    pub changes: u32,
    /// The number of changes that were steps of a repair.
    pub helpful_changes: u32,
}

impl Strict {
    /// The same grade without the right answers.
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
            // No server shows the strict grade of a scripted world.
            parts @ (Self::Remediation(_) | Self::ScriptedCause(_) | Self::ScriptedRepair(_)) => parts,
        }
    }
}
