//! The rubric of the strict grade: its weights and caps, for scripted and simulated worlds alike.

use crate::severity::Severity;

/// The version of the strict graders. It is kept with every run, and it changes with every change of a rule.
pub const STRICT_VERSION: &str = "strict/2";

/// The share of the evidence against other explanations from which on an incident counts as diagnosed, 0 to 1. A root
/// cause that was submitted after less was read is a guess. At 0.75 one in six careful walks to the right root at the
/// higher levels would be one.
pub const DIAGNOSED: f64 = 0.5;
/// The highest score of a guess, and of a severity that was submitted before anything about the user impact was read.
pub const GUESS_CAP: f64 = 0.25;

/// The weight of naming the entity at the root. An answer that does not name it scores 0.
const SERVICE: f64 = 0.35;
/// The weight of naming the mechanism in a root cause.
const MECHANISM: f64 = 0.30;
/// The weight of naming the change that set the incident off.
const TRIGGER: f64 = 0.15;
/// The weight of naming the path along which the fault acts.
const PATH: f64 = 0.10;
/// The weight of citing records that show the cause.
const CITATIONS: f64 = 0.10;
/// The share of citations that must belong to the cause, so that the others cost nothing.
const FITTING: f64 = 0.5;

/// The weight of recovery in a repair.
const RECOVERY: f64 = 0.40;
/// The share of the recovery that counts while anything harmful remains.
const UNCLEAN: f64 = 0.4;
/// The weight of having removed the change that set the incident off.
const DURABLE: f64 = 0.20;
/// The weight of having looked at the system again once it had settled after the last change.
const VERIFIED: f64 = 0.15;
/// The weight of having found the cause before the first change.
const FOUND: f64 = 0.10;
/// The weight of naming the mechanism in the submission of a repair.
const NAMED: f64 = 0.15;
/// The highest score of a repair without a diagnosis.
const UNDIAGNOSED_CAP: f64 = 0.60;
/// The share of the grade that one unit of harm takes away.
const HARM: f64 = 1.5;

/// How right a named mechanism is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MechanismMatch {
    /// It is the right one.
    Right,
    /// It is another one of the same group, which is easily confused with the right one.
    SameGroup,
    /// It is any other one, or none was named.
    Other,
}

impl MechanismMatch {
    /// Returns the share of the weight that the match earns: 1, 0.5 or 0.
    #[must_use]
    pub const fn share(self) -> f64 {
        match self {
            Self::Right => 1.0,
            Self::SameGroup => 0.5,
            Self::Other => 0.0,
        }
    }
}

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

/// Returns the worth of the citations of an answer, 0 to 1. `shown` is the degree to which they show the cause, where 1
/// or more is enough, and `fitting` is the share of the citations that belong to the cause. Both count linearly, and from
/// a half on the other citations cost nothing.
#[must_use]
pub fn citations(shown: f64, fitting: f64) -> f64 {
    shown.clamp(0.0, 1.0) * (fitting / FITTING).clamp(0.0, 1.0)
}

/// The facts by which a root cause is graded. A part that is `None` counts neither for nor against the answer. A stated
/// confidence is no part of the grade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RootCause {
    /// Whether the answer names the entity at the root. If it does not, it scores 0.
    pub service: bool,
    /// How right the named mechanism is.
    pub mechanism: MechanismMatch,
    /// Whether the answer names the change that set the incident off.
    pub trigger: Option<bool>,
    /// Whether the fault acts along the path that the answer names.
    pub path: Option<bool>,
    /// The worth of the citations, 0 to 1, by [`citations`].
    pub citations: Option<f64>,
    /// The degree, 0 to 1, to which everything that was read before the answer rules out other explanations.
    pub read: f64,
}

impl RootCause {
    /// Returns whether too little was read for the answer to be more than a guess.
    #[must_use]
    pub fn is_guess(&self) -> bool {
        self.read < DIAGNOSED
    }

    /// Returns the grade, 0 to 1: 0.35 + 0.30 · mechanism + 0.15 · trigger + 0.10 · path + 0.10 · citations for the
    /// right entity, at most 0.25 if it is a guess, and 0 for another entity. Parts that are missing are left out, and
    /// the rest is divided by the sum of its weights, unless the mechanism is wrong: an answer that does not say how
    /// the system failed gains nothing by leaving out more.
    #[must_use]
    pub fn total(&self) -> f64 {
        if !self.service {
            return 0.0;
        }
        let holds = |holds: bool| if holds { 1.0 } else { 0.0 };
        let parts = [
            Some((SERVICE, 1.0)),
            Some((MECHANISM, self.mechanism.share())),
            self.trigger.map(|fits| (TRIGGER, holds(fits))),
            self.path.map(|fits| (PATH, holds(fits))),
            self.citations.map(|share| (CITATIONS, share)),
        ];
        let earned: f64 = parts.iter().flatten().map(|(weight, share)| weight * share).sum();
        let weights = match self.mechanism {
            MechanismMatch::Other => 1.0,
            MechanismMatch::Right | MechanismMatch::SameGroup => parts.iter().flatten().map(|(weight, _)| weight).sum(),
        };
        let total = earned / weights;
        if self.is_guess() { total.min(GUESS_CAP) } else { total }
    }
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
    /// Whether the agent looked at the system again once it had settled after the last change.
    pub verified: bool,
    /// Whether the evidence read before the first change identifies the cause.
    pub diagnosed: bool,
    /// How right the mechanism is that the submission names. `None` if the world does not ask for it, which counts
    /// neither for nor against the repair.
    pub mechanism: Option<MechanismMatch>,
    /// The user impact that the changes caused, as a fraction of user traffic, at least 0.
    pub harm: f64,
}

