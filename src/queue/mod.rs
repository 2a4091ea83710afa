//! Runs that many machines play: a coordinator puts episodes on a queue, workers take them and put results back.
//!
//! ```text
//! Coordinator ─ announcement, jobs ─► Queue ─► Worker ─► run::single_episode (one episode, its events in memory)
//!      ▲                                │                     │
//!      └── Intake ◄── results ──────────┘◄── one result a job ┘
//!          (what of them goes into the log, once)
//! ```
//!
//! A job is delivered until somebody has stored a result for it, and for each job the queue keeps one result: the first.
//! So an episode may be *played* twice, where a worker was lost or was thought so, but it is scored once. All that a
//! coordinator knows stands in the log of its run and on the queue; it may die and come back.

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
