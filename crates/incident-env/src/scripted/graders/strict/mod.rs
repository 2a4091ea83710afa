//! The strict grader of scripted worlds: it reads exact names, the state at the end, and what was looked at.

pub(crate) mod assertion;
mod evidence;
mod grader;

pub(in crate::scripted) use grader::grade;
