//! The integration tests: one binary, one link.

mod spec;
mod world;
