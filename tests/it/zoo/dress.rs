//! Puts what the model says into the forms of the three APIs.

use serde_json::{Map, Value, json};

use super::answer::Answer;

/// The message of a chat completion with its text and calls, and these fields between them. The calls have an id of this form.
fn message(answer: &Answer, thoughts: &[(&str, Value)], id: &str) -> Value {
    let mut fields = Map::new();
    fields.insert("role".to_owned(), "assistant".into());
    let text = Some(answer.text.as_str()).filter(|text| !text.is_empty());
    fields.insert("content".to_owned(), text.map_or(Value::Null, Into::into));
    for (name, value) in thoughts {
        fields.insert((*name).to_owned(), value.clone());
    }
    if let Some(call) = &answer.call {
        let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
        fields.insert("tool_calls".to_owned(), json!([{"id": id, "type": "function", "function": function}]));
    }
    fields.into()
}

fn usual_id(answer: &Answer) -> String {
    format!("call_{}", answer.id(24))
}

/// A message without anything special.
pub(super) fn plain(answer: &Answer) -> Value {
    message(answer, &[], &usual_id(answer))
}

/// A message of `OpenAI`, whose thoughts are hidden.
pub(super) fn openai(answer: &Answer) -> Value {
    message(answer, &[("refusal", Value::Null), ("annotations", json!([]))], &usual_id(answer))
}

/// A message with its thoughts in `reasoning_content`.
pub(super) fn reasoning_content(answer: &Answer) -> Value {
    message(answer, &[("reasoning_content", answer.thoughts.as_str().into())], &usual_id(answer))
}

/// A message with its thoughts in `reasoning`.
pub(super) fn reasoning(answer: &Answer) -> Value {
    message(answer, &[("reasoning", answer.thoughts.as_str().into())], &usual_id(answer))
}

/// A message with its thoughts in `reasoning_content`, whose calls have ids like `functions.query_logs:0`.
pub(super) fn moonshot(answer: &Answer) -> Value {
    let name = answer.call.as_ref().map_or("", |call| call.name.as_str());
    let id = format!("functions.{name}:{}", answer.step);
    message(answer, &[("reasoning_content", answer.thoughts.as_str().into())], &id)
}

/// A message of Gemini: the signature is in the call, or in the message if there is none.
pub(super) fn gemini(answer: &Answer) -> Value {
    let signature = json!({"google": {"thought_signature": answer.signature()}});
    let mut message = message(answer, &[], &format!("function-call-{}", answer.id(19)));
    match message.get_mut("tool_calls") {
        Some(calls) => calls[0]["extra_content"] = signature,
        None => message["extra_content"] = signature,
    }
    message
}

/// A message of `OpenRouter`: the thoughts as a text, and as parts that are signed and encrypted.
pub(super) fn openrouter(answer: &Answer) -> Value {
    let details = json!([
        {"type": "reasoning.text", "text": answer.thoughts, "format": "anthropic-claude-v1", "index": 0, "signature": answer.signature()},
        {"type": "reasoning.encrypted", "data": format!("{}+/=", answer.id(40)), "id": format!("rs_{}", answer.id(12)), "format": "openai-responses-v1", "index": 1},
    ]);
    let thoughts =
        [("refusal", Value::Null), ("reasoning", answer.thoughts.as_str().into()), ("reasoning_details", details)];
    message(answer, &thoughts, &usual_id(answer))
}

/// A message of the `LiteLLM` proxy before Anthropic.
pub(super) fn litellm(answer: &Answer) -> Value {
    let thinking = json!([{"type": "thinking", "thinking": answer.thoughts, "signature": answer.signature()}]);
    let own = json!({"citations": null, "thinking_blocks": thinking});
    let thoughts = [
        ("reasoning_content", answer.thoughts.as_str().into()),
        ("thinking_blocks", thinking),
        ("provider_specific_fields", own),
    ];
    message(answer, &thoughts, &format!("toolu_{}", answer.id(22)))
}

/// A message of Mistral: the thoughts are parts of the content, and ids have nine signs.
pub(super) fn mistral(answer: &Answer) -> Value {
    let mut message = message(answer, &[], &answer.id(9));
    let thinking = json!([{"type": "text", "text": answer.thoughts}]);
    let mut parts = vec![json!({"type": "thinking", "thinking": thinking, "closed": true})];
    if !answer.text.is_empty() {
        parts.push(json!({"type": "text", "text": answer.text}));
    }
    message["content"] = parts.into();
    message
}

/// A message of Mistral's older models: the thoughts are in the text, between marks.
pub(super) fn marked(answer: &Answer) -> Value {
    let text = format!("[THINK]{}[/THINK]{}", answer.thoughts, answer.text);
    message(&Answer { text, ..answer.clone() }, &[], &answer.id(9))
}

