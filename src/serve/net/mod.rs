//! Holds the parts of a network server that know nothing of episodes: buffers, counters, limits, who may use the server, and
//! the upgrade to a WebSocket.

pub(super) mod buffer;
pub(super) mod idle;
pub(super) mod metrics;
pub(super) mod origins;
pub(super) mod rates;
pub(super) mod root_path;
pub(super) mod token;
pub(super) mod upgrade;
