//! The metrics of an entity: those of its requests, the series of its kind, and the journeys at the gateway.

use std::fmt::{self, Write};

use crate::data::dialect::{Quantity, SeriesName};
use crate::data::kinds::Kind;
use crate::data::templates::{Series, Shape};
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet};
use crate::incident::calendar::Clock;
use crate::incident::recovery::backlog_left;
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::system::particulars::Size;
use crate::telemetry::reader::{EMPTY, METRICS, Reader, Sheet, Tenths, WINDOW, when};
use crate::telemetry::requests::OF_REQUESTS;

/// The minutes before the alert in which a volume has grown by a fourth of a percent.
const GROWN: i64 = 400;
/// The number of points of a series.
const POINTS: i32 = 12;
/// How many minutes it takes until something is full.
const FILLS: i32 = 60;
/// How many minutes it takes until a ramp has reached its end, and how many of them it is ahead.
const RAMP: i64 = 15;
const AHEAD: i64 = 3;
/// The minutes between two restarts in a saw, and the parts that its range is divided into.
const RESTARTS: i64 = 17;
const TEETH: i64 = 19;

/// The messages that the level 100 of unread messages stands for.
const MESSAGES: i64 = 100_000;
/// The use of a resource up to which what happens elsewhere drives it, in percent. What a fault takes up here is more.
const DRIVEN: i64 = 92;
/// The scatter of the use of a resource that is driven so far, in percent.
const SCATTER: i64 = 6;
/// The use of a resource from which nobody can tell what drives it, in percent.
const UNCLEAR: i64 = 75;

/// The slot of the first series of the templates, and that of the first journey.
const SERIES: u64 = 10;
const JOURNEYS: u64 = 200;
/// The slot of the first series of a network.
const ROUTES: u64 = 300;

/// Draws of a series besides those of its minutes: its own usual level, and the jitter around it.
const OWN_LEVEL: u64 = 1 << 40;
const JITTER: u64 = 1 << 41;
const FINE: u64 = 1 << 42;

