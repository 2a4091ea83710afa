//! What travels: requests as they are read, and the schemas of everything that is sent.

pub(super) mod input;
pub(super) mod message;
pub(super) mod schema;
pub(super) mod step_body;
