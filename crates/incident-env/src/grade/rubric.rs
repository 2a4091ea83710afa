//! The rubric of the strict grade: its weights, caps and calibration, for scripted and simulated worlds alike.

use crate::severity::Severity;

/// The version of the strict graders. It is kept with every run; a change of any rule changes it.
pub const STRICT_VERSION: &str = "strict/1";

/// The weight of naming the entity at the root. Without it a root cause is worth nothing.
pub const SERVICE: f64 = 0.30;
/// The weight of naming the mechanism.
pub const MECHANISM: f64 = 0.20;
/// The weight of evidence that excludes other explanations.
pub const GROUNDING: f64 = 0.20;
/// The weight of naming the change that set the incident off.
pub const TRIGGER: f64 = 0.15;
/// The weight of naming the path along which the fault acts.
pub const PATH: f64 = 0.10;
/// The weight of a confidence that fits.
pub const CALIBRATION: f64 = 0.05;

/// What a mechanism of the right group is worth, as a share of the right mechanism.
pub const NEAR_MECHANISM: f64 = 1.0 / 3.0;
/// Below this grounding a root cause counts as a guess.
pub const GUESS: f64 = 0.25;
/// The most that a guess can earn, and a severity that was submitted without having read what users lose.
pub const GUESS_CAP: f64 = 0.25;

/// The weight of recovery in a repair.
const RECOVERY: f64 = 0.50;
/// The share of the recovery that counts while something harmful is left.
const UNCLEAN: f64 = 0.4;
/// The weight of having removed what set the incident off.
const DURABLE: f64 = 0.20;
/// The weight of having looked again after the last step that helped.
const VERIFIED: f64 = 0.15;
/// The weight of having known the cause before the first change.
const DIAGNOSED: f64 = 0.15;
/// The most that a repair without a diagnosis can earn.
const UNDIAGNOSED_CAP: f64 = 0.60;
/// How much of the grade a unit of harm takes away.
const HARM: f64 = 1.5;

/// What a submitted severity is worth: 1 if it is right, 0.3 if it is one level too severe, 0.1 if it is one level too
/// mild, else 0. Waking somebody for nothing costs less than leaving users alone.
#[must_use]
pub const fn severity(right: Severity, submitted: Severity) -> f64 {
    match right.overstated_by(submitted) {
        0 => 1.0,
        1 => 0.3,
        -1 => 0.1,
        _ => 0.0,
    }
}

/// How well a stated confidence fits what came out, 0 to 1: 1 − (c − o)²/0.25, but at least 0, where c is the confidence
/// and o is 1 if the answer is right. It is the Brier score (Brier, 1950) measured against that of a coin, 0.25.
#[must_use]
pub fn calibration(confidence: f64, is_right: bool) -> f64 {
    const OF_A_COIN: f64 = 0.25;
    let outcome = f64::from(u8::from(is_right));
    (1.0 - (confidence - outcome).powi(2) / OF_A_COIN).clamp(0.0, 1.0)
}

/// What a repair is graded by.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the grade")]
pub struct Repair {
    /// Whether a change helped. Nothing but a diagnosis counts without it.
    pub helped: bool,
    /// The share of what was lost that is back, 0 to 1.
    pub recovery: f64,
    /// Whether nothing harmful is left.
    pub clean: bool,
    /// Whether what set the incident off is gone.
    pub durable: bool,
    /// Whether it was looked at again after the last change that helped.
    pub verified: bool,
    /// Whether what was read before the first change tells the cause.
    pub diagnosed: bool,
    /// What the changes cost users, as a fraction.
    pub harm: f64,
}

impl Repair {
    /// The grade: 0.50 · (recovery, or 0.4 of it while something harmful is left) + 0.20 durable + 0.15 verified + 0.15
    /// diagnosed; at most 0.60 without a diagnosis; times max(0, 1 − 1.5 · harm). It is 0 where no change helped.
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
