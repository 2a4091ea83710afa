//! The texts of a family: what it is, where an answer points, and the signs that set it apart from its rivals.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::call::Call;
use crate::data::vocabulary::Vocabulary;
use crate::ids::{ClassId, ClassSet};

/// The name of the root, which every family has.
const ROOT: &str = "root";

/// What agents are told about a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyText {
    /// What it is, in a sentence or two.
    pub is: String,
    /// Where the `service` of an answer points, as a noun with its article.
    pub points_at: String,
    /// The words for the entities of each name that shows something, as nouns with their articles.
    pub words: BTreeMap<String, String>,
    /// By the name of a rival: the signs of this family that the rival does not have.
    pub apart: BTreeMap<String, Vec<Sign>>,
}

/// A sign: a class of evidence at the entities of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sign {
    /// The class of evidence.
    pub class: ClassId,
    /// The name of the entities that show it.
    pub of: String,
}

/// The texts of a family as its file has them.
pub(crate) struct Said {
    pub(crate) is: String,
    pub(crate) points_at: String,
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) apart: BTreeMap<String, Vec<String>>,
}

impl FamilyText {
    /// Checks the texts of a file. `shown` says which classes the facts of the family show at first, and `names` holds
    /// all names of the family.
    ///
    /// # Errors
    /// The text says what is missing or wrong, and where.
    pub(crate) fn parse(
        said: Said,
        shown: &BTreeMap<&str, ClassSet>,
        names: &BTreeSet<String>,
        vocabulary: &Vocabulary,
    ) -> Result<Self, String> {
        let Said { is, points_at, words, apart } = said;
        if is.trim().is_empty() || points_at.trim().is_empty() {
            return Err("'is' and 'points_at' must say something".to_owned());
        }
        if let Some(unknown) = words.keys().find(|name| !names.contains(*name)) {
            return Err(format!("words.{unknown}: stands for nothing"));
        }
        if let Some(missing) = shown.keys().chain([&ROOT]).find(|name| !words.contains_key(**name)) {
            return Err(format!("words: '{missing}' has no words"));
        }
        let sign = |rival: &str, text: &str| {
            let place = format!("apart.{rival}");
            let call = Call::parse(text).map_err(|problem| format!("{place}: {problem}"))?;
            let class = vocabulary.class_named(call.function);
            let class = class.ok_or_else(|| format!("{place}: unknown class '{}'", call.function))?;
            match call.names.as_slice() {
                [of] if shown.get(of.as_str()).is_some_and(|classes| classes.contains(class)) => {
                    Ok(Sign { class, of: of.clone() })
                }
                _ => Err(format!("{place}: the family does not show '{text}'")),
            }
        };
        let signs = |(rival, texts): (String, Vec<String>)| {
            let signs: Vec<_> = texts.iter().map(|text| sign(&rival, text)).collect::<Result<_, String>>()?;
            if signs.is_empty() { Err(format!("apart.{rival}: no sign")) } else { Ok((rival, signs)) }
        };
        let apart = apart.into_iter().map(signs).collect::<Result<_, _>>()?;
        Ok(Self { is, points_at, words, apart })
    }

    /// Returns the words for the entities of a name, or the name itself if it shows nothing.
    #[must_use]
    pub fn word<'a>(&'a self, name: &'a str) -> &'a str {
        self.words.get(name).map_or(name, String::as_str)
    }
}
