//! The strict grader of scripted worlds: it uses exact names, the state at the end, and the looks that were taken.

pub(crate) mod assertion;
mod evidence;
mod grader;

pub(in crate::scripted) use grader::grade;