/// A message with its thoughts in the text, between the usual marks.
pub(super) fn think_marks(answer: &Answer) -> Value {
    let text = format!("<think>\n{}\n</think>\n\n{}", answer.thoughts, answer.text);
    message(&Answer { text, ..answer.clone() }, &[], &usual_id(answer))
}

/// A message of Cohere, which has no content beside a call.
pub(super) fn cohere(answer: &Answer) -> Value {
    let mut message = message(answer, &[], &format!("{}_{}", answer.id(8), answer.id(12)));
    if answer.call.is_some()
        && let Some(fields) = message.as_object_mut()
    {
        fields.shift_remove("content");
    }
    message
}

/// A message of vLLM.
pub(super) fn vllm(answer: &Answer) -> Value {
    let thoughts =
        [("refusal", Value::Null), ("annotations", Value::Null), ("reasoning", answer.thoughts.as_str().into())];
    message(answer, &thoughts, &format!("chatcmpl-tool-{}", answer.id(32)))
}

/// A message whose call has a name as the Harmony format leaks it.
pub(super) fn harmony(answer: &Answer) -> Value {
    let mut message = message(answer, &[("reasoning", answer.thoughts.as_str().into())], &usual_id(answer));
    if let Some(call) = &answer.call {
        message["tool_calls"][0]["function"]["name"] = if answer.step.is_multiple_of(2) {
            format!("functions.{}", call.name)
        } else {
            format!("{}<|channel|>commentary", call.name)
        }
        .into();
    }
    message
}

/// A message whose call is in the text, in the form in which Qwen writes it.
pub(super) fn call_as_text(answer: &Answer) -> Value {
    let Some(call) = &answer.call else { return reasoning_content(answer) };
    let mut text = format!("{}\n<tool_call>\n<function={}>\n", answer.text, call.name);
    for (name, value) in call.arguments.as_object().unwrap() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&["<parameter=", name, ">\n", &value, "\n</parameter>\n"].concat());
    }
    text.push_str("</function>\n</tool_call>");
    reasoning_content(&Answer { text, call: None, ..answer.clone() })
}

/// A message in the Harmony format, of which nothing was read by the server.
pub(super) fn harmony_markup(answer: &Answer) -> Value {
    let thoughts = format!("<|channel|>analysis<|message|>{}<|end|><|start|>assistant", answer.thoughts);
    let text = match &answer.call {
        Some(call) => format!(
            "{thoughts}<|channel|>commentary to=functions.{} <|constrain|>json<|message|>{}<|call|>",
            call.name, call.arguments
        ),
        None => format!("{thoughts}<|channel|>final<|message|>{}", answer.text),
    };
    plain(&Answer { text, call: None, ..answer.clone() })
}

/// A message in whose thoughts and text a gateway cut an emoji in two; [`HALF`] is the half that is left.
pub(super) fn cut_emoji(answer: &Answer) -> Value {
    let cut = |text: &str| text.replacen('😀', HALF, 1);
    let answer = Answer { thoughts: cut(&answer.thoughts), text: cut(&answer.text), ..answer.clone() };
    reasoning_content(&answer)
}

/// Stands for half a surrogate pair, which no text can hold.
pub(super) const HALF: &str = "\u{fffd}";

/// The items of a response, with encrypted reasoning.
pub(super) fn items(answer: &Answer) -> Vec<Value> {
    let mut items = vec![json!({
        "id": format!("rs_{}", answer.id(24)), "type": "reasoning",
        "summary": [{"type": "summary_text", "text": format!("**Step**\n\n{}", answer.thoughts)}],
        "encrypted_content": format!("gAAAAA{}", answer.signature()),
    })];
    if !answer.text.is_empty() {
        items.push(json!({
            "id": format!("msg_{}", answer.id(24)), "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}],
            "phase": "final_answer",
        }));
    }
    if let Some(call) = &answer.call {
        items.push(json!({
            "id": format!("fc_{}", answer.id(24)), "type": "function_call", "status": "completed",
            "arguments": call.arguments.to_string(), "call_id": usual_id(answer), "name": call.name,
        }));
    }
    items
}

/// The blocks of a message of Anthropic, with signed and hidden thinking.
pub(super) fn blocks(answer: &Answer) -> Vec<Value> {
    // A model may think without showing it; its signature must come back even so.
    let shown = if answer.step.is_multiple_of(2) { answer.thoughts.as_str() } else { "" };
    let mut blocks = vec![
        json!({"type": "thinking", "thinking": shown, "signature": answer.signature()}),
        json!({"type": "redacted_thinking", "data": format!("{}+/=", answer.id(32))}),
    ];
    if !answer.text.is_empty() {
        blocks.push(json!({"type": "text", "text": answer.text}));
    }
    if let Some(call) = &answer.call {
        blocks.push(json!({
            "type": "tool_use", "id": format!("toolu_{}", answer.id(22)), "name": call.name, "input": call.arguments,
            "caller": {"type": "direct"},
        }));
    }
    blocks
}
