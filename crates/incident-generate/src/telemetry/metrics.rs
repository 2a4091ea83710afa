//! The metrics of an entity: those of its requests, the series of its kind, and the journeys at the gateway.

use std::fmt::{self, Write};

use crate::data::dialect::{Quantity, SeriesName};
use crate::data::kinds::Kind;
use crate::data::templates::{Series, Shape};
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet, EntityId};
use crate::incident::calendar::Clock;
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::system::particulars::Size;
use crate::telemetry::reader::{EMPTY, METRICS, Reader, Sheet, Tenths, WINDOW, when};
use crate::telemetry::requests::OF_REQUESTS;

/// The class of evidence that a message is delivered again and again.
const AGAIN: &str = "redelivery";

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

/// The use of a resource up to which what happens elsewhere drives it, in percent. What a fault takes up here is more.
const DRIVEN: i64 = 92;
/// The share of memory that requests in flight hold on a usual day, in thousandths, how many times as many may hold it, in
/// thousandths, and the use of memory up to which they drive it, in percent.
const HELD: i64 = 180;
const MOST_IN_MEMORY: i64 = 4000;
const MOST_HELD: i64 = 72;
/// The scatter of the use of a resource that is driven so far, in percent.
const SCATTER: i64 = 6;
/// The use of a resource from which nobody can tell what drives it, in percent.
const UNCLEAR: i64 = 75;

