//! What incidents are written in: data files, parsed and checked. No file here knows an incident.

pub mod family;
pub mod library;
pub mod phrase;
pub mod templates;
pub mod vocabulary;
