//! Places whose values follow a grammar of their own: durations as Go prints them, events of Kubernetes that are counted, sizes of
//! messages of a name server, snapshots of a store, and the sessions of a database.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::data::phrase::Known;
use crate::draws::{Draws, Stream};
use crate::incident::calendar::{Moment, Style};
use crate::system::address::Address;
use crate::system::times::TIMEOUT;
use crate::telemetry::words::Words;

/// The milliseconds of a minute and of a day.
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// The milliseconds between the first times of events that differ in their texts.
const BETWEEN_TEXTS: i64 = 7000;
/// The number of entries after which etcd takes a snapshot, and how many it keeps before it.
const SNAPSHOT: u64 = 10_001;
const CATCH_UP: u64 = 5000;
/// The number of snapshots after which one is removed.
const KEPT: u64 = 5;
/// The number of entries of a file of the write-ahead log of etcd.
const WAL: u64 = 61_440;
/// The bytes of a query and of its answer, beside names: RFC 1035 has 12 for the head, 4 for what is asked, and 14 for an address.
const QUESTION: usize = 16;
const ANSWER: usize = 14;
/// The bytes by which an answer without an address is longer than its query: the SOA record of `cluster.local.`.
const NO_ANSWER: usize = 93;
/// The milliseconds from one session that waits for a lock to the next.
const ARRIVES: [i64; 4] = [90, 120, 150, 180];
/// The shared buffers of a database.
const BUFFERS: u32 = 262_144;
/// The milliseconds that a checkpoint takes that comes in time.
const CHECKPOINT: u32 = 270_000;
/// The sessions of a database that are there at one time.
const BACKENDS: u32 = 90;

/// An event of Kubernetes. The same one is counted, and not written again.
pub(super) struct Event {
    /// When it came first, in milliseconds after the alert.
    pub first: i64,
    /// How often it came.
    pub count: i64,
    /// The nanoseconds since 1970 of the first time, which are in its name.
    pub nanos: u64,
    /// The bits of its id.
    pub uid: [u64; 2],
}

