//! The page `docs/MECHANISMS.md`. A test compares the page with what this file writes.

use crate::data::family::Family;
use crate::data::library::Library;
use crate::told::sentences::{self, Apart};

const HEAD: &str = "\
# Mechanisms, remediations and rules

<!-- Written by a test from crates/incident-generate/families. Change the data, run the test, and move the file it writes here. -->

This page defines the words of generated incidents. It is part of the exam and no secret of it: agents
are told the same, in the description of the task, in `action_schema` of `GET /tasks` and of the first
observation, in the tools of MCP, and in the prompts.

## Mechanisms

An answer names one of these as `mechanism`. Mechanisms of one group are easily taken for each other, so
naming another one of the right group earns a part.
";

const SIGNS: &str = "
## Signs

What each fault shows at first, and what tells it from the faults that it can be taken for: those that
can have the same part at the root, and those that show something of the same kind there. All others
are told by the signs at the root.
";

const VERBS: &str = "
## Remediations

`restart_service`, `rollback_deploy`, `scale_service`, `disable_feature_flag` and `clear_cache` are actions
of their own. All others are steps of `execute_runbook_step {runbook_action, target}`.
";

const RULES: &str = "
## Rules and grades
";

/// Writes the page of mechanisms, remediations, rules and grades.
#[must_use]
pub fn mechanisms_page(library: &Library) -> String {
    let mut page = Page(HEAD.to_owned());
    page.mechanisms(library);
    page.signs(library);
    page.verbs(library);
    page.rules(library);
    page.0
}

/// A page in Markdown that is being written.
struct Page(String);

impl Page {
    fn row(&mut self, cells: &[&str]) {
        self.0.push_str("| ");
        self.0.push_str(&cells.join(" | "));
        self.0.push_str(" |\n");
    }

    /// Begins a table.
    fn head(&mut self, cells: &[&str]) {
        self.0.push('\n');
        self.row(cells);
        self.row(&vec!["---"; cells.len()]);
    }

    fn mechanisms(&mut self, library: &Library) {
        self.head(&["mechanism", "what it is", "where `service` points", "`trigger`", "group"]);
        for family in &library.families {
            let Family { id, group, text, .. } = family;
            self.row(&[&code(id), &text.is, &text.points_at, &sentences::trigger(family), group]);
        }
        self.row(&["`none`", &library.rules.none, "none", "none", ""]);
    }

    fn signs(&mut self, library: &Library) {
        let Library { vocabulary, families, .. } = library;
        self.0.push_str(SIGNS);
        self.head(&["mechanism", "its signs", "what sets it apart"]);
        for family in families {
            let apart = sentences::apart(family, families, vocabulary);
            let apart: Vec<_> = apart.iter().map(from_rivals).collect();
            self.row(&[&code(&family.id), &sentences::signs(family, vocabulary), &apart.join("<br>")]);
        }
    }

    fn verbs(&mut self, library: &Library) {
        self.0.push_str(VERBS);
        self.head(&["verb", "takes", "effect", "needs", "minutes", "risk", "undo"]);
        for (verb, text) in library.vocabulary.verbs.iter().zip(library.verbs.iter()) {
            let minutes = verb.minutes.to_string();
            let takes = verb.accepted();
            let effect = sentences::effect(text);
            self.row(&[&code(&verb.name), &takes, &effect, &text.needs, &minutes, &text.risk, &text.undo]);
        }
    }

    fn rules(&mut self, library: &Library) {
        self.0.push_str(RULES);
        self.head(&["word", "tasks", "rule"]);
        for rule in &library.rules.rules {
            let tasks: Vec<_> = rule.tasks.iter().map(|task| code(task.as_str())).collect();
            self.row(&[&code(&rule.name), &tasks.join(", "), &rule.text]);
        }
    }
}

/// Returns what sets a mechanism apart from some rivals, as a line of a cell.
fn from_rivals(apart: &Apart<'_>) -> String {
    let rivals: Vec<_> = apart.rivals.iter().map(|rival| code(rival)).collect();
    format!("from {}: {}", rivals.join(", "), apart.by)
}

/// Returns a name as code.
fn code(name: &str) -> String {
    format!("`{name}`")
}
