//! The model behind every endpoint: it plays each classic incident as the heuristic responder does.

use std::sync::LazyLock;

use incident_bench::agent::heuristic::Heuristic;
use incident_bench::agent::{Policy, Turn};
use incident_env::Catalog;
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::asked::{Asked, Form, Tool};
use crate::world::reset;

/// An incident and the moves of the responder in it.
struct Incident {
    id: String,
    summary: String,
    moves: Vec<Value>,
}

static INCIDENTS: LazyLock<Vec<Incident>> = LazyLock::new(|| {
    let catalog = Catalog::embedded().unwrap();
    let play = |scenario| {
        let (mut episode, mut responder) = (reset(scenario), Heuristic::default());
        let mut moves = Vec::new();
        while !episode.observation().done {
            let Turn::Act(decision) = responder.turn(episode.observation()) else {
                panic!("the responder asks nobody")
            };
            episode.step(&decision.action);
            moves.push(serde_json::to_value(&decision.action).unwrap());
        }
        let briefing = &episode.observation().briefing;
        Incident { id: briefing.scenario_id.clone(), summary: briefing.summary.trim().to_owned(), moves }
    };
    catalog.scenarios().iter().map(play).collect()
});

/// The number of steps that the responder takes in all nine incidents.
pub(super) fn steps() -> usize {
    INCIDENTS.iter().map(|incident| incident.moves.len()).sum()
}

/// Returns the model's answer of this number in a conversation. It depends on the conversation alone.
pub(super) fn answer(asked: &Asked, step: usize) -> Answer {
    let first = asked.heard.first().map(String::as_str).unwrap_or_default();
    match INCIDENTS.iter().find(|incident| first.contains(&incident.summary)) {
        Some(incident) => {
            let chosen = &incident.moves[step.min(incident.moves.len() - 1)];
            proposes(&incident.id, step, chosen, &asked.form)
        }
        None => ready(asked, step),
    }
}

fn proposes(incident: &str, step: usize, chosen: &Value, form: &Form) -> Answer {
    // What JSON, pieces and encodings could break is in every thought.
    let thoughts = format!(
        "Step {step} of {incident}: \"quoted\", a back\\slash, a line\nand a tab\t; größer → 一 😀 {{\"action_type\": \"restart_service\"}}"
    );
    let opening = format!("I take step {step} – nächster Zug 😀.");
    let (text, call) = match form {
        Form::Text => (format!("{opening}\n{chosen}"), None),
        Form::Json(_) => (json!({"reasoning": opening, "action": chosen}).to_string(), None),
        Form::Tools(_) => {
            let name = chosen["action_type"].as_str().unwrap().to_owned();
            (opening, Some(Call { name, arguments: chosen["parameters"].clone() }))
        }
    };
    Answer { incident: Some(incident.to_owned()), step, thoughts, text, call }
}

/// The answer to the check before a run.
fn ready(asked: &Asked, step: usize) -> Answer {
    let (text, call) = match &asked.form {
        Form::Text => ("ready".to_owned(), None),
        Form::Json(Some(schema)) => (example(schema).to_string(), None),
        Form::Json(None) => {
            // Of the whole conversation, because its later turns show no example.
            let object = |text: &String| Some(text.get(text.find('{')?..=text.rfind('}')?)?.to_owned());
            let shown = asked.heard.iter().find_map(object);
            (shown.unwrap_or_else(|| "{\"word\": \"ready\"}".to_owned()), None)
        }
        Form::Tools(tools) => {
            let Some(Tool { name, parameters }) = tools.first() else { panic!("a request with no tool") };
            (String::new(), Some(Call { name: name.clone(), arguments: example(parameters) }))
        }
    };
    Answer { incident: None, step, thoughts: "They ask whether I am there.".to_owned(), text, call }
}

/// A value of this schema.
fn example(schema: &Value) -> Value {
    if let Some(options) = schema["anyOf"].as_array() {
        return example(&options[0]);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    match &schema["properties"] {
        Value::Object(properties) => properties.iter().map(|(name, schema)| (name.clone(), example(schema))).collect(),
        _ => "ready".into(),
    }
}
