//! Response times: from how long the work of each entity takes at most, the 99th percentile of its answers.
//!
//! The model of traffic adds up, along the way of a request, the 99th percentiles of each entity's own work. Percentiles
//! of a sum are smaller than that sum, because hardly any request is slow everywhere. So own work is taken to have a mean
//! and a variance, which do add up along calls that are waited for one after another, and the percentile is read from
//! their sums: mean + z·√variance, with the quantile z of the normal distribution.

use crate::data::kinds::EdgeKind;
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::system::traffic::Reading;

/// The mean of own work, in thousandths of its 99th percentile.
const MEAN: u64 = 450;
/// The quantile of the normal distribution at 99 %, in thousandths.
const Z: u64 = 2326;

/// The mean of a time in microseconds, and its variance in their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moments {
    mean: u64,
    variance: u64,
}

impl Moments {
    /// Returns those of own work with this 99th percentile.
    const fn of_work(p99: u64) -> Self {
        let mean = p99 * MEAN / 1000;
        let deviation = (p99 - mean) * 1000 / Z;
        Self { mean, variance: deviation * deviation }
    }

    /// Returns those of a time that a share of requests takes, in thousandths, and that others do not take at all.
    const fn of_share(self, share: u64) -> Self {
        let mean = share * self.mean / 1000;
        let second = share * ((self.variance + self.mean * self.mean) / 1000);
        Self { mean, variance: second.saturating_sub(mean * mean) }
    }

    const fn then(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }

    const fn p99(self) -> u64 {
        self.mean + Z * self.variance.isqrt() / 1000
    }
}

/// Returns the 99th percentile of the response times of every entity in a minute, in microseconds.
#[must_use]
pub(super) fn p99s(world: &World, state: &State, minute: i32) -> Vec<u32> {
    of_readings(world, |at| world.reading(state, at, minute))
}

/// Returns the same on a quiet day.
#[must_use]
pub(super) fn usual_p99s(world: &World) -> Vec<u32> {
    of_readings(world, |at| world.usual(at))
}

fn of_readings(world: &World, reading: impl Fn(EntityId) -> Reading) -> Vec<u32> {
    let topology = &world.incident.topology;
    let count = topology.entities.len();
    let latencies: Vec<u64> = topology.ids().map(|at| reading(at).latency.into()).collect();
    let mut moments = vec![Moments::default(); count];
    let mut p99s = vec![0; count];
    // Callers come before what they call, and dependencies are sorted by caller.
    let mut edges = topology.edges.as_slice();
    for at in EntityId::first(count).rev() {
        let own_from = edges.iter().rposition(|edge| edge.from != at).map_or(0, |last| last + 1);
        let (before, own) = edges.split_at(own_from);
        edges = before;
        let is_gateway = at == topology.gateway;
        let mut work = latencies[at.index()];
        let (mut behind, mut least) = (Moments::default(), 0);
        let (mut mean, mut second) = (0, 0);
        for edge in own {
            let share = if is_gateway { edge.fanout } else { edge.kind.weight() };
            let share = u64::from(share.unsigned_abs());
            let waits = !matches!(edge.kind, EdgeKind::Produce | EdgeKind::Consume | EdgeKind::Opt);
            if !is_gateway && !waits {
                continue;
            }
            work = work.saturating_sub(latencies[edge.to.index()] * share / 1000);
            let called = moments[edge.to.index()];
            if is_gateway {
                // A request goes to one of the services behind it.
                mean += share * called.mean / 1000;
                second += share * ((called.variance + called.mean * called.mean) / 1000);
            } else {
                behind = behind.then(called.of_share(share));
                if share >= 1000 {
                    least = least.max(p99s[edge.to.index()]);
                }
            }
        }
        let mixed = Moments { mean, variance: second.saturating_sub(mean * mean) };
        moments[at.index()] = Moments::of_work(work).then(behind).then(mixed);
        p99s[at.index()] = moments[at.index()].p99().max(least);
    }
    p99s.into_iter().map(|micros| u32::try_from(micros).unwrap_or(u32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::of_every_level;

    #[test]
    fn percentiles_grow_along_the_way_and_never_add_up() {
        for made in of_every_level(5, 4) {
            let world = made.world();
            let state = world.start();
            for minute in [-120, 0] {
                let p99s = p99s(world, &state, minute);
                for at in world.incident.topology.ids() {
                    let reading = world.reading(&state, at, minute);
                    // Of a mixture of requests the slowest come from the slowest service.
                    let needs = || world.incident.topology.needs(at);
                    let is_mixed =
                        at == world.incident.topology.gateway || needs().any(|edge| edge.kind.weight() < 1000);
                    assert!(is_mixed || p99s[at.index()] <= reading.latency + reading.latency / 100 + 1, "{at:?}");
                    for edge in world.incident.topology.needs(at).filter(|edge| edge.kind == EdgeKind::Req) {
                        let is_gateway = at == world.incident.topology.gateway;
                        assert!(is_gateway || p99s[at.index()] >= p99s[edge.to.index()], "{at:?} {edge:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn moments_are_those_of_sums_and_of_mixtures() {
        let one = Moments::of_work(100_000);
        assert!((99_990..=100_000).contains(&one.p99()), "{}", one.p99());
        let two = one.then(one);
        assert!(two.p99() < 200_000 && two.p99() > 100_000);
        let half = one.of_share(500);
        assert!(half.mean == one.mean / 2 && half.p99() < one.p99());
        assert!(one.of_share(1000).variance.abs_diff(one.variance) < one.variance / 1000);
        assert_eq!(Moments::of_work(0), Moments::default());
    }
}
