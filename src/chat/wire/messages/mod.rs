//! Anthropic's Messages, with thinking blocks, native tools and marks for the cache of prompts. Pure.

pub(super) mod reply;
pub(super) mod request;
pub(super) mod stream;
