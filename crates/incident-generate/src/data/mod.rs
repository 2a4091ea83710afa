//! Data: what incidents are written in. The files are TOML, and are parsed and checked here. No file in this room
//! knows a system or an incident.

pub(crate) mod call;
pub(crate) mod companies;
pub(crate) mod dialect;
pub(crate) mod family;
pub(crate) mod family_text;
pub(crate) mod kinds;
pub(crate) mod library;
pub(crate) mod phrase;
pub(crate) mod places;
pub(crate) mod rules;
pub(crate) mod separation;
pub(crate) mod templates;
pub(crate) mod verb;
pub(crate) mod verb_texts;
pub(crate) mod vocabulary;
