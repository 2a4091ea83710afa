//! What travels between this program and an endpoint: the JSON of three APIs, their streams, and their headers. What is
//! sent is strict, and what is read is read leniently. Pure.

mod chat;
mod counts;
mod fields;
mod filtered;
mod finish;
mod join;
mod json;
mod limits;
mod malformed;
mod messages;
mod meta;
mod playback;
mod problems;
mod progress;
mod reader;
mod refusal;
mod request;
mod responses;
mod said;
mod schema;
mod secrets;
mod settings;
mod sse;
mod usage;

pub use json::json_text;
pub use limits::{Allowance, RateLimit, rate_limit, retry_after};
pub use progress::Progress;
pub use reader::{Head, RawReply, Reader, parse_reply};
pub use refusal::is_page;
pub use request::request_body;
pub use said::{Counts, ONLY_BY_RESPONSES, counts, number_after};
pub use secrets::Secrets;
pub use settings::{JsonForm, ModelSettings, Optional, ThinkingForm, TokenParam, ToolChoice};
