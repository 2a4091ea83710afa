//! Plans of runs: how many incidents and epochs show a difference, and which difference given ones show. Pure.
//!
//! [`Subjects`] takes the spread of scores from kept runs, [`answer`] computes what is needed, and [`render`] shows it
//! as a table with the sentences that say what to do.

mod advice;
mod answer;
mod question;
mod render;
mod shape;
mod subjects;

pub use answer::answer;
pub use question::{Assumptions, Question};
pub use render::render;
pub use shape::{Answer, ContestantAnswer, Needed, Needs, PairAnswer};
pub use subjects::{Basis, OtherSuite, Subjects};
