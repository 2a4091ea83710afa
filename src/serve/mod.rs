//! Episodes over the network.

pub mod session;
