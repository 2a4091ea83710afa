//! Queues in texts: their topics, who reads them, how far they are, and the message that cannot be handled.

use crate::data::kinds::{EdgeKind, Kind};
use crate::ids::EntityId;
use crate::system::particulars::Particulars;
use crate::telemetry::words::Words;

/// The class of evidence that a message is delivered again and again.
const AGAIN: &str = "redelivery";
/// The milliseconds between two deliveries of a message that cannot be handled.
const BETWEEN_ATTEMPTS: i64 = 1900;
/// The least number of milliseconds between two entries of a channel.
const APART: i64 = 80;
/// The milliseconds of a day.
const DAY: i64 = 86_400_000;

impl<'a> Words<'a> {
    /// Returns the queue that an entry is about.
    pub(super) fn queue(&self) -> Particulars<'a> {
        self.about(&[Kind::Queue])
    }

    /// Returns what reads from the queue that an entry is about: the part itself or who calls it, if they do.
    pub(super) fn consumer(&self) -> EntityId {
        let topology = &self.world.incident.topology;
        let readers = topology.needed_by(self.queue().id()).filter(|edge| edge.kind == EdgeKind::Consume);
        let readers: Vec<_> = readers.map(|edge| edge.from).collect();
        let near = [self.at, self.caller].into_iter().find(|at| readers.contains(at));
        near.or_else(|| self.world.reader_of(self.queue().id())).unwrap_or(self.caller)
    }

    /// Returns the offset at which a partition of the queue ends at a time.
    pub(super) fn end_of_partition(&self, time: i64) -> u64 {
        let queue = self.queue();
        let ms = (time + DAY).unsigned_abs();
        u64::from(queue.drawn(17, 2_400_000, 8_000_000)) + ms * u64::from(queue.drawn(19, 20, 80)) / 1000
    }

    /// Returns the oldest offset that a partition of the queue keeps.
    pub(super) fn log_start(&self) -> u64 {
        self.end_of_partition(self.time) - u64::from(self.queue().drawn(21, 400_000, 900_000))
    }

    /// Returns how many messages came to a partition of the queue since the last time at which the part can have printed an
    /// entry on the same channel.
    pub(super) fn risen(&self) -> u64 {
        self.end_of_partition(self.time) - self.end_of_partition(self.time - APART)
    }

    /// Returns since when one message of the queue is delivered again and again, in milliseconds after the alert, if one is.
    pub(super) fn stuck_since(&self) -> Option<i64> {
        let class = self.world.library.vocabulary.class_named(AGAIN)?;
        let mut seen = self.world.presences(self.state, self.queue().id());
        let holds = |from: i32, to: i32| (i64::from(from) * 60_000..i64::from(to) * 60_000).contains(&self.time);
        let one = seen.find(|one| one.classes.contains(class) && holds(one.from, one.to))?;
        Some(i64::from(one.from) * 60_000)
    }

    /// Returns how often the message that an entry is about was delivered.
    pub(super) fn attempt(&self) -> i64 {
        self.stuck_since().map_or(1, |since| 2 + (self.time - since) / BETWEEN_ATTEMPTS)
    }
}
