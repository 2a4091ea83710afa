//! The agents that play: the values of `--agent`.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::agent::Builtin;

/// The largest number of characters of a contestant's name, which is part of file names.
pub(super) const LONGEST_NAME: usize = 200;
/// The prefix of the name of a user's own agent.
pub(super) const PREFIX: &str = "exec:";
/// The name that stands for all built-in agents without skill.
const FLOORS: &str = "floors";

/// An agent that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentChoice {
    /// The LLM agent, once for each model.
    Llm,
    /// A built-in agent.
    Builtin(Builtin),
    /// A program that the user provides.
    Exec(ExecAgent),
}

/// A program that plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecAgent {
    /// The label of the program's row: `exec:` and the command as it was written.
    pub label: String,
    /// The program and its arguments.
    pub words: Vec<String>,
}

impl AgentChoice {
    /// Returns the name as it is written on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Llm => "llm",
            Self::Builtin(agent) => agent.as_str(),
            Self::Exec(agent) => &agent.label,
        }
    }

    fn parse(name: &str) -> Result<Self, String> {
        if let Some(command) = name.strip_prefix(PREFIX) {
            return exec(command.trim()).map(Self::Exec);
        }
        let builtin = Builtin::ALL.into_iter().find(|agent| agent.as_str() == name);
        match builtin {
            Some(agent) => Ok(Self::Builtin(agent)),
            None if name == "llm" => Ok(Self::Llm),
            None => {
                let names: Vec<_> = Builtin::ALL.iter().map(|agent| agent.as_str()).collect();
                Err(format!("unknown agent '{name}'; there are llm, {}, {FLOORS} and exec:COMMAND", names.join(", ")))
            }
        }
    }
}

fn exec(command: &str) -> Result<ExecAgent, String> {
    let label = format!("{PREFIX}{command}");
    let words =
        shlex::split(command).ok_or_else(|| format!("{label}: a quote is not closed, or nothing follows a '\\'"))?;
    if words.first().is_none_or(String::is_empty) {
        return Err("exec: needs a command behind it, such as exec:'python3 agent.py'".to_owned());
    }
    if label.chars().any(char::is_control) {
        return Err(format!("the command has a line break or another control character: {label:?}"));
    }
    if label.chars().count() > LONGEST_NAME {
        return Err(format!("the command has more than {LONGEST_NAME} characters; put it into a script"));
    }
    Ok(ExecAgent { label, words })
}

/// Reads the values of `--agent`: names separated by commas, or `exec:` with a command that extends to the end of its
/// value. Each agent plays once, however often it is named.
///
/// # Errors
/// Returns a text that says which agent does not exist and which ones do, or what is wrong with a command.
pub fn choices(values: &[String]) -> Result<Vec<AgentChoice>, String> {
    let mut choices = Vec::new();
    for value in values {
        let mut rest = Some(value.as_str());
        while let Some(text) = rest {
            let text = text.trim_start();
            let (name, behind) = match text.split_once(',') {
                Some((name, behind)) if !text.starts_with(PREFIX) => (name, Some(behind)),
                _ => (text, None),
            };
            let named = if name.trim() == FLOORS {
                Builtin::FLOORS.map(AgentChoice::Builtin).to_vec()
            } else {
                vec![AgentChoice::parse(name.trim())?]
            };
            for choice in named {
                if !choices.contains(&choice) {
                    choices.push(choice);
                }
            }
            rest = behind;
        }
    }
    Ok(choices)
}

/// A parser that takes any text, and lists the agents in help and completions. [`choices`] then reads the values of the
/// command line and of `bench.toml` alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgentValues;

impl TypedValueParser for AgentValues {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let llm = PossibleValue::new("llm").help("The LLM agent, once for each --model");
        let exec =
            PossibleValue::new("exec:COMMAND").help("A program of yours that reads observations and writes actions");
        let builtin = |agent: Builtin| {
            PossibleValue::new(agent.as_str()).help(match agent {
                Builtin::Random => "Uniform over the valid actions, seeded: the floor",
                Builtin::Fallback => "The safety net of the LLM agent alone",
                Builtin::Greedy => "Follows the worst failing call, and blames the newest change there",
                Builtin::Heuristic => "A rule-based responder: the bar for a model",
                Builtin::Table => "Plays by a table of signs, written from the documents alone",
                Builtin::Walk => "The table solver without its signs",
                Builtin::Abduction => "Reasons by all the rules, without the answers",
                Builtin::Oracle => "A shortest full-score path: the ceiling",
                Builtin::Constant => "The same answer always",
                Builtin::KeywordSoup => "Every word that could please a grader",
                Builtin::Leaked => "The right answer, submitted at once",
            })
        };
        let floors =
            PossibleValue::new(FLOORS).help("All that play without skill: random, constant, keyword_soup, leaked");
        Some(Box::new(std::iter::once(llm).chain(Builtin::ALL.map(builtin)).chain([floors, exec])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(values: &[&str]) -> Result<Vec<String>, String> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        Ok(choices(&values)?.iter().map(|choice| choice.name().to_owned()).collect())
    }

    #[test]
    fn a_command_takes_the_rest_of_its_value() {
        for (values, expected) in [
            (&["random, oracle", "llm"][..], &["random", "oracle", "llm"][..]),
            (&["random,exec:a --x 1,random"], &["random", "exec:a --x 1,random"]),
            (&["exec: a ,b", "random"], &["exec:a ,b", "random"]),
            (&["exec:a", "exec:b", "exec:a", "random,random"], &["exec:a", "exec:b", "random"]),
        ] {
            assert_eq!(names(values), Ok(expected.iter().map(|name| (*name).to_owned()).collect()), "{values:?}");
        }
    }

    #[test]
    fn words_as_a_shell_splits_them() {
        for (command, expected) in [
            ("python3 'my agent.py' --x", &["python3", "my agent.py", "--x"][..]),
            (r#"sh -c "echo \"$HOME\"; exit 1""#, &["sh", "-c", "echo \"$HOME\"; exit 1"]),
            (r"a\ b c", &["a b", "c"]),
        ] {
            let Ok(choice) = choices(&[format!("exec:{command}")]) else { panic!("{command}") };
            let [AgentChoice::Exec(agent)] = choice.as_slice() else { panic!("{choice:?}") };
            assert_eq!(
                (agent.label.as_str(), agent.words.as_slice()),
                (&*format!("exec:{command}"), &*expected.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
            );
        }
    }

    #[test]
    fn what_cannot_play_is_refused() {
        let long = format!("exec:{}", "x".repeat(LONGEST_NAME));
        for (value, problem) in [
            (
                "nope",
                "unknown agent 'nope'; there are llm, random, fallback, greedy, heuristic, table, walk, abduction, oracle, constant, keyword_soup, leaked, floors and exec:COMMAND",
            ),
            ("random,", "unknown agent ''"),
            ("Random", "unknown agent 'Random'"),
            ("exec:", "needs a command"),
            ("exec:  ", "needs a command"),
            ("exec:''", "needs a command"),
            ("exec:a 'b", "a quote is not closed"),
            ("exec:a\nb", "a line break"),
            (&long, "more than 200 characters"),
        ] {
            let error = names(&[value]).unwrap_err();
            assert!(error.contains(problem), "{value}: {error}");
        }
    }
}
