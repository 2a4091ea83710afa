//! Reads a request of any of the three APIs into one form.

use incident_bench::chat::Api;
use serde_json::Value;

/// The form in which an answer is asked for.
#[derive(Debug)]
pub(super) enum Form {
    Text,
    /// JSON, by a schema if there is one.
    Json(Option<Value>),
    /// A call of one of these functions.
    Tools(Vec<Tool>),
}

/// A function that the model may call.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) parameters: Value,
}

/// A request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) api: Api,
    /// All messages without the instructions and without the marks of a cache.
    pub(super) history: Vec<Value>,
    /// The texts of the other side.
    pub(super) heard: Vec<String>,
    /// The model's own earlier messages as they came back. Of Responses and Messages each is a list.
    pub(super) played_back: Vec<Value>,
    pub(super) form: Form,
    pub(super) streams: bool,
    /// Calls without a result, and results without a call.
    pub(super) unmatched: Vec<String>,
    /// Whether a part of the request is marked for a cache.
    pub(super) marks_cache: bool,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| text(part.get("text").unwrap_or(&Value::Null))).collect(),
        _ => String::new(),
    }
}

fn list<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body[name].as_array().map_or(&[], Vec::as_slice)
}

/// Removes the marks of a cache, which move from request to request.
fn without_marks(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "cache_control")
            .map(|(name, value)| (name.clone(), without_marks(value)))
            .collect(),
        Value::Array(entries) => entries.iter().map(without_marks).collect(),
        other => other.clone(),
    }
}

fn has_marks(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("cache_control") || fields.values().any(has_marks),
        Value::Array(entries) => entries.iter().any(has_marks),
        _ => false,
    }
}

impl Asked {
    /// Reads the body of a request by this API.
    pub(super) fn read(api: Api, body: &Value) -> Self {
        let entries = list(body, if api == Api::Responses { "input" } else { "messages" });
        let mut asked = Self {
            api,
            history: entries.iter().filter(|entry| entry["role"] != "system").map(without_marks).collect(),
            heard: Vec::new(),
            played_back: Vec::new(),
            form: form(api, body),
            streams: body["stream"] == true,
            unmatched: Vec::new(),
            marks_cache: has_marks(body),
        };
        let (mut calls, mut results) = (Vec::new(), Vec::new());
        match api {
            Api::Chat => entries.iter().for_each(|entry| asked.chat(entry, &mut calls, &mut results)),
            Api::Responses => asked.responses(entries, &mut calls, &mut results),
            Api::Messages => entries.iter().for_each(|entry| asked.messages(entry, &mut calls, &mut results)),
        }
        let missing =
            |from: &[String], of: &[String]| from.iter().filter(|id| !of.contains(id)).cloned().collect::<Vec<_>>();
        asked.unmatched = [missing(&calls, &results), missing(&results, &calls)].concat();
        asked
    }

    fn chat(&mut self, message: &Value, calls: &mut Vec<String>, results: &mut Vec<String>) {
        match message["role"].as_str().unwrap_or_default() {
            "assistant" => {
                calls.extend(list(message, "tool_calls").iter().map(|call| text(&call["id"])));
                self.played_back.push(message.clone());
            }
            "tool" => {
                results.push(text(&message["tool_call_id"]));
                self.heard.push(text(&message["content"]));
            }
            "user" => self.heard.push(text(&message["content"])),
            _ => {}
        }
    }

    fn responses(&mut self, items: &[Value], calls: &mut Vec<String>, results: &mut Vec<String>) {
        let mut own: Vec<Value> = Vec::new();
        for item in items {
            match (item["type"].as_str().unwrap_or("message"), item["role"].as_str()) {
                ("function_call_output", _) => {
                    results.push(text(&item["call_id"]));
                    self.heard.push(text(&item["output"]));
                }
                ("message", Some("user")) => self.heard.push(text(&item["content"])),
                ("message", Some("system" | "developer")) => {}
                (kind, _) => {
                    if kind == "function_call" {
                        calls.push(text(&item["call_id"]));
                    }
                    own.push(item.clone());
                    continue;
                }
            }
            if !own.is_empty() {
                self.played_back.push(std::mem::take(&mut own).into());
            }
        }
        if !own.is_empty() {
            self.played_back.push(own.into());
        }
    }

    fn messages(&mut self, message: &Value, calls: &mut Vec<String>, results: &mut Vec<String>) {
        let blocks = list(message, "content");
        if message["role"] == "assistant" {
            let uses = blocks.iter().filter(|block| block["type"] == "tool_use");
            calls.extend(uses.map(|block| text(&block["id"])));
            self.played_back.push(message["content"].clone());
            return;
        }
        for block in blocks.iter().filter(|block| block["type"] == "tool_result") {
            results.push(text(&block["tool_use_id"]));
        }
        let said = blocks.iter().map(|block| text(block.get("text").unwrap_or(&block["content"])));
        let whole: String = said.collect();
        self.heard.push(if whole.is_empty() { text(&message["content"]) } else { whole });
    }
}

fn form(api: Api, body: &Value) -> Form {
    if let Some(tools) = body["tools"].as_array() {
        let tool = |tool: &Value| {
            let function = tool.get("function").unwrap_or(tool);
            let parameters = function.get("parameters").or_else(|| function.get("input_schema"));
            Tool { name: text(&function["name"]), parameters: parameters.cloned().unwrap_or_default() }
        };
        return Form::Tools(tools.iter().map(tool).collect());
    }
    let format = match api {
        Api::Chat => &body["response_format"],
        Api::Responses => &body["text"]["format"],
        Api::Messages => &body["output_config"]["format"],
    };
    match format["type"].as_str() {
        Some("json_schema") => {
            Form::Json(Some(format["json_schema"].get("schema").unwrap_or(&format["schema"]).clone()))
        }
        Some("json_object") => Form::Json(None),
        _ => Form::Text,
    }
}
