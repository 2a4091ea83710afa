//! Readings: what can be measured at an entity in one minute, and whether it is in trouble.

use crate::data::kinds::{Resource, Symptom, Work};
use crate::ids::{EntityId, EntitySet};

/// The rise in the share of failed requests from which the errors of an entity are up.
const ERRORS_UP: i16 = 25;
/// The factor from which the response times of an entity are up.
const LATENCY_UP: u64 = 1800;
/// The use of capacity from which an entity is saturated, if it uses less on a quiet day.
const SATURATED: i16 = 850;
/// The share of the work for a request that is saved where it fails at once, in thousandths.
const SAVED: i64 = 650;
/// The share of what is usual up to which far less arrives, or is done.
const FAR_LESS: i64 = 400;

/// What can be measured at an entity in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The share of requests that it fails, for whatever reason.
    pub error: i16,
    /// The share of its capacity that it needs.
    pub used: i16,
    /// The requests that reach it, relative to a quiet day.
    pub load: i32,
    /// How long it takes to answer on average, in microseconds.
    pub mean: u32,
    /// How long the median answer takes, in microseconds.
    pub p50: u32,
    /// The 99th percentile of how long answers take, in microseconds.
    pub p99: u32,
    /// The share of requests that wait in vain until the caller gives up.
    pub hung: i16,
    /// The share of requests that fail at once, without the time that an answer takes.
    pub quick: i16,
    /// The share of its processor that it needs for calls beside those for which it has requests.
    pub toil: i16,
}

/// Whether an entity is in trouble, compared with a quiet day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a symptom of its own, and any of them can be there together"
)]
pub struct Trouble {
    /// Whether errors are up.
    pub errors: bool,
    /// Whether response times are up.
    pub slow: bool,
    /// Whether its capacity is used up.
    pub saturated: bool,
    /// Whether far fewer requests arrive than usual.
    pub idle: bool,
    /// Whether far less is done than usual: fewer requests arrive, or most of them fail.
    pub undone: bool,
}

impl Trouble {
    /// Returns whether errors or response times are up.
    #[must_use]
    pub const fn any(self) -> bool {
        self.errors || self.slow
    }

    /// Returns whether there is a symptom, as far as it follows from traffic.
    #[must_use]
    pub const fn has(self, symptom: Symptom) -> bool {
        match symptom {
            Symptom::Errors => self.errors,
            Symptom::Latency => self.slow,
            Symptom::Saturation(Resource::Processor) => self.saturated,
            Symptom::Saturation(_) => false,
            Symptom::Absence(Work::Requests) => self.idle,
            Symptom::Absence(Work::Messages | Work::Runs) => self.undone,
        }
    }
}

impl Reading {
    /// Compares the reading with the baseline of the same entity.
    #[must_use]
    pub fn trouble(&self, quiet: &Self) -> Trouble {
        Trouble {
            errors: self.error - quiet.error >= ERRORS_UP,
            slow: u64::from(self.p99) * 1000 >= u64::from(quiet.p99) * LATENCY_UP,
            saturated: self.used >= SATURATED && quiet.used < SATURATED,
            idle: i64::from(self.load) <= FAR_LESS && i64::from(quiet.load) > FAR_LESS,
            undone: self.done() <= FAR_LESS && quiet.done() > FAR_LESS,
        }
    }

    /// Returns the share of its processor that it uses, in thousandths: what it needs for its requests, of which those that fail
    /// at once need less, and for calls that it repeats.
    #[must_use]
    pub fn processor(&self) -> i64 {
        i64::from(self.used) * (1_000_000 - SAVED * i64::from(self.quick)) / 1_000_000 + i64::from(self.toil)
    }

    /// Returns how many requests are being answered at a time, in thousandths of those on a quiet day: by Little's law,
    /// those that arrive times how long each takes.
    #[must_use]
    pub fn in_flight(&self, quiet: &Self) -> i64 {
        i64::from(self.load) * i64::from(self.mean) / i64::from(quiet.mean.max(1))
    }

    /// Returns the requests that it answers well, relative to those of a quiet day, in thousandths.
    #[must_use]
    pub fn done(&self) -> i64 {
        i64::from(self.load) * (1000 - i64::from(self.error)) / 1000
    }
}

/// The entities that are in trouble, compared with a quiet day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Troubled {
    /// The entities whose errors are up.
    pub errors: EntitySet,
    /// The entities whose response times are up.
    pub slow: EntitySet,
    /// The entities whose capacity is used up.
    pub saturated: EntitySet,
    /// The entities at which far fewer requests arrive.
    pub idle: EntitySet,
    /// The entities that do far less than usual.
    pub undone: EntitySet,
}

impl Troubled {
    /// Returns the entities whose errors or response times are up.
    #[must_use]
    pub fn any(self) -> EntitySet {
        self.errors | self.slow
    }

    /// Returns the entities that have a symptom, as far as it follows from traffic. What only a class of evidence shows,
    /// none of them has.
    #[must_use]
    pub const fn has(self, symptom: Symptom) -> EntitySet {
        match symptom {
            Symptom::Errors => self.errors,
            Symptom::Latency => self.slow,
            Symptom::Saturation(Resource::Processor) => self.saturated,
            Symptom::Saturation(_) => EntitySet::EMPTY,
            Symptom::Absence(Work::Requests) => self.idle,
            Symptom::Absence(Work::Messages | Work::Runs) => self.undone,
        }
    }

    /// Returns the trouble of one entity.
    #[must_use]
    pub fn at(self, at: EntityId) -> Trouble {
        Trouble {
            errors: self.errors.contains(at),
            slow: self.slow.contains(at),
            saturated: self.saturated.contains(at),
            idle: self.idle.contains(at),
            undone: self.undone.contains(at),
        }
    }
}
