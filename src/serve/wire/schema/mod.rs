//! Describes the shapes of the wire as types, for JSON Schema only: what is read and written has types of its own, made to be
//! fast. A test checks answers against these.
//!
//! The comments on these types and on their fields are the descriptions in the published document, so a change of one is a
//! change of the document.

#![expect(dead_code, reason = "schemas are made of the types, and values of them never are")]

pub(crate) mod action;
pub(crate) mod baseline;
pub(crate) mod jsonrpc;
pub(crate) mod observation;
pub(crate) mod reset;
pub(crate) mod service;
pub(crate) mod shape;
pub(crate) mod split;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod tasks;
