//! The built-in agents that play without reading evidence: the floors and the ceiling of a score. Their names include those of
//! the fallback and of the heuristic, which have modules of their own.

mod blind;
mod constant;
mod keyword_soup;
mod names;
mod random;
mod scripted;

pub use constant::Constant;
pub use keyword_soup::KeywordSoup;
pub use names::Builtin;
pub use random::{Random, valid_actions};
pub use scripted::Scripted;
