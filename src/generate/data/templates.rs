//! How a state reads: log lines, series, fields of a status, notes of changes. Data, from `families/telemetry.toml`, and the
//! drawing of records from them.
//!
//! A record is made from the state by rules that know classes of evidence and rates, and no family: what is read in one
//! place cannot contradict what is read in another.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::generate::data::phrase::Phrase;

use crate::generate::data::family::ChangeKind;
use crate::generate::system::topology::Kind;
use crate::generate::data::vocabulary::{FailsAs, Vocabulary};
use crate::env::Diagnostic;

/// Log lines of a class.
#[derive(Debug, Clone)]
pub struct LogLines {
    /// `WARN` or `ERROR`.
    pub level: String,
    /// How they read.
    pub lines: Vec<Phrase>,
}

/// How a series moves from its usual level to the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// At once.
    Step,
    /// Over a quarter of an hour.
    Ramp,
    /// Over the hour before: what is full does harm from then on.
    Fill,
    /// Up and up, and down at each restart.
    Saw,
}

/// A metric.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is called.
    pub label: String,
    /// Its unit; may be empty.
    pub unit: String,
    /// The class that shifts it, as a bit.
    pub class: u8,
    /// The kinds that have it.
    pub kinds: Vec<Kind>,
    /// Its levels on a usual day, from and to.
    pub usual: [i32; 2],
    /// Its levels while the class holds.
    pub shifted: [i32; 2],
    /// How it gets there.
    pub shape: Shape,
}

/// A field of a status.
#[derive(Debug, Clone)]
pub struct Field {
    /// The class that changes it, as a bit.
    pub class: u8,
    /// The kinds that have it.
    pub kinds: Vec<Kind>,
    /// How it reads on a usual day.
    pub usual: Phrase,
    /// How it reads while the class holds.
    pub shifted: Phrase,
}

/// All texts.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// By class, where its tool is logs.
    pub(crate) logs: Vec<Option<LogLines>>,
    pub(crate) fails: BTreeMap<FailsAs, Vec<Phrase>>,
    pub(crate) noise: BTreeMap<Kind, Vec<Phrase>>,
    pub(crate) calls: Vec<Phrase>,
    pub(crate) series: Vec<Series>,
    pub(crate) fields: Vec<Field>,
    pub(crate) notes: BTreeMap<ChangeKind, Vec<Phrase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    log: BTreeMap<String, LogFile>,
    fails: BTreeMap<FailsAs, Vec<String>>,
    noise: BTreeMap<Kind, Vec<String>>,
    calls: Vec<String>,
    series: Vec<SeriesFile>,
    status: BTreeMap<String, FieldFile>,
    notes: BTreeMap<ChangeKind, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile {
    level: String,
    lines: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    label: String,
    unit: String,
    class: String,
    kinds: Vec<Kind>,
    usual: [i32; 2],
    shifted: [i32; 2],
    shape: Shape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    kinds: Vec<Kind>,
    usual: String,
    shifted: String,
}

impl Telemetry {
    /// Reads and checks it: every class has a text, and every text is one that can be filled in.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let class = |place: &str, name: &str, tool: Diagnostic| {
            let bit = vocabulary.classes.iter().position(|class| class.name == name && class.tool == tool);
            let bit = bit.and_then(|bit| u8::try_from(bit).ok());
            bit.ok_or_else(|| format!("{place}: '{name}' is no class of {tool}"))
        };
        let phrases = |place: &str, lines: &[String]| {
            if lines.is_empty() {
                return Err(format!("{place}: no text"));
            }
            lines
                .iter()
                .map(|line| Phrase::parse(line).map_err(|e| format!("{place}: {e}")))
                .collect::<Result<Vec<_>, _>>()
        };

        let mut logs = vec![None; vocabulary.classes.len()];
        for (name, LogFile { level, lines }) in file.log {
            let place = format!("log.{name}");
            let bit = class(&place, &name, Diagnostic::QueryLogs)?;
            logs[usize::from(bit)] = Some(LogLines { level, lines: phrases(&place, &lines)? });
        }
        let mut series = Vec::new();
        for one in file.series {
            let place = format!("series '{}'", one.label);
            let SeriesFile { label, unit, class: name, kinds, usual, shifted, shape } = one;
            let bit = class(&place, &name, Diagnostic::CheckMetrics)?;
            if usual[0] > usual[1] || shifted[0] > shifted[1] || usual[0] < 0 || shifted[0] < 0 {
                return Err(format!("{place}: levels are from the least to the most, and not negative"));
            }
            series.push(Series { label, unit, class: bit, kinds, usual, shifted, shape });
        }
        let mut fields = Vec::new();
        for (name, FieldFile { kinds, usual, shifted }) in file.status {
            let place = format!("status.{name}");
            let bit = class(&place, &name, Diagnostic::CheckServiceStatus)?;
            let read = |text: &str| Phrase::parse(text).map_err(|problem| format!("{place}: {problem}"));
            fields.push(Field { class: bit, kinds, usual: read(&usual)?, shifted: read(&shifted)? });
        }
        for (bit, class) in vocabulary.classes.iter().enumerate() {
            let has_text = match class.tool {
                Diagnostic::QueryLogs => logs[bit].is_some(),
                Diagnostic::CheckMetrics => series.iter().any(|series| usize::from(series.class) == bit),
                _ => fields.iter().any(|field| usize::from(field.class) == bit),
            };
            if !has_text {
                return Err(format!("class '{}' has no text", class.name));
            }
        }
        let by = |place: &str, key: &dyn std::fmt::Debug, lines: &[String]| phrases(&format!("{place}.{key:?}"), lines);
        let fails = file
            .fails
            .iter()
            .map(|(key, lines)| Ok((*key, by("fails", key, lines)?)))
            .collect::<Result<_, String>>()?;
        let noise = file
            .noise
            .iter()
            .map(|(key, lines)| Ok((*key, by("noise", key, lines)?)))
            .collect::<Result<_, String>>()?;
        let notes = file
            .notes
            .iter()
            .map(|(key, lines)| Ok((*key, by("notes", key, lines)?)))
            .collect::<Result<_, String>>()?;
        let calls = phrases("calls", &file.calls)?;
        Ok(Self { logs, fails, noise, calls, series, fields, notes })
    }
}
