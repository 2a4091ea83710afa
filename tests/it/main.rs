//! The integration tests, in one binary: one link instead of ten.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test that meets the unexpected should stop there; helpers take json! values as they come"
)]

mod architecture;
mod atif;
mod audit;
mod binary;
mod classic;
mod cli;
mod compare;
mod disk;
mod dry_run;
#[cfg(unix)]
mod exec;
mod faults;
mod gate_rates;
mod generated;
mod html;
mod inspect;
mod laws;
mod learning;
mod looks;
mod mcp;
mod mechanisms;
mod models;
mod pace;
mod page;
mod people_files;
mod policy;
mod power;
mod properties;
mod queue;
mod replay;
mod reports;
mod resume;
mod schema;
mod serve_api;
mod serve_baseline;
mod serve_cli;
mod serve_exam;
#[cfg(unix)]
mod serve_exam_restart;
mod serve_rest;
mod serve_runs;
mod serve_sealed;
mod serve_sockets;
mod server;
mod service;
mod shards;
mod spec;
mod strict_classic;
mod thinking;
mod wire;
mod wire_apis;
mod wire_ends;
mod wire_proxy;
mod wire_streams;
mod world;
mod zoo;
