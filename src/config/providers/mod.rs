//! Providers and the short names of models: data in `rows/` and `aliases.toml`, which `bench.toml` adds to.

mod catalog;
mod embedded;
mod provider;

pub use catalog::{Providers, Routes};
pub use provider::{ModelRow, Provider};
