//! What a log has of restarts: the lines of the platform, which sees a container end and starts it again, and those that a
//! process prints when it was started. One that is killed prints nothing.

use crate::data::dialect::{Dialect, Entry};
use crate::draws::Stream;
use crate::ids::{ClassId, ClassSet};
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::telemetry::logs::{CLASSES, Log, SHOWN, write_entry};
use crate::telemetry::reader::{Reader, When};
use crate::telemetry::restarts::{
    KILLED, REFUSED, Restarts, class_of_restarts, container, fails_again, moment, replacements,
};
use crate::telemetry::words::Words;
use incident_env::LogLevel;

/// The first parts of the keys of the channels of restarts, and of what processes print at their start.
const RESTARTS: u64 = 6 << 20;
const STARTS: u64 = 7 << 16;
/// The milliseconds before the start of a container at which its image is found, it is made, and it is started.
const STEPS: [i64; 3] = [1000, 600, 0];
/// The milliseconds from the start of a container to the next state of its pod.
const CHANGED: i64 = 1300;
/// The milliseconds from the end of a container that cannot start to what is said of its pod, which waits then.
const WAITS: i64 = 900;
/// The milliseconds from the last words of a process to its end.
const LAST_WORDS: i64 = 120;
/// The milliseconds from the start of a container to the first line of its process.
const FIRST_LINE: i64 = 450;

/// The milliseconds of a minute by which a pod that is replaced in it runs.
const REPLACED_WITHIN: i64 = 2000;
/// The streams of the platform: the events, and what the kernel of the node says.
const EVENTS: usize = 0;
const KERNEL: usize = 1;

/// One thing that is printed at a restart.
struct Step<'a> {
    entry: &'a Entry,
    /// The number of the text among those of the entry, or none if one is drawn.
    text: Option<usize>,
    claim: Claim,
}

