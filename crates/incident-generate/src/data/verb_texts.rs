//! The texts of verbs: what agents are told about each, and what its tool prints. They are data, read from
//! `families/verbs.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::data::phrase::Phrase;
use crate::data::verb::Verb;
use crate::data::vocabulary::Vocabulary;
use crate::ids::{ClassSet, VerbId};

/// What agents are told about a verb, and what its tool prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbText {
    /// What the verb does.
    pub effect: String,
    /// What it relieves a part of for some minutes, if it relieves it of something.
    pub relief: Option<String>,
    /// What must hold first; `nothing` if nothing must.
    pub needs: String,
    /// What it costs or spoils.
    pub risk: String,
    /// Whether and how it is taken back.
    pub undo: String,
    /// What the tool prints when it is done.
    pub(crate) done: Phrase,
    /// What the tool prints if there was nothing to do.
    pub(crate) nothing: Option<Phrase>,
    /// What the tool prints if a fault undid it at once.
    pub(crate) failed: Option<Phrase>,
    /// What the tool prints if the same was done before, and nothing took it back.
    pub(crate) again: Option<Phrase>,
    /// What the tool prints if what it should stop goes on.
    pub(crate) goes_on: Option<Phrase>,
    /// The classes of evidence at its target that say that there is something to do.
    pub(crate) sees: ClassSet,
    /// The verb that it takes back.
    pub(crate) undoes: Option<VerbId>,
}

/// The texts of all verbs, in the order of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbTexts(Vec<VerbText>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextFile {
    effect: String,
    relief: Option<String>,
    needs: String,
    risk: String,
    undo: String,
    done: String,
    nothing: Option<String>,
    failed: Option<String>,
    again: Option<String>,
    goes_on: Option<String>,
    #[serde(default)]
    sees: Vec<String>,
    undoes: Option<String>,
}

impl VerbTexts {
    /// Reads and checks the file: every verb of the vocabulary must have its texts.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub(crate) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        let mut file: BTreeMap<String, TextFile> = toml::from_str(text).map_err(|error| error.to_string())?;
        let read = |verb: &Verb| {
            let name = &verb.name;
            let file = file.remove(name).ok_or_else(|| format!("{name}: a verb without texts"))?;
            let TextFile { effect, relief, needs, risk, undo, done, nothing, failed, again, goes_on, sees, undoes } =
                file;
            if [&effect, &needs, &risk, &undo, &done].iter().any(|text| text.trim().is_empty()) {
                return Err(format!("{name}: effect, needs, risk, undo and done must say something"));
            }
            if relief.is_some() == verb.relieves.is_empty() {
                return Err(format!("{name}: 'relief' is said of verbs that relieve something, and of no others"));
            }
            if (!sees.is_empty() || undoes.is_some()) != nothing.is_some() {
                return Err(format!(
                    "{name}: 'nothing' is printed by what is in 'sees' or 'undoes', so it needs one of them"
                ));
            }
            let class = |class: &String| {
                let known = vocabulary.class_named(class);
                known.ok_or_else(|| format!("{name}: sees the unknown class '{class}'"))
            };
            let sees = sees.iter().map(class).collect::<Result<ClassSet, _>>()?;
            let phrase = |text: String| Phrase::parse(&text).map_err(|problem| format!("{name}: {problem}"));
            let undone = |verb: String| {
                vocabulary.verb_named(&verb).ok_or_else(|| format!("{name}: undoes the unknown verb '{verb}'"))
            };
            Ok(VerbText {
                effect,
                relief,
                needs,
                risk,
                undo,
                done: phrase(done)?,
                nothing: nothing.map(phrase).transpose()?,
                failed: failed.map(phrase).transpose()?,
                again: again.map(phrase).transpose()?,
                goes_on: goes_on.map(phrase).transpose()?,
                sees,
                undoes: undoes.map(undone).transpose()?,
            })
        };
        vocabulary.verbs.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the texts of a verb.
    #[must_use]
    pub fn of(&self, verb: VerbId) -> &VerbText {
        &self.0[verb.index()]
    }

    /// Goes through the texts in the order of the vocabulary.
    pub fn iter(&self) -> impl Iterator<Item = &VerbText> {
        self.0.iter()
    }
}
