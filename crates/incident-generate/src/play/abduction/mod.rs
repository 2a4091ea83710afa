//! Abduction: the ceiling of programs that reason by the published rules.
//!
//! The program knows what everybody can know who knows the rules by heart: the families, the system, and how each fault
//! that the system can have would look. It starts with all faults that the alert leaves open, and with none. It takes
//! the look that is expected to leave least open, until one explanation is left, and answers by that one.
//!
//! It does not know the truth. `player` alone sees the world: it takes the looks and performs the changes, and hands
//! over what a page shows. `mind` decides, and holds nothing but what is known beforehand and what was shown.

mod belief;
mod choice;
mod known;
mod mind;
mod player;
mod reasons;
mod seen;

pub(crate) use player::{Limits, play};

#[cfg(test)]
mod tests;
