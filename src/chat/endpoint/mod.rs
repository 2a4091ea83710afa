//! The client for an endpoint that speaks Chat Completions, Responses or Messages.

mod address;
mod client;
mod config;
mod connections;
mod headers;
mod http;
mod proxy;
mod transport;

pub use client::EndpointClient;
pub use config::{Endpoint, Patience, SetupError};
pub use headers::header_secrets;
