//! Holds the parts of a network server that know nothing of episodes: buffers, counters, limits, and the upgrade to a
//! WebSocket.

pub(super) mod buffer;
pub(super) mod guard;
pub(super) mod idle;
pub(super) mod metrics;
pub(super) mod upgrade;
