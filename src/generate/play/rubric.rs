//! The weights and caps of the strict grade of generated incidents. Scores are from 0 to 1.

/// The weights of the parts of a severity grade.
pub(super) mod severity {
    /// The score of the right severity.
    pub(in crate::generate::play) const RIGHT: f64 = 1.0;
    /// The score of a severity that is one step too severe.
    pub(in crate::generate::play) const ONE_TOO_SEVERE: f64 = 0.3;
    /// The score of a severity that is one step too mild.
    pub(in crate::generate::play) const ONE_TOO_MILD: f64 = 0.1;
    /// The cap if nothing was read that says how much users lose.
    pub(in crate::generate::play) const MOST_UNSEEN: f64 = 0.25;
}

/// The weights of the parts of a root cause grade.
pub(super) mod root_cause {
    /// The weight of the entity. Without it the grade is 0.
    pub(in crate::generate::play) const SERVICE: f64 = 0.30;
    /// The weight of the mechanism.
    pub(in crate::generate::play) const MECHANISM: f64 = 0.20;
    /// The share of that weight for another mechanism of the same group.
    pub(in crate::generate::play) const SAME_GROUP: f64 = 1.0 / 3.0;
    /// The weight of the trigger.
    pub(in crate::generate::play) const TRIGGER: f64 = 0.15;
    /// The weight of the path.
    pub(in crate::generate::play) const PATH: f64 = 0.10;
    /// The weight of the grounding.
    pub(in crate::generate::play) const GROUNDING: f64 = 0.20;
    /// The weight of the calibration.
    pub(in crate::generate::play) const CALIBRATION: f64 = 0.05;
    /// The squared error of a confidence of one half. The calibration is 0 from this error on (Brier 1950).
    pub(in crate::generate::play) const UNINFORMED: f64 = 0.25;
    /// The grounding below which an answer is a guess.
    pub(in crate::generate::play) const GUESS_BELOW: f64 = 0.25;
    /// The cap of a guess.
    pub(in crate::generate::play) const MOST_OF_A_GUESS: f64 = 0.25;
}

/// The weights of the parts of a remediation grade.
pub(super) mod remediation {
    /// The weight of the recovery.
    pub(in crate::generate::play) const RECOVERY: f64 = 0.50;
    /// The share of the recovery that counts while something harmful is left.
    pub(in crate::generate::play) const UNCLEAN: f64 = 0.4;
    /// The weight of a repair that lasts.
    pub(in crate::generate::play) const DURABLE: f64 = 0.20;
    /// The weight of having looked at the result.
    pub(in crate::generate::play) const VERIFIED: f64 = 0.15;
    /// The weight of a diagnosis before the first remediation.
    pub(in crate::generate::play) const DIAGNOSED: f64 = 0.15;
    /// The cap without a diagnosis.
    pub(in crate::generate::play) const MOST_UNDIAGNOSED: f64 = 0.60;
    /// The share of information about the rivals that must be read before the first remediation for a diagnosis.
    pub(in crate::generate::play) const DIAGNOSED_FROM: f64 = 0.75;
    /// The factor by which harm to users, as a share, lowers the grade.
    pub(in crate::generate::play) const HARM: f64 = 1.5;
    /// The minutes that pass after the last action before recovery is measured.
    pub(in crate::generate::play) const SETTLE: u32 = 15;
    /// The divisor of the impact at the alert below which the incident counts as mitigated.
    pub(in crate::generate::play) const MITIGATED: i32 = 10;
}

/// The greatest number of records that an answer can cite.
pub(super) const MOST_CITED: usize = 8;
