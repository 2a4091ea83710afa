//! Messages: how many arrive at a queue and how many its reader takes off it, minute by minute, and so how many wait there and
//! for how long the oldest has.

use crate::data::kinds::EdgeKind;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::timed::HISTORY;
use crate::incident::world::{State, World};
use crate::system::topology::Edge;

/// The class of evidence of a backlog that grows.
const BACKLOG: &str = "backlog";
/// What a reader takes off a queue beside what arrives while it has something to catch up, in thousandths of what arrives.
const SURPLUS: i64 = 900;
/// The share of failures, in thousandths, from which a reader does not catch up.
const HALTED: i16 = 500;
/// What waits on a usual day, in milliseconds of what arrives: at least, and so much more at most.
const USUAL: i64 = 700;
const MORE: u32 = 1500;
/// What marks the draws of what waits on a usual day.
const WAITS: u64 = 1 << 43;

/// The messages of a queue in each minute that telemetry goes back, up to the current one.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    /// Those that arrived in each minute.
    arrived: Vec<i64>,
    /// Those that wait at the end of each minute.
    waiting: Vec<i64>,
    /// Those of them that would not wait on a usual day.
    stock: Vec<i64>,
}

impl Messages {
    /// Returns the place of a minute. What is earlier than telemetry goes back was as in its first minute.
    fn place(&self, minute: i32) -> usize {
        usize::try_from(minute + HISTORY).unwrap_or_default().min(self.waiting.len().saturating_sub(1))
    }

    /// Returns the messages that wait at the end of a minute.
    pub(crate) fn waiting(&self, minute: i32) -> i64 {
        self.waiting.get(self.place(minute)).copied().unwrap_or_default()
    }

    /// Returns those of them that would not wait on a usual day.
    pub(crate) fn stock(&self, minute: i32) -> i64 {
        self.stock.get(self.place(minute)).copied().unwrap_or_default()
    }

    /// Returns the messages that wait some seconds before the end of a minute.
    pub(crate) fn waiting_before(&self, minute: i32, seconds: u32) -> i64 {
        let (now, before) = (self.waiting(minute), self.waiting(minute - 1));
        now - (now - before) * i64::from(seconds) / 60
    }

    /// Returns the messages that arrive in a minute.
    pub(crate) fn arrived(&self, minute: i32) -> i64 {
        self.arrived.get(self.place(minute)).copied().unwrap_or_default()
    }

    /// Returns the messages that are taken off in a minute: what arrives and waits no more.
    pub(crate) fn taken(&self, minute: i32) -> i64 {
        self.arrived(minute) - self.waiting(minute) + self.waiting(minute - 1)
    }

    /// Returns the messages that are taken off in a minute beside as many as arrive, because there is something to catch up.
    pub(crate) fn caught_up(&self, minute: i32) -> i64 {
        (self.stock(minute - 1) - self.stock(minute)).max(0)
    }

    /// Returns for how many seconds the oldest message waits at the end of a minute: as many as arrived since then wait.
    pub(crate) fn oldest(&self, minute: i32) -> i64 {
        let mut left = self.waiting(minute);
        let mut age = 0;
        for before in 0..2 * HISTORY {
            let arrived = self.arrived(minute - before).max(1);
            if arrived >= left {
                return age + 60 * left / arrived;
            }
            (left, age) = (left - arrived, age + 60);
        }
        age
    }
}

impl World {
    /// Returns who reads a queue: who has a fault, or the first. Every reader gets all messages, and it is the messages of this
    /// one that the queue counts.
    pub(crate) fn reader_of(&self, queue: EntityId) -> Option<EntityId> {
        let readers = || self.incident.topology.needed_by(queue).filter(|edge| edge.kind == EdgeKind::Consume);
        let has_fault =
            |at: EntityId| self.incident.fault.iter().any(|fault| fault.facts.iter().any(|fact| fact.at == at));
        readers().map(|edge| edge.from).find(|at| has_fault(*at)).or_else(|| readers().next().map(|edge| edge.from))
    }

