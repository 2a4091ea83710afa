//! Whether a model is told that it may think before it acts.

use super::parse::Counts;

incident_env::named_enum! {
    /// Whether a model is told that it may think before it acts, in what it answers and not only in what its endpoint hides.
    pub enum Think ("way to think", "ways to think") {
        /// The model may think first, and the last action of its answer counts.
        On = "on",
        /// The model is told to answer with an action and nothing else, as in version 0.1 of this program, and the first
        /// action of its answer counts.
        Off = "off",
    }
}

impl Think {
    /// The action of an answer that counts.
    #[must_use]
    pub const fn counts(self) -> Counts {
        match self {
            Self::On => Counts::Last,
            Self::Off => Counts::First,
        }
    }

    /// How runs were played that say nothing about it, because they are older than the choice.
    #[must_use]
    pub const fn of_older_runs() -> Self {
        Self::Off
    }
}
