//! The episodes that a server keeps: which are alive, which one a request means, and what may be seen of one.

pub(super) mod choice;
pub(super) mod session;
pub(super) mod table;
pub(super) mod view;
