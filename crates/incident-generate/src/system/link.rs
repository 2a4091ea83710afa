//! Links: a dependency as traffic sees it, what facts do to the calls along it, and what the requests of a caller wait for.

use crate::data::vocabulary::Toward;
use crate::ids::EntityId;
use crate::system::reading::Reading;
use crate::system::times::{Percentiles, Quick, Times};
use crate::system::topology::Calls;

/// The share of reads that a cache passes on to its store on a quiet day.
const USUAL_MISS: i32 = 80;
/// The share of the requests of a caller from which its slowest hundredth is as slow as that of what it calls, in thousandths.
const MANY: i64 = 500;
/// The part of its own work that a request has behind it that fails at once, and the time on the way, in microseconds.
const PART: i64 = 8;
const ON_THE_WAY: i64 = 900;
/// What the facts that hold at the moment do to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effects {
    /// The share of requests that pass the entity itself.
    pub(super) passes: i32,
    /// The share of its calls that pass, by [`Toward`].
    pub(super) passes_toward: [i32; Toward::ALL.len()],
    pub(super) capacity: i32,
    pub(super) latency: i32,
    /// The share of requests that do not fail at once at the entity itself.
    pub(super) stays: i64,
    /// The share of its calls that do not fail at once, by [`Toward`].
    pub(super) stays_toward: [i64; Toward::ALL.len()],
    /// The share of requests that wait in vain until the caller gives up.
    pub(super) hung: i64,
    /// The share of its calls that do so, by [`Toward`].
    pub(super) hung_toward: [i64; Toward::ALL.len()],
    /// The load that it causes in addition to that of its users, in thousandths of the usual load of what it calls, by
    /// [`Toward`].
    pub(super) extra: [i32; Toward::ALL.len()],
    pub(super) retries: i32,
    pub(super) miss: i32,
    /// The calls that are not made, by [`Toward`].
    pub(super) spared: [bool; Toward::ALL.len()],
}

impl Effects {
    pub(super) const NONE: Self = Self {
        spared: [false; Toward::ALL.len()],
        passes: 1000,
        passes_toward: [1000; Toward::ALL.len()],
        capacity: 1000,
        latency: 1000,
        stays: 1000,
        stays_toward: [1000; Toward::ALL.len()],
        hung: 0,
        hung_toward: [0; Toward::ALL.len()],
        extra: [0; Toward::ALL.len()],
        retries: 0,
        miss: USUAL_MISS,
    };
}

impl Effects {
    /// Returns whether no calls are made along a link.
    pub(super) fn spares(&self, link: &Link) -> bool {
        link.toward.is_some_and(|toward| self.spared[toward as usize])
    }

    /// Returns the share of calls along a link that fail, given the share of requests that the other end fails.
    pub(super) fn fails(&self, link: &Link, error: i16) -> i64 {
        let passes = link.toward.map_or(1000, |toward| i64::from(self.passes_toward[toward as usize]));
        1000 - passes * (1000 - i64::from(error)) / 1000
    }
}

/// A dependency, with what traffic needs to know of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) to: EntityId,
    pub(super) calls: Calls,
    pub(super) toward: Option<Toward>,
    /// Whether the caller is a cache and this its store.
    pub(super) is_store: bool,
    /// Whether the caller sends messages along it.
    pub(super) is_sent: bool,
    /// Whether the caller waits for the answer.
    pub(super) waits: bool,
}

impl Link {
    /// Returns the calls for each request of the caller, in thousandths, without those that are repeated.
    pub(super) fn rate(&self, own: &Effects) -> i64 {
        i64::from(if self.is_store { own.miss } else { self.calls.rate() })
    }

    /// Returns the share of the caller's requests that call.
    pub(super) fn share(&self, own: &Effects) -> i64 {
        i64::from(if self.is_store { own.miss } else { self.calls.share })
    }

    /// Returns the share of all calls that are repeated, given the share that fails.
    pub(super) fn repeated(&self, fails: i64) -> i64 {
        fails.min(self.calls.retried.into())
    }

    /// Returns the share of the caller's requests that fail because of these calls, given the share of calls that fails.
    pub(super) fn loses(&self, own: &Effects, fails: i64) -> i64 {
        let in_vain = fails - self.repeated(fails) * (1000 - fails) / 1000;
        // What the store of a cache cannot answer fails whatever its share of the reads on a quiet day.
        let share = if self.is_store { 1000 } else { self.share(own) };
        share * self.any_of_them(in_vain) / 1000 * i64::from(self.calls.needed) / 1000
    }

