//! How far an answer in pieces has come. Pure.

/// How far an answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Something is missing.
    Open,
    /// The model's message is whole; the counts of its tokens may still come.
    Ended,
    /// The message and its counts are there.
    Counted,
}
