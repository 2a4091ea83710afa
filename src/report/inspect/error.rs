//! The errors of an export.

/// The reasons why no log can be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The run has no such contestant.
    #[error("run {run} has no contestant '{label}'; it has {known}")]
    Unknown {
        /// The id of the run.
        run: String,
        /// The label that was asked for.
        label: String,
        /// The labels that exist.
        known: String,
    },
    /// The archive cannot be written, for example because it is larger than ZIP allows.
    #[error("cannot pack the log: {0}")]
    Pack(#[from] zip::result::ZipError),
}
