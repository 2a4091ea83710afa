//! A system, how requests flow through it, and what can break in it. No file here knows an alert or an agent.

pub mod fault;
pub mod named_objects;
pub mod topology;
pub mod traffic;
