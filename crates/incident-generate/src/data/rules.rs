//! The rules that agents are told, read from `families/rules.toml`.

use serde::Deserialize;

use incident_env::TaskId;

/// The rules that agents are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What the word `none` means among the mechanisms.
    pub none: String,
    /// The rules, in the order in which they are told.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The word that the rule is about, such as `trigger`.
    pub name: String,
    /// The tasks that it is a rule of.
    pub tasks: Vec<TaskId>,
    /// The rule in words, with its figures.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    none: String,
    rule: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: String,
    tasks: Vec<TaskWord>,
    text: String,
}

/// A task as the file names it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaskWord {
    Severity,
    Cause,
    Repair,
}

impl Rules {
    /// Reads the file. `figure` returns the figure that stands for a name in braces.
    ///
    /// # Errors
    /// The text says what is wrong, and where.
    pub(crate) fn parse(text: &str, figure: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let rule = |RuleFile { name, tasks, text }: RuleFile| {
            let text = filled(&text, &figure).map_err(|problem| format!("rule '{name}': {problem}"))?;
            Ok(Rule { name, tasks: tasks.into_iter().map(TaskWord::task).collect(), text })
        };
        Ok(Self { none: file.none, rules: file.rule.into_iter().map(rule).collect::<Result<_, String>>()? })
    }

    /// Goes through the rules of a task.
    pub fn of(&self, task: TaskId) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.tasks.contains(&task))
    }
}

impl TaskWord {
    const fn task(self) -> TaskId {
        match self {
            Self::Severity => TaskId::AlertClassification,
            Self::Cause => TaskId::RootCauseAnalysis,
            Self::Repair => TaskId::RemediationPlanning,
        }
    }
}

/// Puts the figures into a text with names in braces.
fn filled(text: &str, figure: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| "a brace is not closed".to_owned())?;
        out.push_str(before);
        out.push_str(&figure(name).ok_or_else(|| format!("there is no figure '{name}'"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_put_in_and_unknown_ones_refused() {
        let figure = |name: &str| (name == "cap").then(|| "0.25".to_owned());
        assert_eq!(filled("at most {cap}.", figure).unwrap(), "at most 0.25.");
        assert!(filled("at most {cup}.", figure).unwrap_err().contains("'cup'"));
        assert!(filled("at most {cap", figure).is_err());
    }
}
