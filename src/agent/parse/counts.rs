//! Which of the actions in a text counts.

/// Which of the actions in a text counts. Of the functions that a reply calls, the first one always counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// The first one, for answers that are meant to be an action and nothing else.
    First,
    /// The last one, for answers that may think before they act.
    Last,
}

impl Counts {
    /// The one of these that counts.
    pub(super) fn pick<T>(self, mut all: impl DoubleEndedIterator<Item = T>) -> Option<T> {
        match self {
            Self::First => all.next(),
            Self::Last => all.next_back(),
        }
    }
}
