//! The incident: what it consists of, how it is drafted, and how its world goes on in time.

pub(crate) mod alarm;
mod blip;
pub(crate) mod calendar;
mod course;
mod decoys;
pub(crate) mod deed;
pub(crate) mod design;
pub(crate) mod draft;
mod further;
mod history;
#[expect(clippy::module_inception, reason = "the room is named after its main type")]
pub(crate) mod incident;
pub(crate) mod lasting;
pub(crate) mod level;
pub(crate) mod messages;
pub(crate) mod propagation;
pub(crate) mod recovery;
pub(crate) mod rejected;
pub(crate) mod remediation;
pub(crate) mod rule;
pub(crate) mod severed;
mod timed;
pub(crate) mod world;
