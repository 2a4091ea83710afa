//! The five words of the gate, and how a difference with its bounds becomes one of them.

/// Differences of exact scores below this are rounding.
const ROUNDING: f64 = 1e-12;

incident_env::named_enum! {
    /// The decision of the gate, from the worst to the best.
    pub enum Verdict ("verdict", "verdicts") {
        /// The new scores are surely worse by more than the margin.
        WorseThanMargin = "worse_than_margin",
        /// The new scores are surely worse, and by more than the margin as they were measured.
        Worse = "worse",
        /// These episodes do not decide it, or something that the base has is not there.
        NotDecided = "not_decided",
        /// The new scores are surely not worse by more than the margin.
        Same = "same",
        /// The new scores are surely better.
        Better = "better",
    }
}

impl Verdict {
    /// Whether the gate fails.
    #[must_use]
    pub const fn is_worse(self) -> bool {
        matches!(self, Self::Worse | Self::WorseThanMargin)
    }
}

/// The bounds of a difference by which it is judged, each one-sided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The bounds with the error of a single row. The lower one decides that nothing is worse than the margin allows.
    pub of_row: [f64; 2],
    /// The bounds with the row's share of the error of the whole command. They decide that something has changed.
    pub of_command: [f64; 2],
}

/// Decides by statistics. The first that holds counts: the upper bound of the command is below −margin; it is below 0 and
/// so is Δ below −margin; the lower bound of the command is above 0; the lower bound of the row is above −margin.
#[must_use]
pub fn decide(delta: f64, bounds: Bounds, margin: f64) -> Verdict {
    let ([lower, _], [surely_lower, surely_upper]) = (bounds.of_row, bounds.of_command);
    if surely_upper < -margin {
        Verdict::WorseThanMargin
    } else if surely_upper < 0.0 && delta < -margin {
        Verdict::Worse
    } else if surely_lower > 0.0 {
        Verdict::Better
    } else if lower > -margin {
        Verdict::Same
    } else {
        Verdict::NotDecided
    }
}

/// Decides on a whole command by the verdicts of the rows that count, each with whether it is an overall score. It is worse
/// if any row is. A task with few scenarios can seldom be decided alone, so only the overall scores can leave the whole
/// undecided, and otherwise the least of them counts. None without an overall score.
#[must_use]
pub fn decide_whole(rows: impl Iterator<Item = (bool, Verdict)>) -> Option<Verdict> {
    let counts = |(is_overall, verdict): &(bool, Verdict)| *is_overall || verdict.is_worse();
    rows.filter(counts).map(|(_, verdict)| verdict).min()
}

/// Decides where nothing is random: any difference is real.
#[must_use]
pub fn decide_exactly(delta: f64) -> Verdict {
    match delta {
        worse if worse < -ROUNDING => Verdict::Worse,
        better if better > ROUNDING => Verdict::Better,
        _ => Verdict::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions() {
        use Verdict::{Better, NotDecided, Same, Worse, WorseThanMargin};
        for (delta, of_row, of_command, expected) in [
            (-0.10, [-0.14, -0.06], [-0.15, -0.05], WorseThanMargin),
            (-0.10, [-0.14, -0.06], [-0.19, -0.01], Worse),
            // Surely worse, and not by more than the margin; or perhaps by more, and perhaps not worse at all.
            (-0.01, [-0.015, -0.005], [-0.017, -0.003], Same),
            (-0.015, [-0.025, -0.005], [-0.027, -0.003], NotDecided),
            (-0.10, [-0.18, -0.02], [-0.25, 0.05], NotDecided),
            (0.10, [0.07, 0.13], [0.05, 0.15], Better),
            // Better as far as the row goes, and not as far as the command does.
            (0.10, [0.01, 0.19], [-0.05, 0.25], Same),
            (0.00, [-0.02, 0.02], [-0.03, 0.03], NotDecided),
            (0.00, [0.0, 0.0], [0.0, 0.0], Same),
        ] {
            assert_eq!(decide(delta, Bounds { of_row, of_command }, 0.02), expected, "{delta} {of_command:?}");
        }
        // Without a margin, what is surely worse is worse than it.
        let bounds = Bounds { of_row: [-0.2, -0.1], of_command: [-0.3, -0.05] };
        assert_eq!(decide(-0.15, bounds, 0.0), WorseThanMargin);
        assert_eq!([-0.1, -1e-15, 0.0, 1e-15, 0.1].map(decide_exactly), [Worse, Same, Same, Same, Better]);
    }

    #[test]
    fn the_whole_is_the_worst_that_counts() {
        use Verdict::{Better, NotDecided, Same, Worse, WorseThanMargin};
        for (rows, expected) in [
            (vec![(true, Same), (false, NotDecided)], Same),
            (vec![(true, Better), (false, Same), (true, Better)], Better),
            (vec![(true, Better), (true, Same)], Same),
            (vec![(true, NotDecided), (false, Better)], NotDecided),
            (vec![(true, NotDecided), (false, Worse)], Worse),
            (vec![(true, Worse), (false, WorseThanMargin)], WorseThanMargin),
        ] {
            assert_eq!(decide_whole(rows.into_iter()), Some(expected));
        }
        assert_eq!(decide_whole(std::iter::empty()), None);
    }

    proptest::proptest! {
        #[test]
        fn more_is_never_worse(
            delta in -1.0_f64..1.0, row in 0.0_f64..0.5, more in 0.0_f64..0.5, margin in 0.0_f64..0.3, rise in 0.0_f64..0.5,
        ) {
            let at = |delta: f64| {
                let around = |half: f64| [delta - half, delta + half];
                decide(delta, Bounds { of_row: around(row), of_command: around(row + more) }, margin)
            };
            proptest::prop_assert!(at(delta + rise) >= at(delta));
        }
    }
}
