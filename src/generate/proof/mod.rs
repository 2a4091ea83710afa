//! Which faults explain what is seen, and whether a fault can be repaired.

pub mod claim;
pub mod hypotheses;
pub mod repair_plan;
