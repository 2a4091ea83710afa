//! Serves hosts and trainers that follow OpenEnv: schemas, metadata, the Task API, and the messages on `/ws`.

pub(super) mod metadata;
pub(super) mod socket;
