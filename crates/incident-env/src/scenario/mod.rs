//! Scenarios, and the catalogue of those that a program plays.

mod catalog;
mod scenario;

pub use catalog::{Catalog, CatalogError, Source};
pub use scenario::Scenario;