impl Reader<'_> {
    /// Writes the metrics of the entity.
    pub(super) fn metrics(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        let by = self.asked.by.or_else(|| self.split_alone(self.asked.metric.as_deref()?));
        if let Some(by) = by {
            self.split(sheet, by);
            return;
        }
        if incident.traffic.usual(self.at) > 0 {
            self.traffic(sheet);
        } else {
            self.own_requests(sheet);
        }
        let kind = self.kind(self.at);
        for (number, series) in (SERIES..).zip(&self.world.library.telemetry.series) {
            if self.is_own(series) && self.is_asked(&self.name_of(series)) {
                self.shifted(sheet, number, series);
            }
        }
        if self.at == incident.topology.gateway {
            self.journeys(sheet);
        }
        if kind == Kind::Network {
            self.routes_known(sheet);
        }
        if sheet.records.is_empty() {
            sheet.begin(self.id(METRICS, EMPTY, i64::from(self.now)), Claim::Nothing);
            let _ = writeln!(sheet.text, "no series of {}", self.name(self.at));
        }
    }

    /// Returns whether a class is seen only where metrics are split.
    fn is_split(&self, class: ClassId) -> bool {
        self.world.library.vocabulary.classes[class.index()].by.is_some()
    }

    /// Returns whether a series of the templates is a line of its own on the dashboard of the entity.
    fn is_own(&self, series: &Series) -> bool {
        let is_of_requests = series.of == Some(Quantity::Requests);
        series.kinds.contains(&self.kind(self.at)) && !is_of_requests && !self.is_split(series.class)
    }

    /// Returns the names of the metrics of the entity, in the order of its dashboard.
    pub(super) fn metric_names(&self) -> Vec<String> {
        let incident = &self.world.incident;
        let of_requests: &[&str] = if incident.traffic.usual(self.at) > 0 { &OF_REQUESTS } else { &[] };
        let mut names: Vec<_> = of_requests.iter().map(|name| (*name).to_owned()).collect();
        if let (true, Some((series, _))) = (of_requests.is_empty(), self.flood().1) {
            names.push(self.name_of(series));
        }
        if self.kind(self.at) == Kind::Network {
            let of_routes = [Quantity::Prefixes, Quantity::Session].into_iter();
            let series = of_routes.filter_map(|of| self.dialect(self.at).series(of, Kind::Network));
            names.extend(series.map(|series| series.name.clone()));
        }
        let series = self.world.library.telemetry.series.iter();
        names.extend(series.filter(|one| self.is_own(one)).map(|one| self.name_of(one)));
        if self.at == incident.topology.gateway {
            names.extend(incident.topology.journeys.iter().map(|journey| format!("journey '{}'", journey.name)));
        }
        names.extend(self.names_of_splits().map(|(name, _)| name.to_owned()));
        names
    }

    /// Returns the name of a series without its labels.
    pub(super) fn name_of(&self, series: &Series) -> String {
        let named = series.of.and_then(|of| self.dialect(self.at).series(of, self.kind(self.at)));
        named.map_or_else(|| series.label.clone(), |named| named.name.clone())
    }

    /// Returns whether a metric is shown.
    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.asked.metric.as_deref().is_none_or(|asked| asked == name)
    }

    /// Returns the minutes between two points of a series.
    fn apart(&self) -> i32 {
        (self.window() / POINTS).max(1)
    }

    /// Goes through the minutes of the points of a series: those of a fixed grid of clock time, and the current one.
    pub(super) fn minutes(&self) -> impl Iterator<Item = i32> + use<> {
        let (now, last, apart, window) = (self.now, self.last_of_grid(), self.apart(), self.window());
        let grid = (0..POINTS - 1).rev().map(move |point| last - point * apart);
        grid.filter(move |minute| now - minute <= window).chain([now])
    }

    /// Returns the last minute of the grid before the current one. The grid is fixed to the clock, so whoever looks again
    /// finds the same points.
    fn last_of_grid(&self) -> i32 {
        let Clock(minute) = self.clock(self.now);
        let apart = self.apart();
        let past = i32::try_from(minute).unwrap_or_default() % apart;
        self.now - if past == 0 { apart } else { past }
    }

    /// Writes the routes and the sessions of a network.
    fn routes_known(&self, sheet: &mut Sheet) {
        let vocabulary = &self.world.library.vocabulary;
        let holds = |name: &str, minute: i32| {
            let class = vocabulary.class_named(name);
            let mut presences = self.presences.iter();
            presences.any(|one| {
                class.is_some_and(|class| one.classes.contains(class)) && (one.from..one.to).contains(&minute)
            })
        };
        let prefixes = i64::from(self.particulars(self.at).prefixes());
        for (slot, of, usual, name) in
            [(ROUTES, Quantity::Prefixes, prefixes, "no_route"), (ROUTES + 1, Quantity::Session, 5, "peers_down")]
        {
            let named = self.dialect(self.at).series(of, Kind::Network);
            let Some(named) = named.filter(|named| self.is_asked(&named.name)) else { continue };
            let label = self.label_of(named);
            // What is seen here is the same sign that the log or the status shows.
            let claim = match vocabulary.class_named(name) {
                Some(class) if self.minutes().any(|minute| holds(name, minute)) => Claim::Shows { at: self.at, class },
                Some(class) if self.window() == WINDOW => Claim::Lacks { at: self.at, classes: ClassSet::of(class) },
                _ => Claim::Nothing,
            };
            sheet.begin(self.id(METRICS, slot, i64::from(self.now)), claim);
            let values = self.minutes().map(|minute| if holds(name, minute) { usual * 2 / 5 } else { usual });
            self.series(sheet, &label, &named.unit, values);
        }
    }

    /// Writes a series of the templates, which a class of evidence shifts while it is there. What a worker says of the queue
    /// that it reads is what the queue says.
    fn shifted(&self, sheet: &mut Sheet, slot: u64, series: &Series) {
        let queue = self.queue_read(series);
        let (id, printed) = (self.id(METRICS, slot, i64::from(self.now)), self.printed(series));
        let measured = queue.as_ref().unwrap_or(self);
        let own = measured.level_within(series.usual, slot, OWN_LEVEL);
        sheet.begin(id, measured.claim_of(series, own));
        let values = self.minutes().map(|minute| measured.value(series, slot, own, minute, &printed));
        self.series(sheet, &printed.label, printed.unit, values);
    }

    /// Returns the reader of the queue whose messages a series of a worker counts.
    fn queue_read(&self, series: &Series) -> Option<Self> {
        let is_of_queue = self.kind(self.at) == Kind::Worker && series.of == Some(Quantity::Backlog);
        let queue = is_of_queue.then(|| self.words(self.some_peer(), 0).queue().id());
        let queue = queue.filter(|queue| self.kind(*queue) == Kind::Queue)?;
        Some(Self::new(self.world, self.state, queue).asking(&self.asked))
    }

    /// Returns what a series of the templates says of its class of evidence, given its usual level.
    fn claim_of(&self, series: &Series, own: i64) -> Claim {
        let mut of_class = self.presences.iter().filter(|presence| presence.classes.contains(series.class));
        let is_there = of_class.any(|presence| presence.from <= self.now && self.now - self.window() < presence.to);
        if is_there {
            Claim::Shows { at: self.at, class: series.class }
        } else if self.window() == WINDOW && self.minutes().all(|minute| self.driven(series, own, minute) < UNCLEAR) {
            Claim::Lacks { at: self.at, classes: ClassSet::of(series.class) }
        } else {
            Claim::Nothing
        }
    }

    /// Returns the value of a series of the templates in a minute.
    fn value(&self, series: &Series, slot: u64, own: i64, minute: i32, printed: &Printed<'_>) -> Decimal {
        let of_class = || self.presences.iter().filter(|presence| presence.classes.contains(series.class));
        let ahead = if series.shape == Shape::Fill { FILLS } else { 0 };
        let holds = |presence: &&Presence| (presence.from.saturating_sub(ahead)..presence.to).contains(&minute);
        let level = self.level(series, slot, own, minute, of_class().find(holds).map(|presence| presence.from));
        let over = of_class().filter(|presence| presence.to <= minute);
        let left = over.map(|presence| {
            let peak = || self.level(series, slot, own, presence.to - 1, Some(presence.from));
            self.left_of(series.of, peak, presence, minute)
        });
        let level = level.max(left.max().unwrap_or_default());
        let level = match series.of {
            // The share of a volume that was made larger is one of its new size.
            Some(Quantity::Volume) if printed.unit != "GiB" => level * 1000 / self.state.volume(self.at, minute),
            _ => level,
        };
        match series.of {
            // Of a hundred attempts those after the first are retries.
            Some(Quantity::Retries) => {
                let shown = if self.repeats(series.class, minute) { 0 } else { (level - 104).max(0) * 100 };
                let retries = shown + self.hundredth(slot, minute) / 8;
                let made = self.repeated_in(series.class, minute) / 100;
                let value = (self.requests_in(minute) * retries / 1000).max(made);
                Decimal { value, places: 1 }
            }
            // What is on a volume only grows while nothing clears it.
            Some(Quantity::Volume) if level < 100 => {
                printed.value(level, (i64::from(minute) + GROWN) * 100 / (4 * GROWN))
            }
            _ => printed.value(level, self.hundredth(slot, minute)),
        }
    }

    /// Returns the messages of a queue that wait in a minute.
    pub(super) fn unread(&self, minute: i32) -> i64 {
        let of_queue = |series: &Series| series.of == Some(Quantity::Backlog) && series.kinds.contains(&Kind::Queue);
        let mut all = (SERIES..).zip(&self.world.library.telemetry.series);
        all.find(|(_, series)| of_queue(series)).map_or(0, |(slot, series)| {
            let own = self.level_within(series.usual, slot, OWN_LEVEL);
            let messages = Printed { label: String::new(), unit: "", whole: MESSAGES, places: 0 };
            self.value(series, slot, own, minute, &messages).value
        })
    }

    /// Returns the level that is left in a minute of what a class that is over had driven to a peak: a backlog is worked off
    /// over some time, and what is on a volume stays there where the volume was made larger.
    fn left_of(&self, of: Option<Quantity>, peak: impl Fn() -> i64, over: &Presence, minute: i32) -> i64 {
        match of {
            Some(Quantity::Backlog | Quantity::Oldest) => {
                let left = backlog_left(over.from, over.to, minute);
                if left > 0 { peak() * i64::from(left) / 1000 } else { 0 }
            }
            Some(Quantity::Volume) if self.state.volume(self.at, minute) > self.state.volume(self.at, over.from) => {
                peak()
            }
            _ => 0,
        }
    }

    /// Returns how a series is printed: as the exporter of the entity's technology names it, or else in plain words.
    pub(super) fn printed<'b>(&self, series: &'b Series) -> Printed<'b>
    where
        Self: 'b,
    {
        let particulars = self.particulars(self.at);
        let named = series.of.and_then(|of| self.dialect(self.at).series(of, self.kind(self.at)));
        let Some(named) = named else {
            return Printed { label: series.label.clone(), unit: &series.unit, whole: 100, places: 0 };
        };
        let label = self.label_of(named);
        let of_size = |size: Size| i64::from(particulars.size(size));
        let (whole, places) = match (series.of, named.unit.as_str()) {
            (Some(Quantity::Cpu), "cores") => (of_size(Size::Cores), 2),
            (Some(Quantity::Memory), "MiB") => (of_size(Size::Memory), 0),
            (Some(Quantity::Volume), "GiB") => (of_size(Size::Volume), 0),
            (Some(Quantity::Connections), "") => match self.kind(self.at) {
                Kind::Db | Kind::Cache | Kind::Queue | Kind::Gateway | Kind::Node => (of_size(Size::Connections), 0),
                _ => (of_size(Size::Pool), 0),
            },
            (Some(Quantity::Backlog), _) => (MESSAGES, 0),
            (Some(Quantity::Oldest), "s") => (6000, 0),
            (Some(Quantity::Offset), "s") => (100, 3),
            _ => (100, 0),
        };
        Printed { label, unit: &named.unit, whole, places }
    }

    /// Returns the name of a series with its labels.
    fn label_of(&self, named: &SeriesName) -> String {
        let mut label = named.name.clone();
        let mut labels = String::new();
        named.labels.write(&mut labels, &self.words(self.some_peer(), 0));
        if !labels.is_empty() {
            let _ = write!(label, "{{{labels}}}");
        }
        label
    }

    /// Draws hundredths of a unit of a level, so that what is counted in small units is no round number.
    fn hundredth(&self, slot: u64, minute: i32) -> i64 {
        let incident = &self.world.incident;
        let fine = if incident.knobs.noise == 0 { 1 } else { 100 };
        i64::from(incident.draws.below(Stream::Noise, self.slot(slot), when(minute) | FINE, fine))
    }

    pub(super) fn series(
        &self,
        sheet: &mut Sheet,
        label: &str,
        unit: &str,
        values: impl Iterator<Item = impl fmt::Display>,
    ) {
        let text = &mut sheet.text;
        text.push_str(label);
        if !unit.is_empty() {
            let _ = write!(text, " ({unit})");
        }
        let (last, now) = (self.clock(self.last_of_grid()), self.clock(self.now));
        let _ = write!(text, ", every {} min to {last} and at {now}: ", self.apart());
        for (index, value) in values.enumerate() {
            let _ = write!(text, "{}{value}", if index == 0 { "" } else { " " });
        }
        text.push('\n');
    }

    /// Returns the coordinate of the draws of a slot.
    pub(super) fn slot(&self, slot: u64) -> u64 {
        u64::from(self.at) << 8 | slot
    }

    /// Adds noise to a value, in thousandths of it and so many at most.
    pub(super) fn noisy(&self, slot: u64, minute: i32, value: i64, most: u32) -> i64 {
        let incident = &self.world.incident;
        let most = most * incident.knobs.noise / 100;
        let noise = incident.draws.below(Stream::Noise, self.slot(slot), when(minute), 2 * most + 1);
        value * (1000 - i64::from(most) + i64::from(noise)) / 1000
    }

    /// Draws a level within a range of a series.
    pub(super) fn level_within(&self, [low, high]: [i32; 2], slot: u64, when: u64) -> i64 {
        let draws = self.world.incident.draws;
        i64::from(draws.within(Stream::Noise, self.slot(slot), when, low.unsigned_abs(), high.unsigned_abs()))
    }

    /// Draws the usual level of a series in a minute: its own level, and a sixth of its range around it.
    fn usual_level(&self, series: &Series, slot: u64, own: i64, when: u64) -> i64 {
        let incident = &self.world.incident;
        let [low, high] = series.usual.map(i64::from);
        if series.of == Some(Quantity::Volume) {
            return own;
        }
        let jitter = (high - low) * i64::from(incident.knobs.noise) / 600;
        let jitter = jitter.max(i64::from(incident.knobs.noise > 0));
        let most = u32::try_from(2 * jitter + 1).unwrap_or(1);
        let noise = i64::from(incident.draws.below(Stream::Noise, self.slot(slot), when | JITTER, most));
        (own + noise - jitter).clamp(low, high)
    }

    /// Returns the level of a series that follows from the traffic of a minute: the processor works for the requests that
    /// arrive, and connections are held as long as requests take (by Little's law). Others stay at their usual level.
    fn driven(&self, series: &Series, usual: i64, minute: i32) -> i64 {
        let (reading, quiet) = (self.world.reading(self.state, self.at, minute), self.world.usual(self.at));
        let has_traffic = self.world.incident.traffic.usual(self.at) > 0;
        match series.of {
            Some(Quantity::Cpu) if has_traffic => {
                let middle = i64::from(series.usual[0] + series.usual[1]) / 2;
                ((usual - middle) / 8 + (i64::from(reading.used) / 10).min(DRIVEN - SCATTER)).max(1)
            }
            Some(Quantity::Connections) if has_traffic => {
                (usual * reading.in_flight(&quiet) / 1000).clamp(usual.min(1), DRIVEN - usual % SCATTER)
            }
            _ => usual,
        }
    }

    /// Returns the level of a series in a minute. If the class is there, `since` is the minute in which it began.
    fn level(&self, series: &Series, slot: u64, own: i64, minute: i32, since: Option<i32>) -> i64 {
        let when = when(minute);
        let usual = || self.driven(series, self.usual_level(series, slot, own, when), minute);
        let shifted = || match series.of {
            // How far the clock of a node is off is one number.
            Some(Quantity::Offset) => i64::from(self.words(None, 0).skew()),
            _ => self.level_within(series.shifted, slot, when),
        };
        let Some(since) = since else { return usual() };
        let age = i64::from(minute) - i64::from(since);
        match series.shape {
            Shape::Ramp if age < RAMP => {
                let from = usual();
                from + (shifted() - from) * (age + AHEAD).min(RAMP) / RAMP
            }
            Shape::Fill if age < 0 => {
                let from = usual();
                from + (shifted() - from) * (age + i64::from(FILLS)) / i64::from(FILLS)
            }
            Shape::Age => age.clamp(series.shifted[0].into(), series.shifted[1].into()),
            Shape::Step | Shape::Ramp | Shape::Fill => shifted(),
            Shape::Saw => {
                let [low, top] = series.shifted.map(i64::from);
                low + (top - low) * (age.rem_euclid(RESTARTS) + AHEAD) / TEETH
            }
        }
    }

    /// Writes what users come for, journey by journey. How many requests of a journey fail is read at the service that it
    /// enters at.
    fn journeys(&self, sheet: &mut Sheet) {
        let incident = &self.world.incident;
        for (slot, journey) in (JOURNEYS..).zip(&incident.topology.journeys) {
            if !self.is_asked(&format!("journey '{}'", journey.name)) {
                continue;
            }
            sheet.begin(self.id(METRICS, slot, i64::from(self.now)), Claim::Impact);
            let (share, entry) = (journey.weight / 10, self.name(journey.entry));
            let label =
                format!("journey '{}' ({share} % of what users come for, enters at {entry}), requests", journey.name);
            let usual = incident.traffic.usual(self.at) / 1000 * i64::from(journey.requests) / 1000;
            let values = self.minutes().map(|minute| {
                let rate = usual * self.world.users(self.state, minute) / 100;
                Tenths(self.noisy(slot, minute, rate, 30))
            });
            self.series(sheet, &label, "per s", values);
        }
    }
}

/// How a series is printed.
pub(super) struct Printed<'a> {
    /// Its name with its labels.
    pub(super) label: String,
    /// Its unit.
    pub(super) unit: &'a str,
    /// What the level 100 is printed as, before the places.
    whole: i64,
    /// The number of decimal places.
    places: usize,
}

impl Printed<'_> {
    /// Converts a level. What is counted in smaller units gets hundredths of a unit of the level.
    fn value(&self, level: i64, hundredths: i64) -> Decimal {
        let fine = if self.whole > 100 { level * 100 + hundredths } else { level * 100 };
        let scale = [1, 10, 100, 1000][self.places.min(3)];
        // An offset is given in milliseconds and printed in seconds, so its three places are its own digits.
        let value = if self.places == 3 { level } else { fine * self.whole * scale / 10_000 };
        Decimal { value, places: self.places }
    }
}

/// A number with so many decimal places.
struct Decimal {
    value: i64,
    places: usize,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = [1, 10, 100, 1000][self.places.min(3)];
        if self.places == 0 {
            return write!(f, "{}", self.value);
        }
        write!(f, "{}.{:0width$}", self.value / scale, self.value % scale, width = self.places)
    }
}
