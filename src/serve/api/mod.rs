//! Holds the HTTP API: its routes, their handlers, and the documents that describe them.

mod assets;
mod baseline;
mod docs;
mod events;
mod openapi;
mod rest;
mod route;
pub(super) mod routes;
mod runs;
