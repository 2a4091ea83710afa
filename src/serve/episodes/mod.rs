//! Keeps the episodes of a server: which of them are alive, which incident a reset asks for, and what clients may see.

pub(super) mod choice;
pub(super) mod play;
pub(super) mod session;
pub(super) mod table;
pub(super) mod view;
