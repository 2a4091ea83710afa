//! Grades: the score of an episode and how it comes about. This module holds data and the rubric only; the graders are
//! beside the worlds that they grade.

mod grade;
pub mod rubric;
pub mod strict;

pub use grade::{Breakdown, CLASSIC_VERSION, Grade, strict_record};
pub use rubric::STRICT_VERSION;
