//! The log of an entity. Entries come in bursts on several channels, and of each channel the newest ones are shown, as the
//! technology of the entity prints them.

use std::cmp::Reverse;
use std::fmt::Write;
use std::sync::Arc;

use crate::data::dialect::{About, Dialect, Entry, Later, Pace};
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::phrase::Place;
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet, EntityId};
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::record_id::RecordId;
use crate::system::times::TIMEOUT;
use crate::system::topology::Edge;
use crate::telemetry::log_heading::{Filter, Lost};
use crate::telemetry::reader::{LOGGED, LOGS, Reader, RequestTime, Sheet, WINDOW, When};
use crate::telemetry::restarts::{self, container};
use crate::telemetry::subjects::Peer;
use crate::telemetry::traces::FailedCall;
use crate::telemetry::words::Words;
use incident_env::{Diagnostic, LogLevel};

/// The number of entries of a channel that are shown, and the number of lines from which an entry is long.
pub(super) const SHOWN: usize = 3;
const LONG: usize = 3;
/// The number of entries that are shown where a level or a text is asked for.
const FILTERED: usize = 20;
/// The first minute from which the age of a symptom is counted: a week before the alert.
const OLDEST: i32 = -10_080;
/// The classes of evidence whose entries tell how long something took: an operation, the wait for a connection or for a
/// lock, and a call with all its attempts.
const SLOW: &str = "slow_op";
const POOL: &str = "pool_wait";
const LOCKED: &str = "lock_wait";
const SPENT: &str = "retry_spent";
/// The classes of evidence of a document that is refused, and of a clock that is off.
const REFUSED: &str = "parse_fail";
/// The classes of evidence of a limit on the processor, and of a limit on calls.
const LIMITED: &str = "throttled";
const TURNED_AWAY: &str = "rate_limited";
const OFFSET: &str = "offset_high";
/// The milliseconds from one line of a burst to the next, on the average.
const PACES: [u32; 8] = [5, 38, 160, 260, 500, 900, 1400, 1900];
/// The number of those that only calls that fail have, and that of those that a part's own signs do not have.
const FAST: usize = 2;
const SLOWLY: usize = 4;
/// The milliseconds from one line of an entry to another that comes soon after it, or then, or late.
const SOON: [u32; 2] = [1, 19];
const THEN: [u32; 2] = [900, 4200];
const LATE: [u32; 2] = [5300, 31_000];
/// The minutes until a clock is off as far as it will be.
const STEERS: i32 = 15;
/// The share of failures, in thousandths, from which an entity does not report work that was done.
const HOPELESS: i16 = 900;
/// The number of failing calls, and that of usual calls, that have a channel.
const CALLS: usize = 3;
/// The channels, as the first part of their keys.
pub(super) const CLASSES: u64 = 1 << 16;
const FAILED_CALLS: u64 = 2 << 16;
const USUAL: u64 = 3 << 16;
const USUAL_CALLS: u64 = 4 << 16;
const SERVED: u64 = 5 << 16;
const BUSY: u64 = 8 << 16;
const TIMED: u64 = 9 << 16;
const BEGINS: u64 = 10 << 16;
const OVER: u64 = 11 << 16;
/// The load, in thousandths of that on a quiet day, from which an entity has far more to do than usual.
const FAR_MORE: i32 = 1500;

/// An entry of a log, of which the newest ones are written.
struct Line {
    /// Milliseconds after the alert.
    ms: i64,
    /// Those of its last line.
    last: i64,
    /// Where the lines that come seconds later begin, and those of the last one before them.
    cut: Option<(usize, i64)>,
    /// The key of its channel. Two entries of a channel never come at the same time.
    key: u64,
    id: RecordId,
    text: String,
    claim: Claim,
}

/// How an entry was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    /// How many milliseconds after its first line its last one comes.
    pub later: i64,
    /// The number of its lines, without those that are entries of their own for whoever prints them.
    pub lines: usize,
    /// Where the lines that come seconds later begin, and how many milliseconds after its first line the last one before them comes.
    pub cut: Option<(usize, i64)>,
}

