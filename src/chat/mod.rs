//! The chat protocol: requests to a model, its replies, and the faults that can occur between them.
//!
//! This module knows no task and no scenario. [`ChatClient`] is the one boundary to the network; [`endpoint::EndpointClient`]
//! speaks to an endpoint and [`retry::Retrying`] adds the retry policy around it;
//! [`process::ProcessClient`] speaks to a program in lines.
//!
//! ```text
//! ChatRequest ─► Retrying ─► EndpointClient ─► Limiter ─► HTTP ─► wire::parse_reply ─► ChatReply | ChatError
//! ```

pub mod adjust;
mod api;
mod call;
pub mod chaos;
mod client;
pub mod endpoint;
pub mod error;
pub mod limit;
mod message;
pub mod price;
pub mod process;
pub mod program;
pub mod retry;
pub mod stderr;
pub mod wire;

pub use api::Api;
pub use call::{ChatReply, ChatRequest, FinishReason, ReplyFormat, ServedBy, Usage};
pub use client::{BoxFuture, CallContext, ChatClient};
pub use error::{ChatError, ErrorKind, Retry};
pub use message::{Message, ToolCall, ToolSpec};
