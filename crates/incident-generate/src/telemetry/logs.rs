//! The log of an entity. Lines come in bursts on several channels, and of each channel the newest lines are shown.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use crate::data::vocabulary::FailsAs;
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet};
use crate::proof::claim::Claim;
use crate::record_id::RecordId;
use crate::system::topology::Edge;
use crate::telemetry::reader::{LOGGED, LOGS, Reader, RequestTime, Sheet, WINDOW};
use incident_env::Diagnostic;

/// The number of lines of a channel that are shown.
const LINES: usize = 3;
/// The share of failures, in thousandths, from which an entity does not report work that was done.
const HOPELESS: i16 = 900;
/// The number of failing calls, and that of usual calls, that have a channel.
const CALLS: usize = 3;
/// The channels, as the first part of their keys.
const CLASSES: u64 = 1 << 16;
const FAILED_CALLS: u64 = 2 << 16;
const NOISE: u64 = 3 << 16;
const USUAL_CALLS: u64 = 4 << 16;
const TRACE: u64 = 9 << 16;

/// A line of a log before it is written.
struct Line {
    /// Milliseconds after the alert.
    ms: i64,
    /// The key of its channel. Two lines of a channel never come at the same time.
    key: u64,
    id: RecordId,
    text: String,
    claim: Claim,
}

impl<'a> Reader<'a> {
    /// Writes the log of the entity.
    pub(super) fn logs(&self, sheet: &mut Sheet) {
        let logged = self.world.library.vocabulary.of_tool(Diagnostic::QueryLogs);
        let mut lines = Vec::new();
        let (seen, of_classes) = self.classes(&mut lines, logged);
        let of_calls = self.failed_calls(&mut lines);
        self.noise(&mut lines);
        self.usual_calls(&mut lines);
        lines.sort_by_key(|line| (line.ms, line.key));
        let claim = Claim::Lacks { at: self.at, classes: logged - seen };
        sheet.begin(self.id(LOGS, 0, i64::from(self.now)), claim);
        let _ = writeln!(
            sheet.text,
            "{} log of {}, last {WINDOW} min; kinds of message above INFO: {}, the newest of each below{}",
            self.clock(self.now),
            self.name(self.at),
            of_classes + of_calls,
            Lost(self.world.incident.knobs.log_loss),
        );
        for line in lines {
            sheet.begin(line.id, line.claim);
            let ms = line.ms.rem_euclid(60_000);
            let minute = i32::try_from(line.ms.div_euclid(60_000)).unwrap_or_default();
            let _ = writeln!(sheet.text, "{}:{:02}.{:03} {}", self.clock(minute), ms / 1000, ms % 1000, line.text);
        }
        self.trace(sheet);
    }

    /// Adds the lines of classes of evidence. Returns the classes that have lines, and the number of channels.
    fn classes(&self, lines: &mut Vec<Line>, logged: ClassSet) -> (ClassSet, usize) {
        let (mut seen, mut channels) = (ClassSet::EMPTY, 0);
        for presence in &self.presences {
            for class in (presence.classes & logged).iter() {
                let Some(template) = &self.world.library.telemetry.logs[class.index()] else { continue };
                let before = lines.len();
                let key = CLASSES | u64::from(class) << 8 | presence.number;
                let claim = Claim::Shows { at: self.at, class };
                self.channel(lines, key, [presence.from, presence.to], |text, salt, _| {
                    let _ = write!(text, "{} ", template.level);
                    self.phrase(text, &template.lines, self.peer_of(class), salt, None);
                    claim
                });
                if lines.len() > before {
                    channels += 1;
                    seen |= ClassSet::of(class);
                }
            }
        }
        (seen, channels)
    }

    /// Adds usual lines about work that was done, until next to nothing works.
    fn noise(&self, lines: &mut Vec<Line>) {
        let Some(noise) = self.world.library.telemetry.noise.get(&self.kind(self.at)) else { return };
        let mut works = self.now;
        while works > self.now - WINDOW && self.world.reading(self.state, self.at, works).error >= HOPELESS {
            works -= 1;
        }
        let ms = (self.world.usual(self.at).latency / 1000).max(1);
        self.channel(lines, NOISE, [i32::MIN, works + 1], |text, salt, _| {
            text.push_str("INFO ");
            self.phrase(text, noise, self.some_peer(), salt, Some(RequestTime::Answered(ms)));
            Claim::Nothing
        });
    }

