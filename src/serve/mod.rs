//! Episodes over the network: many clients at once, each with its own episodes.
//!
//! ```text
//! request ─► server ─► middleware ─► api (routes, handlers) ─┐
//!                                      │                     ├─► App ─► episodes::table ─► env::Episode
//! socket  ─► socket (messages in order)┼─► openenv, mcp ─────┘            │
//! pipe    ─► mcp::stdio ───────────────┘                                  └─► episodes::view ─► bytes
//! ```
//!
//! The rooms are in this order, and each uses those to its right only:
//!
//! `server` → `middleware` → `api` → `openenv` → `mcp` → `socket` → `app` → `episodes`, `runs` → `net` → `wire`, `ports` →
//! `error`.
//!
//! The order is that of a request on its way in: whoever reads a room needs to know the state and the shapes below it, and never
//! the handlers above.
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
pub use net::guard::Origins;
pub use ports::{Ask, Incidents, Plays, Progress, RunFuture, Scores, Spent, Suites};
pub use runs::baselines::Baselines;
pub use runs::kept::KeptRuns;
pub use server::Server;
