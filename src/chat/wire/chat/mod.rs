//! Chat Completions. What is read is read leniently, because compatible servers differ from the protocol and from each
//! other. Pure.

pub(super) mod reply;
pub(super) mod request;
pub(super) mod stream;
