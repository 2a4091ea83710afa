//! Scenarios, and the catalogue of the scenarios that a program plays.

mod catalog;
mod scenario;

pub use catalog::{Catalog, CatalogError, Source};
pub use scenario::Scenario;
