//! Severities. They follow from what users lose, and from nothing else.

use serde::{Deserialize, Serialize};

/// The severity of an incident, the most severe one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the rule below says what each means")]
pub enum Severity {
    P1,
    P2,
    P3,
    P4,
}

impl Severity {
    /// All severities, the most severe one first.
    pub const ALL: [Self; 4] = [Self::P1, Self::P2, Self::P3, Self::P4];

    /// The rule, in the words that agents read.
    pub const RULE: &'static str = "P1: users lose 30 % or more of what they come for (journeys by their weight), or stored data \
comes apart. P2: 10 % or more. P3: 2 % or more. P4: less, or nothing.";

    /// Applies the rule to an impact, in thousandths, and to whether copies of stored data diverge.
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

    /// Returns the name of the severity.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_what_users_lose() {
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
    }
}
