//! The templates of telemetry: series, fields of a status and notes of changes. They are data, read from
//! `families/telemetry.toml`.
//!
//! Series and fields belong to classes of evidence and never to a family, so no text can give a family away, and what is read
//! in one place cannot contradict what is read in another. Notes of changes say what a family needs; changes that set nothing
//! off have the same ones.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::data::dialect::Quantity;
use crate::data::family::ChangeKind;
use crate::data::kinds::Kind;
use crate::data::phrase::Phrase;
use crate::data::vocabulary::Vocabulary;
use crate::ids::{ClassId, VerbId};
use incident_env::Diagnostic;

/// How a series moves from its usual level to the shifted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// The series jumps at once.
    Step,
    /// The series moves within a quarter of an hour.
    Ramp,
    /// The series moves during the hour before, because something that fills up does harm only once it is full.
    Fill,
    /// The series rises, falls at each restart, and rises again.
    Saw,
}

/// A metric of some kinds of entities.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// What it measures, if exporters have a name for it.
    pub of: Option<Quantity>,
    /// The label of the series where no exporter names it.
    pub label: String,
    /// The unit of the values; it may be empty.
    pub unit: String,
    /// The class of evidence that shifts the series.
    pub class: ClassId,
    /// The kinds of entities that have the series.
    pub kinds: Vec<Kind>,
    /// The least and the greatest value on a usual day.
    pub usual: [i32; 2],
    /// The least and the greatest value while the class is there.
    pub shifted: [i32; 2],
    /// How the series moves there.
    pub shape: Shape,
}

/// A field of the status of some kinds of entities.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The class of evidence that changes the field.
    pub class: ClassId,
    /// The kinds of entities that have the field.
    pub kinds: Vec<Kind>,
    /// The text on a usual day.
    pub usual: Phrase,
    /// The text while the class is there.
    pub shifted: Phrase,
    /// The text where the class was there within the last hour.
    pub ended: Option<Phrase>,
    /// The texts once a verb was performed on what the field is about, by verb.
    pub after: BTreeMap<VerbId, Phrase>,
}

/// The templates of all records.
#[derive(Debug, Clone)]
pub struct Templates {
    pub(crate) series: Vec<Series>,
    pub(crate) fields: Vec<Field>,
    pub(crate) notes: Vec<Note>,
}

/// What changes of some sort say of themselves.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The kinds of parts that are changed so.
    pub at: Vec<Kind>,
    /// The ids of the families that such a change could set off.
    pub of: Vec<String>,
    /// The texts, of which a change has one.
    pub texts: Vec<Phrase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    series: Vec<SeriesFile>,
    status: BTreeMap<String, FieldFile>,
    #[serde(default)]
    note: Vec<NoteFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteFile {
    kind: ChangeKind,
    at: Vec<Kind>,
    #[serde(default)]
    of: Vec<String>,
    text: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    of: Option<Quantity>,
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
    ended: Option<String>,
    #[serde(default)]
    after: BTreeMap<String, String>,
}

impl Templates {
    /// Reads and checks the file: every class must have a template, and every place in a text must be known.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let class = |place: &str, name: &str, tool: Diagnostic| {
            ClassId::find(&vocabulary.classes, |class| class.name == name && class.tool == tool)
                .ok_or_else(|| format!("{place}: '{name}' is no class of {tool}"))
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

        let mut series = Vec::new();
        for one in file.series {
            let place = format!("series '{}'", one.label);
            let SeriesFile { of, label, unit, class: name, kinds, usual, shifted, shape } = one;
            let id = class(&place, &name, Diagnostic::CheckMetrics)?;
            if usual[0] > usual[1] || shifted[0] > shifted[1] || usual[0] < 0 || shifted[0] < 0 {
                return Err(format!("{place}: levels are from the least to the most, and not negative"));
            }
            series.push(Series { of, label, unit, class: id, kinds, usual, shifted, shape });
        }
        let mut fields = Vec::new();
        for (name, FieldFile { kinds, usual, shifted, ended, after }) in file.status {
            let place = format!("status.{name}");
            let id = class(&place, &name, Diagnostic::CheckServiceStatus)?;
            let read = |text: &str| Phrase::parse(text).map_err(|problem| format!("{place}: {problem}"));
            let ended = ended.as_deref().map(read).transpose()?;
            let verb = |name: &String| {
                VerbId::find(&vocabulary.verbs, |verb| verb.name == *name)
                    .ok_or_else(|| format!("{place}: there is no verb '{name}'"))
            };
            let after = after.iter().map(|(name, text)| Ok((verb(name)?, read(text)?)));
            let after = after.collect::<Result<_, String>>()?;
            let (usual, shifted) = (read(&usual)?, read(&shifted)?);
            fields.push(Field { class: id, kinds, usual, shifted, ended, after });
        }
        for (id, class) in vocabulary.numbered_classes() {
            let has_text = match class.tool {
                // Dialects have the texts of logs.
                Diagnostic::QueryLogs => true,
                Diagnostic::CheckMetrics => series.iter().any(|series| series.class == id),
                _ => fields.iter().any(|field| field.class == id),
            };
            if !has_text {
                return Err(format!("class '{}' has no text", class.name));
            }
        }
        let note = |NoteFile { kind, at, of, text }: NoteFile| {
            let texts = phrases(&format!("note of a change '{kind}'"), &text)?;
            Ok(Note { kind, at, of, texts })
        };
        let notes = file.note.into_iter().map(note).collect::<Result<_, String>>()?;
        Ok(Self { series, fields, notes })
    }
}
