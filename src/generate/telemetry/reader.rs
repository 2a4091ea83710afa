//! Drawing records: what a diagnostic of an entity reads, line by line, each led by the id of its record.

use std::fmt::{self, Write};

use crate::generate::data::phrase::{Phrase, Words};
use crate::generate::data::templates::{Series, Shape};
use crate::env::Diagnostic;
use crate::generate::proof::claim::Atom;
use crate::generate::system::traffic::TIMEOUT;
use crate::generate::draws::Stream;
use crate::generate::system::topology::{Edge, Kind};
use crate::generate::data::vocabulary::{Classes, FailsAs, Predicate};
use crate::generate::incident::world::{Clock, State, World};

/// How far back logs and series go, in minutes.
const WINDOW: i32 = 120;
/// Points of a series, so many minutes apart.
const POINTS: i32 = 12;
const APART: i32 = 10;
/// From so many failed calls, in thousandths, a caller logs them.
const LOGGED: i32 = 25;
/// The lines of one kind that are shown.
const LINES: usize = 3;
/// From so many failures on, in thousandths, an entity does not tell of work that was done.
const HOPELESS: i16 = 900;
/// How many minutes it takes until something is full.
const FILLS: i32 = 60;

/// The records of a diagnostic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The text, one record a line.
    pub text: String,
    /// What each says, by its id.
    pub records: Vec<(u16, Atom)>,
}

impl Sheet {
    fn begin(&mut self, id: u16, atom: Atom) {
        let _ = write!(self.text, "[e-{id:04x}] ");
        self.records.push((id, atom));
    }
}

/// A diagnostic of an entity, at a minute of a world.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The world.
    pub world: &'a World,
    /// Its state.
    pub state: &'a State,
    /// The entity.
    pub at: u16,
    /// Now, in minutes after the alert.
    now: i32,
    /// Classes at the entity, with when they were there.
    spans: Vec<(Classes, i32, i32)>,
    /// Who calls it.
    caller: &'a str,
}

/// How long something takes, in milliseconds.
#[derive(Clone, Copy)]
enum Takes {
    /// So long at most, as a rule.
    About(u32),
    /// Whoever called has given up after that.
    GivesUpAfter(u32),
}

/// A line of a log before it is written.
struct Line {
    /// Milliseconds after the alert.
    ms: i64,
    id: u16,
    text: String,
    atom: Atom,
}

impl<'a> View<'a> {
    /// A view of an entity.
    #[must_use]
    pub fn new(world: &'a World, state: &'a State, at: u16) -> Self {
        let World { incident, .. } = world;
        let caller = incident.topology.needed_by(at).next().map_or(at, |edge| edge.from);
        let caller = incident.topology.entity(caller).name.as_str();
        let now = i32::try_from(state.now()).unwrap_or(i32::MAX);
        Self { world, state, at, now, spans: world.spans(state, at).collect(), caller }
    }

    /// What a diagnostic reads.
    #[must_use]
    pub fn sheet(&self, tool: Diagnostic) -> Sheet {
        let mut sheet = Sheet { text: String::with_capacity(1500), records: Vec::with_capacity(16) };
        match tool {
            Diagnostic::QueryLogs => self.logs(&mut sheet),
            Diagnostic::CheckMetrics => self.metrics(&mut sheet),
            Diagnostic::CheckServiceStatus => self.status(&mut sheet),
            Diagnostic::CheckDependencies => self.dependencies(&mut sheet),
            Diagnostic::CheckRecentDeploys => self.changes(&mut sheet),
        }
        if sheet.text.ends_with('\n') {
            sheet.text.pop();
        }
        if self.state.is_touched() {
            // What is read after a change says how the world is now, and no more what was wrong with it.
            for (_, atom) in sheet.records.iter_mut().filter(|(_, atom)| *atom != Atom::Impact) {
                *atom = Atom::Nothing;
            }
        }
        sheet
    }

