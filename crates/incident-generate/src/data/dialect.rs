//! Dialects: how each technology prints its logs and names its series. They are data, read from
//! `families/dialects/`, one file a technology.
//!
//! A dialect says how something reads that is seen: a class of evidence, a call that fails, work that is done. It never
//! knows why, so no text can give a family away.

use serde::Deserialize;

use crate::data::kinds::Kind;
use crate::data::phrase::{Known, Phrase, Place};
use crate::data::vocabulary::{FailsAs, Vocabulary};
use crate::ids::{ClassId, DialectId};
use incident_env::{Diagnostic, LogLevel};

/// The class of evidence of clocks that are off.
const OFFSET: &str = "offset_high";
/// The id of the dialect of the platform, which says of any part that runs on it what its own process cannot.
pub(crate) const PLATFORM: &str = "kubernetes";

/// A stream of lines, such as the output of a process or the journal of a unit.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    /// The name of the stream.
    pub name: String,
    /// What the lines come from, such as a pod.
    pub source: Phrase,
    /// How each entry is printed: its prefix, and its text.
    line: Phrase,
    words: [String; 3],
}

impl Stream {
    /// Returns how an entry is printed.
    pub(crate) const fn line(&self) -> &Phrase {
        &self.line
    }

    /// Returns the word for a level.
    pub(crate) fn word(&self, level: LogLevel) -> &str {
        &self.words[level.index()]
    }
}

/// An entry of a log, in several variants.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The number of the stream that it is printed in.
    pub stream: usize,
    /// How loud it is.
    pub level: LogLevel,
    /// Whether it comes once in a minute at most.
    pub is_sparse: bool,
    /// The seconds from one to the next, if it comes at fixed times, and how long after the first such times of the part.
    pub every: Option<[u32; 2]>,
    /// The variants. Each is the lines of one entry.
    pub variants: Vec<Vec<Part>>,
}

impl Entry {
    /// Returns how it comes.
    pub(crate) const fn pace(&self) -> Pace {
        Pace { level: self.level, is_sparse: self.is_sparse, every: self.every }
    }
}

/// How entries of one sort come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How loud they are.
    pub level: LogLevel,
    /// Whether there is one in a minute at most.
    pub is_sparse: bool,
    /// The seconds from one to the next, if they come at fixed times, and how long after the first such times of the part.
    pub every: Option<[u32; 2]>,
}

/// A line of an entry.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The word in the place of the level, if the line is printed as an entry of its own.
    pub word: Option<String>,
    /// How long after the line before it comes.
    pub later: Later,
    /// The text of the line.
    pub text: Phrase,
}

/// How long after the line before a line of an entry comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Later {
    /// At the same time.
    #[default]
    No,
    /// Milliseconds later.
    Soon,
    /// A few seconds later.
    Then,
    /// Many seconds later.
    Late,
}

/// An entry that is printed only in some cases.
#[derive(Debug, Clone)]
struct Case<K> {
    of: K,
    /// The technologies of the other end of the call, or none for any.
    peer: Vec<String>,
    /// The kinds of parts that print it, or none for any.
    kinds: Vec<Kind>,
    entry: Entry,
}

/// A usual entry: what is printed on any day.
#[derive(Debug, Clone)]
pub(crate) struct Usual {
    /// What the entry is about.
    pub about: About,
    /// The kinds of parts that print it, or none for any.
    kinds: Vec<Kind>,
    /// The entry itself.
    pub entry: Entry,
}

/// What a usual entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The part itself.
    Itself,
    /// A request that the part answered.
    Served,
    /// A call that another part answered.
    Called,
    /// That the part has far more to do than on a usual day.
    Busy,
}

