//! What a server on the network needs whatever it serves: buffers, counters, limits, and the way out of HTTP.

pub(super) mod buffer;
pub(super) mod guard;
pub(super) mod idle;
pub(super) mod metrics;
pub(super) mod upgrade;
