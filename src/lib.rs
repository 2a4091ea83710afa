//! An environment in which language models respond to cloud incidents, and the harness that scores them.
//!
//! The layers, from the bottom up; a module uses lower ones only (a test checks it):
//!
//! | layer | modules | what |
//! |---|---|---|
//! | 0 | [`mod@env`], [`stats`], [`chat`] | the world; estimators; the protocol with a model |
//! | 1 | [`agent`], [`log`] | decisions; what happened |
//! | 2 | [`run`], [`queue`], [`report`], [`gate`], [`serve`] | playing a plan; on many machines; tables and files; comparing runs; episodes over HTTP |
//! | 3 | [`config`] | options, providers, keys |
//! | 4 | [`cli`] | the command line |
//!
//! `docs/ARCHITECTURE.md` has the map and the reasons.

pub mod agent;
pub mod chat;
pub mod cli;
pub mod config;
pub mod gate;
pub mod log;
pub mod queue;
pub mod report;
pub mod run;
pub mod serve;
pub mod stats;