/// What a log has collected.
#[derive(Default)]
pub(super) struct Log {
    /// The loudness and the text that is asked for, if any is.
    pub level: Option<LogLevel>,
    matching: Option<Arc<str>>,
    lines: Vec<Line>,
    /// The number of entries that are kept, also of those that are not shown.
    pub kept: usize,
}

impl<'a> Reader<'a> {
    /// Writes the log of the entity.
    pub(super) fn logs(&self, sheet: &mut Sheet) {
        let logged = self.world.library.vocabulary.of_glance(Diagnostic::QueryLogs.into());
        let mut log = Log { level: self.asked.level, matching: self.asked.matching.clone(), ..Log::default() };
        let seen = self.classes(&mut log);
        self.turns(&mut log);
        let calls = self.failed_calls(&mut log);
        self.usual(&mut log, About::Itself, USUAL);
        self.usual(&mut log, About::Served, SERVED);
        self.usual_calls(&mut log);
        self.busy(&mut log);
        let Log { mut lines, kept, .. } = log;
        lines.sort_by_key(|line| (line.ms, line.key));
        untangle(&mut lines);
        if self.asked.is_filtered() {
            lines.drain(..lines.len().saturating_sub(FILTERED));
        }
        // Who reads a part of the log learns nothing from what is not in it.
        let dialect = self.dialect(self.at);
        let mut source = String::new();
        dialect.streams[0].source.write(&mut source, &self.words(None, 0));
        let is_whole = !self.asked.is_filtered() && self.window() == WINDOW;
        let claim = if is_whole { Claim::Lacks { at: self.at, classes: logged - seen } } else { Claim::Nothing };
        sheet.begin(self.id(LOGS, 0, i64::from(self.now)), claim);
        let _ = writeln!(
            sheet.text,
            "{} log of {} ({}; {source}), last {} min{}: {kept} sampled entries; {} below{}",
            self.clock(self.now),
            self.name(self.at),
            dialect.name,
            self.window(),
            Filter(&self.asked),
            if self.asked.is_filtered() { "the newest" } else { "the newest of each sort" },
            Lost(self.world.incident.knobs.log_loss),
        );
        for line in lines {
            sheet.begin(line.id, line.claim);
            let _ = writeln!(sheet.text, "{}", line.text);
        }
        if is_whole {
            self.trace(sheet, &calls);
        }
    }

    /// Adds the entries of classes of evidence. Returns the classes that logs show and that have entries.
    fn classes(&self, log: &mut Log) -> ClassSet {
        let mut seen = self.restart_lines(log);
        let told: ClassSet = self.told_of_restarts().collect();
        for presence in &self.presences {
            for class in (presence.classes - told).iter() {
                // What a process says before it ends is told with its restarts.
                if self.last_words(class, presence).is_some() {
                    continue;
                }
                let peer = self.peer_of(class, presence);
                let Some((dialect, entry)) = self.says(class, peer, presence.number) else { continue };
                let before = log.kept;
                let key = CLASSES | u64::from(class) << 8 | presence.number;
                let claim = Claim::Shows { at: self.at, class };
                let name = self.world.library.vocabulary.class(class).name.as_str();
                // One document that is refused is refused for one reason, and what is counted is one thing.
                let is_one = [REFUSED, LIMITED, TURNED_AWAY].contains(&name);
                let number = is_one.then(|| self.which(presence.number) as usize % entry.variants.len());
                let from = presence.from.saturating_add(if name == OFFSET { STEERS } else { 0 });
                self.channel(log, key, entry.pace(), [from, presence.to], |text, when| {
                    let minutes = when.minute.abs_diff(presence.from.max(OLDEST));
                    let ms = Some(self.lasts(class, peer.part, when));
                    let words = Words { ms, minutes, ..self.words_of(class, peer, when) };
                    (claim, write_entry(text, dialect, entry, number, &words))
                });
                if log.kept > before {
                    seen |= ClassSet::of(class);
                }
            }
        }
        seen
    }