impl Repair {
    /// Returns the grade, 0 to 1: 0.40 · recovery (0.4 of that while anything harmful remains) + 0.20 · durable + 0.15
    /// · verified + 0.10 · diagnosed + 0.15 · mechanism, at most 0.60 without a diagnosis, times max(0, 1 − 1.5 ·
    /// harm). It is 0 if no change helped.
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
            + worth(self.diagnosed, FOUND);
        let base = match self.mechanism {
            Some(mechanism) => base + NAMED * mechanism.share(),
            None => base / (1.0 - NAMED),
        };
        let base = if self.diagnosed { base } else { base.min(UNDIAGNOSED_CAP) };
        after_harm(base, self.harm)
    }
}

/// Returns the grade of a system in which nothing was wrong. Leaving it alone is right: 0.85 + 0.15 · mechanism if the
/// answer says so and enough was read to know it, and otherwise 0, less what harm takes away.
#[must_use]
pub fn left_alone(says_so: bool, diagnosed: bool, mechanism: MechanismMatch, harm: f64) -> f64 {
    if says_so && diagnosed { after_harm(1.0 - NAMED * (1.0 - mechanism.share()), harm) } else { 0.0 }
}

/// Returns what is left of a grade after harm: the grade times max(0, 1 − 1.5 · harm).
fn after_harm(grade: f64, harm: f64) -> f64 {
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
    fn a_root_cause_is_weighed_part_by_part() {
        use MechanismMatch::{Other, Right, SameGroup};
        let whole = RootCause {
            service: true,
            mechanism: Right,
            trigger: Some(true),
            path: Some(true),
            citations: Some(1.0),
            read: 1.0,
        };
        for (answer, total) in [
            (whole, 1.0),
            (RootCause { service: false, ..whole }, 0.0),
            (RootCause { mechanism: SameGroup, ..whole }, 0.85),
            (RootCause { mechanism: Other, ..whole }, 0.70),
            (RootCause { trigger: Some(false), ..whole }, 0.85),
            (RootCause { path: Some(false), ..whole }, 0.90),
            (RootCause { citations: Some(0.5), ..whole }, 0.95),
            (RootCause { read: 0.5, ..whole }, 1.0),
            (RootCause { read: 0.49, ..whole }, 0.25),
            (RootCause { trigger: None, path: None, citations: None, ..whole }, 1.0),
            (RootCause { trigger: None, path: None, citations: None, mechanism: Other, ..whole }, 0.35),
        ] {
            assert!((answer.total() - total).abs() < 1e-12, "{answer:?}");
        }
    }

    #[test]
    fn citations_fall_off_linearly() {
        for (shown, fitting, worth) in
            [(1.0, 1.0, 1.0), (2.0, 0.5, 1.0), (0.5, 1.0, 0.5), (1.0, 0.25, 0.5), (0.5, 0.25, 0.25), (0.0, 1.0, 0.0)]
        {
            assert!((citations(shown, fitting) - worth).abs() < 1e-12, "{shown} {fitting}");
        }
    }

    #[test]
    fn leaving_a_sound_system_alone_is_right() {
        use MechanismMatch::{Other, Right};
        for (says_so, diagnosed, mechanism, harm, total) in [
            (true, true, Right, 0.0, 1.0),
            (true, true, Other, 0.0, 0.85),
            (true, true, Right, 0.2, 0.7),
            (true, false, Right, 0.0, 0.0),
            (false, true, Right, 0.0, 0.0),
        ] {
            assert!((left_alone(says_so, diagnosed, mechanism, harm) - total).abs() < 1e-12, "{says_so} {diagnosed}");
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
            mechanism: Some(MechanismMatch::Right),
            harm: 0.0,
        };
        for (repair, total) in [
            (whole, 1.0),
            (Repair { helped: false, ..whole }, 0.0),
            (Repair { clean: false, ..whole }, 0.76),
            (Repair { diagnosed: false, ..whole }, 0.6),
            (Repair { mechanism: Some(MechanismMatch::SameGroup), ..whole }, 0.925),
            (Repair { mechanism: Some(MechanismMatch::Other), ..whole }, 0.85),
            (Repair { mechanism: None, ..whole }, 1.0),
            (Repair { mechanism: None, verified: false, ..whole }, 0.70 / 0.85),
            (Repair { harm: 0.2, ..whole }, 0.7),
            (Repair { harm: 0.8, ..whole }, 0.0),
            (Repair { durable: false, verified: false, ..whole }, 0.65),
        ] {
            assert!((repair.total() - total).abs() < 1e-12, "{repair:?}");
        }
    }
}