incident_env::named_enum! {
    /// What a series measures.
    pub enum Quantity ("quantity", "quantities") {
        /// Use of the processor, in percent of the limit.
        Cpu = "cpu",
        /// Memory in use, in percent of the limit.
        Memory = "memory",
        /// Connections in use, in percent of the greatest number.
        Connections = "connections",
        /// Use of the volume, in percent of its size.
        Volume = "volume",
        /// Messages that wait, in thousands.
        Backlog = "backlog",
        /// Messages that arrive, in tenths a second.
        Arrivals = "arrivals",
        /// Messages that are taken off, in tenths a second.
        Handled = "handled",
        /// The age of the oldest message that waits, in minutes.
        Oldest = "oldest",
        /// Reads that are answered from memory, in percent.
        Hits = "hits",
        /// Requests, in tenths a second.
        Requests = "requests",
        /// Requests that fail, in tenths of a percent.
        Errors = "errors",
        /// The median of response times, in tenths of a millisecond.
        P50 = "p50",
        /// The 99th percentile of response times, in tenths of a millisecond.
        P99 = "p99",
        /// Attempts after a failed one, in tenths a second.
        Retries = "retries",
        /// Restarts since the part was deployed.
        Restarts = "restarts",
        /// TLS handshakes that fail, in percent.
        Handshakes = "handshakes",
        /// The offset of a clock, in milliseconds.
        Offset = "offset",
        /// How far a copy lags behind, in seconds.
        Lag = "lag",
        /// Processor time that other machines took, in percent.
        Steal = "steal",
        /// Periods in which the processor was held back by a limit, in percent.
        Throttled = "throttled",
        /// Prefixes that a neighbour announces.
        Prefixes = "prefixes",
        /// Sessions with neighbours that are up.
        Session = "session",
        /// Keys that were put out for want of memory, a second.
        Evictions = "evictions",
    }
}

/// How a technology names a series.
#[derive(Debug, Clone)]
pub(crate) struct SeriesName {
    /// What it measures.
    pub of: Quantity,
    /// The name that its exporter gives it.
    pub name: String,
    /// The labels, or nothing.
    pub labels: Phrase,
    /// The unit, or nothing.
    pub unit: String,
    /// The kinds of parts that have it, or none for any.
    kinds: Vec<Kind>,
}

/// A technology, with how it reads.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Its id.
    pub id: String,
    /// Its name and release, as a catalogue says it.
    pub name: String,
    /// The port that it listens on.
    pub port: u16,
    kinds: Vec<Kind>,
    /// The queues that its workers read from, by their technologies.
    reads: Vec<String>,
    share: u32,
    pub(crate) streams: Vec<Stream>,
    says: Vec<Case<ClassId>>,
    /// What is printed once when a class of evidence begins to be there, and once when it is there no more.
    begins: Vec<Case<ClassId>>,
    over: Vec<Case<ClassId>>,
    ends: Vec<Case<ClassId>>,
    fails: Vec<Case<FailsAs>>,
    pub(crate) usual: Vec<Usual>,
    started: Vec<Usual>,
    series: Vec<SeriesName>,
}

