//! Texts of others, made harmless for the place where they are shown: terminals, Markdown, CSV, HTML and XML.
//!
//! Names of models and suites, prompts, evidence, replies and errors are written by others. Whoever prints one takes it through
//! the file that is named after the place.

mod ansi;
pub mod csv;
pub mod markdown;
pub mod markup;
pub mod visible;

pub use visible::{lines, one_line};
