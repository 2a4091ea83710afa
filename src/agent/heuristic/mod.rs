//! The rule-based responder: the bar that a model has to beat.
//!
//! It sees observations and nothing else. It reads the logs of the alerted services, follows the names in their trouble to
//! other logs, looks for a change near the onset, and takes the service where the trail ends as the cause. Then it takes the
//! change back, runs the runbooks that the cause's own evidence speaks of, restarts what remains broken, and verifies. Every
//! rule is about the form of evidence, and none is about a scenario.

mod actions;
mod generated;
mod investigation;
mod reading;
mod repair;
mod responder;
mod severity;

pub use responder::Heuristic;