    /// Returns the share of requests of which at least one call has a property that a share of all calls has.
    pub(super) fn any_of_them(&self, share: i64) -> i64 {
        1000 - (0..self.calls.times).fold(1000, |none, _| none * (1000 - share) / 1000)
    }
}

/// What the requests of an entity wait for, as it adds up.
pub(super) struct Waiting {
    pub(super) is_gateway: bool,
    /// Its own work, and the calls that are made one after another.
    pub(super) times: Times,
    /// The slowest of the calls that are made at the same time.
    pub(super) parallel: Times,
    /// The calls of the gateway, of which each request makes one.
    pub(super) mixed: Times,
    /// The share of requests that do not wait in vain for anything.
    pub(super) answered: i64,
    /// The share of the gateway's requests that wait in vain for a service.
    pub(super) hung_behind: i64,
    /// The share of requests that do not fail at once.
    pub(super) stays: i64,
    /// The share of the gateway's requests that fail at once at a service.
    pub(super) quick_behind: i64,
    /// The mean duration of the entity's own work.
    pub(super) work: i64,
    /// Times that the percentiles are not below, because almost all requests wait for something that takes so long.
    pub(super) least: Percentiles,
}

impl Waiting {
    /// Begins with own work of this 99th percentile, with the share of requests that wait in vain whatever they call, and with
    /// that of those that do not fail at once.
    pub(super) fn new(work: i64, hung: i64, stays: i64, is_gateway: bool) -> Self {
        Self {
            is_gateway,
            stays,
            quick_behind: 0,
            work,
            times: Times::of_work(work),
            parallel: Times::default(),
            mixed: Times::default(),
            answered: 1000 - hung,
            hung_behind: 0,
            least: Percentiles::default(),
        }
    }

    /// Adds the calls along a link, a share of which waits in vain on the way.
    pub(super) fn wait(&mut self, link: &Link, own: &Effects, called: &Reading, times: Times, hung_on_the_way: i64) {
        let share = link.share(own);
        let hung = 1000 - (1000 - i64::from(called.hung)) * (1000 - hung_on_the_way) / 1000;
        let on_the_way = link.toward.map_or(1000, |toward| own.stays_toward[toward as usize]);
        let stays = on_the_way * (1000 - i64::from(called.quick)) / 1000;
        let all = times.repeated(link.calls.times.into());
        if self.is_gateway {
            self.mixed = self.mixed.or(all, share * stays / 1000);
            self.hung_behind += share * hung / 1000;
            self.quick_behind += share * (1000 - stays) / 1000;
            return;
        }
        let needed = i64::from(link.calls.needed);
        let quick = 1000 - stays;
        let in_vain = quick - link.repeated(quick) * stays / 1000;
        let ends = share * link.any_of_them(in_vain) / 1000 * needed / 1000;
        self.stays = self.stays * (1000 - ends) / 1000;
        // What goes on although its call has failed has not waited for it.
        let share = if quick == 0 { share } else { share * stays / (1000 - quick * needed / 1000).max(1) };
        self.answered = self.answered * (1000 - share * link.any_of_them(hung) / 1000) / 1000;
        let part = all.of_share(share);
        if link.calls.parallel {
            self.parallel = self.parallel.later(part);
        } else {
            self.times = self.times.then(part);
        }
        // The slowest calls are those that hang, which the caller's own share of them counts.
        if called.hung == 0 && share >= MANY {
            self.least.p99 = self.least.p99.max(called.p99.into());
            self.least.p50 = self.least.p50.max(if share >= 1000 { called.p50.into() } else { 0 });
        }
    }

    /// Returns how long answers take.
    pub(super) fn over(self) -> (Times, Percentiles) {
        let times = self.times.then(self.parallel).then(self.mixed.among(1000 - self.quick_behind).of_all());
        let hung = 1000 - self.answered * (1000 - self.hung_behind) / 1000;
        let quick = 1000 - self.stays * (1000 - self.quick_behind) / 1000;
        // Who is refused has waited for what came before.
        let quick = Quick { share: quick.min(1000 - hung), time: self.work / PART + ON_THE_WAY };
        (times, times.percentiles(hung, quick, self.least))
    }
}
