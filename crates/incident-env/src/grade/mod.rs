//! Grades: what an episode is worth, and how that comes about. This room holds data and the rubric only; the graders are with
//! the worlds that they grade.

mod grade;
pub mod rubric;
pub mod strict;

pub use grade::{Breakdown, CLASSIC_VERSION, Grade, strict_record};
pub use rubric::STRICT_VERSION;
