//! Simulations of the gate and of printed intervals: how often they are wrong. A small version runs with every test; the
//! full one, whose table stands in docs/STATISTICS.md, is
//!
//! ```text
//! cargo test --release --test it gate_rates -- --ignored --nocapture
//! ```

#![expect(clippy::print_stdout, reason = "the tables are what these simulations are for")]

mod coverage;
mod draws;
mod gate;
mod populations;

/// The number of simulated pairs, or runs, of a setting: of the full version and of the small one.
const FULL: u32 = 4_000;
const SMALL: u32 = 150;

/// The largest share of a rate of which the bound is exceeded by chance: two standard errors of the simulation.
fn at_most(bound: f64, rounds: u32) -> f64 {
    bound + 2.0 * (bound * (1.0 - bound) / f64::from(rounds)).sqrt()
}

/// A share of rounds.
fn rate(hits: u32, rounds: u32) -> f64 {
    f64::from(hits) / f64::from(rounds)
}

#[test]
fn an_unchanged_agent_is_seldom_called_worse() {
    gate::expect(SMALL, &[(2, 9), (4, 12), (1, 60)]);
}

#[test]
fn printed_intervals_hold_the_truth() {
    coverage::expect(SMALL, &[9, 12]);
}

#[test]
#[ignore = "4,000 pairs a setting take minutes, and need --release"]
fn every_setting_of_the_gate() {
    let sizes = [9, 12, 60, 300];
    let settings: Vec<_> = [1, 2, 4, 8].into_iter().flat_map(|epochs| sizes.map(|n| (epochs, n))).collect();
    gate::expect(FULL, &settings);
}

#[test]
#[ignore = "4,000 runs a setting take minutes, and need --release"]
fn every_setting_of_the_intervals() {
    coverage::expect(FULL, &[9, 12, 60]);
}
