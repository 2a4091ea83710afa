//! What agents are told: mechanisms, verbs, rules and grades in words, made from the same data that incidents and grades
//! are made from.

pub(crate) mod definitions;
pub(crate) mod document;
pub(crate) mod figures;
pub(crate) mod sentences;
