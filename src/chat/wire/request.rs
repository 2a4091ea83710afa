//! Writes the body of a request. Pure.

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
    ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionToolChoiceOption, ChatCompletionTools,
    CreateChatCompletionRequest, FunctionCall, FunctionObject, ResponseFormat, ResponseFormatJsonSchema,
    ToolChoiceOptions,
};
use serde_json::Value;

use super::settings::{ModelSettings, TokenParam};
use crate::chat::{ChatRequest, Message, ReplyFormat, ToolCall, ToolSpec};

/// Makes the body of a request.
///
/// # Errors
/// Never fails for the types that are passed; the signature of the serialiser allows for it.
pub fn request_body(request: &ChatRequest, settings: &ModelSettings) -> Result<Value, serde_json::Error> {
    let limit = request.max_tokens.or(settings.max_tokens);
    let (response_format, tools) = match &request.format {
        ReplyFormat::Text => (None, None),
        ReplyFormat::Json { name, schema } => (
            Some(ResponseFormat::JsonSchema {
                json_schema: ResponseFormatJsonSchema {
                    description: None,
                    name: name.clone(),
                    schema: schema.clone(),
                    strict: Some(settings.strict_schema),
                },
            }),
            None,
        ),
        ReplyFormat::Tools { tools } => (None, Some(tools.iter().map(tool).collect())),
    };
    let typed = CreateChatCompletionRequest {
        model: settings.model.clone(),
        messages: request.messages.iter().map(message).collect(),
        response_format,
        tool_choice: tools.as_ref().map(|_| ChatCompletionToolChoiceOption::Mode(ToolChoiceOptions::Required)),
        tools,
        max_completion_tokens: limit.filter(|_| settings.token_param == TokenParam::MaxCompletionTokens),
        ..CreateChatCompletionRequest::default()
    };
    let mut body = serde_json::to_value(typed)?;
    if let Value::Object(fields) = &mut body {
        // The typed struct marks the older name as deprecated and would widen a 32-bit temperature.
        if let Some(limit) = limit.filter(|_| settings.token_param == TokenParam::MaxTokens) {
            fields.insert("max_tokens".to_owned(), limit.into());
        }
        if let Some(temperature) = settings.temperature {
            fields.insert("temperature".to_owned(), temperature.into());
        }
        if let Some(effort) = &settings.reasoning_effort {
            fields.insert("reasoning_effort".to_owned(), effort.clone().into());
        }
        fields.extend(settings.extra_body.clone());
    }
    Ok(body)
}

fn message(message: &Message) -> ChatCompletionRequestMessage {
    match message {
        Message::System { content } => {
            ChatCompletionRequestSystemMessage { content: content.clone().into(), name: None }.into()
        }
        Message::User { content } => {
            ChatCompletionRequestUserMessage { content: content.clone().into(), name: None }.into()
        }
        Message::Tool { call_id, content } => {
            ChatCompletionRequestToolMessage { content: content.clone().into(), tool_call_id: call_id.clone() }.into()
        }
        Message::Assistant { content, tool_calls, .. } => {
            let call = |call: &ToolCall| {
                ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
                    id: call.id.clone(),
                    function: FunctionCall { name: call.name.clone(), arguments: valid_arguments(&call.arguments) },
                })
            };
            let calls: Vec<_> = tool_calls.iter().map(call).collect();
            ChatCompletionRequestAssistantMessage {
                content: content.clone().map(Into::into),
                tool_calls: (!calls.is_empty()).then_some(calls),
                ..ChatCompletionRequestAssistantMessage::default()
            }
            .into()
        }
    }
}

/// The arguments of an earlier call if they are a JSON object, otherwise `{}`. Servers parse them, and broken ones
/// would turn the model's mistake into a 500.
fn valid_arguments(arguments: &str) -> String {
    match serde_json::from_str::<Value>(arguments) {
        Ok(Value::Object(_)) => arguments.to_owned(),
        _ => "{}".to_owned(),
    }
}

fn tool(spec: &ToolSpec) -> ChatCompletionTools {
    ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: spec.name.clone(),
            description: Some(spec.description.clone()),
            parameters: Some(spec.parameters.clone()),
            strict: None,
        },
    })
}
