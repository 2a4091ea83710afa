//! The metrics of requests: how many reach an entity, how many of them it fails, and how long answers take.

use crate::data::dialect::Quantity;
use crate::data::kinds::Kind;
use crate::data::templates::Series;
use crate::draws::Stream;
use crate::ids::ClassSet;
use crate::incident::rule::failing_noise;
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::telemetry::reader::{METRICS, Reader, Sheet, Tenths, WINDOW, when};

/// The metrics that every entity with requests has.
pub(super) const OF_REQUESTS: [&str; 4] =
    ["requests", "failed requests", "p50 of response time", "p99 of response time"];
/// The requests of an entity from which it has many, in thousandths of those on a quiet day.
const MANY: i32 = 1500;
/// The slots of the series that every entity with requests has.
const REQUESTS: u64 = 1;
const FAILED: u64 = 2;
const RESPONSE_TIME: u64 = 3;
const MEDIAN: u64 = 4;

impl<'a> Reader<'a> {
    /// Writes the series that follow from traffic.
    pub(super) fn traffic(&self, sheet: &mut Sheet) {
        if self.is_asked(OF_REQUESTS[0]) {
            self.requests(sheet);
        }
        if self.is_asked(OF_REQUESTS[1]) {
            self.failed_requests(sheet);
        }
        if self.is_asked(OF_REQUESTS[2]) {
            self.medians(sheet);
        }
        if self.is_asked(OF_REQUESTS[3]) {
            self.response_times(sheet);
        }
    }

    /// Returns the requests that reach the entity in the time that a point stands for, in thousandths a second.
    pub(super) fn requests_in(&self, point: i32) -> i64 {
        self.over(point, |minute| {
            let usual = self.world.incident.traffic.usual(self.at);
            let load = i64::from(self.world.reading(self.state, self.at, minute).load);
            let caught_up = self.messages().filter(|_| self.kind(self.at) == Kind::Worker);
            let caught_up = caught_up.map_or(0, |messages| messages.caught_up(minute) * 1000 / 60);
            usual * load / 1000 * self.world.users(self.state, minute) / 1000 + caught_up
        })
    }

    /// Writes the requests that reach the entity.
    fn requests(&self, sheet: &mut Sheet) {
        let (claim, _) = self.flood();
        sheet.begin(self.id(METRICS, REQUESTS, i64::from(self.now)), claim);
        let requests =
            self.minutes().map(|minute| Tenths(self.noisy(REQUESTS, minute, self.requests_in(minute) / 100, 30)));
        self.series(sheet, OF_REQUESTS[0], "per s", requests);
    }

    /// Returns what the requests of the entity say of the class of evidence that far more of them arrive, with the series
    /// of the templates that describes it and the times at which it does.
    pub(super) fn flood(&self) -> (Claim, Option<(&'a Series, Vec<Presence>)>) {
        let kind = self.kind(self.at);
        let is_it = |series: &&&Series| series.of == Some(Quantity::Requests) && series.kinds.contains(&kind);
        let Some(series) = self.world.library.telemetry.series.iter().find(|series| is_it(&series)) else {
            return (Claim::Nothing, None);
        };
        let of_class = self.presences.iter().filter(|presence| presence.classes.contains(series.class));
        let shown: Vec<_> = of_class
            .filter(|presence| presence.from <= self.now && self.now - self.window() < presence.to)
            .copied()
            .collect();
        // Many more requests may also come of a fault elsewhere, which is no sign of one here and not the lack of it.
        let loads = self.minutes().map(|minute| self.world.reading(self.state, self.at, minute).load);
        let most = if self.world.incident.traffic.usual(self.at) > 0 { loads.max().unwrap_or_default() } else { 0 };
        let claim = if !shown.is_empty() {
            Claim::Shows { at: self.at, class: series.class }
        } else if self.window() == WINDOW && most < MANY {
            Claim::Lacks { at: self.at, classes: ClassSet::of(series.class) }
        } else {
            Claim::Nothing
        };
        (claim, Some((series, shown)))
    }

    /// Returns the requests that arrive in a minute, in hundredths of the usual ones, or 0 if it is not far more.
    fn flood_of(&self, series: &Series, minute: i32) -> i64 {
        let holds = |presence: &&Presence| {
            presence.classes.contains(series.class) && (presence.from..presence.to).contains(&minute)
        };
        let is_there = self.presences.iter().any(|presence| holds(&presence));
        if is_there { self.level_within(series.shifted, REQUESTS, when(minute)) } else { 0 }
    }

    /// Writes the requests of an entity that is no part of requests of users, such as a name server.
    pub(super) fn own_requests(&self, sheet: &mut Sheet) {
        let (claim, Some((series, _))) = self.flood() else { return };
        if !self.is_asked(&self.name_of(series)) {
            return;
        }
        let usual = i64::from(self.particulars(self.at).requests());
        sheet.begin(self.id(METRICS, REQUESTS, i64::from(self.now)), claim);
        let printed = self.printed(series);
        let values = self.minutes().map(|minute| {
            let factor = self.over(minute, |minute| self.flood_of(series, minute).max(100));
            Tenths(self.noisy(REQUESTS, minute, usual * factor / 10, 60))
        });
        self.series(sheet, &printed.label, printed.unit, values);
    }

    /// Writes the share of requests that the entity fails.
    fn failed_requests(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let trouble = self.world.trouble(self.state, self.at, self.now);
        let reading = |minute: i32| self.world.reading(self.state, self.at, minute);
        sheet.begin(self.id(METRICS, FAILED, i64::from(self.now)), Claim::Errors { at: self.at, up: trouble.errors });
        let most = failing_noise(incident.knobs.noise);
        let failed = self.minutes().map(|minute| {
            let noise = incident.draws.below(Stream::Noise, self.slot(FAILED), when(minute), most);
            Tenths((self.over(minute, |minute| i64::from(reading(minute).error)) + i64::from(noise)).min(1000))
        });
        self.series(sheet, OF_REQUESTS[1], "%", failed);
    }

    /// Writes how long answers take.
    fn response_times(&self, sheet: &mut Sheet) {
        let trouble = self.world.trouble(self.state, self.at, self.now);
        sheet
            .begin(self.id(METRICS, RESPONSE_TIME, i64::from(self.now)), Claim::Slow { at: self.at, up: trouble.slow });
        let times = self.minutes().map(|minute| {
            // Of some minutes the slowest hundredth is about that of the slowest one.
            let of_minute = |minute| i64::from(self.world.reading(self.state, self.at, minute).p99);
            let latency = self.stands_for(minute).map(of_minute).max().unwrap_or_default();
            Tenths(self.noisy(RESPONSE_TIME, minute, latency / 100, 60))
        });
        self.series(sheet, OF_REQUESTS[3], "ms", times);
    }

    /// Writes how long the median answer takes. It shares the noise of the 99th percentile, so it stays below that.
    fn medians(&self, sheet: &mut Sheet) {
        sheet.begin(self.id(METRICS, MEDIAN, i64::from(self.now)), Claim::Nothing);
        let times = self.minutes().map(|minute| {
            let median = self.over(minute, |minute| i64::from(self.world.reading(self.state, self.at, minute).p50));
            Tenths(self.noisy(RESPONSE_TIME, minute, median / 100, 60))
        });
        self.series(sheet, OF_REQUESTS[2], "ms", times);
    }
}
