//! An incident as an episode of the environment.

pub mod answer;
pub mod grade;
pub mod live;
pub mod oracle;
