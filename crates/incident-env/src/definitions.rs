//! Definitions: what an agent is told about the words of a task, because they are part of the exam and not a secret of it.

/// A word of a task and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The word, such as the name of a mechanism.
    pub name: String,
    /// What it means, in a few plain sentences.
    pub text: String,
}

/// What an agent is told about the words of a task. All lists are empty in scripted worlds, whose answers are free text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The mechanisms that an answer can name: what each is, where `service` points, and what sets it apart.
    pub mechanisms: Vec<Definition>,
    /// The remediations that the task offers, steps of runbooks among them: effect, condition, minutes, risk and undoing.
    pub verbs: Vec<Definition>,
    /// The rules of the task and of its grade.
    pub rules: Vec<Definition>,
}

impl Definitions {
    /// Returns whether nothing is defined.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.mechanisms.is_empty() && self.verbs.is_empty() && self.rules.is_empty()
    }

    /// Returns the lists that are not empty, each with its name on the wire.
    pub fn lists(&self) -> impl Iterator<Item = (&'static str, &[Definition])> {
        let lists = [("mechanisms", &self.mechanisms), ("verbs", &self.verbs), ("rules", &self.rules)];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, &**list))
    }

    /// Returns what a verb means, if it is defined.
    #[must_use]
    pub fn verb(&self, name: &str) -> Option<&str> {
        self.verbs.iter().find(|verb| verb.name == name).map(|verb| verb.text.as_str())
    }
}
