//! How severe an incident is: what the users lose, and nothing else.

pub use crate::env::Severity;