    /// Adds what is printed once when a class of evidence begins to be there, and once when it is there no more.
    fn turns(&self, log: &mut Log) {
        let (dialect, kind) = (self.dialect(self.at), self.kind(self.at));
        for (number, presence) in self.presences.iter().enumerate() {
            for class in presence.classes.iter() {
                let which = self.which(presence.number);
                let begins = dialect.begins(class, kind, which).map(|entry| (BEGINS, entry));
                let over = dialect.over(class, kind, which).map(|entry| (OVER, entry));
                if begins.is_none() && over.is_none() {
                    continue;
                }
                for (minute, turn) in self.ends_of(class, number).into_iter().zip([begins, over]) {
                    let (Some(minute), Some((channel, entry))) = (minute, turn) else { continue };
                    let is_there = (self.now - self.window() + 1..self.now).contains(&minute);
                    if !is_there || log.level.is_some_and(|asked| asked != entry.level) {
                        continue;
                    }
                    let key = channel | u64::from(class) << 8 | presence.number;
                    let ms = i64::from(minute) * 60_000 + i64::from(self.moment(key, minute, 0));
                    let when = When { ms, minute, salt: key << 24 ^ u64::from(minute.cast_unsigned()) };
                    let peer = self.peer_of(class, presence);
                    let mut write = |out: &mut String, when: When| {
                        let is_sign = channel == BEGINS;
                        let claim = if is_sign { Claim::Shows { at: self.at, class } } else { Claim::Nothing };
                        (claim, write_entry(out, dialect, entry, None, &self.words_of(class, peer, when)))
                    };
                    self.keep(log, key, when, &mut 0, &mut write);
                }
            }
        }
    }

    /// Returns when a class of evidence begins to be there with one of the presences, and when it is over. What is there for
    /// two reasons begins with the first of them and is over with the last.
    fn ends_of(&self, class: ClassId, number: usize) -> [Option<i32>; 2] {
        let one = &self.presences[number];
        let others = || {
            let all = self.presences.iter().enumerate();
            all.filter(|(other, it)| *other != number && it.classes.contains(class))
        };
        let is_there = |it: &Presence, minute: i32| (it.from..it.to).contains(&minute);
        let is_first =
            others().all(|(other, it)| !is_there(it, one.from - 1) && (it.from != one.from || other > number));
        let is_last = others().all(|(other, it)| !is_there(it, one.to) && (it.to != one.to || other > number));
        [is_first.then_some(one.from), is_last.then_some(one.to)]
    }

    /// Returns how long what an entry of a class of evidence tells of took, in milliseconds: a slow operation takes at
    /// least the 99th percentile of the minute and less than callers wait, and who waits for a connection gives up.
    fn lasts(&self, class: ClassId, peer: Option<EntityId>, when: When) -> u32 {
        let patience = TIMEOUT / 1000;
        match self.world.library.vocabulary.class(class).name.as_str() {
            SLOW => {
                let p99 = (self.world.reading(self.state, self.at, when.minute).p99 / 1000 + 1).min(patience - 90);
                let most = (p99 * 2).clamp(p99 + 8, patience - 1);
                self.world.incident.draws.within(Stream::Phrases, u64::from(self.at) << 1 | 1, when.salt, p99, most)
            }
            // Who waits for a lock does so until the client has given up.
            LOCKED => self.world.incident.draws.within(
                Stream::Phrases,
                u64::from(self.at) << 1 | 1,
                when.salt,
                patience / 2 + 90,
                patience + 60,
            ),
            // Between two attempts some time passes.
            SPENT => self.world.incident.draws.within(
                Stream::Phrases,
                u64::from(self.at) << 1 | 1,
                when.salt,
                patience / 2,
                patience - 1,
            ),
            POOL => self.took(RequestTime::GivenUp(patience), when.salt),
            _ => {
                let p99 = self.world.usual(peer.unwrap_or(self.at)).p99 / 1000;
                self.took(RequestTime::Answered(p99.max(1)), when.salt)
            }
        }
    }

    /// Returns how a class of evidence reads in the log of the entity: as its technology prints it, or else as the
    /// platform does that it runs on.
    fn says(&self, class: ClassId, peer: Peer, presence: u64) -> Option<(&'a Dialect, &'a Entry)> {
        let which = self.which(presence);
        let own = self.dialect(self.at);
        let called = self.dialect_of(peer);
        let of = |dialect: &'a Dialect| Some((dialect, dialect.says(class, self.kind(self.at), called, which)?));
        of(own).or_else(|| of(self.world.library.dialects.platform()?))
    }

