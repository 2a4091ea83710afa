//! Hand-written worlds: their file format, their compiler, their state, their graders and their proof.

mod compile;
mod facts;
mod file;
mod graders;
mod proof;
mod script;
mod state;
mod strict_truth;
mod truth;
mod world;

pub(crate) use compile::compile;
pub use compile::{Place, ScenarioError};
pub(crate) use file::content;
pub use file::{AlertFile, OutcomeFile, ScenarioFile, StrictFile, TruthFile, VariantFile};
pub use graders::strict::assertion::asserted;
pub use graders::terms::occurs;
pub(crate) use strict_truth::of_classic;
