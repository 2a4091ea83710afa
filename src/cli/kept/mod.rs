//! The commands on kept runs, which read event logs and play nothing.

pub(super) mod compare;
mod decode;
pub(super) mod export;
pub(super) mod list;
mod models;
pub(super) mod power;
pub(super) mod regrade;
pub(super) mod report;
pub(super) mod verify_run;
