//! The graders of scripted worlds: the classic ones, which decide the score, and the strict one beside them.

pub(super) mod classic;
pub(super) mod strict;
pub(crate) mod terms;
