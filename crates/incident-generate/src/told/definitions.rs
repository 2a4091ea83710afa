//! Definitions: what agents are told in each task, as a list of words and as the description of the task.

use std::fmt::Write;
use std::sync::Arc;

use crate::data::family::Family;
use crate::data::rules::Rules;
use crate::data::verb_texts::VerbTexts;
use crate::data::vocabulary::Vocabulary;
use crate::told::sentences;
use incident_env::{Definition, Definitions, TaskId};

/// The word by which an answer says that there is no root, mechanism or trigger.
const NONE: &str = "none";

/// The data that definitions are made from.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) families: &'a [Family],
    pub(crate) verbs: &'a VerbTexts,
    pub(crate) rules: &'a Rules,
}

impl Sources<'_> {
    /// Returns what agents are told in a task. Who only judges the severity needs no mechanism, and who changes nothing
    /// needs no verb.
    #[must_use]
    pub(crate) fn of(&self, task: TaskId) -> Arc<Definitions> {
        let rules = self.rules.of(task).map(|rule| Definition { name: rule.name.clone(), text: rule.text.clone() });
        let (names_mechanisms, changes) = match task {
            TaskId::AlertClassification => (false, false),
            TaskId::RootCauseAnalysis => (true, false),
            TaskId::RemediationPlanning => (true, true),
        };
        Arc::new(Definitions {
            mechanisms: if names_mechanisms { self.mechanisms() } else { Vec::new() },
            verbs: if changes { self.verbs() } else { Vec::new() },
            rules: rules.collect(),
        })
    }

    fn mechanisms(&self) -> Vec<Definition> {
        let of = |family: &Family| Definition { name: family.id.clone(), text: self.mechanism(family) };
        let none = Definition { name: NONE.to_owned(), text: self.rules.none.clone() };
        self.families.iter().map(of).chain([none]).collect()
    }

    /// Returns what agents are told of a mechanism.
    fn mechanism(&self, family: &Family) -> String {
        let apart = sentences::apart(family, self.families, self.vocabulary);
        format!(
            "{} Group: {}. Service: {}. Trigger: {}.{}",
            family.text.is,
            family.group,
            family.text.points_at,
            sentences::trigger(family),
            sentences::set_apart(&apart),
        )
    }

    fn verbs(&self) -> Vec<Definition> {
        let all = self.vocabulary.verbs.iter().zip(self.verbs.iter());
        all.map(|(verb, text)| Definition { name: verb.name.clone(), text: sentences::verb(verb, text) }).collect()
    }
}

/// Writes the description of a task: what it asks for, and everything that is defined.
#[must_use]
pub(crate) fn description(asks: &str, definitions: &Definitions) -> String {
    let mut text = asks.to_owned();
    for (name, list) in definitions.lists() {
        let title = match name {
            "mechanisms" => "Mechanisms",
            "verbs" => "Remediations, with the verbs of execute_runbook_step",
            _ => "Rules",
        };
        text.push_str("\n\n");
        text.push_str(title);
        text.push(':');
        for one in list {
            let _ = write!(text, "\n- {}: {}", one.name, one.text);
        }
    }
    text
}