    /// Draws which of several entries that fit is printed.
    pub(super) fn which(&self, salt: u64) -> u32 {
        self.world.incident.draws.below(Stream::Phrases, u64::from(self.at), salt | 1 << 50, 60)
    }

    /// Adds usual entries, until next to nothing works.
    fn usual(&self, log: &mut Log, about: About, key: u64) {
        let dialect = self.dialect(self.at);
        let entries: Vec<_> =
            dialect.usual(self.kind(self.at)).filter(|usual| usual.about == about).map(|usual| &usual.entry).collect();
        if entries.is_empty() {
            return;
        }
        let mut works = self.now;
        while works > self.now - WINDOW && self.world.reading(self.state, self.at, works).error >= HOPELESS {
            works -= 1;
        }
        let ms = (self.world.usual(self.at).p99 / 1000).max(1);
        // What keeps a service of the platform going, such as a snapshot, comes now and then. Requests come in bursts.
        let of_platform = matches!(self.kind(self.at), Kind::Config | Kind::Identity | Kind::Network | Kind::Node);
        let is_sparse = about == About::Itself && (of_platform || self.kind(self.at).is_store());
        // Some of it comes at fixed times.
        let (timed, entries): (Vec<&Entry>, Vec<&Entry>) = entries.into_iter().partition(|entry| entry.every.is_some());
        for (number, entry) in (0..).zip(timed) {
            self.channel(log, TIMED | number, entry.pace(), [i32::MIN, works + 1], |text, when| {
                let ms = Some(self.took(RequestTime::Answered(ms), when.salt));
                let filled = Words { ms, ..self.words_of_usual(self.some_peer(), when) };
                (Claim::Nothing, write_entry(text, dialect, entry, None, &filled))
            });
        }
        if entries.is_empty() {
            return;
        }
        let pace = Pace { level: LogLevel::Info, is_sparse, every: None };
        self.channel(log, key, pace, [i32::MIN, works + 1], |text, when| {
            let entry = self.world.incident.draws.pick(Stream::Phrases, u64::from(self.at), when.salt ^ 1, &entries);
            let ms = Some(self.took(RequestTime::Answered(ms), when.salt));
            // A gateway passes requests on to all that are behind it.
            let needs: Vec<_> = self.world.incident.topology.needs(self.at).map(|edge| edge.to).collect();
            let is_gateway = self.kind(self.at) == Kind::Gateway;
            let peer = if is_gateway { self.one_of(when, &needs) } else { self.some_peer() };
            (Claim::Nothing, write_entry(text, dialect, entry, None, &Words { ms, ..self.words_of_usual(peer, when) }))
        });
    }

    /// Adds what the entity says of far more work than usual, for as long as it has that.
    fn busy(&self, log: &mut Log) {
        let dialect = self.dialect(self.at);
        let first = self.now - WINDOW;
        let is_busy = |minute: &i32| self.world.reading(self.state, self.at, *minute).load >= FAR_MORE;
        let entries: Vec<_> = dialect.usual(self.kind(self.at)).filter(|usual| usual.about == About::Busy).collect();
        let end = || (first..self.now).rev().find(is_busy);
        let Some(end) = (!entries.is_empty()).then(end).flatten() else { return };
        let onset = (first..=end).rev().take_while(is_busy).last().unwrap_or(end);
        for (number, usual) in (0..).zip(&entries) {
            let entry = &usual.entry;
            self.channel(log, BUSY | number, entry.pace(), [onset, end + 1], |text, when| {
                (Claim::Nothing, write_entry(text, dialect, entry, None, &self.words_at(None, when)))
            });
        }
    }

