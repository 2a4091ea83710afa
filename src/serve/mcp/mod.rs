//! Speaks MCP, which offers the actions of an episode as tools: over `/mcp`, on sockets, and on stdio.

pub(super) mod http;
mod protocol;
pub(super) mod requests;
mod socket;
pub(super) mod stdio;
pub(super) mod step;
mod tools;
