//! The neighbours of a network in texts: their names and addresses.

use std::fmt::Write;

use crate::data::places::NEIGHBORS;
use crate::telemetry::words::Words;

impl Words<'_> {
    /// Returns one of the neighbours of a network, counted from the one that is named first.
    pub(super) fn neighbor(&self, number: usize) -> &'static str {
        let mut first = String::new();
        self.named_drawn(&mut first, "neighbor");
        let place = NEIGHBORS.iter().position(|name| *name == first).unwrap_or_default();
        NEIGHBORS[(place + number) % NEIGHBORS.len()]
    }

    /// Appends the address of one of the neighbours of a network.
    pub(super) fn write_neighbor_ip(&self, out: &mut String, number: u32) -> std::fmt::Result {
        write!(out, "10.255.{}.1", (self.own().drawn(31, 0, 31) + number * 7) % 32)
    }
}
