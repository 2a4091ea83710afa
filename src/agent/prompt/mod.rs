//! Prompts: templates and descriptions of actions, read from data and rendered to text.

mod actions;
mod protocol;
mod schema;
mod set;

pub use protocol::Protocol;
pub use set::{LastStep, PromptError, PromptSet, SET_FILE, TEMPLATES, THINK_FOLDER, files};
