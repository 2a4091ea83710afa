//! Responses, without a state at the provider: reasoning comes encrypted and is played back. Pure.

pub(super) mod reply;
pub(super) mod request;
pub(super) mod stream;
