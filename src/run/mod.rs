//! Runs: episodes are played by a plan, and everything that happens is written to an event log.
//!
//! ```text
//! Plan ─► Runner ─► one task an episode: observe → turn → (ask) → step
//!                        │ EventKind
//!                        ▼
//!                       Hub ─► Journal ─► Writer (must succeed)
//!                                     └──► Sink… (progress, protocol: may fail)
//! ```

pub mod audit;
pub mod budget;
pub mod cancel;
pub mod cassette;
mod cleaned;
pub mod completeness;
pub mod episode;
pub mod estimate;
pub mod exam;
pub mod hub;
mod journal;
pub mod plan;
pub mod preflight;
pub mod progress;
pub mod rehearsal;
pub mod runner;
pub mod single_episode;
pub mod sink;
mod tape;

pub use cancel::Cancel;
pub use exam::Exam;
pub use hub::Hub;
pub use journal::{HubError, JournalEnd};
pub use plan::Plan;
pub use runner::{Player, Runner};
pub use single_episode::Crew;
pub use sink::Sink;
