//! Texts of others, made harmless for the place where they are shown: terminals, Markdown, CSV, HTML and XML.
//!
//! Names of models and suites, prompts, evidence, replies and errors are written by others. Whoever prints one takes it through
//! the file that is named after the place. Halves of surrogate pairs in JSON are replaced where it is read.

mod ansi;
pub mod csv;
pub mod markdown;
pub mod markup;
mod surrogate;
pub mod visible;

pub use surrogate::whole_surrogates;
pub use visible::{lines, one_line};
