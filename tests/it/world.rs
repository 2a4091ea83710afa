//! Short ways to make scenarios, episodes and actions.

use std::sync::Arc;

use incident_bench::chat::{ChatReply, FinishReason};
use incident_env::{Action, Catalog, Episode, EpisodeId, Scenario, Source};
use serde_json::{Value, json};

const FILES: [(&str, &str); 3] = [
    ("AC-901.toml", include_str!("fixtures/AC-901.toml")),
    ("RCA-901.toml", include_str!("fixtures/RCA-901.toml")),
    ("RP-901.toml", include_str!("fixtures/RP-901.toml")),
];

/// Makes a catalogue of three small scenarios, one for each task.
pub(crate) fn small() -> Catalog {
    let sources = FILES.map(|(file, text)| Source { file: file.to_owned(), text: text.to_owned() });
    Catalog::of(sources.to_vec()).unwrap()
}

/// Returns the text of a small scenario's file.
pub(crate) fn small_file(file: &str) -> &'static str {
    FILES.iter().find(|(name, _)| *name == file).unwrap().1
}

/// Makes an action from its kind and parameters.
pub(crate) fn act(kind: &str, parameters: Value) -> Action {
    Action::from_value(json!({ "action_type": kind, "parameters": parameters })).unwrap()
}

/// Starts a fresh episode.
pub(crate) fn play(catalog: &Catalog, id: &str) -> Episode {
    reset(catalog.scenario(id).unwrap())
}

/// Starts a fresh episode of a scenario.
pub(crate) fn reset(scenario: &Arc<Scenario>) -> Episode {
    Episode::reset(scenario, EpisodeId::nil())
}

/// Makes a reply with this text.
pub(crate) fn says(text: &str) -> ChatReply {
    ChatReply {
        content: Some(text.to_owned()).filter(|text| !text.is_empty()),
        reasoning: None,
        tool_calls: vec![],
        finish: FinishReason::Stop,
        model: None,
        usage: None,
        request_id: None,
        latency_ms: 0,
        as_it_came: None,
        billed_usd: None,
        served: incident_bench::chat::ServedBy::default(),
        retries: vec![],
    }
}
