//! How the state of a world reads.

pub mod reader;
