//! Tool aliases: an agent can be told other names for the actions, to see whether it knows the tools by heart.

mod names;
mod policy;

pub use names::ToolNames;
pub use policy::Renamed;
