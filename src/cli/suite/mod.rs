//! The commands on generated suites: writing one, proving it, explaining one of its incidents, and making a secret.

pub(super) mod explain;
mod folder;
pub(super) mod generate;
pub(super) mod new_secret;
pub(super) mod verify;
