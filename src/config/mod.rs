//! Configuration: resolved once from flags, the environment, `.env`, `bench.toml` and defaults, of which earlier ones
//! override later ones.
//!
//! This is the only module that reads the environment. Keys are read here and are kept in [`secrecy::SecretString`]
//! from then on.

pub mod agents;
pub mod asking;
mod contestants;
mod dotenv;
pub mod environment;
mod error;
mod file;
mod keys;
mod layers;
pub mod model;
pub mod model_options;
pub mod options;
mod origin;
pub mod paths;
mod program_environment;
pub mod providers;
mod queue;
pub mod server;
pub mod server_options;
pub mod settings;

pub use asking::{Asking, Kept, KeptModels};
pub use contestants::KeyedModel;
pub use environment::Environment;
pub use error::ConfigError;
pub use file::ConfigFile;
pub use model::ModelSpec;
pub use options::Options;
pub use origin::Origin;
pub use providers::Providers;
pub use queue::{QueueSettings, workers_queue};
pub use server::ServerSettings;
pub use settings::Settings;
