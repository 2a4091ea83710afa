//! Holds the runs that the server plays itself, and the ones that it shows.

pub(super) mod baselines;
pub(super) mod kept;
