//! The severity of an incident, which depends on the user impact alone.

use schemars::JsonSchema;

crate::named_enum! {
    /// The severity of an incident; `P1` is the most severe and sorts first.
    #[derive(JsonSchema)]
    pub enum Severity ("severity", "severities") {
        /// Users lose 30 % or more of what they come for, or stored data diverges.
        P1 = "P1",
        /// Users lose 10 % or more.
        P2 = "P2",
        /// Users lose 2 % or more, or work is late.
        P3 = "P3",
        /// Users lose less than 2 %, or nothing.
        P4 = "P4",
    }
}

/// What an incident costs users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    /// The share of what users come for that they do not get, in thousandths: the user journeys that are lost, by
    /// weight.
    pub share: i32,
    /// Whether work that users wait for, such as messages in a queue, is 10 minutes late or more.
    pub late_work: bool,
    /// Whether copies of stored data diverge.
    pub diverges: bool,
}

impl Severity {
    /// The rule of [`Self::of`] in the words that agents read.
    pub const RULE: &'static str = "P1: users lose 30 % or more of what they come for (journeys by their weight), or stored data \
comes apart. P2: 10 % or more. P3: 2 % or more, or work that users wait for is 10 minutes late or more. P4: less, or nothing.";

    /// Returns the severity by the rule.
    #[must_use]
    pub const fn of(loss: Loss) -> Self {
        if loss.diverges || loss.share >= 300 {
            Self::P1
        } else if loss.share >= 100 {
            Self::P2
        } else if loss.late_work || loss.share >= 20 {
            Self::P3
        } else {
            Self::P4
        }
    }

    /// Returns how many levels `submitted` is more severe than `self`. The number is negative if it is milder.
    #[must_use]
    pub const fn overstated_by(self, submitted: Self) -> i32 {
        self as i32 - submitted as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_at_its_thresholds() {
        for (share, late_work, diverges, expected) in [
            (1000, false, false, Severity::P1),
            (300, false, false, Severity::P1),
            (299, false, false, Severity::P2),
            (100, true, false, Severity::P2),
            (99, false, false, Severity::P3),
            (20, false, false, Severity::P3),
            (19, false, false, Severity::P4),
            (19, true, false, Severity::P3),
            (0, false, false, Severity::P4),
            (0, true, true, Severity::P1),
        ] {
            let loss = Loss { share, late_work, diverges };
            assert_eq!(Severity::of(loss), expected, "{loss:?}");
        }
        assert_eq!(Severity::P3.overstated_by(Severity::P1), 2);
        assert_eq!(Severity::P1.overstated_by(Severity::P2), -1);
    }
}
