//! The HTTP API: its routes, their handlers, and the documents that describe them.

pub(super) mod assets;
pub(super) mod baseline;
pub(super) mod openapi;
pub(super) mod rest;
pub(super) mod routes;
pub(super) mod runs;