    fn name(&self, at: u16) -> &'a str {
        &self.world.incident.topology.entity(at).name
    }

    fn kind(&self, at: u16) -> Kind {
        self.world.incident.topology.entity(at).kind
    }

    /// An id for a record: of an event by where it is, of a reading also by when it was taken.
    fn id(&self, tool: u64, slot: u64, when: i64) -> u16 {
        let World { incident, .. } = self.world;
        let (draws, skin) = (incident.draws, incident.knobs.naming.skin());
        let place = skin << 32 | u64::from(self.at) << 8 | tool;
        // A time before the alert is another place than one after it.
        (draws.bits(Stream::Evidence, place, slot, when.cast_unsigned()) >> 48) as u16
    }

    /// What stands in texts about this entity.
    fn words(&self, peer: &'a str, salt: u64) -> Words<'a> {
        let World { incident, objects, .. } = self.world;
        let at = usize::from(self.at);
        Words {
            itself: self.name(self.at),
            peer,
            caller: self.caller,
            job: &objects.jobs[at],
            cert: &objects.certificates[at],
            flag: &objects.flags[at],
            zone: incident.topology.entity(self.at).zone,
            ms: None,
            minutes: 0,
            draws: incident.draws,
            salt: u64::from(self.at) << 40 | salt,
        }
    }

    /// Something that it calls, for texts that name one and mean none in particular.
    fn some_peer(&self) -> &'a str {
        self.world.incident.topology.needs(self.at).next().map_or_else(|| self.name(self.at), |edge| self.name(edge.to))
    }

    fn clock(&self, minute: i32) -> Clock {
        self.world.clock(minute)
    }

    // ---- logs ----

    fn logs(&self, sheet: &mut Sheet) {
        let World { library, .. } = self.world;
        let mut lines = Vec::new();
        let mut seen: Classes = 0;
        let mut kinds = 0;
        let logged = library.vocabulary.of_tool(Diagnostic::QueryLogs);
        for (number, (classes, from, to)) in self.spans.iter().copied().enumerate() {
            let mut left = classes & logged;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let Some(class) = &library.telemetry.logs[bit as usize] else { continue };
                let before = lines.len();
                let key = 1 << 16 | u64::from(bit) << 8 | number as u64;
                let atom = Atom::Shows { at: self.at, class: 1 << bit };
                self.channel(&mut lines, key, [from, to], |text, salt, _| {
                    let _ = write!(text, "{} ", class.level);
                    self.phrase(text, &class.lines, self.peer_of(1 << bit), salt, None);
                    atom
                });
                if lines.len() > before {
                    kinds += 1;
                    seen |= 1 << bit;
                }
            }
        }
        self.calls(&mut lines, &mut kinds);
        if let Some(noise) = library.telemetry.noise.get(&self.kind(self.at)) {
            // Where next to nothing works, nothing is said of work that was done.
            let mut works = self.now;
            while works > self.world.onset() && self.world.reading(self.state, self.at, works).error >= HOPELESS {
                works -= 1;
            }
            self.channel(&mut lines, 3 << 16, [i32::MIN, works + 1], |text, salt, _| {
                text.push_str("INFO ");
                let ms = u32::try_from(i64::from(self.world.usual(self.at).latency) / 1000).unwrap_or(1).max(1);
                self.phrase(text, noise, self.some_peer(), salt, Some(Takes::About(ms)));
                Atom::Nothing
            });
        }
        self.usual_calls(&mut lines);
        lines.sort_by_key(|line| (line.ms, line.id));
        let atom = Atom::Lacks { at: self.at, classes: logged & !seen };
        sheet.begin(self.id(1, 0, i64::from(self.now)), atom);
        let _ = writeln!(
            sheet.text,
            "{} log of {}, last {WINDOW} min; kinds of message above INFO: {kinds}, the newest of each below{}",
            self.clock(self.now),
            self.name(self.at),
            Lost(self.world.incident.knobs.log_loss),
        );
        for line in lines {
            sheet.begin(line.id, line.atom);
            let ms = line.ms.rem_euclid(60_000);
            let minute = i32::try_from(line.ms.div_euclid(60_000)).unwrap_or(0);
            let _ = writeln!(sheet.text, "{}:{:02}.{:03} {}", self.clock(minute), ms / 1000, ms % 1000, line.text);
        }
        self.trace(sheet);
    }

    /// What a class is about, where it is about calls along one kind of edge.
    fn peer_of(&self, class: Classes) -> &'a str {
        let now = self.now;
        let toward = self.world.holding(self.state, self.at, now).find(|p| p.shows & class != 0).and_then(|p| p.toward);
        let topology = &self.world.incident.topology;
        let edge = toward.and_then(|toward| topology.needs(self.at).find(|edge| toward.includes(edge.kind)));
        edge.map_or_else(|| self.some_peer(), |edge| self.name(edge.to))
    }

    fn phrase(&self, out: &mut String, of: &[Phrase], peer: &'a str, salt: u64, ms: Option<Takes>) {
        let draws = self.world.incident.draws;
        let phrase = draws.pick(Stream::Phrases, u64::from(self.at), salt, of);
        // No two requests take the same time, and hardly one takes longer than the 99th percentile.
        let spread = draws.within(Stream::Phrases, u64::from(self.at) << 1 | 1, salt, 30, 102);
        let ms = match ms {
            Some(Takes::About(ms)) => Some((ms.saturating_mul(spread) / 100).max(1)),
            Some(Takes::GivesUpAfter(ms)) => Some(ms + spread / 3),
            None => None,
        };
        phrase.write(out, &Words { ms, ..self.words(peer, salt) });
    }

    /// The newest lines of a kind that comes in bursts while it comes.
    fn channel(
        &self,
        lines: &mut Vec<Line>,
        key: u64,
        [from, to]: [i32; 2],
        mut write: impl FnMut(&mut String, u64, i32) -> Atom,
    ) {
        let first = from.max(self.now - WINDOW + 1);
        // A minute that has only begun has no lines yet.
        let last = (to.saturating_sub(1)).min(self.now - 1);
        let mut left = LINES;
        for minute in (first..=last).rev() {
            let mut count = self.burst(key, minute);
            if minute == first && left == LINES {
                // Whatever was there was logged at least once.
                count = count.max(1);
            }
            for number in (0..count).rev() {
                if left == 0 {
                    return;
                }
                if left < LINES && self.is_lost(key, minute, number) {
                    continue;
                }
                left -= 1;
                let ms = i64::from(minute) * 60_000 + i64::from(self.moment(key, minute, number));
                let salt = key << 24 ^ u64::from(minute.cast_unsigned()) << 4 ^ u64::from(number);
                let mut text = String::with_capacity(80);
                let atom = write(&mut text, salt, minute);
                lines.push(Line { ms, id: self.id(1, key, ms), text, atom });
            }
        }
    }

    /// Whether a line never came to where logs are read.
    fn is_lost(&self, key: u64, minute: i32, number: u32) -> bool {
        let World { incident, .. } = self.world;
        let place = u64::from(self.at) << 32 | key;
        let when = u64::from(minute.cast_unsigned()) | u64::from(number + 1) << 48;
        let loss = incident.knobs.log_loss;
        loss > 0 && incident.draws.below(Stream::Bursts, place, when, 100) < loss
    }

    /// How many lines a minute has: most have none, and some have many.
    pub(crate) fn burst(&self, key: u64, minute: i32) -> u32 {
        let draws = self.world.incident.draws;
        match draws.below(Stream::Bursts, u64::from(self.at) << 32 | key, u64::from(minute.cast_unsigned()), 10) {
            0..6 => 0,
            6 | 7 => 1,
            8 => 3,
            _ => 8,
        }
    }

    /// When in its minute a line of a burst comes, in milliseconds.
    pub(crate) fn moment(&self, key: u64, minute: i32, number: u32) -> u32 {
        let draws = self.world.incident.draws;
        let place = u64::from(self.at) << 32 | key;
        let minute = u64::from(minute.cast_unsigned());
        let start = draws.within(Stream::Bursts, place, minute | 1 << 40, 0, 40_000);
        start + number * 1900 + draws.within(Stream::Bursts, place, minute | u64::from(number + 2) << 40, 0, 1500)
    }

    /// Calls that fail or take long, as the caller sees them: only what it calls itself.
    fn calls(&self, lines: &mut Vec<Line>, kinds: &mut u32) {
        let topology = &self.world.incident.topology;
        let mut bad: Vec<(i32, Edge)> = topology
            .needs(self.at)
            .map(|edge| {
                let worst = [self.now, self.now - 6, 0, -1].into_iter().filter(|minute| *minute <= self.now);
                (worst.map(|minute| self.fails(edge, minute).0).max().unwrap_or(0), *edge)
            })
            .filter(|(share, _)| *share >= LOGGED)
            .collect();
        bad.sort_by_key(|(share, edge)| (std::cmp::Reverse(*share), edge.to));
        for (_, edge) in bad.into_iter().take(3) {
            *kinds += 1;
            // It comes for as long as calls fail; looked for minute by minute from the newest on.
            let mut onset = self.world.onset();
            if self.world.incident.second.is_some() {
                // Of two faults that began at different times, one makes it fail.
                while onset < 0 && self.fails(&edge, onset).0 < LOGGED {
                    onset += 1;
                }
            }
            let span = [onset, self.now + 1];
            let mut end = self.now;
            while end > onset && self.fails(&edge, end).0 < LOGGED {
                end -= 1;
            }
            self.channel(lines, 2 << 16 | u64::from(edge.to), [span[0], end + 1], |text, salt, minute| {
                let (_, fails_as) = self.fails(&edge, minute.max(onset));
                text.push_str("ERROR ");
                if let Some(phrases) = self.world.library.telemetry.fails.get(&fails_as) {
                    let ms = self.takes(edge.to, minute, fails_as == FailsAs::Timeout) / 1000;
                    let takes = if fails_as == FailsAs::Timeout { Takes::GivesUpAfter } else { Takes::About };
                    self.phrase(text, phrases, self.name(edge.to), salt, Some(takes(ms.max(1))));
                }
                Atom::Nothing
            });
        }
    }

    /// Calls that go as they should, so that what is named most is not what is wrong.
    fn usual_calls(&self, lines: &mut Vec<Line>) {
        let phrases = &self.world.library.telemetry.calls;
        let works = |edge: &&Edge| self.fails(edge, self.now - 1).0 < LOGGED;
        for edge in self.world.incident.topology.needs(self.at).filter(works).take(3) {
            let ms = (self.world.usual(edge.to).latency / 1000).max(1);
            self.channel(lines, 4 << 16 | u64::from(edge.to), [i32::MIN, i32::MAX], |text, salt, _| {
                text.push_str("INFO ");
                self.phrase(text, phrases, self.name(edge.to), salt, Some(Takes::About(ms)));
                Atom::Nothing
            });
        }
    }

    /// How long the slowest calls of an entity take, in microseconds: its own time, and where callers give up, their
    /// patience at least.
    fn takes(&self, at: u16, minute: i32, times_out: bool) -> u32 {
        let latency = self.world.reading(self.state, at, minute).latency;
        if times_out { latency.max(TIMEOUT) } else { latency }
    }

    /// The share of calls along an edge that fail, in thousandths, and how that looks.
    fn fails(&self, edge: &Edge, minute: i32) -> (i32, FailsAs) {
        let called = i32::from(self.world.reading(self.state, edge.to, minute).error);
        let concerns = |p: &&Predicate| p.toward.is_some_and(|toward| toward.includes(edge.kind)) && p.error > 0;
        let (mut passes, mut looks) = (1000, None);
        for predicate in self.world.holding(self.state, edge.from, minute).filter(concerns) {
            passes = passes * (1000 - predicate.error) / 1000;
            looks = Some(predicate.fails_as);
        }
        let share = 1000 - passes * (1000 - called) / 1000;
        if share < LOGGED {
            return (share, FailsAs::Unavailable);
        }
        let own = |p: &&Predicate| p.toward.is_none() && p.error > 0;
        let looks = looks.or_else(|| {
            let worst = self.world.holding(self.state, edge.to, minute).filter(own).max_by_key(|p| p.error);
            worst.map(|predicate| predicate.fails_as)
        });
        (share, looks.unwrap_or(FailsAs::Unavailable))
    }

    /// One request that failed or took long, with where its time went.
    fn trace(&self, sheet: &mut Sheet) {
        let topology = &self.world.incident.topology;
        let [errors, slow] = self.world.is_up(self.state, self.at, self.now);
        if !errors && !slow {
            return;
        }
        let reading = |at: u16| self.world.reading(self.state, at, self.now);
        let worst = topology
            .needs(self.at)
            .max_by_key(|edge| (self.fails(edge, self.now).0, reading(edge.to).latency, std::cmp::Reverse(edge.to)));
        let id = self.id(1, 9 << 16, i64::from(self.now));
        sheet.begin(id, Atom::Nothing);
        let total = (reading(self.at).latency / 1000).max(1);
        let end = if errors { "failed" } else { "slow" };
        let _ =
            write!(sheet.text, "{} trace of a request: {} {total} ms, {end}", self.clock(self.now), self.name(self.at));
        if let Some(edge) = worst {
            let (share, _) = self.fails(edge, self.now);
            let end = if share >= LOGGED { "failed" } else { "ok" };
            let ms = (reading(edge.to).latency / 1000).max(1).min(total);
            let _ = write!(sheet.text, "; in it {} {ms} ms, {end}", self.name(edge.to));
        }
        sheet.text.push('\n');
    }

    // ---- metrics ----

    fn metrics(&self, sheet: &mut Sheet) {
        let World { incident, library, .. } = self.world;
        let minutes = || (0..POINTS).rev().map(|point| self.now - point * APART);
        let [errors, slow] = self.world.is_up(self.state, self.at, self.now);
        let usual = incident.plumbing.usual(self.at);
        if usual > 0 {
            sheet.begin(self.id(2, 1, i64::from(self.now)), Atom::Nothing);
            self.series(
                sheet,
                "requests",
                "per s",
                minutes().map(|minute| {
                    let load = i64::from(self.world.reading(self.state, self.at, minute).load);
                    let rate = usual / 1000 * load / 1000;
                    Tenths(self.noisy(1, minute, rate * 10, 30))
                }),
            );
            sheet.begin(self.id(2, 2, i64::from(self.now)), Atom::Errors { at: self.at, up: errors });
            self.series(
                sheet,
                "failed requests",
                "%",
                minutes().map(|minute| {
                    let error = i64::from(self.world.reading(self.state, self.at, minute).error);
                    let draws = incident.draws;
                    let most = (4 * incident.knobs.noise / 100).max(1);
                    let place = u64::from(self.at) << 8 | 2;
                    let noise = draws.below(Stream::Noise, place, u64::from(minute.cast_unsigned()), most);
                    Tenths((error + i64::from(noise)).min(1000))
                }),
            );
            sheet.begin(self.id(2, 3, i64::from(self.now)), Atom::Slow { at: self.at, up: slow });
            self.series(
                sheet,
                "p99 of response time",
                "ms",
                minutes().map(|minute| {
                    let latency = i64::from(self.world.reading(self.state, self.at, minute).latency);
                    Tenths(self.noisy(3, minute, latency / 100, 60))
                }),
            );
        }
        for (number, series) in library.telemetry.series.iter().enumerate() {
            if !series.kinds.contains(&self.kind(self.at)) {
                continue;
            }
            let place = 10 + number as u64;
            let spans = || self.spans.iter().filter(|(classes, ..)| classes >> series.class & 1 == 1);
            let is_there = spans().any(|(_, from, to)| *from <= self.now && self.now - WINDOW < *to);
            let [low, high] = series.usual.map(|level| u32::try_from(level).unwrap_or(0));
            let own = incident.draws.within(Stream::Noise, u64::from(self.at) << 8 | place, 1 << 40, low, high);
            let class = 1 << series.class;
            let atom =
                if is_there { Atom::Shows { at: self.at, class } } else { Atom::Lacks { at: self.at, classes: class } };
            sheet.begin(self.id(2, place, i64::from(self.now)), atom);
            self.series(
                sheet,
                &series.label,
                &series.unit,
                minutes().map(|minute| {
                    let ahead = if series.shape == Shape::Fill { FILLS } else { 0 };
                    let held = spans().find(|(_, from, to)| (from.saturating_sub(ahead)..*to).contains(&minute));
                    self.level(series, place, own, minute, held.map(|(_, from, _)| *from))
                }),
            );
        }
        if self.kind(self.at) == Kind::Gateway {
            self.journeys(sheet);
        }
    }

    fn series(&self, sheet: &mut Sheet, label: &str, unit: &str, values: impl Iterator<Item = impl fmt::Display>) {
        let text = &mut sheet.text;
        text.push_str(label);
        if !unit.is_empty() {
            let _ = write!(text, " ({unit})");
        }
        let _ = write!(text, ", every {APART} min to {}: ", self.clock(self.now));
        for (index, value) in values.enumerate() {
            let _ = write!(text, "{}{value}", if index == 0 { "" } else { " " });
        }
        text.push('\n');
    }

    /// A value with noise of so many thousandths at most.
    fn noisy(&self, slot: u64, minute: i32, value: i64, most: u32) -> i64 {
        let draws = self.world.incident.draws;
        let place = u64::from(self.at) << 8 | slot;
        let most = most * self.world.incident.knobs.noise / 100;
        let noise = draws.below(Stream::Noise, place, u64::from(minute.cast_unsigned()), 2 * most + 1);
        value * (1000 - i64::from(most) + i64::from(noise)) / 1000
    }

    /// The level of a series in a minute; `since` is when the class began to hold, where it holds.
    fn level(&self, series: &Series, slot: u64, own: u32, minute: i32, since: Option<i32>) -> i64 {
        let draws = self.world.incident.draws;
        let place = u64::from(self.at) << 8 | slot;
        let within = |[low, high]: [i32; 2], when: u64| {
            let (low, high) = (u32::try_from(low).unwrap_or(0), u32::try_from(high).unwrap_or(0));
            i64::from(draws.within(Stream::Noise, place, when, low, high))
        };
        // A level of its own, and a sixth of the range around it.
        let usual = |when: u64| {
            let [low, high] = series.usual.map(i64::from);
            let jitter = (high - low) * i64::from(self.world.incident.knobs.noise) / 600;
            let jitter = jitter.max(i64::from(self.world.incident.knobs.noise > 0));
            let noise = i64::from(draws.below(
                Stream::Noise,
                place,
                when | 1 << 41,
                u32::try_from(2 * jitter + 1).unwrap_or(1),
            ));
            (i64::from(own) + noise - jitter).clamp(low, high)
        };
        let when = u64::from(minute.cast_unsigned());
        let Some(since) = since else { return usual(when) };
        let age = i64::from(minute) - i64::from(since);
        match series.shape {
            Shape::Ramp if age < 15 => {
                let (from, to) = (usual(when), within(series.shifted, when));
                from + (to - from) * (age + 3).min(15) / 15
            }
            Shape::Fill if age < 0 => {
                let (from, to) = (usual(when), within(series.shifted, when));
                from + (to - from) * (age + i64::from(FILLS)) / i64::from(FILLS)
            }
            Shape::Step | Shape::Ramp | Shape::Fill => within(series.shifted, when),
            Shape::Saw => {
                let [low, top] = series.shifted.map(i64::from);
                low + (top - low) * (age.rem_euclid(17) + 3) / 19
            }
        }
    }

    /// What users get of what they come for, journey by journey.
    fn journeys(&self, sheet: &mut Sheet) {
        for (number, journey) in self.world.incident.topology.journeys.iter().enumerate() {
            sheet.begin(self.id(2, 200 + number as u64, i64::from(self.now)), Atom::Impact);
            let label = format!(
                "journey '{}' ({} % of what users come for, enters at {}), completed",
                journey.name,
                journey.weight / 10,
                self.name(journey.entry)
            );
            let values = (0..POINTS).rev().map(|point| {
                let minute = self.now - point * APART;
                let door: i32 = self
                    .world
                    .holding(self.state, self.at, minute)
                    .filter(|p| p.toward.is_none())
                    .fold(1000, |passes, p| passes * (1000 - p.error) / 1000);
                let error = i32::from(self.world.reading(self.state, journey.entry, minute).error);
                Tenths(i64::from(door * (1000 - error) / 1000))
            });
            self.series(sheet, &label, "%", values);
        }
    }

    // ---- status ----

    fn status(&self, sheet: &mut Sheet) {
        let World { incident, library, objects, .. } = self.world;
        let entity = incident.topology.entity(self.at);
        let reading = self.world.reading(self.state, self.at, self.now);
        let [errors, slow] = self.world.is_up(self.state, self.at, self.now);
        let state = match () {
            () if incident.plumbing.usual(self.at) == 0 => "running",
            () if errors && reading.error > 400 => "failing",
            () if errors || slow => "degraded",
            () => "healthy",
        };
        sheet.begin(self.id(3, 0, i64::from(self.now)), Atom::Nothing);
        let zone = if entity.zone == 0 { 'a' } else { 'b' };
        let _ = write!(
            sheet.text,
            "{} {}: {state}; kind {}, zone-{zone}",
            self.clock(self.now),
            entity.name,
            entity.kind.as_str()
        );
        if let Some(node) = entity.node {
            let _ = write!(sheet.text, ", on {}", self.name(node));
        }
        let at = usize::from(self.at);
        for (what, name) in
            [("job", &objects.jobs[at]), ("certificate", &objects.certificates[at]), ("flag", &objects.flags[at])]
        {
            if !name.is_empty() {
                let _ = write!(sheet.text, ", {what} {name}");
            }
        }
        for measure in self.world.measures(self.state, self.at) {
            let _ = write!(sheet.text, ", in force: {}", measure.replace('_', " "));
        }
        sheet.text.push('\n');
        for (number, field) in library.telemetry.fields.iter().enumerate() {
            if !field.kinds.contains(&entity.kind) {
                continue;
            }
            let holds = |(classes, from, to): &&(Classes, i32, i32)| {
                classes >> field.class & 1 == 1 && (*from..*to).contains(&self.now)
            };
            let held = self.spans.iter().find(holds).copied();
            let class = 1 << field.class;
            let atom = match held {
                Some(_) => Atom::Shows { at: self.at, class },
                None => Atom::Lacks { at: self.at, classes: class },
            };
            sheet.begin(self.id(3, 1 + number as u64, i64::from(self.now)), atom);
            let words = self.words(self.some_peer(), number as u64);
            match held {
                None => field.usual.write(&mut sheet.text, &words),
                Some((_, from, _)) => {
                    // What was always so began days ago.
                    let age = self.now.saturating_sub(from).clamp(0, 9000);
                    let minutes = u32::try_from(age).unwrap_or(0);
                    field.shifted.write(&mut sheet.text, &Words { minutes, ..words });
                    let _ = if age > 1440 {
                        write!(sheet.text, ", for days")
                    } else {
                        write!(sheet.text, ", since {}", self.clock(from))
                    };
                }
            }
            sheet.text.push('\n');
        }
    }

    // ---- dependencies ----

    fn dependencies(&self, sheet: &mut Sheet) {
        let topology = &self.world.incident.topology;
        let edge_line = |sheet: &mut Sheet, slot: u64, edge: &Edge, calls: bool| {
            let (share, fails_as) = self.fails(edge, self.now);
            let [up, slow] = self.world.is_up(self.state, edge.to, self.now);
            // How it is called from here says how it is, unless the call itself is what fails.
            let told = calls && (share >= LOGGED) == up;
            let atom = if told { Atom::Errors { at: edge.to, up } } else { Atom::Nothing };
            sheet.begin(self.id(4, slot, i64::from(self.now)), atom);
            let times_out = share >= LOGGED && fails_as == FailsAs::Timeout;
            let ms = i64::from(self.takes(edge.to, self.now, times_out)) / 100;
            let (from, to) = (self.name(edge.from), self.name(edge.to));
            let health = match () {
                () if share >= LOGGED => "failing",
                () if slow => "slow",
                () => "ok",
            };
            let _ = writeln!(
                sheet.text,
                "{from} -> {to} ({}): {health}, {} % of calls fail, p99 {} ms",
                edge.kind.as_str(),
                Tenths(i64::from(share)),
                Tenths(ms),
            );
        };
        let before = sheet.records.len();
        for (slot, edge) in topology.needs(self.at).enumerate() {
            edge_line(sheet, slot as u64, edge, true);
        }
        for (slot, edge) in topology.needed_by(self.at).enumerate().take(8) {
            edge_line(sheet, 100 + slot as u64, edge, false);
        }
        if sheet.records.len() == before {
            sheet.begin(self.id(4, 999, i64::from(self.now)), Atom::Nothing);
            let kind = self.kind(self.at);
            let used_by = match kind {
                Kind::Node => "what is placed on it",
                _ => "every service",
            };
            let _ = writeln!(sheet.text, "{} calls nothing; it is used by {used_by}", self.name(self.at));
        }
    }

    // ---- changes ----

    fn changes(&self, sheet: &mut Sheet) {
        let World { incident, library, .. } = self.world;
        let mut any = false;
        for (slot, change) in incident.changes.iter().enumerate().filter(|(_, change)| change.at == self.at) {
            any = true;
            sheet.begin(self.id(5, slot as u64, 0), Atom::Nothing);
            let ago = i64::from(change.minutes_ago) + i64::from(self.now);
            let minute = -i32::try_from(change.minutes_ago).unwrap_or(i32::MAX);
            let _ =
                write!(sheet.text, "{} {} ({}), {}: ", change.id, self.clock(minute), Age(ago), change.kind.as_str());
            if let Some(notes) = library.telemetry.notes.get(&change.kind) {
                self.phrase(&mut sheet.text, notes, self.some_peer(), 5 << 32 | slot as u64, None);
            }
            sheet.text.push('\n');
        }
        if !any {
            sheet.begin(self.id(5, 999, i64::from(self.now)), Atom::Nothing);
            let _ = writeln!(sheet.text, "{} no change of {} on record", self.clock(self.now), self.name(self.at));
        }
    }
}

/// What is said of lines that were lost, in hundredths of all.
struct Lost(u32);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            share => write!(f, "; about {share} % of the lines were dropped at collection"),
        }
    }
}

/// Tenths as a decimal: `12.3`, and `1234` from 100 on.
struct Tenths(i64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1000.. => write!(f, "{}", self.0 / 10),
            value => write!(f, "{}.{}", value / 10, value % 10),
        }
    }
}

/// Minutes as `47 min ago`, `5 h ago`, `3 d ago`.
struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..120 => write!(f, "{} min ago", self.0),
            120..2880 => write!(f, "{} h ago", self.0 / 60),
            _ => write!(f, "{} d ago", self.0 / 1440),
        }
    }
}