    /// Adds the newest entries of a channel, which comes in bursts from one minute to another. `write` appends an entry and
    /// returns what it claims, and how many milliseconds after the first its last line comes. If a level or a text is asked for, only such entries count. An entry that is sparse comes once in
    /// a minute at most.
    fn channel(
        &self,
        log: &mut Log,
        key: u64,
        Pace { level, is_sparse, every }: Pace,
        [from, to]: [i32; 2],
        mut write: impl FnMut(&mut String, When) -> (Claim, Written),
    ) {
        if log.level.is_some_and(|asked| asked != level) {
            return;
        }
        let first = from.max(self.now - self.window() + 1);
        // The current minute has only begun, and has no entries yet.
        let last = (to.saturating_sub(1)).min(self.now - 1);
        let mut shown = 0;
        let may_be_down = restarts::any(self.world, self.state, self.at);
        for minute in (first..=last).rev() {
            let drawn = || self.burst(key, minute).min(if is_sparse { 1 } else { u32::MAX });
            let fixed = every.map(|every| self.fixed_times(key, from, every, minute));
            let mut count = fixed.as_ref().map_or_else(drawn, |times| u32::try_from(times.len()).unwrap_or_default());
            let is_rare = every.is_some() && from == i32::MIN;
            if minute == first && shown == 0 && !is_rare {
                // Whatever was there was logged at least once.
                count = count.max(1);
            }
            for number in (0..count).rev() {
                let timed = fixed.as_ref().and_then(|times| times.get(number as usize)).copied();
                let within = timed.unwrap_or_else(|| self.moment(key, minute, number));
                let ms = i64::from(minute) * 60_000 + i64::from(within);
                // Nobody writes between the end of a container and the start of the next.
                let started = may_be_down.then(|| container(self.world, self.state, self.at, ms).started);
                // What comes at fixed times comes first when a container has run for so long.
                let since = ms - every.map_or(0, |[every, after]| i64::from(every + after) * 1000);
                let is_down = started.is_some_and(|started| started > since);
                if shown > 0 && (is_down || self.is_lost(key, minute, number)) {
                    continue;
                }
                let salt = key << 24 ^ u64::from(minute.cast_unsigned()) << 4 ^ u64::from(number);
                self.keep(log, key, When { ms, minute, salt }, &mut shown, &mut write);
            }
        }
    }

    /// Adds an entry of a channel, or counts it, if newer ones are enough. `shown` counts those that are shown.
    pub(super) fn keep(
        &self,
        log: &mut Log,
        key: u64,
        when: When,
        shown: &mut usize,
        write: &mut impl FnMut(&mut String, When) -> (Claim, Written),
    ) {
        let most = if self.asked.is_filtered() { FILTERED } else { SHOWN };
        let is_shown = *shown < most;
        if !is_shown && log.matching.is_none() {
            log.kept += 1;
            return;
        }
        let mut text = String::with_capacity(120);
        let (claim, written) = write(&mut text, when);
        if log.matching.as_ref().is_some_and(|asked| !text.contains(&**asked)) {
            return;
        }
        log.kept += 1;
        if is_shown {
            // Of a long entry, such as a stack trace, the newest one is enough.
            *shown += if written.lines > LONG { SHOWN } else { 1 };
            log.lines.push(Line {
                ms: when.ms,
                last: when.ms + written.later,
                cut: written.cut.map(|(end, later)| (end, when.ms + later)),
                key,
                id: self.id(LOGS, key, when.ms),
                text,
                claim,
            });
        }
    }

    /// Returns the coordinate of the draws of a channel.
    fn place(&self, key: u64) -> u64 {
        u64::from(self.at) << 32 | key
    }

    /// Returns whether a line was lost on the way to where logs are read.
    pub(super) fn is_lost(&self, key: u64, minute: i32, number: u32) -> bool {
        let incident = &self.world.incident;
        let when = u64::from(minute.cast_unsigned()) | u64::from(number + 1) << 48;
        let loss = incident.knobs.log_loss;
        loss > 0 && incident.draws.below(Stream::Bursts, self.place(key), when, 100) < loss
    }

    /// Returns the number of lines of a minute. Most minutes have none, and some have many.
    fn burst(&self, key: u64, minute: i32) -> u32 {
        let draws = self.world.incident.draws;
        match draws.below(Stream::Bursts, self.place(key), u64::from(minute.cast_unsigned()), 10) {
            0..6 => 0,
            6 | 7 => 1,
            8 => 3,
            _ => 8,
        }
    }

