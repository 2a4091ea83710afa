//! What hosts and trainers that follow OpenEnv need: schemas, metadata, the Task API, and the messages on `/ws`.

pub(super) mod metadata;
pub(super) mod socket;
