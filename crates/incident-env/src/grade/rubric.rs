//! The rubric of the strict grade: its weights, caps and calibration, for scripted and simulated worlds alike.

use crate::severity::Severity;

/// The version of the strict graders. It is kept with every run, and it changes with every change of a rule.
pub const STRICT_VERSION: &str = "strict/1";

/// The weight of naming the entity at the root. An answer that does not name it scores 0.
pub const SERVICE: f64 = 0.30;
/// The weight of naming the mechanism.
pub const MECHANISM: f64 = 0.20;
/// The weight of evidence that excludes other explanations.
pub const GROUNDING: f64 = 0.20;
/// The weight of naming the change that set the incident off.
pub const TRIGGER: f64 = 0.15;
/// The weight of naming the path along which the fault acts.
pub const PATH: f64 = 0.10;
/// The weight of a confidence that fits the outcome.
pub const CALIBRATION: f64 = 0.05;

/// The worth of another mechanism of the right group, as a share of the worth of the right mechanism.
pub const NEAR_MECHANISM: f64 = 1.0 / 3.0;
/// The grounding below which a root cause counts as a guess, 0 to 1.
pub const GUESS: f64 = 0.25;
/// The highest score of a guess, and of a severity that was submitted before anything about the user impact was read.
pub const GUESS_CAP: f64 = 0.25;

/// The weight of recovery in a repair.
pub const RECOVERY: f64 = 0.50;
/// The share of the recovery that counts while anything harmful remains.
pub const UNCLEAN: f64 = 0.4;
/// The weight of having removed the change that set the incident off.
pub const DURABLE: f64 = 0.20;
/// The weight of having looked at the system again after the last step that helped.
pub const VERIFIED: f64 = 0.15;
/// The weight of having found the cause before the first change.
pub const DIAGNOSED: f64 = 0.15;
/// The highest score of a repair without a diagnosis.
pub const UNDIAGNOSED_CAP: f64 = 0.60;
/// The share of the grade that one unit of harm takes away.
pub const HARM: f64 = 1.5;

/// Returns the worth of a submitted severity: 1 if it is right, 0.3 if it is one level too severe, 0.1 if it is one
/// level too mild, and otherwise 0. Alerting someone needlessly costs less than leaving users without help.
#[must_use]
pub const fn severity(right: Severity, submitted: Severity) -> f64 {
    match right.overstated_by(submitted) {
        0 => 1.0,
        1 => 0.3,
        -1 => 0.1,
        _ => 0.0,
    }
}

/// Returns how well a stated confidence fits the outcome, 0 to 1: max(0, 1 − (c − o)²/0.25), where c is the confidence
/// and o is 1 if the answer is right and 0 if it is wrong. It is the Brier score (Brier 1950) relative to 0.25, the
/// score of a confidence of one half.
#[must_use]
pub fn calibration(confidence: f64, is_right: bool) -> f64 {
    const OF_A_COIN: f64 = 0.25;
    let outcome = f64::from(u8::from(is_right));
    (1.0 - (confidence - outcome).powi(2) / OF_A_COIN).clamp(0.0, 1.0)
}

/// The facts by which a repair is graded.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct Repair {
    /// Whether a change helped. If none did, the repair scores 0.
    pub helped: bool,
    /// The share of the loss at the start that is restored, 0 to 1.
    pub recovery: f64,
    /// Whether nothing harmful remains.
    pub clean: bool,
    /// Whether the change that set the incident off is gone.
    pub durable: bool,
    /// Whether the agent looked at the system again after the last change that helped.
    pub verified: bool,
    /// Whether the evidence read before the first change identifies the cause.
    pub diagnosed: bool,
    /// The user impact that the changes caused, as a fraction of user traffic, at least 0.
    pub harm: f64,
}

impl Repair {
    /// Returns the grade, 0 to 1: 0.50 · recovery (0.4 of that while anything harmful remains) + 0.20 · durable + 0.15
    /// · verified + 0.15 · diagnosed, at most 0.60 without a diagnosis, times max(0, 1 − 1.5 · harm). It is 0 if no
    /// change helped.
    #[must_use]
    pub fn total(&self) -> f64 {
        if !self.helped {
            return 0.0;
        }
        let recovered = if self.clean { self.recovery } else { UNCLEAN * self.recovery };
        let worth = |holds: bool, worth: f64| if holds { worth } else { 0.0 };
        let base = RECOVERY * recovered
            + worth(self.durable, DURABLE)
            + worth(self.verified, VERIFIED)
            + worth(self.diagnosed, DIAGNOSED);
        let base = if self.diagnosed { base } else { base.min(UNDIAGNOSED_CAP) };
        after_harm(base, self.harm)
    }
}

/// What is left of a grade after harm: times max(0, 1 − 1.5 · harm).
#[must_use]
pub fn after_harm(grade: f64, harm: f64) -> f64 {
    grade * (1.0 - HARM * harm).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_weighed_unevenly() {
        use Severity::{P1, P2, P3, P4};
        for (right, submitted, worth) in
            [(P2, P2, 1.0), (P2, P1, 0.3), (P2, P3, 0.1), (P2, P4, 0.0), (P3, P1, 0.0), (P4, P3, 0.3)]
        {
            assert!((severity(right, submitted) - worth).abs() < 1e-12, "{right} {submitted}");
        }
    }

    #[test]
    fn confidence_is_weighed_against_a_coin() {
        for (confidence, is_right, worth) in [
            (1.0, true, 1.0),
            (0.5, true, 0.0),
            (0.5, false, 0.0),
            (0.0, false, 1.0),
            (1.0, false, 0.0),
            (0.9, true, 0.96),
        ] {
            assert!((calibration(confidence, is_right) - worth).abs() < 1e-12, "{confidence} {is_right}");
        }
    }

    #[test]
    fn repairs_are_capped_and_reduced() {
        let whole = Repair {
            helped: true,
            recovery: 1.0,
            clean: true,
            durable: true,
            verified: true,
            diagnosed: true,
            harm: 0.0,
        };
        for (repair, total) in [
            (whole, 1.0),
            (Repair { helped: false, ..whole }, 0.0),
            (Repair { clean: false, ..whole }, 0.7),
            (Repair { diagnosed: false, ..whole }, 0.6),
            (Repair { harm: 0.2, ..whole }, 0.7),
            (Repair { harm: 0.8, ..whole }, 0.0),
            (Repair { durable: false, verified: false, ..whole }, 0.65),
        ] {
            assert!((repair.total() - total).abs() < 1e-12, "{repair:?}");
        }
    }
}
