//! The table solver: it plays simulated incidents by a table of signs that was written from the documents alone.
//!
//! It follows calls that fail from the alerted part to where the trail ends, weighs every mechanism at every part near
//! there by the signs that were read, and reads next what would tell most about the one that could still be best. The
//! walk and the weighing know no mechanism: all of that is in the table, and without the table the same walk blames the
//! end of the trail. So the difference of both scores is what the signs are worth.
//!
//! The author of the table has seen no incident. It is frozen, so what it guesses wrongly stays. Tests of the program write
//! their records in the words of the table.

mod agent;
mod data;
mod names;
mod repair;
mod seen;
mod told;
mod walk;
mod weigh;

#[cfg(test)]
mod tests;

pub use agent::TableSolver;
