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
        /// Users lose 2 % or more.
        P3 = "P3",
        /// Users lose less than 2 %, or nothing.
        P4 = "P4",
    }
}

impl Severity {
    /// The rule of [`Self::of`] in the words that agents read.
    pub const RULE: &'static str = "P1: users lose 30 % or more of what they come for (journeys by their weight), or stored data \
comes apart. P2: 10 % or more. P3: 2 % or more. P4: less, or nothing.";

    /// Returns the severity by the rule. `impact` is the user impact in thousandths: the share of user journeys, by
    /// weight, that are lost. `diverges` says whether stored data diverges.
    #[must_use]
    pub const fn of(impact: i32, diverges: bool) -> Self {
        if diverges || impact >= 300 {
            Self::P1
        } else if impact >= 100 {
            Self::P2
        } else if impact >= 20 {
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
        for (impact, diverges, expected) in [
            (1000, false, Severity::P1),
            (300, false, Severity::P1),
            (299, false, Severity::P2),
            (100, false, Severity::P2),
            (99, false, Severity::P3),
            (20, false, Severity::P3),
            (19, false, Severity::P4),
            (0, false, Severity::P4),
            (0, true, Severity::P1),
        ] {
            assert_eq!(Severity::of(impact, diverges), expected, "{impact} {diverges}");
        }
        assert_eq!(Severity::P3.overstated_by(Severity::P1), 2);
        assert_eq!(Severity::P1.overstated_by(Severity::P2), -1);
    }
}