    /// Returns when what comes every so many seconds comes in a minute, in milliseconds. What began within a year is counted
    /// from its first minute.
    fn fixed_times(&self, key: u64, from: i32, [every, after]: [u32; 2], minute: i32) -> Vec<u32> {
        let (period, after) = (i64::from(every) * 1000, i64::from(after) * 1000);
        let draws = self.world.incident.draws;
        let began = if from > OLDEST { i64::from(from) * 60_000 } else { 0 };
        // All that a part does at fixed times follows one clock.
        let phase = i64::from(draws.below(Stream::Bursts, self.place(TIMED), 1 << 52, 6)) * 10_000;
        let start = i64::from(minute) * 60_000;
        let first = (began + phase + after - start).rem_euclid(period);
        // What a symptom brings about is less punctual, and what comes often is more so.
        let most = if from == i32::MIN { u32::try_from(period / 20).unwrap_or_default().min(3900) } else { 9900 };
        let least = most.min(3000) / 2;
        let times = (0_u64..).map(|number| (number, first + number.cast_signed() * period));
        let times = times.take_while(|(_, time)| *time < 60_000).filter_map(|(number, time)| {
            // What follows something after a fixed time is as late as that.
            let cycle = (start + time - began - phase - after).div_euclid(period);
            let (place, when) = match from {
                i32::MIN => (TIMED, cycle.cast_unsigned()),
                _ => (key, u64::from(minute.cast_unsigned()) | number << 40),
            };
            let late = draws.within(Stream::Bursts, self.place(place), when | 1 << 53, least, most);
            Some((u32::try_from(time).ok()? + late).min(59_990))
        });
        times.collect()
    }

    /// Returns when a line of a burst comes in its minute, in milliseconds.
    fn moment(&self, key: u64, minute: i32, number: u32) -> u32 {
        let draws = self.world.incident.draws;
        let place = self.place(key);
        let minute = u64::from(minute.cast_unsigned());
        let start = draws.within(Stream::Bursts, place, minute | 1 << 40, 0, 40_000);
        // Some bursts are of one moment, and others go on for a while.
        // Calls fail faster than others work, and what a part sees of itself comes more slowly.
        let paces = match key {
            FAILED_CALLS..USUAL => &PACES[..],
            CLASSES..FAILED_CALLS => &PACES[SLOWLY..],
            _ => &PACES[FAST..],
        };
        let apart = *draws.pick(Stream::Bursts, place, minute | 1 << 48, paces);
        start + number * apart + draws.within(Stream::Bursts, place, minute | u64::from(number + 2) << 40, 0, apart / 2)
    }

    /// Adds the calls that fail, as the caller sees them; an entity sees only its own calls. Returns the newest of each.
    fn failed_calls(&self, log: &mut Log) -> Vec<FailedCall> {
        let now = self.now;
        let recent = |edge: &Edge| {
            let minutes = [now, now - 6, 0, -1].into_iter().filter(|minute| *minute <= now);
            minutes.map(|minute| self.fails(edge, minute).0).max().unwrap_or_default()
        };
        // What failed for some minutes and is over was logged as well.
        let earlier = |edge: &Edge| {
            let error = |minute: &i32| self.world.reading(self.state, edge.to, *minute).error;
            let worst = (now - self.window() + 1..now).max_by_key(error)?;
            (i32::from(error(&worst)) >= LOGGED).then(|| self.fails(edge, worst).0)
        };
        let needs = self.world.incident.topology.needs(self.at);
        let mut bad: Vec<([i32; 2], Edge)> = needs
            .map(|edge| ([recent(edge), earlier(edge).unwrap_or_default()], *edge))
            .filter(|(shares, _)| shares.iter().any(|share| *share >= LOGGED))
            .collect();
        bad.sort_by_key(|(shares, edge)| (Reverse(*shares), edge.to));
        bad.truncate(CALLS);
        bad.iter().filter_map(|([recent, _], edge)| self.failed_call(log, edge, *recent >= LOGGED)).collect()
    }

