//! The system: its topology, the traffic through it, and the faults that can occur in it. No file in this room knows
//! an alert or an agent.

pub(crate) mod address;
pub(crate) mod bind;
pub(crate) mod builder;
pub(crate) mod fault;
pub(crate) mod growth;
mod link;
pub(crate) mod named_objects;
pub(crate) mod names;
pub(crate) mod particulars;
pub(crate) mod reading;
pub(crate) mod site;
pub(crate) mod strength;
pub(crate) mod sway;
pub(crate) mod times;
pub(crate) mod topology;
pub(crate) mod traffic;
