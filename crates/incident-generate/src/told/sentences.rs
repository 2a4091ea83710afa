//! Sentences about families and verbs, made from their data.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::data::family::{ChangeKind, Family, ROOT};
use crate::data::family_text::Sign;
use crate::data::verb::Verb;
use crate::data::verb_texts::VerbText;
use crate::data::vocabulary::Vocabulary;

/// Returns the signs of a family: everything that its facts show at first, by place, the root first.
#[must_use]
pub(crate) fn signs(family: &Family, vocabulary: &Vocabulary) -> String {
    let mut all: Vec<_> = family
        .shown(vocabulary)
        .into_iter()
        .flat_map(|(name, classes)| {
            vocabulary.classes_in(classes).map(move |class| Sign { class, of: name.to_owned() })
        })
        .collect();
    all.sort_by_key(|sign| sign.of != ROOT);
    clauses(family, &all, vocabulary)
}

/// What sets a family apart from some of its rivals.
pub(crate) struct Apart<'a> {
    /// The rivals, by name.
    pub(crate) rivals: Vec<&'a str>,
    /// The signs that they do not show, as clauses.
    pub(crate) by: String,
}

/// Returns what sets a family apart from its rivals. Rivals that the same signs exclude stand together, the most
/// numerous first.
#[must_use]
pub(crate) fn apart<'a>(family: &'a Family, families: &[Family], vocabulary: &Vocabulary) -> Vec<Apart<'a>> {
    let mut rivals = BTreeMap::<String, Vec<&str>>::new();
    for (rival, signs) in &family.text.apart {
        let mut by = clauses(family, signs, vocabulary);
        if let Some(elsewhere) = shown_elsewhere(rival, signs, families, vocabulary) {
            by.push_str(", not at ");
            by.push_str(elsewhere);
        }
        rivals.entry(by).or_default().push(rival);
    }
    let mut all: Vec<_> = rivals.into_iter().map(|(by, rivals)| Apart { rivals, by }).collect();
    all.sort_by_key(|apart| std::cmp::Reverse(apart.rivals.len()));
    all
}

/// Returns where a rival shows a sign, if it is the only one that sets the rival apart: at parts of another kind.
fn shown_elsewhere<'a>(
    rival: &str,
    signs: &[Sign],
    families: &'a [Family],
    vocabulary: &Vocabulary,
) -> Option<&'a str> {
    let [sign] = signs else { return None };
    let rival = families.iter().find(|known| known.id == rival)?;
    let (name, _) = rival.shown(vocabulary).into_iter().find(|(_, classes)| classes.contains(sign.class))?;
    rival.text.words.get(name).map(String::as_str)
}

/// Returns the sentence of what sets a family apart; it is empty if the family has no rival.
#[must_use]
pub(crate) fn set_apart(all: &[Apart<'_>]) -> String {
    let Some((first, others)) = all.split_first() else { return String::new() };
    let others = others.iter().map(|Apart { rivals, by }| format!("; from {}: {by}", listed(rivals)));
    format!(" Set apart by this: {}{}.", first.by, others.collect::<String>())
}

/// Returns what sets a fault of a family off.
#[must_use]
pub(crate) fn trigger(family: &Family) -> String {
    let what = match family.trigger.kind {
        ChangeKind::Time | ChangeKind::External => return "none".to_owned(),
        ChangeKind::Deploy => "a release",
        ChangeKind::Config => "a change of the settings",
        ChangeKind::Flag => "a change of a flag",
        ChangeKind::Rotation => "a rotation of secrets",
        ChangeKind::Route => "a change of routes",
        ChangeKind::Ntp => "a change of time sources",
        ChangeKind::Schema => "a migration",
        ChangeKind::Purge => "a change of what a job drops",
        ChangeKind::Job => "a change of the schedule of a job",
    };
    format!("{what} at {}", family.text.word(&family.trigger.on))
}

/// Returns what a verb does, and what it relieves a part of.
#[must_use]
pub(crate) fn effect(text: &VerbText) -> String {
    text.relief.as_ref().map_or_else(|| text.effect.clone(), |relief| format!("{} {relief}", text.effect))
}

/// Returns what agents are told of a verb.
#[must_use]
pub(crate) fn verb(verb: &Verb, text: &VerbText) -> String {
    let VerbText { needs, risk, undo, .. } = text;
    let mut out = format!("{} {} min.", effect(text), verb.minutes);
    // The rules say what it means where one of them is missing.
    for (title, text, without) in [("Needs", needs, "nothing"), ("Risk", risk, "none"), ("Undo", undo, "no")] {
        if text != without {
            let _ = write!(out, " {title}: {text}.");
        }
    }
    out
}

/// Writes signs as clauses, those at one place together: `a and b at the root; c at its store`.
fn clauses(family: &Family, signs: &[Sign], vocabulary: &Vocabulary) -> String {
    let places = signs.chunk_by(|one, next| one.of == next.of).map(|at| {
        let seen: Vec<_> = at.iter().map(|sign| vocabulary.class(sign.class).is.as_str()).collect();
        format!("{} at {}", listed(&seen), family.text.word(&at[0].of))
    });
    places.collect::<Vec<_>>().join("; ")
}

/// Joins words as a sentence does: `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
