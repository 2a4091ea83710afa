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

mod api;
mod app;
mod episodes;
mod error;
mod mcp;
mod middleware;
mod net;
mod openenv;
mod server;
mod socket;
mod wire;

pub use api::baseline::{Ask, Baselines, RunFuture, Plays, Progress, Scores, Spent};
pub use api::runs::{KeptRuns, Suites};
pub use app::{Access, App, Backing, Incidents, Options, Records};
pub use episodes::table::Limits;
pub use episodes::view::{Reveal, Visibility};
pub use error::{Fault, Misfit};
pub use mcp::requests::Stdio;
pub use middleware::service;
pub use net::guard::Origins;
pub use server::Server;
