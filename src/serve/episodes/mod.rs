//! Keeps the episodes of a server: which of them are alive, which incident a request asks for, and what may be seen.

pub(super) mod choice;
pub(super) mod play;
pub(super) mod session;
pub(super) mod table;
pub(super) mod view;
