//! Episodes over the network: many clients at once, each with episodes of its own.
//!
//! ```text
//! request ─► front ─► input (bounds, names) ─► rest ─┐
//!                                           ├─► App: catalogue, session::Sessions ─► env::Episode
//! socket  ─► ws (messages in order) ─┐      │                │
//! pipe, request ─► mcp (tools) ──────┴ seats┘                └─► view (what may be seen) ─► bytes
//! ```
//!
//! Nothing here decides what a step earns; nothing in `env` knows of a network.

mod answer;
mod app;
mod assets;
pub mod baseline;
mod choice;
mod error;
mod front;
mod guard;
mod idle;
mod input;
mod mcp;
mod message;
mod metrics;
mod openapi;
mod openenv;
mod rest;
mod routes;
pub mod runs;
mod schema;
mod seats;
mod server;
pub mod session;
mod step_body;
mod upgrade;
mod view;
mod ws;

pub use app::{Access, App, Backing, Incidents, Options, Records};
pub use error::{Fault, Misfit};
pub use front::service;
pub use guard::Origins;
pub use mcp::Stdio;
pub use server::Server;
pub use view::{Reveal, Visibility};
