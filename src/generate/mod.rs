//! Incidents made from a seed: a system, a fault in it, and the proof that it can be found and repaired.
//!
//! ```text
//! seed ─► topology ─► plumbing (requests flow, failures flow back)
//!            │            │
//! families ──┴─► every fault that it can have, simulated ─► checker: exactly one explains what is there
//!                                                      └─► planner: it can be repaired without harm
//! ```

pub mod checker;
pub mod family;
pub mod fault;
pub mod flow;
pub mod incident;
pub mod level;
pub mod mix;
pub mod plan;
pub mod severity;
pub mod topology;
pub mod vocabulary;

use rust_embed::RustEmbed;

pub use family::Family;
pub use incident::Incident;
pub use level::{Knobs, Level};
pub use severity::Severity;
pub use vocabulary::Vocabulary;

#[derive(RustEmbed)]
#[folder = "families/"]
struct Embedded;

const VOCABULARY: &str = "vocabulary.toml";

/// All families, with what they are written in.
#[derive(Debug, Clone)]
pub struct Library {
    /// Classes, predicates and verbs.
    pub vocabulary: Vocabulary,
    /// The families, by name.
    pub families: Vec<Family>,
}

/// Why families cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct LibraryError {
    /// The file.
    pub file: String,
    /// What is wrong in it, and where.
    pub problem: String,
}

impl Library {
    /// The families of this program.
    ///
    /// # Errors
    /// Never for a released binary: a test has read every embedded file.
    pub fn embedded() -> Result<Self, LibraryError> {
        let mut files: Vec<_> = Embedded::iter().map(std::borrow::Cow::into_owned).collect();
        files.sort();
        let text = |file: &str| {
            let bytes = Embedded::get(file).map(|file| file.data.into_owned()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let wrong = |file: &str, problem| LibraryError { file: file.to_owned(), problem };
        let vocabulary = Vocabulary::parse(&text(VOCABULARY)).map_err(|problem| wrong(VOCABULARY, problem))?;
        let families = files.iter().filter(|file| *file != VOCABULARY);
        let families = families
            .map(|file| Family::parse(&text(file), &vocabulary).map_err(|problem| wrong(file, problem)))
            .collect::<Result<_, _>>()?;
        Ok(Self { vocabulary, families })
    }
}

#[cfg(test)]
mod tests;
