//! Holds the shapes of requests as they are read, and the schemas of all requests and answers.

pub(super) mod field;
pub(super) mod input;
pub(super) mod message;
pub(super) mod schema;
pub(super) mod step_body;
