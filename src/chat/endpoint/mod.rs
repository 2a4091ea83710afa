//! The client for an endpoint that speaks Chat Completions, Responses or Messages.

mod client;

pub use client::{Endpoint, EndpointClient, Patience, SetupError};