impl Words<'_> {
    /// Returns the event that an entry is. One that tells of a symptom comes again as long as that lasts.
    pub(super) fn event(&self) -> Event {
        let own = self.own();
        let variant = i64::try_from(self.variant).unwrap_or_default();
        let (first, count) = if self.minutes == 0 {
            (self.time, 1)
        } else {
            let first = self.began() - i64::from(own.drawn(68, 4, 9)) * MINUTE
                + BETWEEN_TEXTS * variant
                + i64::from(own.drawn(60, 1000, 9000));
            // A kubelet writes the first ones as they come, and then one each five minutes.
            (first, i64::from(own.drawn(61, 21, 26)) + (self.time - first).max(0) / (5 * MINUTE))
        };
        let Moment(alert) = self.world.moment_of_alert();
        let draws = self.world.incident.names.child(1 << 46 | u64::from(self.at)).child(first.cast_unsigned());
        let bits = |word: u64| draws.bits(Stream::Addresses, self.variant, 0, word);
        let nanos = Moment(alert + first).epoch_ms().unsigned_abs() * 1_000_000 + bits(2) % 1_000_000;
        Event { first, count, nanos, uid: [bits(0), bits(1)] }
    }

    /// Returns a number of the part that is drawn and rises by so much each minute, on the average.
    pub(super) fn rises(&self, purpose: u64, [low, high]: [u32; 2], a_minute: u64) -> u64 {
        let of = self.world.incident.names.child(1 << 58 | u64::from(self.at)).child(purpose);
        u64::from(self.own().drawn(purpose, low, high)) + risen_by(of, a_minute, self.time + self.later)
    }

    /// Returns the number of the oldest backend of the database that an entry is about.
    fn oldest_backend(&self) -> u32 {
        let days = u32::try_from((self.time + DAY) / MINUTE).unwrap_or_default();
        self.database().drawn(62, 300, 24_000) + days * 3
    }

    /// Returns the number of the backend that an entry is about. Clients keep theirs in a pool, so they are near each other.
    pub(super) fn backend(&self, index: u64) -> u32 {
        self.oldest_backend() + self.within(index, 1, BACKENDS)
    }

    /// Returns the number of the backend that holds a lock which others wait for.
    pub(super) fn blocker(&self) -> u32 {
        let of = self.database();
        of.drawn(62, 300, 24_000) + of.drawn(23, 40, 3000)
    }

    /// Returns the session that was the n-th to wait for a lock: when it began, for how long it does, and its number.
    fn waiter_numbered(&self, number: i64, order: &[usize]) -> (i64, i64, u32) {
        let of = self.database();
        let apart = ARRIVES[of.drawn(66, 0, 3) as usize];
        let draws = self.world.incident.names.child(u64::from(of.id()) | 1 << 43);
        let within = |word: u64, low: u32, high: u32| {
            i64::from(draws.within(Stream::Addresses, number.cast_unsigned(), word, low, high))
        };
        let start = number * apart + within(1, 0, 70);
        // Most give up as callers do, and some wait for longer, but not until another has their number.
        let waits = if within(2, 0, 9) < 7 { within(3, 1400, TIMEOUT / 1000) } else { within(3, 2100, 7300) };
        // Clients keep their sessions for half an hour.
        let pools = u32::try_from((start + DAY) / (30 * MINUTE)).unwrap_or_default();
        let place = usize::try_from(number.rem_euclid(BACKENDS.into())).unwrap_or_default();
        let pid =
            of.drawn(62, 300, 24_000) + pools * (BACKENDS + 1) + u32::try_from(order[place]).unwrap_or_default() + 1;
        (start, waits, pid)
    }

    /// Returns the sessions that wait for a lock, in the order in which they came, each with when it began. The first ones never
    /// give up.
    fn waiters(&self) -> Vec<(i64, u32)> {
        let of = self.database();
        let order =
            self.world.incident.names.shuffled(Stream::Addresses, u64::from(of.id()) | 1 << 43, BACKENDS as usize);
        let first = of.drawn(104, 1, 4);
        let heads = (0..first).map(|number| {
            let of = |purpose: u64, low, high| of.drawn(purpose + u64::from(number), low, high);
            (self.began() + i64::from(of(105, 120, 900) * (number + 1)), self.blocker() + number * 37 + of(120, 2, 36))
        });
        let now = self.time.div_euclid(ARRIVES[of.drawn(66, 0, 3) as usize]);
        let rest = (now - 84..=now).map(|number| self.waiter_numbered(number, &order));
        let rest = rest.filter(|(start, waits, _)| *start > self.began() && start + waits > self.time);
        let rest = rest.map(|(start, _, pid)| (start, pid));
        heads.chain(rest).filter(|(start, _)| *start <= self.time).collect()
    }

    /// Returns the number of the session that has now waited for a second.
    pub(super) fn waiter(&self) -> u32 {
        let waiters = self.waiters();
        let long = waiters.iter().rev().find(|(start, _)| start + 1000 <= self.time);
        long.or(waiters.first()).map_or_else(|| self.blocker() + 1, |(_, pid)| *pid)
    }

    /// Appends who waits for a lock.
    pub(super) fn wait_queue(&self, out: &mut String) {
        let waiters = self.waiters();
        if waiters.is_empty() {
            let _ = write!(out, "{}", self.waiter());
        }
        for (number, (_, pid)) in waiters.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(out, "{comma}{pid}");
        }
    }

    /// Returns the microseconds of a message of an entry. Of those that come in one millisecond each has more than the one before.
    pub(super) fn micros(&self) -> u32 {
        let message = u32::try_from(self.message.min(14)).unwrap_or_default();
        let step = self.within(1 << 59, 9, 33);
        self.within(1 << 59 | 1 | self.later.unsigned_abs() << 3, 0, 470)
            + message * step
            + self.within(1 << 59 | 2 | self.message << 3, 0, step - 1)
    }

    /// Returns by how many microseconds the kernel prints a line of an entry after its millisecond began. Most come right after
    /// the one before, and some are held up by a console.
    pub(super) fn kernel_micros(&self) -> u32 {
        let of = |line: u64| match self.within(1 << 60 | line, 0, 19) {
            draw @ 0..=12 => draw / 5 + 1,
            draw @ 13..=17 => draw - 9,
            draw => draw * 3 - 20,
        };
        self.within(Known::Uptime as u64, 0, 990) + (1..=self.line).map(of).sum::<u32>()
    }

    /// Appends, as Go prints a duration, what has passed since the line before, or a little less.
    pub(super) fn lapse(&self, out: &mut String) -> std::fmt::Result {
        let ms = u32::try_from(self.gap).unwrap_or_default();
        let nanos = self.within(1 << 61, 110_000, 940_000);
        let part = format!("{nanos:06}");
        match ms {
            0 | 1 => write!(out, "{}.{:03}µs", nanos / 1000, nanos % 1000),
            _ => write!(out, "{}.{}ms", ms - 1, part.trim_end_matches('0')),
        }
    }

    /// Appends where in a function of the kernel a frame of a stack is. It is the same in all of a system, for one line.
    pub(super) fn frame(&self, out: &mut String) -> std::fmt::Result {
        let draws = self.world.incident.names.child(1 << 59).child(self.variant);
        let size = draws.within(Stream::Addresses, self.line, 0, 0x2, 0x58) * 0x10 + 0x10;
        let at = draws.within(Stream::Addresses, self.line, 1, 0x8, size - 1);
        write!(out, "+{at:#x}/{size:#x}")
    }

    /// Returns the revision up to which a store was compacted so many times ago, which it is each five minutes.
    pub(super) fn compacted(&self, times: i64) -> u64 {
        const APART: i64 = 300_000;
        let time = self.time.div_euclid(10_000) * 10_000;
        // Not as much is written in each of these times.
        let of = (time.div_euclid(APART) - times).cast_unsigned();
        let draws = self.world.incident.names.child(1 << 55 | u64::from(self.at));
        self.number_at("revision", time - APART * times) + u64::from(draws.within(Stream::Addresses, of, 0, 0, 3100))
    }

    /// Appends where the write-ahead log of a database is.
    pub(super) fn log_position(&self, out: &mut String) -> std::fmt::Result {
        let position = self.rises(65, [900_000, 40_000_000], 900) * 4099 + self.later.unsigned_abs() * 9176;
        write!(out, "{:X}/{:X}", position >> 32, position & 0xffff_ffff)
    }

    /// Appends when a database that was not shut down is known to have been up.
    pub(super) fn last_up(&self, out: &mut String, index: u64) {
        let time = self.time - i64::from(self.within(index, 9000, 290_000));
        self.moment_at(out, time, Style::Date);
        out.push(' ');
        self.moment_at(out, time, Style::Time);
    }

    /// Appends what a database says of a checkpoint. It is spread over nine tenths of the time to the next one, and what a
    /// database does that starts is written as fast as it can.
    pub(super) fn checkpoint(&self, out: &mut String, is_at_start: bool) -> std::fmt::Result {
        let drawn = |number: u64, low, high| self.within(1 << 46 | number, low, high);
        let buffers = if is_at_start { drawn(0, 40, 900) } else { drawn(0, 46, 90) * drawn(1, 60, 140) };
        let (sync, files) = (drawn(3, 2, 60), drawn(4, 3, 60).min(buffers));
        let rest = drawn(5, 3, 40);
        let write = if is_at_start { buffers / 20 + drawn(2, 1, 9) } else { CHECKPOINT - sync - rest - drawn(2, 1, 9) };
        let total = write + sync + rest;
        let distance = buffers * drawn(6, 9, 29);
        let seconds = |ms: u32| format!("{}.{:03}", ms / 1000, ms % 1000);
        write!(
            out,
            "wrote {buffers} buffers ({}.{}%); 0 WAL file(s) added, 0 removed, {} recycled; write={} s, sync={} s, \
             total={} s; sync files={files}, longest={} s, average={} s; distance={distance} kB, estimate={} kB",
            buffers * 100 / BUFFERS,
            buffers * 1000 / BUFFERS % 10,
            (distance + drawn(7, 0, 16_383)) / 16_384,
            seconds(write),
            seconds(sync),
            seconds(total),
            seconds(sync * 2 / 3),
            seconds(sync / files.max(1)),
            distance + drawn(8, 0, 24_000),
        )
    }

    /// Appends the last 15 letters of the name of a thread of a service of Spring.
    pub(super) fn spring_thread(&self, out: &mut String, index: u64) -> std::fmt::Result {
        let number = self.within(index, 1, 40);
        let name = if self.own().kind() == Kind::Api {
            format!("https-jsse-nio-8443-exec-{number}")
        } else {
            format!("         task-{}", number / 5 + 1)
        };
        out.write_str(&name[name.len() - 15..])
    }

    /// Appends a duration or a number of bytes that belongs to a request.
    pub(super) fn durations(&self, out: &mut String, place: Known, index: u64) -> std::fmt::Result {
        let ms = self.ms.unwrap_or_else(|| self.within(Known::Ms as u64, 2000, 9800));
        // Whoever passes a request on waits a little longer than the part behind it takes.
        let up = ms.saturating_sub(self.within(Known::MsUp as u64, 0, 2)).max(1);
        match place {
            Known::MsUp => write!(out, "{up}"),
            Known::SecondsUp => write!(out, "{}.{:03}", up / 1000, up % 1000),
            // A timer fires shortly after its time.
            Known::WaitedMs => {
                let late = self.within(index, 0, 40);
                write!(out, "{}", TIMEOUT / 1000 + if late > 34 { late } else { late / 9 })
            }
            Known::Took => {
                let nanos = self.within(index, 1, 999_999);
                let (whole, part, unit) = if ms < 1000 {
                    (ms, format!("{nanos:06}"), "ms")
                } else {
                    (ms / 1000, format!("{:03}{nanos:06}", ms % 1000), "s")
                };
                write!(out, "{whole}.{}{unit}", part.trim_end_matches('0'))
            }
            _ => {
                let bytes = if self.is_read() { 0 } else { self.within(index, 61, 2900) };
                write!(out, "{bytes}")
            }
        }
    }

    /// Appends what a name server says of the size of a message, or the name under which an address is looked up.
    pub(super) fn lookup(&self, out: &mut String, place: Known) -> std::fmt::Result {
        if place == Known::PtrName {
            let Address([a, b, c, d]) = self.some_address(place as u64);
            let name = format!("{d}.{c}.{b}.{a}.in-addr.arpa");
            return write!(out, "{name}. udp {}", QUESTION + name.len() + 2);
        }
        let mut name = String::new();
        match self.outside {
            Some(outside) => name.push_str(&outside.host(self.site())),
            None => Self::host(&mut name, self.other()),
        }
        let name = name.len() + 2;
        let bytes = match place {
            Known::DnsAnswer => QUESTION + name + name + ANSWER,
            Known::DnsNone => QUESTION + name + NO_ANSWER,
            _ => QUESTION + name,
        };
        write!(out, "{bytes}")
    }

    /// Appends the path of a temporary file of nginx, below folders that are called after its last digits.
    pub(super) fn spooled(&self, out: &mut String) -> std::fmt::Result {
        let number = self.number_of("conn") / 3;
        write!(out, "{}/{:02}/{number:010}", number % 10, number / 10 % 100)
    }

    /// Appends what etcd says of its last snapshot, or a file of it.
    pub(super) fn snapshot(&self, out: &mut String, place: Known) -> std::fmt::Result {
        let index = self.number_at("raft_index", self.time.div_euclid(10_000) * 10_000);
        let base = u64::from(self.own().drawn(64, 0, 9999));
        let snapshot = index.saturating_sub(base) / SNAPSHOT * SNAPSHOT + base;
        match place {
            Known::SnapshotBefore => write!(out, "{}", snapshot.saturating_sub(SNAPSHOT)),
            Known::CompactIndex => write!(out, "{}", snapshot.saturating_sub(CATCH_UP)),
            Known::SnapshotFile => {
                let old = snapshot.saturating_sub(SNAPSHOT * KEPT);
                write!(out, "{:016x}-{old:016x}.snap", self.number_of("raft_term"))
            }
            Known::WalFile => write!(out, "{:016x}-{:016x}.wal", index / WAL, index / WAL * WAL + base % 99),
            _ => write!(out, "{snapshot}"),
        }
    }

    /// Returns the number in a place that is drawn, as it is at a time.
    fn number_at(&self, name: &str, time: i64) -> u64 {
        Words { time, later: 0, ..*self }.number_of(name)
    }

    /// Returns how many callers wait for a connection of the pool. It changes from minute to minute.
    pub(super) fn waiting(&self) -> u32 {
        let usual = self.own().drawn(67, 7, 48);
        let at = |minute: i64| {
            let draws = self.world.incident.names.child(1 << 48 | u64::from(self.at));
            i64::from(draws.within(Stream::Addresses, minute.cast_unsigned(), 1, usual / 2, usual * 3 / 2))
        };
        let (minute, ms) = (self.time.div_euclid(MINUTE), self.time.rem_euclid(MINUTE));
        let between = at(minute) + (at(minute + 1) - at(minute)) * ms / MINUTE;
        u32::try_from(between).unwrap_or_default() + self.within(1 << 49, 0, 3)
    }

    /// Returns the number in a place that is drawn.
    fn number_of(&self, name: &str) -> u64 {
        let mut number = String::new();
        self.named_drawn(&mut number, name);
        number.parse().unwrap_or_default()
    }
}

/// Returns by how much a number has risen at a time. It rises faster at some times than at others, and never falls.
pub(super) fn risen_by(of: Draws, a_minute: u64, time: i64) -> u64 {
    const APART: u64 = 10;
    let ms = (time + DAY).unsigned_abs();
    let (place, within) = (ms / (APART * MINUTE.unsigned_abs()), ms % (APART * MINUTE.unsigned_abs()));
    let most = u32::try_from(a_minute * (APART - 2)).unwrap_or(u32::MAX);
    let ahead = |place: u64| i64::from(of.within(Stream::Addresses, place, 7, 0, most));
    let more = (ahead(place + 1) - ahead(place)) * within.cast_signed() / (MINUTE * APART.cast_signed());
    ms * a_minute / MINUTE.unsigned_abs() + (ahead(place) + more).unsigned_abs()
}
