//! A benchmark of language models in cloud incident response: it plays episodes, scores them, keeps the runs, compares
//! them, and serves episodes to other programs.
//!
//! The layers, from the bottom up. Each uses only crates and modules above it in this table, as a test checks:
//!
//! | crate or module | purpose |
//! |---|---|
//! | [`incident_env`] | the environment: scenarios, episodes, rewards and graders |
//! | [`incident_generate`] | generated incidents: simulated systems, proofs about them, and suites made from a seed |
//! | [`escape`] | texts of others, made harmless for where they are shown |
//! | [`files`] | files that people touch: which are read, their text, and names of files |
//! | [`stats`] | estimators, intervals and tests |
//! | [`chat`] | the protocol with a model: requests, replies, retries and rate limits |
//! | [`agent`] | decisions: the agent that asks a model, and the built-in agents |
//! | [`log`] | the event log of a run, its summary, and the folder that keeps both |
//! | [`run`] | playing a plan: episodes, budgets and sinks |
//! | [`queue`] | playing the episodes of a run on many machines |
//! | [`report`] | tables, pages and files made from a summary |
//! | [`gate`] | the comparison of two runs |
//! | [`serve`] | episodes over HTTP, WebSocket and MCP |
//! | [`config`] | options from the command line, the environment and files; providers and keys |
//! | [`cli`] | the commands of the binary `bench` |
//!
//! `docs/ARCHITECTURE.md` has the map of the files and the reasons.

pub mod agent;
pub mod chat;
pub mod cli;
pub mod config;
pub mod escape;
pub mod files;
pub mod gate;
pub mod log;
pub mod queue;
pub mod report;
pub mod run;
pub mod serve;
pub mod stats;
