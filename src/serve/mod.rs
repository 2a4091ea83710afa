//! Serves episodes over the network to many clients at once, each with its own episodes.
//!
//! ```text
//! request ─► server ─► middleware ─► api: routes, handlers ─┐
//!                                    openenv, mcp: messages ┴─► App ─► episodes::table ─► env::Episode
//! socket ─► socket: messages in order ─┘        │                        │
//! pipe ─► mcp::stdio ───────────────────────────┘                        └─► episodes::view ─► bytes
//! ```
//!
//! The modules have an order, and each uses those to its right only, so that the state and the shapes can be read
//! without any handler:
//!
//! `server` → `middleware` → `api` → `openenv` → `mcp` → `socket` → `app` → `episodes`, `runs` → `net` → `wire`, `ports` →
//! `error`
//!
//! Nothing in this module decides what a step earns; nothing in `env` knows of a network.

mod api;
mod app;
mod episodes;
mod error;
mod mcp;
mod middleware;
mod net;
mod openenv;
mod ports;
mod runs;
mod server;
mod socket;
mod wire;

pub use app::{Access, App, Backing, Options};
pub use episodes::table::Limits;
pub use episodes::view::{Reveal, Visibility};
pub use error::{Fault, Full, Misfit};
pub use mcp::stdio::Stdio;
pub use middleware::service;
pub use net::origins::Origins;
pub use net::root_path::RootPath;
pub use ports::{Ask, Incidents, Plays, Progress, RunFuture, Scores, Spent, Suites, Which};
pub use runs::baselines::Baselines;
pub use runs::kept::KeptRuns;
pub use server::Server;
