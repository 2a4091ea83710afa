//! Reports: a summary as tables and files, and the progress of a run.
//!
//! Renderers are pure: they turn a [`crate::log::Summary`] into text. [`atif`] and [`inspect`] show episodes, so they take
//! the events, too. Only [`progress`] and [`protocol`] follow a run while it is being played.

pub mod atif;
pub mod csv;
mod detail_tables;
pub mod episodes;
pub mod files;
pub mod html;
pub mod inspect;
pub mod junit;
pub mod markdown;
pub mod others_scores;
pub mod plan;
pub mod power;
pub mod progress;
pub mod protocol;
pub mod reference_page;
pub mod score_table;
pub mod table;

pub(crate) use crate::escape::markup;