    /// Adds the entries of one call that fails, for as long as it fails, recently or before. Returns the
    /// newest.
    fn failed_call(&self, log: &mut Log, edge: &Edge, is_recent: bool) -> Option<FailedCall> {
        let is_failing = |minute: i32| self.fails(edge, minute).0 >= LOGGED;
        let first = self.now - WINDOW;
        let end = (first..=self.now).rev().find(|minute| is_failing(*minute)).unwrap_or(self.now);
        let onset = (first..=end).rev().take_while(|minute| is_failing(*minute)).last().unwrap_or(end);
        // A cache that is filled by its readers has nothing to say of the store behind it.
        if edge.kind == EdgeKind::Store {
            return None;
        }
        // What is over says nothing of what is there now.
        let calls = Claim::Calls { from: edge.from, to: edge.to, fail: true, errors: None };
        let claim = if is_recent { calls } else { Claim::Nothing };
        let (dialect, called) = (self.dialect(self.at), self.dialect(edge.to));
        let which = self.which(FAILED_CALLS | u64::from(edge.to));
        let now = self.fails(edge, end).1;
        let entry = dialect.fails(now, self.kind(self.at), called, which);
        let usual = Pace { level: LogLevel::Error, is_sparse: false, every: None };
        let sort = entry.map_or(usual, Entry::pace);
        let mut newest = None;
        self.channel(log, FAILED_CALLS | u64::from(edge.to), sort, [onset, end + 1], |text, when| {
            let (_, fails_as) = self.fails(edge, when.minute.max(onset));
            let Some(entry) = dialect.fails(fails_as, self.kind(self.at), called, which) else {
                return (claim, Written::default());
            };
            let time = self.time_of(edge.to, fails_as, when.minute);
            let minutes = (when.minute - onset).unsigned_abs();
            let took = self.took(time, when.salt);
            let call = FailedCall { to: edge.to, ms: when.ms, took, looks: fails_as, salt: when.salt };
            newest = newest.or(Some(call));
            let ms = Some(took);
            let words = Words { ms, minutes, ..self.words_at(Some(edge.to), when) };
            let number = which as usize % entry.variants.len().max(1);
            (claim, write_entry(text, dialect, entry, Some(number), &words))
        });
        newest
    }

    /// Adds calls that work, so that the entity that is named most often is not the one that fails.
    fn usual_calls(&self, log: &mut Log) {
        let dialect = self.dialect(self.at);
        let usual = dialect.usual(self.kind(self.at)).filter(|usual| usual.about == About::Called);
        let entries: Vec<_> = usual.map(|usual| &usual.entry).collect();
        if entries.is_empty() {
            return;
        }
        // Services log the requests that they send each other. A store logs what it is asked itself.
        let is_request = |edge: &&Edge| matches!(edge.kind, EdgeKind::Req | EdgeKind::Opt | EdgeKind::External);
        let works = |edge: &&Edge| is_request(edge) && self.fails(edge, self.now - 1).0 < LOGGED;
        for edge in self.world.incident.topology.needs(self.at).filter(works).take(CALLS) {
            let ms = (self.world.usual(edge.to).p99 / 1000).max(1);
            self.channel(
                log,
                USUAL_CALLS | u64::from(edge.to),
                Pace { level: LogLevel::Info, is_sparse: false, every: None },
                [i32::MIN, i32::MAX],
                |text, when| {
                    let entry =
                        self.world.incident.draws.pick(Stream::Phrases, u64::from(self.at), when.salt ^ 1, &entries);
                    let ms = Some(self.took(RequestTime::Answered(ms), when.salt));
                    let filled = Words { ms, ..self.words_at(Some(edge.to), when) };
                    (Claim::Nothing, write_entry(text, dialect, entry, None, &filled))
                },
            );
        }
    }
}

/// Leaves out entries that would begin before the last line of the one above: those that claim nothing.
fn untangle(lines: &mut Vec<Line>) {
    let mut at = 1;
    while at < lines.len() {
        if lines[at].ms >= lines[at - 1].last {
            at += 1;
        } else if lines[at].claim == Claim::Nothing {
            lines.remove(at);
        } else if lines[at - 1].claim == Claim::Nothing {
            lines.remove(at - 1);
            at = (at - 1).max(1);
        } else {
            // Of two that claim something the first ends before what comes seconds later.
            if let Some((end, last)) = lines[at - 1].cut.take() {
                lines[at - 1].text.truncate(end);
                lines[at - 1].last = last;
            }
            at += 1;
        }
    }
}

