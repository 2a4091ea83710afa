//! The commands on generated suites: writing one, proving it, and explaining one of its incidents.

pub(super) mod explain;
mod folder;
pub(super) mod generate;
pub(super) mod verify;
