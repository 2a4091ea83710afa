//! What the heading of a log says beside the number of its entries: what was asked for, and what was lost.

use std::fmt;

use incident_env::Asked;

/// What is asked for, as the heading of a log repeats it.
pub(super) struct Filter<'a>(pub &'a Asked);

impl fmt::Display for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(level) = self.0.level {
            write!(f, ", level {level}")?;
        }
        self.0.matching.as_ref().map_or(Ok(()), |text| write!(f, ", that contain '{text}'"))
    }
}

/// The remark about lines that were lost, given in hundredths of all lines.
pub(super) struct Lost(pub u32);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            share => write!(f, "; about {share} % of the lines were dropped at collection"),
        }
    }
}
