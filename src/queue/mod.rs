//! Runs on many machines: a coordinator puts episodes on a queue, and workers take them and put results back.
//!
//! ```text
//! Coordinator ─ announcement, jobs ─► Queue ─► Worker ─► run::single_episode (one episode, its events in memory)
//!      ▲                                │                     │
//!      └── Intake ◄── results ──────────┘◄── one result a job ┘
//!          (decides which results go into the log)
//! ```
//!
//! A job is delivered until some worker has stored a result for it, and the queue keeps only the first result of each job.
//! So an episode may be *played* twice, if a worker was lost or was thought to be lost, but it is scored once. Everything
//! that a coordinator knows is in the log of its run and on the queue, so it may die and come back.

pub mod address;
pub mod coordinator;
pub mod intake;
mod interface;
#[cfg(test)]
mod memory;
pub mod message;
pub mod nats;
mod notice;
#[cfg(test)]
mod tests;
pub mod worker;

pub use address::Address;
pub use coordinator::Coordinator;
pub use interface::{Backlog, Lease, Queue, QueueError, Stored, Terms};
pub use message::{Announcement, EpisodeResult, Job, Presence};
pub use nats::Nats;
pub use notice::{Notice, Tell};
pub use worker::Worker;
