//! Agents: they decide the next action.
//!
//! A [`Policy`] is pure and synchronous. It never calls a model: it returns what it would ask ([`Turn::Ask`]), the runner
//! asks, and passes the reply back. So a scripted client, a recorded run and a live endpoint see the same decisions.
//!
//! ```text
//! Observation ─► Policy::turn ─► Act(Decision)
//!                        └─────► Ask(ChatRequest) ─► reply ─► Policy::reply ─► Act | Ask again | Abandon
//! ```

pub mod builtin;
pub mod conversation;
pub mod exec;
pub mod fallback;
pub mod front_door;
pub mod greedy;
pub mod guard;
pub mod heuristic;
pub mod llm;
pub mod parse;
pub mod playbook;
mod played_back;
mod policy;
pub mod prompt;
pub mod records;
pub mod table;
pub mod think;
pub mod tool_aliases;

pub use builtin::Builtin;
pub use policy::{Decision, Policy, StepSource, Turn};
