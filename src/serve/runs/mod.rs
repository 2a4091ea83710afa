//! Holds the runs that the server plays itself, and the kept runs that it shows.

pub(super) mod baselines;
pub(super) mod kept;
