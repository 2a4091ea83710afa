//! `bench new-secret`: prints a secret that private suites can be made from.

use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use incident_generate::Secret;

/// Prints 32 bytes of the operating system's random numbers. Nothing keeps them.
pub(in crate::cli) fn execute() -> Result<Status, Failure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::other(format!("the operating system gives no random numbers: {error}")))?;
    out::result(&format!("{}\n", Secret::text_of(&random)))?;
    Ok(Status::Done)
}
