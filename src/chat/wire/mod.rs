//! The JSON of the chat-completions protocol. What is sent is strict, and what is read is read leniently, because compatible
//! servers differ from the protocol and from each other. Pure.

mod limits;
mod refusal;
mod reply;
mod request;
mod settings;

pub use limits::{Allowance, RateLimit, rate_limit, retry_after};
pub use reply::{RawReply, parse_reply};
pub use request::request_body;
pub use settings::{JsonForm, ModelSettings, Optional, TokenParam, ToolChoice};