impl<'a> Reader<'a> {
    /// Goes through the classes of evidence that restarts tell of, if the part runs in a pod.
    pub(super) fn told_of_restarts(&self) -> impl Iterator<Item = ClassId> + use<'a> {
        let vocabulary = &self.world.library.vocabulary;
        let is_in_pod = self.world.incident.topology.entity(self.at).node.is_some();
        [vocabulary.class_named(KILLED), class_of_restarts(vocabulary)].into_iter().flatten().filter(move |_| is_in_pod)
    }

    /// Adds the entries of restarts. Returns the classes of evidence that have any.
    pub(super) fn restart_lines(&self, log: &mut Log) -> ClassSet {
        let mut seen = ClassSet::EMPTY;
        let Some(platform) = self.world.library.dialects.platform() else { return seen };
        for presence in &self.presences {
            let Some(restarts) = Restarts::of(presence, &self.world.library.vocabulary) else { continue };
            let classes: Vec<_> = self.told_of_restarts().filter(|class| presence.classes.contains(*class)).collect();
            for class in classes {
                if self.restarts_of_class(log, platform, presence, restarts, class) {
                    seen |= ClassSet::of(class);
                }
            }
            if restarts.at_start {
                self.back_off(log, platform, presence, restarts);
            }
        }
        for presence in &self.presences {
            for class in presence.classes.iter() {
                if self.ends(log, class, presence) {
                    seen |= ClassSet::of(class);
                }
            }
        }
        self.starts(log);
        seen
    }

    /// Returns what a process prints before it ends because of what a class of evidence tells, if it ends.
    pub(super) fn last_words(&self, class: ClassId, presence: &Presence) -> Option<&'a Entry> {
        let restarts = Restarts::of(presence, &self.world.library.vocabulary)?;
        let which = self.which(presence.number);
        self.dialect(self.at).ends(class, self.kind(self.at), which).filter(|_| !restarts.of_memory)
    }

    /// Adds the last words of processes that ended because of what a class of evidence tells. Returns whether there are any.
    fn ends(&self, log: &mut Log, class: ClassId, presence: &Presence) -> bool {
        let restarts = Restarts::of(presence, &self.world.library.vocabulary);
        let (Some(restarts), Some(entry)) = (restarts, self.last_words(class, presence)) else { return false };
        if log.level.is_some_and(|asked| asked != entry.level) {
            return false;
        }
        let (kept, key) = (log.kept, CLASSES | u64::from(class) << 8 | presence.number);
        let number = self.which(presence.number) as usize % entry.variants.len();
        let first = self.now - self.window() + 1;
        let mut shown = 0;
        let mut write = |out: &mut String, when: When| {
            let claim = Claim::Shows { at: self.at, class };
            let words = Words { of_restart: true, ..self.words_at(None, when) };
            (claim, write_entry(out, self.dialect(self.at), entry, Some(number), &words))
        };
        for minute in restarts.between(first, self.now - 1) {
            if shown > 0 && self.is_lost(key, minute, 0) {
                continue;
            }
            let ms = moment(self.world, self.at, minute) - LAST_WORDS;
            let salt = key << 24 ^ u64::from(minute.cast_unsigned());
            self.keep(log, key, When { ms, minute, salt }, &mut shown, &mut write);
        }
        log.kept > kept
    }

    /// Adds the entries of a class of evidence that tells of restarts. Returns whether there are any.
    fn restarts_of_class(
        &self,
        log: &mut Log,
        platform: &'a Dialect,
        presence: &Presence,
        restarts: Restarts,
        class: ClassId,
    ) -> bool {
        let kept = log.kept;
        let killed = self.world.library.vocabulary.class_named(KILLED);
        let claim = Claim::Shows { at: self.at, class };
        for (number, entry) in (0..).zip(platform.says_all(class)) {
            // The state of a container that was killed, or that cannot start, is told with that.
            let is_told = restarts.of_memory && Some(class) != killed || restarts.at_start;
            if is_told && entry.level == LogLevel::Warn {
                continue;
            }
            // Of several texts each is a step of its own.
            let is_event = entry.variants.len() == STEPS.len();
            let each = if is_event { STEPS.len() } else { 1 };
            for (nth, text) in (0..).zip(0..each) {
                let key = RESTARTS | u64::from(class) << 14 | presence.number << 6 | number << 2 | nth;
                let step = Step { entry, text: is_event.then_some(text), claim };
                self.step(log, platform, restarts, key, &step);
            }
        }
        log.kept > kept
    }

    /// Adds what the platform says of a container that ends again and again at its start.
    fn back_off(&self, log: &mut Log, platform: &'a Dialect, presence: &Presence, restarts: Restarts) {
        let vocabulary = &self.world.library.vocabulary;
        let (Some(refused), Some(class)) = (vocabulary.class_named(REFUSED), class_of_restarts(vocabulary)) else {
            return;
        };
        let claim = Claim::Shows { at: self.at, class };
        for (number, entry) in (0..).zip(platform.says_all(refused)) {
            let key = RESTARTS | u64::from(refused) << 14 | presence.number << 6 | number << 2;
            self.step(log, platform, restarts, key, &Step { entry, text: None, claim });
        }
    }

    /// Adds one thing that is printed at each restart.
    fn step(&self, log: &mut Log, platform: &'a Dialect, restarts: Restarts, key: u64, step: &Step<'_>) {
        if log.level.is_some_and(|asked| asked != step.entry.level) {
            return;
        }
        // Of what each restart repeats at length the newest is enough.
        let is_brief = step.text.is_none_or(|text| text + 1 == STEPS.len()) && step.entry.stream == EVENTS;
        let mut shown = if is_brief || self.asked.is_filtered() { 0 } else { SHOWN - 1 };
        let first = self.now - self.window() + 1;
        let mut write = |out: &mut String, when: When| {
            let words = Words { of_restart: true, ..self.words_at(None, when) };
            (step.claim, write_entry(out, platform, step.entry, step.text, &words))
        };
        let newest = restarts.between(first, self.now - 1).next().unwrap_or(first);
        for minute in restarts.between(first, self.now - 1) {
            if minute != newest && self.is_lost(key, minute, 0) {
                continue;
            }
            let at = moment(self.world, self.at, minute);
            let one = container(self.world, self.state, self.at, at);
            // The first container that ended had not just been started.
            if step.text.is_some() && one.waits && one.started < at - 60_000 {
                continue;
            }
            let ms = match step.text {
                Some(text) => one.started - STEPS.get(text).copied().unwrap_or_default(),
                // The kernel says at once what it does.
                None if step.entry.stream == KERNEL => at,
                None if one.waits => at + WAITS,
                None => one.started + CHANGED,
            };
            let salt = key << 24 ^ u64::from(minute.cast_unsigned());
            self.keep(log, key, When { ms, minute, salt }, &mut shown, &mut write);
        }
    }

    /// Adds what the process of the part printed when it was started.
    fn starts(&self, log: &mut Log) {
        let dialect = self.dialect(self.at);
        let entries: Vec<_> = dialect.started(self.kind(self.at)).collect();
        if entries.is_empty() || log.level.is_some_and(|asked| asked != LogLevel::Info) {
            return;
        }
        let first = self.now - self.window() + 1;
        let all = self.presences.iter().filter_map(|one| Restarts::of(one, &self.world.library.vocabulary));
        // A process that ends at its start does not get so far as to say that it is there.
        let all = all.filter(|one| !one.at_start);
        let restarted =
            all.flat_map(|one| one.between(first, self.now - 1).map(|minute| moment(self.world, self.at, minute)));
        let replaced = replacements(self.world, self.state, self.at)
            .filter(|minute| (first..self.now).contains(minute))
            .filter(|minute| !fails_again(self.world, self.state, self.at, *minute))
            .map(|minute| i64::from(minute) * 60_000 + REPLACED_WITHIN);
        let mut times: Vec<i64> = restarted.chain(replaced).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        let mut shown = 0;
        for at in times {
            let ms = container(self.world, self.state, self.at, at).started + FIRST_LINE;
            let minute = i32::try_from(ms.div_euclid(60_000)).unwrap_or(self.now);
            let salt = STARTS << 24 ^ u64::from(minute.cast_unsigned());
            let entry = self.world.incident.draws.pick(Stream::Phrases, u64::from(self.at), salt, &entries);
            let mut write = |out: &mut String, when: When| {
                (Claim::Nothing, write_entry(out, dialect, entry, None, &self.words_at(None, when)))
            };
            self.keep(log, STARTS, When { ms, minute, salt }, &mut shown, &mut write);
        }
    }
}