    /// Returns the name of the entity that a class is about. If it is about calls along one kind of edge, it is the
    /// other end of such an edge.
    fn peer_of(&self, class: ClassId) -> &'a str {
        let mut holding = self.world.holding(self.state, self.at, self.now);
        let toward =
            holding.find(|acting| acting.predicate.shows.contains(class)).and_then(|acting| acting.predicate.toward);
        let topology = &self.world.incident.topology;
        let edge = toward.and_then(|toward| topology.needs(self.at).find(|edge| toward.includes(edge.kind)));
        edge.map_or_else(|| self.some_peer(), |edge| self.name(edge.to))
    }

    /// Adds the newest lines of a channel, which comes in bursts from one minute to another. `write` appends a text,
    /// given its salt and its minute, and returns what it claims.
    fn channel(
        &self,
        lines: &mut Vec<Line>,
        key: u64,
        [from, to]: [i32; 2],
        mut write: impl FnMut(&mut String, u64, i32) -> Claim,
    ) {
        let first = from.max(self.now - WINDOW + 1);
        // The current minute has only begun, and has no lines yet.
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
                let claim = write(&mut text, salt, minute);
                lines.push(Line { ms, key, id: self.id(LOGS, key, ms), text, claim });
            }
        }
    }

    /// Returns the coordinate of the draws of a channel.
    fn place(&self, key: u64) -> u64 {
        u64::from(self.at) << 32 | key
    }

    /// Returns whether a line was lost on the way to where logs are read.
    fn is_lost(&self, key: u64, minute: i32, number: u32) -> bool {
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

    /// Returns when a line of a burst comes in its minute, in milliseconds.
    fn moment(&self, key: u64, minute: i32, number: u32) -> u32 {
        let draws = self.world.incident.draws;
        let place = self.place(key);
        let minute = u64::from(minute.cast_unsigned());
        let start = draws.within(Stream::Bursts, place, minute | 1 << 40, 0, 40_000);
        start + number * 1900 + draws.within(Stream::Bursts, place, minute | u64::from(number + 2) << 40, 0, 1500)
    }

    /// Adds the calls that fail, as the caller sees them; an entity sees only its own calls. Returns the number of
    /// channels.
    fn failed_calls(&self, lines: &mut Vec<Line>) -> usize {
        let now = self.now;
        let worst = |edge: &Edge| {
            let minutes = [now, now - 6, 0, -1].into_iter().filter(|minute| *minute <= now);
            minutes.map(|minute| self.fails(edge, minute).0).max().unwrap_or_default()
        };
        let needs = self.world.incident.topology.needs(self.at);
        let mut bad: Vec<(i32, Edge)> =
            needs.map(|edge| (worst(edge), *edge)).filter(|(share, _)| *share >= LOGGED).collect();
        bad.sort_by_key(|(share, edge)| (Reverse(*share), edge.to));
        bad.truncate(CALLS);
        for (_, edge) in &bad {
            self.failed_call(lines, edge);
        }
        bad.len()
    }

    /// Adds the lines of one call that fails, for as long as it fails.
    fn failed_call(&self, lines: &mut Vec<Line>, edge: &Edge) {
        let is_failing = |minute: i32| self.fails(edge, minute).0 >= LOGGED;
        let first = self.now - WINDOW;
        let end = (first..=self.now).rev().find(|minute| is_failing(*minute)).unwrap_or(self.now);
        let onset = (first..=end).rev().take_while(|minute| is_failing(*minute)).last().unwrap_or(end);
        let claim = Claim::Calls { from: edge.from, to: edge.to, fail: true, errors: None };
        self.channel(lines, FAILED_CALLS | u64::from(edge.to), [onset, end + 1], |text, salt, minute| {
            let (_, fails_as) = self.fails(edge, minute.max(onset));
            text.push_str("ERROR ");
            if let Some(phrases) = self.world.library.telemetry.fails.get(&fails_as) {
                let ms = (self.slowest(edge.to, minute, fails_as == FailsAs::Timeout) / 1000).max(1);
                let time = match fails_as {
                    FailsAs::Timeout => RequestTime::GivenUp(ms),
                    _ => RequestTime::Answered(ms),
                };
                self.phrase(text, phrases, self.name(edge.to), salt, Some(time));
            }
            claim
        });
    }

    /// Adds calls that work, so that the entity that is named most often is not the one that fails.
    fn usual_calls(&self, lines: &mut Vec<Line>) {
        let phrases = &self.world.library.telemetry.calls;
        let works = |edge: &&Edge| self.fails(edge, self.now - 1).0 < LOGGED;
        for edge in self.world.incident.topology.needs(self.at).filter(works).take(CALLS) {
            let ms = (self.world.usual(edge.to).latency / 1000).max(1);
            self.channel(lines, USUAL_CALLS | u64::from(edge.to), [i32::MIN, i32::MAX], |text, salt, _| {
                text.push_str("INFO ");
                self.phrase(text, phrases, self.name(edge.to), salt, Some(RequestTime::Answered(ms)));
                Claim::Nothing
            });
        }
    }

    /// Writes the trace of one request that failed or was slow, with where its time went.
    fn trace(&self, sheet: &mut Sheet) {
        let trouble = self.world.trouble(self.state, self.at, self.now);
        if !trouble.any() {
            return;
        }
        let latency = |at| self.world.reading(self.state, at, self.now).latency;
        let bad = |edge: &&Edge| (self.fails(edge, self.now).0, latency(edge.to), Reverse(edge.to));
        let worst = self.world.incident.topology.needs(self.at).max_by_key(bad);
        let failed = worst.filter(|edge| self.fails(edge, self.now).0 >= LOGGED);
        let calls = |edge: &Edge| Claim::Calls { from: edge.from, to: edge.to, fail: true, errors: None };
        sheet.begin(self.id(LOGS, TRACE, i64::from(self.now)), failed.map_or(Claim::Nothing, calls));
        let total = (latency(self.at) / 1000).max(1);
        let end = if trouble.errors { "failed" } else { "slow" };
        let name = self.name(self.at);
        let _ = write!(sheet.text, "{} trace of a request: {name} {total} ms, {end}", self.clock(self.now));
        if let Some(edge) = worst {
            let end = if failed.is_some() { "failed" } else { "ok" };
            let ms = (latency(edge.to) / 1000).max(1).min(total);
            let _ = write!(sheet.text, "; in it {} {ms} ms, {end}", self.name(edge.to));
        }
        sheet.text.push('\n');
    }
}

/// The remark about lines that were lost, given in hundredths of all lines.
struct Lost(u32);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            share => write!(f, "; about {share} % of the lines were dropped at collection"),
        }
    }
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
                    for number in 0..reader.burst(NOISE, minute) {
                        times.push(f64::from(minute) * 60_000.0 + f64::from(reader.moment(NOISE, minute, number)));
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
}
