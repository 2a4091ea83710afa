//! What hosts and trainers that follow OpenEnv expect of an environment.

pub(super) mod metadata;