    /// Returns the messages of a queue, or `None` if nobody reads it.
    pub(crate) fn messages(&self, state: &State, queue: EntityId) -> Option<Messages> {
        let reader = self.reader_of(queue)?;
        let producers: Vec<&Edge> =
            self.incident.topology.needed_by(queue).filter(|edge| edge.kind == EdgeKind::Produce).collect();
        let class = self.library.vocabulary.class_named(BACKLOG);
        let growing: Vec<_> = self
            .presences(state, queue)
            .filter(|one| one.is_of_fault() && class.is_some_and(|class| one.classes.contains(class)))
            .collect();
        let (mut arrived, mut waiting, mut stock) = (Vec::new(), Vec::new(), Vec::new());
        let mut more = 0;
        for minute in -HISTORY..=state.minute() {
            let came = self.sent(state, &producers, queue, minute);
            let handles = self.reading(state, reader, minute);
            let is_growing = growing.iter().any(|one| (one.from..one.to).contains(&minute));
            if is_growing || more > 0 && handles.error >= HALTED {
                let usual = self.incident.traffic.usual(reader) * 60 / 1000;
                more += (came - usual * handles.done() / 1000 * self.users(state, minute) / 1000).max(0);
            } else {
                more = (more - came * SURPLUS / 1000).max(0);
            }
            arrived.push(came);
            stock.push(more);
            // No more can wait than waited before and what came since.
            let most = waiting.last().map_or(i64::MAX, |before: &i64| before + came);
            waiting.push((more + came * self.usually_waits(queue, minute) / 60_000).min(most));
        }
        Some(Messages { arrived, waiting, stock })
    }

    /// Returns the messages that are sent to a queue in a minute and that it accepts.
    fn sent(&self, state: &State, producers: &[&Edge], queue: EntityId, minute: i32) -> i64 {
        let sends = |edge: &&Edge| {
            let load = i64::from(self.reading(state, edge.from, minute).load).min(1000);
            self.incident.traffic.usual(edge.from) * load / 1000 * i64::from(edge.calls.rate()) / 1000
        };
        let all = producers.iter().map(sends).sum::<i64>() * i64::from(1000 - self.reading(state, queue, minute).error)
            / 1000;
        all * 60 / 1000 * self.users(state, minute) / 1000
    }

    /// Returns for how long a message waits on a usual day, in milliseconds.
    fn usually_waits(&self, queue: EntityId, minute: i32) -> i64 {
        let most = MORE * self.incident.knobs.noise / 100 + 1;
        let minute = u64::from(minute.cast_unsigned());
        USUAL + i64::from(self.incident.draws.below(Stream::Noise, u64::from(queue) << 8, minute | WAITS, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten messages a minute arrive; for four minutes two of them are taken off, and then twenty.
    #[test]
    fn what_waits_is_what_arrived_and_was_not_taken_off() {
        let first = -HISTORY;
        let stock: Vec<i64> = vec![0, 8, 16, 24, 32, 22, 12, 2, 0];
        let messages = Messages { arrived: vec![10; 9], waiting: stock.iter().map(|more| more + 1).collect(), stock };
        assert_eq!([1, 4, 8].map(|minute| messages.waiting(first + minute)), [9, 33, 1]);
        assert_eq!([0, 1, 4, 5].map(|minute| messages.taken(first + minute)), [10, 2, 2, 20]);
        assert_eq!([3, 5, 8].map(|minute| messages.caught_up(first + minute)), [0, 10, 2]);
        // 33 wait, of which the oldest came somewhat more than three minutes before.
        assert_eq!(messages.oldest(first + 4), 198);
        assert_eq!(messages.waiting_before(first + 4, 30), 29);
        assert_eq!(messages.waiting(first - 5), 1);
    }
}
