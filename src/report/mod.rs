//! Reports: a summary as tables and files, and a run as it goes on.
//!
//! Renderers are pure: [`crate::log::Summary`] in, text out; [`atif`] and [`inspect`] show episodes and take the
//! events too. Only [`progress`] and [`protocol`] listen to a live run.

pub mod atif;
mod beside;
pub mod csv;
pub mod episodes;
pub mod files;
pub mod html;
pub mod inspect;
pub mod junit;
pub mod markdown;
pub(crate) mod markup;
pub mod plan;
pub mod progress;
pub mod protocol;
pub mod publish;
pub mod published;
pub mod score_table;
pub mod table;
