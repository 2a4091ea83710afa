//! The scores as one page, `report.html`: tables, and plots that are drawn here as SVG. It has no script and requests
//! nothing, so it can be mailed, printed and kept.
//!
//! The page is also well-formed XML. Positions in plots are percentages, so a plot fits any width and its text keeps
//! its size. Each plot is in, or above, a table with its numbers.

mod cost;
mod heat;
mod page;
mod parts;
mod sources;
mod strips;

pub use page::render;
