//! Configuration: flags over environment over `.env` over `bench.toml` over defaults, resolved once.
//!
//! This is the only place that reads the environment. Keys are read here and live in [`secrecy::SecretString`] from then on.

pub mod agents;
pub mod environment;
pub mod model;
pub mod options;
pub mod settings;

pub use environment::Environment;
pub use model::{ModelSpec, Providers};
pub use options::Options;
pub use settings::{ConfigError, Settings};

/// The most characters of a contestant's name, which is part of file names.
const LONGEST_NAME: usize = 200;
