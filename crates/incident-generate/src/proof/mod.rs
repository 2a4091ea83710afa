//! Proofs: which faults explain what is seen, and how a fault can be repaired.

pub(crate) mod claim;
pub(crate) mod hypotheses;
pub(crate) mod repair_plan;