/// All dialects, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Dialects(Vec<Dialect>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    name: String,
    kinds: Vec<Kind>,
    #[serde(default)]
    reads: Vec<String>,
    #[serde(default)]
    share: u32,
    #[serde(default)]
    port: u16,
    stream: toml::Table,
    #[serde(default)]
    says: Vec<EntryFile>,
    #[serde(default)]
    fails: Vec<EntryFile>,
    #[serde(default)]
    usual: Vec<EntryFile>,
    #[serde(default)]
    begins: Vec<EntryFile>,
    #[serde(default)]
    over: Vec<EntryFile>,
    #[serde(default)]
    ends: Vec<EntryFile>,
    #[serde(default)]
    started: Vec<EntryFile>,
    #[serde(default)]
    series: Vec<SeriesFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamFile {
    source: String,
    line: String,
    level: LevelFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelFile {
    error: String,
    warn: String,
    info: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that a file may say")]
struct EntryFile {
    class: Option<String>,
    #[serde(rename = "as")]
    fails_as: Option<FailsAs>,
    stream: Option<String>,
    level: Option<LogLevel>,
    #[serde(default)]
    peer: Vec<String>,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    calls: bool,
    #[serde(default)]
    served: bool,
    #[serde(default)]
    busy: bool,
    #[serde(default)]
    sparse: bool,
    every: Option<u32>,
    #[serde(default)]
    after: u32,
    text: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    of: Quantity,
    name: String,
    #[serde(default)]
    labels: String,
    #[serde(default)]
    unit: String,
    /// Says in the file what the printed number is relative to; units say it as well.
    #[serde(default, rename = "per")]
    _per: u32,
    #[serde(default)]
    kinds: Vec<Kind>,
}

impl Dialect {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub(crate) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        // The table of a TOML file is in the order of its names; the first stream that is written is the usual one.
        let mut names: Vec<_> = file.stream.keys().cloned().collect();
        names.sort_by_key(|name| text.find(&format!("[stream.{name}]")));
        let mut streams = Vec::new();
        for name in names {
            let place = format!("stream.{name}");
            let table = file.stream.get(&name).cloned().unwrap_or(toml::Value::Boolean(false));
            let StreamFile { source, line, level } = table.try_into().map_err(|error| format!("{place}: {error}"))?;
            let read = |text: &str| Phrase::parse(text).map_err(|problem| format!("{place}: {problem}"));
            let (source, line) = (read(&source)?, read(&line)?);
            if line.places().filter(|one| *one == Place::Known(Known::Text)).count() != 1 {
                return Err(format!("{place}: a line has the place {{text}} once"));
            }
            streams.push(Stream { name, source, line, words: [level.error, level.warn, level.info] });
        }
        if streams.is_empty() {
            return Err("there is no stream".to_owned());
        }
        let class = |name: &str| {
            ClassId::find(&vocabulary.classes, |class| class.name == name)
                .filter(|id| is_logged(vocabulary, *id))
                .ok_or_else(|| format!("says: '{name}' is no class that logs or events show"))
        };
        let entry = |place: &str, file: &EntryFile, usual: LogLevel| {
            let stream = match &file.stream {
                None => 0,
                Some(name) => streams
                    .iter()
                    .position(|stream| stream.name == *name)
                    .ok_or_else(|| format!("{place}: there is no stream '{name}'"))?,
            };
            if file.text.is_empty() {
                return Err(format!("{place}: no text"));
            }
            let variants = file.text.iter().map(|text| variant(text).map_err(|problem| format!("{place}: {problem}")));
            let variants = variants.collect::<Result<_, _>>()?;
            if file.every == Some(0) {
                return Err(format!("{place}: nothing comes every 0 seconds"));
            }
            let level = file.level.unwrap_or(usual);
            let every = file.every.map(|every| [every, file.after]);
            Ok(Entry { stream, level, is_sparse: file.sparse, every, variants })
        };
        let of_class = |place: &str, files: &[EntryFile]| {
            let one = |one: &EntryFile| {
                let name = one.class.as_deref().ok_or_else(|| format!("{place}: an entry names its class"))?;
                let entry = entry(&format!("{place} {name}"), one, LogLevel::Error)?;
                Ok(Case { of: class(name)?, peer: one.peer.clone(), kinds: one.kinds.clone(), entry })
            };
            files.iter().map(one).collect::<Result<Vec<_>, String>>()
        };
        let says = of_class("says", &file.says)?;
        let begins = of_class("begins", &file.begins)?;
        let over = of_class("over", &file.over)?;
        let ends = of_class("ends", &file.ends)?;
        let mut fails = Vec::new();
        for one in &file.fails {
            let of = one.fails_as.ok_or("fails: an entry says how the call fails, with `as`")?;
            let entry = entry(&format!("fails {of:?}"), one, LogLevel::Error)?;
            fails.push(Case { of, peer: one.peer.clone(), kinds: one.kinds.clone(), entry });
        }
        let mut usual = Vec::new();
        for one in &file.usual {
            let about = match (one.calls, one.served) {
                (true, _) => About::Called,
                (_, true) => About::Served,
                _ if one.busy => About::Busy,
                _ => About::Itself,
            };
            usual.push(Usual { about, kinds: one.kinds.clone(), entry: entry("usual", one, LogLevel::Info)? });
        }
        let at_start = |one: &EntryFile| {
            let entry = entry("started", one, LogLevel::Info)?;
            Ok(Usual { about: About::Itself, kinds: one.kinds.clone(), entry })
        };
        let started = file.started.iter().map(at_start).collect::<Result<_, String>>()?;
        let series = file.series.into_iter().map(|SeriesFile { of, name, labels, unit, kinds, .. }| {
            let labels = Phrase::parse(&labels).map_err(|problem| format!("series {name}: {problem}"))?;
            Ok(SeriesName { of, name, labels, unit, kinds })
        });
        let series = series.collect::<Result<_, String>>()?;
        let File { id, name, kinds, reads, share, port, .. } = file;
        Ok(Self {
            id,
            name,
            port,
            kinds,
            reads,
            share,
            streams,
            says,
            begins,
            over,
            ends,
            fails,
            usual,
            started,
            series,
        })
    }

    /// Returns what is printed where a class of evidence is seen at a part of a kind, if it is printed at all. `peer` is
    /// the technology of the other end of the call that it is about. Where several entries fit, `which` picks one, so that
    /// one fault reads in one way.
    pub(crate) fn says(&self, class: ClassId, kind: Kind, peer: &Self, which: u32) -> Option<&Entry> {
        best(&self.says, class, kind, peer, which)
    }

    /// Returns what is printed once at a part of a kind when a class of evidence begins to be there.
    pub(crate) fn begins(&self, class: ClassId, kind: Kind, which: u32) -> Option<&Entry> {
        best(&self.begins, class, kind, self, which)
    }

    /// Returns what is printed once at a part of a kind when a class of evidence is there no more.
    pub(crate) fn over(&self, class: ClassId, kind: Kind, which: u32) -> Option<&Entry> {
        best(&self.over, class, kind, self, which)
    }

    /// Returns the last words of a process of a part of a kind that ends because of what a class of evidence tells.
    pub(crate) fn ends(&self, class: ClassId, kind: Kind, which: u32) -> Option<&Entry> {
        best(&self.ends, class, kind, self, which)
    }

    /// Goes through all that is printed where a class of evidence is seen.
    pub(crate) fn says_all(&self, class: ClassId) -> impl Iterator<Item = &Entry> {
        self.says.iter().filter(move |case| case.of == class).map(|case| &case.entry)
    }

    /// Goes through what a part of this kind prints when it was started.
    pub(crate) fn started(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        let fits = move |one: &&Usual| one.kinds.is_empty() || one.kinds.contains(&kind);
        self.started.iter().filter(fits).map(|one| &one.entry)
    }

    /// Returns what is printed where a call of a part of this kind fails.
    pub(crate) fn fails(&self, fails_as: FailsAs, kind: Kind, peer: &Self, which: u32) -> Option<&Entry> {
        best(&self.fails, fails_as, kind, peer, which)
    }

    /// Goes through what a part of this kind prints on any day.
    pub(crate) fn usual(&self, kind: Kind) -> impl Iterator<Item = &Usual> {
        self.usual.iter().filter(move |usual| usual.kinds.is_empty() || usual.kinds.contains(&kind))
    }

    /// Returns how it names the series of a quantity, if its exporter has one.
    pub(crate) fn series(&self, of: Quantity, kind: Kind) -> Option<&SeriesName> {
        let fits = |series: &&SeriesName| series.of == of && (series.kinds.is_empty() || series.kinds.contains(&kind));
        self.series.iter().find(fits)
    }
}

/// Returns whether logs or the events of the platform can show a class. Who sets a clock tells of its offset, too.
fn is_logged(vocabulary: &Vocabulary, id: ClassId) -> bool {
    let class = &vocabulary.classes[id.index()];
    matches!(class.tool, Diagnostic::QueryLogs | Diagnostic::CheckServiceStatus) || class.name == OFFSET
}

/// Reads the lines of a variant. A line that begins with `@WORD ` is printed as an entry of its own. One that begins with `~`
/// comes milliseconds after the line before it, one that begins with `~~` a few seconds, and one with `~~~` many.
fn variant(text: &str) -> Result<Vec<Part>, String> {
    let part = |line: &str| {
        let sorts = [("~~~", Later::Late), ("~~", Later::Then), ("~", Later::Soon), ("", Later::No)];
        let found = sorts.iter().find_map(|(sign, later)| Some((line.strip_prefix(sign)?, *later)));
        let (line, later) = found.unwrap_or((line, Later::No));
        let own = line.strip_prefix('@').and_then(|rest| rest.split_once(' '));
        let (word, text) = own.map_or((None, line), |(word, text)| (Some(word.to_owned()), text));
        Ok(Part { word, later, text: Phrase::parse(text)? })
    };
    text.trim_end_matches('\n').split('\n').map(part).collect()
}

/// Returns the entry of a case: one that names the technology called beats one that serves all. Where several are as good,
/// `which` picks one.
fn best<'a, K: PartialEq + Copy>(
    cases: &'a [Case<K>],
    of: K,
    kind: Kind,
    peer: &Dialect,
    which: u32,
) -> Option<&'a Entry> {
    let fits = |case: &&Case<K>| case.of == of && (case.kinds.is_empty() || case.kinds.contains(&kind));
    let mut found: Vec<_> = cases.iter().filter(fits).filter(|case| case.peer.contains(&peer.id)).collect();
    if found.is_empty() {
        found = cases.iter().filter(fits).filter(|case| case.peer.is_empty()).collect();
    }
    let count = found.len().max(1);
    found.get(which as usize % count).map(|case| &case.entry)
}

