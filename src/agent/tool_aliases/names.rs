//! Other names for the actions, as data, with the translation of what a model is told and what it says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::chat::{Message, ReplyFormat, ToolCall};
use incident_env::ActionKind;

/// The file with the names. Each list of names has a number.
const FILE: &str = include_str!("../../../prompts/tool_names.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesFile {
    version: u32,
    names: BTreeMap<String, Vec<String>>,
}

/// Another name for each action.
///
/// Names are exchanged in both directions at once: a text that goes out and comes back is what it was, and a model that
/// uses a name that it was not told uses one that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolNames {
    number: usize,
    version: u32,
    /// The name that replaces each name.
    exchange: BTreeMap<String, String>,
}

impl ToolNames {
    /// The names with this number, from 1.
    ///
    /// # Errors
    /// Fails if there are fewer lists of names.
    pub fn new(number: usize) -> Result<Self, String> {
        let file: NamesFile = toml::from_str(FILE).map_err(|error| format!("prompts/tool_names.toml: {error}"))?;
        let most = file.names.values().map(Vec::len).min().unwrap_or(0);
        let mut exchange = BTreeMap::new();
        for kind in ActionKind::all() {
            let names = file.names.get(kind.as_str()).map_or(&[][..], Vec::as_slice);
            let other = number.checked_sub(1).and_then(|index| names.get(index));
            let other =
                other.ok_or_else(|| format!("there are other names 1 to {most}, and none with number {number}"))?;
            exchange.insert(kind.as_str().to_owned(), other.clone());
            exchange.insert(other.clone(), kind.as_str().to_owned());
        }
        Ok(Self { number, version: file.version, exchange })
    }

    /// The version of the names and their number, such as `tools-1.2`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("tools-{}.{}", self.version, self.number)
    }

    /// Exchanges all names in a text. A name is a whole word.
    #[must_use]
    pub fn exchanged(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_of_word) {
            let (between, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|c| !is_of_word(c)).unwrap_or(from.len()));
            out.push_str(between);
            out.push_str(self.exchange.get(word).map_or(word, String::as_str));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// Exchanges the names in a message.
    #[must_use]
    pub fn message(&self, message: &Message) -> Message {
        let text = |content: &String| self.exchanged(content);
        match message {
            Message::System { content } => Message::System { content: text(content) },
            Message::User { content } => Message::User { content: text(content) },
            Message::Tool { call_id, content } => Message::Tool { call_id: call_id.clone(), content: text(content) },
            Message::Assistant { content, tool_calls, as_it_came } => Message::Assistant {
                content: content.as_ref().map(text),
                tool_calls: self.calls(tool_calls),
                // It has the names that the endpoint was told and is what the endpoint gets back.
                as_it_came: as_it_came.clone(),
            },
        }
    }

    /// Exchanges the names in calls of functions.
    #[must_use]
    pub fn calls(&self, calls: &[ToolCall]) -> Vec<ToolCall> {
        let call = |call: &ToolCall| ToolCall {
            id: call.id.clone(),
            name: self.exchanged(&call.name),
            arguments: self.exchanged(&call.arguments),
        };
        calls.iter().map(call).collect()
    }

    /// Exchanges the names in the form of an answer.
    #[must_use]
    pub fn format(&self, format: &ReplyFormat) -> ReplyFormat {
        match format {
            ReplyFormat::Text => ReplyFormat::Text,
            ReplyFormat::Json { name, schema } => {
                // No name has a character that JSON writes in another way.
                let schema = serde_json::from_str(&self.exchanged(&schema.to_string())).unwrap_or_default();
                ReplyFormat::Json { name: name.clone(), schema }
            }
            ReplyFormat::Tools { tools } => {
                let mut tools = tools.clone();
                for tool in &mut tools {
                    tool.name = self.exchanged(&tool.name);
                    tool.description = self.exchanged(&tool.description);
                }
                ReplyFormat::Tools { tools }
            }
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use incident_env::{Catalog, Episode, EpisodeId};
    use proptest::prelude::*;

    #[test]
    fn every_number_names_every_action_once() {
        for number in 1..=4 {
            let names = ToolNames::new(number).unwrap();
            assert_eq!(names.exchange.len(), 28, "no name is there twice, and none is a real one");
            for kind in ActionKind::all() {
                let other = names.exchanged(kind.as_str());
                assert!(matches!(ActionKind::from(other.as_str()), ActionKind::Other(_)), "{other}");
                assert!(other.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{other}");
            }
        }
        assert_eq!(ToolNames::new(5).unwrap_err(), "there are other names 1 to 4, and none with number 5");
        assert!(ToolNames::new(0).is_err());
    }

    #[test]
    fn names_are_whole_words() {
        let names = ToolNames::new(1).unwrap();
        for (text, exchanged) in [
            ("query_logs", "read_journal"),
            ("read_journal", "query_logs"),
            (r#"{"action_type":"query_logs"}"#, r#"{"action_type":"read_journal"}"#),
            ("no query_logs2, no my_query_logs, no Query_Logs", "no query_logs2, no my_query_logs, no Query_Logs"),
            ("query_logs-é.clear_cache\n", "read_journal-é.flush_store\n"),
            ("", ""),
        ] {
            assert_eq!(names.exchanged(text), exchanged);
        }
    }

    /// The exchange must not change what an incident says, except where it speaks of actions.
    #[test]
    fn no_other_name_is_a_word_of_an_incident() {
        let catalog = Catalog::embedded().unwrap();
        for scenario in catalog.scenarios() {
            let mut episode = Episode::reset(scenario, EpisodeId::nil());
            for action in scenario.oracle() {
                episode.step(&action);
            }
            let text = serde_json::to_string(episode.observation()).unwrap();
            for number in 1..=4 {
                let names = ToolNames::new(number).unwrap();
                for kind in ActionKind::all() {
                    let other = names.exchanged(kind.as_str());
                    assert!(!text.contains(&other), "{}: {other}", scenario.id());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_goes_out_and_comes_back_is_what_it_was(
            words in prop::collection::vec(
                prop_oneof![
                    Just("query_logs".to_owned()),
                    Just("fetch_log_lines".to_owned()),
                    Just("close_ticket".to_owned()),
                    "\\PC{0,9}",
                ],
                0..20,
            ),
            number in 1_usize..=4,
        ) {
            let (names, text) = (ToolNames::new(number).unwrap(), words.join(" "));
            prop_assert_eq!(names.exchanged(&names.exchanged(&text)), text);
        }
    }
}
