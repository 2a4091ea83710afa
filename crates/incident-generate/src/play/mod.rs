//! Play: an incident as an episode of the environment. It reads commands and answers, keeps what was read and done,
//! grades, and knows a play that earns the full score.

pub(crate) mod abduction;
pub(crate) mod answer;
pub(crate) mod citations;
pub(crate) mod citing;
pub(crate) mod command;
pub(crate) mod grade;
pub(crate) mod grounding;
pub(crate) mod limits;
pub(crate) mod live;
pub(crate) mod oracle;
mod result;
pub(crate) mod scenario;
pub(crate) mod verification;