impl Dialects {
    /// Collects dialects, in the order of their ids.
    ///
    /// # Errors
    /// Two have the same id, a kind has none, an entry names a technology that there is not, or the platform is missing.
    pub(crate) fn new(mut all: Vec<Dialect>) -> Result<Self, String> {
        all.sort_by(|one, other| one.id.cmp(&other.id));
        if let Some(twice) = all.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(format!("there are two dialects '{}'", twice[0].id));
        }
        let ids: Vec<_> = all.iter().map(|dialect| dialect.id.as_str()).collect();
        let peers = all.iter().flat_map(|dialect| {
            let says = dialect.says.iter().flat_map(|case| &case.peer);
            says.chain(dialect.fails.iter().flat_map(|case| &case.peer)).map(move |peer| (&dialect.id, peer))
        });
        for (id, peer) in peers {
            if !ids.contains(&peer.as_str()) {
                return Err(format!("{id}: there is no dialect '{peer}'"));
            }
        }
        if !ids.contains(&PLATFORM) {
            return Err(format!("the dialect '{PLATFORM}' is missing"));
        }
        for kind in Kind::ALL {
            if !all.iter().any(|dialect| dialect.kinds.contains(&kind) && dialect.share > 0) {
                return Err(format!("no dialect is for parts of the kind '{kind}'"));
            }
        }
        Ok(Self(all))
    }

    /// Returns a dialect.
    #[must_use]
    pub fn get(&self, id: DialectId) -> &Dialect {
        &self.0[id.index()]
    }

    /// Returns the dialect of the platform.
    pub(crate) fn platform(&self) -> Option<&Dialect> {
        self.0.iter().find(|dialect| dialect.id == PLATFORM)
    }

    /// Goes through the dialects of the parts of a kind.
    #[cfg(test)]
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Dialect> {
        self.0.iter().filter(move |dialect| dialect.kinds.contains(&kind) && dialect.share > 0)
    }

    /// Picks a technology for a part of a kind, given a place as a fraction of 2³², and the technology of the queue that it
    /// reads from, if it reads from one.
    pub(crate) fn pick(&self, kind: Kind, queue: Option<DialectId>, place: u32) -> DialectId {
        let fits = |dialect: &Dialect| {
            let reads = queue.is_none_or(|queue| dialect.reads.contains(&self.get(queue).id));
            dialect.kinds.contains(&kind) && reads
        };
        let shares = |dialect: &Dialect| if fits(dialect) { dialect.share } else { 0 };
        let whole: u64 = self.0.iter().map(|dialect| u64::from(shares(dialect))).sum();
        let mut left = (u64::from(place) * whole) >> 32;
        let found = DialectId::find(&self.0, |dialect| match left.checked_sub(u64::from(shares(dialect))) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        found.unwrap_or(DialectId(0))
    }
}