/// Appends an entry as its technology prints it: lines of its own, with what follows them. Of several texts one is drawn, if
/// the number of none is given.
pub(super) fn write_entry(
    out: &mut String,
    dialect: &Dialect,
    entry: &Entry,
    text: Option<usize>,
    words: &Words<'_>,
) -> Written {
    let stream = &dialect.streams[entry.stream];
    let draws = words.world.incident.draws;
    let count = u32::try_from(entry.variants.len()).unwrap_or(u32::MAX);
    let any = || draws.below(Stream::Phrases, u64::from(words.at), words.salt, count) as usize;
    let number = text.filter(|number| *number < entry.variants.len()).unwrap_or_else(any);
    let parts = &entry.variants[number];
    let is_call = parts.iter().flat_map(|part| part.text.places()).any(Place::is_of_peer);
    let mut words = Words { is_call, variant: number as u64, ..*words };
    let mut text = String::with_capacity(100);
    let mut cut = None;
    for (number, part) in parts.iter().enumerate() {
        let range = match part.later {
            Later::No => [0, 0],
            Later::Soon => SOON,
            Later::Then => THEN,
            Later::Late => LATE,
        };
        if matches!(part.later, Later::Then | Later::Late) && cut.is_none() {
            cut = Some((out.len(), words.later));
        }
        words.gap = i64::from(words.within(1 << 48 | number as u64, range[0], range[1]));
        words.later += words.gap;
        words.line = number as u64;
        words.message += u64::from(number > 0 && (part.word.is_some() || part.later != Later::No));
        text.clear();
        // Each line has its own numbers, and what is one value is the same in all of them.
        part.text.write(&mut text, &words);
        if number > 0 {
            out.push('\n');
        }
        match (&part.word, number) {
            (None, 1..) => out.push_str(&text),
            (word, _) => {
                let level = word.as_deref().unwrap_or_else(|| stream.word(entry.level));
                stream.line().write(out, &Words { level, text: &text, ..words });
            }
        }
    }
    let lines = 1 + parts.iter().skip(1).filter(|part| part.word.is_none() && part.later == Later::No).count();
    Written { later: words.later, lines, cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::of_every_level;

    /// The times between lines vary more than those of a Poisson process, whose coefficient of variation is 1.
    #[test]
    fn logs_are_bursty() {
        for made in of_every_level(11, 1) {
            let state = made.world().start();
            for at in made.incident().topology.ids() {
                let reader = Reader::new(made.world(), &state, at);
                let mut times = Vec::new();
                for minute in -3000..0 {
                    for number in 0..reader.burst(USUAL, minute) {
                        times.push(f64::from(minute) * 60_000.0 + f64::from(reader.moment(USUAL, minute, number)));
                    }
                }
                times.sort_by(f64::total_cmp);
                let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
                let count = f64::from(u32::try_from(gaps.len()).unwrap());
                let mean = gaps.iter().sum::<f64>() / count;
                let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
                assert!(variance.sqrt() / mean >= 1.0, "{}", variance.sqrt() / mean);
            }
        }
    }

    /// A slow operation is at least as slow as the 99th percentile that metrics show, and callers wait for its end.
    #[test]
    fn slow_operations_fit_the_percentile_of_their_minute() {
        for made in of_every_level(29, 6) {
            let state = made.world().start();
            let class = made.world().library.vocabulary.class_named(SLOW).unwrap();
            for at in made.incident().topology.ids() {
                let reader = Reader::new(made.world(), &state, at);
                for minute in [-30, -3, -1] {
                    let p99 = made.world().reading(&state, at, minute).p99;
                    for salt in 0..5 {
                        let ms = reader.lasts(class, None, When { ms: i64::from(minute) * 60_000, minute, salt });
                        assert!(ms * 1000 >= p99.min(TIMEOUT - 90_000) && ms * 1000 < TIMEOUT, "{ms} ms for {p99} us");
                    }
                }
            }
        }
    }
}