/// The slot of the first series of the templates, and that of the first journey.
const SERIES: u64 = 10;
const JOURNEYS: u64 = 200;
/// The slot of the first series of a network, and that of the first series of the messages of a queue.
const ROUTES: u64 = 300;
const MESSAGES_COUNTED: u64 = 310;
/// What is counted of the messages of a queue beside those that wait.
const COUNTED: [Quantity; 2] = [Quantity::Arrivals, Quantity::Handled];
/// The seconds by which a worker looks at its queue before the queue itself does.
const BEFORE: [u32; 2] = [4, 26];

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
        if kind == Kind::Queue {
            self.messages_counted(sheet);
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
        if self.kind(self.at) == Kind::Queue {
            let series = COUNTED.into_iter().filter_map(|of| self.dialect(self.at).series(of, Kind::Queue));
            names.extend(series.map(|series| series.name.clone()));
        }
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

    /// Goes through the minutes that a point of a series stands for: those since the point before, or the current one.
    pub(super) fn stands_for(&self, point: i32) -> std::ops::RangeInclusive<i32> {
        let first = if point == self.now { point } else { point - self.apart() + 1 };
        first..=point
    }

    /// Returns the mean of what is measured in each minute that a point of a series stands for.
    pub(super) fn over(&self, point: i32, of: impl Fn(i32) -> i64) -> i64 {
        let minutes = self.stands_for(point);
        let count = i64::from(minutes.end() - minutes.start() + 1);
        (minutes.map(of).sum::<i64>() + count / 2) / count
    }

    /// Writes the messages that arrive at a queue, and those that its reader takes off it.
    fn messages_counted(&self, sheet: &mut Sheet) {
        let Some(messages) = self.messages() else { return };
        for (slot, of) in (MESSAGES_COUNTED..).zip(COUNTED) {
            let named = self.dialect(self.at).series(of, Kind::Queue).filter(|named| self.is_asked(&named.name));
            let Some(named) = named else { continue };
            sheet.begin(self.id(METRICS, slot, i64::from(self.now)), Claim::Nothing);
            let count = |minute: i32| {
                if of == Quantity::Arrivals { messages.arrived(minute) } else { messages.taken(minute) }
            };
            let values = self.minutes().map(|minute| Tenths(self.over(minute, |minute| count(minute) * 10) / 60));
            self.series(sheet, &self.label_of(named), &named.unit, values);
        }
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
        if series.of == Some(Quantity::Retries) {
            self.retries(sheet, slot, series);
            return;
        }
        let queue = self.queue_read(series);
        let (id, printed) = (self.id(METRICS, slot, i64::from(self.now)), self.printed(series));
        let measured = queue.as_ref().unwrap_or(self);
        let own = measured.level_within(series.usual, slot, OWN_LEVEL);
        sheet.begin(id, measured.claim_of(series, own));
        if let Some(Quantity::Backlog | Quantity::Oldest) = series.of {
            let before = if queue.is_some() { self.particulars(self.at).drawn(53, BEFORE[0], BEFORE[1]) } else { 0 };
            let values = self.minutes().map(|minute| measured.waits(series.of, minute, before));
            self.series(sheet, &printed.label, printed.unit, values);
            return;
        }
        // What fills up is read at the end of the time that a point stands for, and anything else is a mean of it.
        let is_level = matches!(
            series.of,
            Some(Quantity::Memory | Quantity::Volume | Quantity::Offset | Quantity::Lag | Quantity::Steal)
        );
        let values = self.minutes().map(|point| {
            let value = |minute: i32| measured.value(series, slot, own, [point, minute], &printed).value;
            let value = if is_level { value(point) } else { self.over(point, value) };
            Decimal { value, places: printed.places }
        });
        self.series(sheet, &printed.label, printed.unit, values);
    }

    /// Returns how many messages of a queue wait some seconds before the end of a minute, or for how many seconds the oldest
    /// of them has.
    fn waits(&self, of: Option<Quantity>, minute: i32, before: u32) -> i64 {
        let Some(messages) = self.messages() else { return 0 };
        if of == Some(Quantity::Backlog) {
            return messages.waiting_before(minute, before);
        }
        // A message that comes again and again is the oldest, however many come after it.
        let again = self.world.library.vocabulary.class_named(AGAIN);
        let stuck = self
            .presences
            .iter()
            .find(|one| again.is_some_and(|class| one.classes.contains(class)) && (one.from..one.to).contains(&minute));
        messages.oldest(minute).max(stuck.map_or(0, |one| i64::from(minute - one.from) * 60))
    }

    /// Returns the reader of the queue whose messages a series of a worker counts.
    fn queue_read(&self, series: &Series) -> Option<Self> {
        let is_of_queue = self.kind(self.at) == Kind::Worker && series.of == Some(Quantity::Backlog);
        let queue = is_of_queue.then(|| self.words(self.some_peer(), 0).queue().id());
        let queue = queue.filter(|queue| self.kind(*queue) == Kind::Queue)?;
        Some(Self::new(self.world, self.state, queue).asking(&self.asked))
    }

    /// Returns what a series of the templates says of its class of evidence, given its usual level.
    pub(super) fn claim_of(&self, series: &Series, own: i64) -> Claim {
        let mut of_class = self.presences.iter().filter(|presence| presence.classes.contains(series.class));
        let is_there = of_class.any(|presence| presence.from <= self.now && self.now - self.window() < presence.to);
        // How many users happened to come decides nothing about what is shown.
        let is_clear = || self.minutes().all(|minute| self.driven_by(1000, series, own, minute) < UNCLEAR);
        if is_there {
            Claim::Shows { at: self.at, class: series.class }
        } else if self.window() == WINDOW && is_clear() {
            Claim::Lacks { at: self.at, classes: ClassSet::of(series.class) }
        } else {
            Claim::Nothing
        }
    }

    /// Returns the value of a series of the templates in a minute.
    fn value(&self, series: &Series, slot: u64, own: i64, [point, minute]: [i32; 2], printed: &Printed<'_>) -> Decimal {
        let of_class = || self.presences.iter().filter(|presence| presence.classes.contains(series.class));
        let ahead = if series.shape == Shape::Fill { FILLS } else { 0 };
        let holds = |presence: &&Presence| (presence.from.saturating_sub(ahead)..presence.to).contains(&minute);
        let since = of_class().find(holds).map(|presence| presence.from);
        let level = self.level(series, slot, own, [point, minute], since);
        let over = of_class().filter(|presence| presence.to <= minute);
        let left = over.map(|presence| {
            let peak = || self.level(series, slot, own, [presence.to - 1; 2], Some(presence.from));
            self.left_of(series.of, peak, presence, minute)
        });
        let level = level.max(left.max().unwrap_or_default());
        let level = match series.of {
            // The share of a volume that was made larger is one of its new size.
            Some(Quantity::Volume) if printed.unit != "GiB" => level * 1000 / self.state.volume(self.at, minute),
            _ => level,
        };
        match series.of {
            // What is on a volume only grows while nothing clears it.
            Some(Quantity::Volume) if level < 100 => {
                printed.value(level, (i64::from(minute) + GROWN) * 100 / (4 * GROWN))
            }
            _ => printed.value(level, self.hundredth(slot, point)),
        }
    }

    /// Returns the messages of a queue that wait in a minute.
    pub(super) fn unread(&self, minute: i32) -> i64 {
        self.waits(Some(Quantity::Backlog), minute, 0)
    }

    /// Returns the level that is left in a minute of what a class that is over had driven to a peak: what is on a volume stays
    /// there where the volume was made larger.
    fn left_of(&self, of: Option<Quantity>, peak: impl Fn() -> i64, over: &Presence, minute: i32) -> i64 {
        match of {
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
        self.printed_of(series, self.some_peer())
    }

    /// Returns how a series is printed that is about another end of calls.
    pub(super) fn printed_of<'b>(&self, series: &'b Series, peer: Option<EntityId>) -> Printed<'b>
    where
        Self: 'b,
    {
        let particulars = self.particulars(self.at);
        let named = series.of.and_then(|of| self.dialect(self.at).series(of, self.kind(self.at)));
        let Some(named) = named else {
            return Printed { label: series.label.clone(), unit: &series.unit, whole: 100, places: 0 };
        };
        let label = self.label_with(named, peer);
        let of_size = |size: Size| i64::from(particulars.size(size));
        let (whole, places) = match (series.of, named.unit.as_str()) {
            (Some(Quantity::Cpu), "cores") => (of_size(Size::Cores), 2),
            (Some(Quantity::Memory), "MiB") => (of_size(Size::Memory), 0),
            (Some(Quantity::Volume), "GiB") => (of_size(Size::Volume), 0),
            (Some(Quantity::Connections), "") => match self.kind(self.at) {
                Kind::Db | Kind::Cache | Kind::Queue | Kind::Gateway | Kind::Node => (of_size(Size::Connections), 0),
                _ => (of_size(Size::Pool), 0),
            },
            (Some(Quantity::Offset), "s") => (100, 3),
            _ => (100, 0),
        };
        Printed { label, unit: &named.unit, whole, places }
    }

    /// Returns the name of a series with its labels.
    fn label_of(&self, named: &SeriesName) -> String {
        self.label_with(named, self.some_peer())
    }

    /// Returns the name of a series with its labels, given what is at the other end of calls.
    fn label_with(&self, named: &SeriesName, peer: Option<EntityId>) -> String {
        let mut label = named.name.clone();
        let mut labels = String::new();
        named.labels.write(&mut labels, &self.words(peer, 0));
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
        if self.is_silent {
            return;
        }
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
    /// arrive and for calls that are repeated, connections are held as long as requests take (by Little's law), and memory for
    /// what is being answered. Others stay at their usual level.
    fn driven(&self, series: &Series, usual: i64, minute: i32) -> i64 {
        self.driven_by(self.world.users(self.state, minute), series, usual, minute)
    }

    /// Returns the same where there are so many users in the minute, in thousandths of the mean.
    fn driven_by(&self, users: i64, series: &Series, usual: i64, minute: i32) -> i64 {
        let has_traffic = self.world.incident.traffic.usual(self.at) > 0;
        if !has_traffic {
            return usual;
        }
        let reading = || self.world.reading(self.state, self.at, minute);
        match series.of {
            Some(Quantity::Cpu) => {
                let middle = i64::from(series.usual[0] + series.usual[1]) / 2;
                let needed = (reading().processor() * users / 10_000).min(DRIVEN - SCATTER);
                ((usual - middle) / 8 + needed).max(1)
            }
            Some(Quantity::Connections) => {
                let more = self.in_flight(users, minute) - self.in_flight_usually();
                (usual + more * 100 / self.most_connections().max(1))
                    .clamp(usual.min(1), (DRIVEN - usual % SCATTER).max(usual))
            }
            Some(Quantity::Memory) => {
                let in_flight = reading().in_flight(&self.world.usual(self.at)).min(MOST_IN_MEMORY);
                (usual * (1000 - HELD + HELD * in_flight / 1000) / 1000).clamp(1, MOST_HELD.max(usual))
            }
            _ => usual,
        }
    }

    /// Returns how many requests are being answered at a time in a minute, in all replicas: as many as arrive while one is. `users`
    /// is how many users there are, in thousandths of the mean.
    fn in_flight(&self, users: i64, minute: i32) -> i64 {
        let reading = self.world.reading(self.state, self.at, minute);
        let arrive = self.world.incident.traffic.usual(self.at) * i64::from(reading.load) / 1000;
        arrive * users / 1000 * i64::from(reading.mean) / 1_000_000_000
    }

    /// Returns how many are on a usual day.
    fn in_flight_usually(&self) -> i64 {
        self.world.incident.traffic.usual(self.at) * i64::from(self.world.usual(self.at).mean) / 1_000_000_000
    }

    /// Returns how many connections there can be for the requests of the entity, in all replicas.
    fn most_connections(&self) -> i64 {
        let size = |size: Size| i64::from(self.particulars(self.at).size(size));
        match self.kind(self.at) {
            Kind::Db | Kind::Cache | Kind::Queue | Kind::Gateway | Kind::Node => size(Size::Connections),
            _ => size(Size::Pool) * size(Size::Replicas),
        }
    }

    /// Returns the level of a series in a minute. If the class is there, `since` is the minute in which it began.
    fn level(&self, series: &Series, slot: u64, own: i64, [point, minute]: [i32; 2], since: Option<i32>) -> i64 {
        let when = when(point);
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
            let usual = incident.traffic.usual(self.at) * i64::from(journey.requests) / 1000;
            let values = self.minutes().map(|minute| {
                let rate = self.over(minute, |minute| usual * self.world.users(self.state, minute) / 1000) / 100;
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
pub(super) struct Decimal {
    pub(super) value: i64,
    pub(super) places: usize,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = [1, 10, 100, 1000][self.places.min(3)];
        if self.places == 0 {
            return write!(f, "{}", self.value);
        }
        let (sign, value) = (if self.value < 0 { "-" } else { "" }, self.value.unsigned_abs());
        write!(f, "{sign}{}.{:0width$}", value / scale, value % scale, width = self.places)
    }
}
