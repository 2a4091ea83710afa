//! Rejections: why an attempt at an incident is given up.

/// The reason why an attempt was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejected {
    /// No fault of this system has the wanted family and severity.
    NoFault,
    /// No entity could be alerted.
    NoAlert,
    /// Another fault, or no fault at all, would look the same.
    Ambiguous,
    /// The alert excludes too many faults.
    TooFewFaults,
    /// Too few views exclude all other faults.
    TooFewViews,
    /// The fault cannot be repaired without harm.
    NoRepair,
    /// The fault acts along no path that an answer could name.
    NoPath,
    /// The fault cannot be shown by as few records as an answer may cite.
    TooManyRecords,
    /// What the decoys do would change the severity.
    DecoysCount,
    /// A fault that the alert leaves open is not set apart by what its definition says.
    NotSetApart,
    /// One look would tell the severity.
    SeverityTold,
    /// A fairness rule is broken.
    Unfair,
}
