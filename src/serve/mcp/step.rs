//! Carries out `list_tools` and `call_tool` in OpenEnv's messages as actions of a step.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::requests::arguments;
use super::tools::{self, CallResult, Parts, ToolResult};
use crate::serve::app::App;
use crate::serve::episodes::play::Play;
use crate::serve::error::Misfit;

/// Answers a step of OpenEnv whose action is `list_tools` or `call_tool`. Returns `None` if it is another action.
///
/// # Errors
/// Returns an error if the action has the wrong form.
pub(crate) fn step(app: &App, play: &mut Play, action: &mut Value) -> Option<Result<Box<RawValue>, Misfit>> {
    let action = action.as_object_mut().filter(|action| !action.contains_key("action_type"))?;
    match action.get("type").and_then(Value::as_str) {
        Some("list_tools") => {
            let done = play.episode.is_done();
            let observation = &tools::listed_by_step(app.catalog.tasks());
            Some(write(&ToolStepView { observation, reward: None, done, metadata: None }))
        }
        Some("call_tool") => Some(step_call(app, play, action)),
        _ => None,
    }
}

fn step_call(app: &App, play: &mut Play, action: &mut Map<String, Value>) -> Result<Box<RawValue>, Misfit> {
    let name = match action.remove("tool_name") {
        Some(Value::String(name)) => name,
        Some(other) => return Err(Misfit::new("tool_name", "a string", &other)),
        None => return Err(Misfit::missing("tool_name", "the name of a tool")),
    };
    let arguments = arguments(action.remove("arguments"))?;
    match tools::call(app, play, &name, arguments) {
        Ok(tool_result) => {
            let Parts { reward, done, metadata } = tool_result.parts();
            write(&ToolStepView { observation: called(&name, &tool_result), reward: Some(reward), done, metadata })
        }
        Err(fault) => {
            let error = json!({ "error_type": fault.kind(), "message": fault.to_string() });
            let observation = json!({ "tool_name": name, "result": null, "error": error });
            write(&ToolStepView { observation, reward: None, done: play.episode.is_done(), metadata: None })
        }
    }
}

/// The answer to such a step.
#[derive(Serialize)]
struct ToolStepView<'a, O: Serialize> {
    observation: O,
    reward: Option<&'a RawValue>,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

/// The observation after a call.
#[derive(Serialize)]
struct CalledView<'a> {
    tool_name: &'a str,
    result: CallResult<'a>,
    error: (),
}

fn called<'a>(name: &'a str, tool_result: &'a ToolResult) -> CalledView<'a> {
    CalledView { tool_name: name, result: CallResult::good(tool_result), error: () }
}

fn write<T: Serialize>(view: &T) -> Result<Box<RawValue>, Misfit> {
    to_raw_value(view).map_err(|error| Misfit { place: "observation".to_owned(), problem: error.to_string() })
}
