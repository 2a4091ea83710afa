//! Runs as the server knows them: the ones that it plays itself, and the ones that it shows.

pub(super) mod baselines;
pub(super) mod kept;
