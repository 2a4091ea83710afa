//! Tests of the parser. The forms of thoughts and calls are those of the models and servers that each line names.

use super::*;
use crate::chat::ServedBy;
use serde_json::{Value, json};

const BOTH: [Counts; 2] = [Counts::First, Counts::Last];

fn read(text: &str, counts: Counts) -> Result<Value, Unreadable> {
    from_text(text, counts).map(|action| serde_json::to_value(action).unwrap())
}

/// Reads a text that means the same whichever action counts.
fn parsed(text: &str) -> Result<Value, Unreadable> {
    let [first, last] = BOTH.map(|counts| read(text, counts));
    assert_eq!(first, last, "{text}");
    first
}

fn logs(service: &str) -> Value {
    json!({"action_type": "query_logs", "parameters": {"service": service}})
}

#[test]
fn every_way_to_write_an_action() {
    for text in [
        r#"{"action_type": "query_logs", "parameters": {"service": "a"}}"#,
        "```json\n{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}\n```",
        "I would look at the logs first.\n\n{\"action_type\":\"query_logs\",\"parameters\":{\"service\":\"a\"}}\nThen more.",
        "<think>maybe {\"action_type\": \"restart_service\"}?</think>{\"action_type\":\"query_logs\",\"parameters\":{\"service\":\"a\"}}",
        r#"{"action_type": "query_logs", "parameters": {"service": "a",},}"#,
        r#"{"action": {"action_type": "query_logs", "parameters": {"service": "a"}}}"#,
        r#"{"action": "query_logs", "parameters": {"service": "a"}}"#,
        r#"{"name": "query_logs", "arguments": {"service": "a"}}"#,
        r#"{"function": {"name": "query_logs", "arguments": "{\"service\": \"a\"}"}}"#,
        r#"{"tool": "query_logs", "args": {"service": "a"}}"#,
        r#"{"action_type": "query_logs", "service": "a"}"#,
        r#"{"action_type": "query_logs(a)", "parameters": {}}"#,
        r#"{"action_type": "query_logs(service=a)", "parameters": {"service": "a"}}"#,
        r#"{"action_type": "query_logs('a')"}"#,
        r#"[{"action_type": "query_logs", "parameters": {"service": "a"}}, {"action_type": "x"}]"#,
        r#"Options: [none] {"thought": "hm"} {"action_type": "query_logs", "parameters": {"service": "a"}}"#,
        "[unclosed {\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}",
    ] {
        assert_eq!(parsed(text), Ok(logs("a")), "{text}");
    }
}

#[test]
fn what_is_meant_wins_over_what_is_merely_named() {
    for text in [
        r#"{"action_type": "query_logs", "parameters": {"service": "a"}, "next_action": {"action_type": "nap"}}"#,
        r#"First {"name": "postgres-db"}, then {"action_type": "query_logs", "parameters": {"service": "a"}}"#,
        r#"{"action_type": "think", "action": {"action_type": "query_logs", "parameters": {"service": "a"}}}"#,
    ] {
        assert_eq!(parsed(text), Ok(logs("a")), "{text}");
    }
    assert_eq!(parsed(r#"{"name": "postgres-db"}"#), Ok(json!({"action_type": "postgres-db", "parameters": {}})));
    let long = "x".repeat(100_000);
    let text = json!({"action_type": "submit_resolution", "parameters": {"summary": long}}).to_string();
    assert!(parsed(&text).is_ok());
}

#[test]
fn strings_keep_what_looks_like_syntax() {
    let text = "{\"action_type\": \"submit_resolution\", \"parameters\": {\"summary\": \"a ,} \\\" {\n done\",}}";
    assert_eq!(
        parsed(text),
        Ok(json!({"action_type": "submit_resolution", "parameters": {"summary": "a ,} \" {\n done"}}))
    );
}

#[test]
fn types_that_are_meant() {
    let text = r#"{"action_type": "scale_service", "parameters": {"service": ["a", "b"], "replicas": "3", "flag": null, "reasoning": 5}}"#;
    assert_eq!(
        parsed(text),
        Ok(json!({"action_type": "scale_service", "parameters": {"service": "a, b", "replicas": 3, "reasoning": "5"}}))
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, expected) in [
        ("", Unreadable::Empty),
        (" \n", Unreadable::Empty),
        ("<think>so {\"action_type\": \"query_logs\"}", Unreadable::ReasoningOnly),
        ("<think>so</think>  ", Unreadable::ReasoningOnly),
        ("I will query the logs.", Unreadable::NoJson),
        ("{\"service\": \"a\"}", Unreadable::NoAction),
        ("{broken", Unreadable::NoJson),
    ] {
        assert_eq!(parsed(text), Err(expected), "{text}");
    }
}

fn reply(content: Option<&str>, finish: FinishReason) -> ChatReply {
    ChatReply {
        content: content.map(str::to_owned),
        reasoning: None,
        tool_calls: Vec::new(),
        finish,
        model: None,
        usage: None,
        request_id: None,
        latency_ms: 0,
        as_it_came: None,
        billed_usd: None,
        served: ServedBy::default(),
        retries: Vec::new(),
    }
}

#[test]
fn the_finish_reason_explains_a_missing_action() {
    let whole = r#"{"action_type": "query_logs", "parameters": {"service": "a"}}"#;
    let thinking = "<think>I would";
    for counts in BOTH {
        for (content, finish, expected) in [
            (Some(&whole[..30]), FinishReason::Length, Unreadable::Cut),
            (Some(thinking), FinishReason::Length, Unreadable::CutWhileThinking),
            (None, FinishReason::Length, Unreadable::Cut),
            (Some(&whole[..30]), FinishReason::ContextWindow, Unreadable::ContextFull),
            (None, FinishReason::ContextWindow, Unreadable::ContextFull),
            (None, FinishReason::ContentFilter, Unreadable::ContentFilter),
            (None, FinishReason::Stop, Unreadable::Empty),
            (Some(thinking), FinishReason::Stop, Unreadable::ReasoningOnly),
            (Some("{\"action_type\": "), FinishReason::Malformed, Unreadable::Malformed),
            (None, FinishReason::Malformed, Unreadable::Malformed),
            (Some("I can't help with that."), FinishReason::Refusal, Unreadable::Refused),
            (None, FinishReason::Refusal, Unreadable::Refused),
            // What was written before the refusal is withdrawn.
            (Some(whole), FinishReason::Refusal, Unreadable::Refused),
        ] {
            assert_eq!(action(&reply(content, finish.clone()), counts), Err(expected), "{content:?} {finish:?}");
        }
        for finish in [
            FinishReason::Stop,
            FinishReason::Length,
            FinishReason::ContextWindow,
            FinishReason::ContentFilter,
            // A host that does not check what the model wrote would have passed it on.
            FinishReason::Malformed,
            FinishReason::Other("end_turn".into()),
        ] {
            assert!(action(&reply(Some(whole), finish.clone()), counts).is_ok(), "{finish:?}");
        }
        for (finish, expected) in
            [(FinishReason::Stop, Unreadable::ReasoningOnly), (FinishReason::Length, Unreadable::CutWhileThinking)]
        {
            let thoughtful = ChatReply { reasoning: Some("hm".into()), ..reply(None, finish) };
            assert_eq!(action(&thoughtful, counts), Err(expected));
        }
    }
}

#[test]
fn the_first_or_the_last_action_counts() {
    let [a, b] = ["a", "b"].map(|service| logs(service).to_string());
    for text in [
        format!("First I look: {a}\nNo, rather: {b}"),
        format!("{a}{b}"),
        format!("```json\n{a}\n```\n```json\n{b}\n```"),
        format!("{a} and then [{b}, {a}]"),
        "query_logs(a)\nquery_logs(service=\"b\")".to_owned(),
        format!("{a}<tool_call><function=query_logs><parameter=service>b</parameter></function></tool_call>"),
        format!("<tool_call>{a}</tool_call>\n<tool_call>{b}</tool_call>"),
        format!("{a}{b} {{\"note\": 1}} and {{\"name\": \"postgres-db\"}}"),
        format!("{a}{}{b}", "[{\"".repeat(2_000)),
    ] {
        assert_eq!(read(&text, Counts::First), Ok(logs("a")), "{text}");
        assert_eq!(read(&text, Counts::Last), Ok(logs("b")), "{text}");
    }
    // A thought that is full of brackets does not hide the action at its end.
    let text = format!("{}\n{b}", "a[0{ ".repeat(200_000));
    assert_eq!(read(&text, Counts::Last), Ok(logs("b")));
}

#[test]
fn a_cut_thought_has_no_action_although_it_speaks_of_one() {
    let a = logs("a").to_string();
    for (text, expected) in [
        (a.clone(), Ok(logs("a"))),
        (format!("So:\n```json\n{a}\n``"), Err(Unreadable::Cut)),
        (format!("So:\n```json\n{a}\n```\n"), Ok(logs("a"))),
        (format!("<tool_call>\n{a}\n</tool_call>"), Ok(logs("a"))),
        (format!("{{\"reasoning\": \"x\", \"action\": {a}"), Ok(logs("a"))),
        (format!("I could do {a}, but then"), Err(Unreadable::Cut)),
        (format!("{a}\n{{\"action_type\": \"restart"), Err(Unreadable::Cut)),
    ] {
        let cut = reply(Some(&text), FinishReason::Length);
        let found = action(&cut, Counts::Last).map(|action| serde_json::to_value(action).unwrap());
        assert_eq!(found, expected, "{text}");
        assert!(action(&cut, Counts::First).is_ok(), "{text}");
    }
}

#[test]
fn thoughts_are_never_searched() {
    let (wrong, right) = (json!({"action_type": "restart_service"}).to_string(), logs("a").to_string());
    for (open, close) in [
        ("<think>", "</think>"),                    // DeepSeek R1, Qwen3, GLM-4.5, MiniMax M2, Kimi K2
        ("<Think>", "</THINK>"),                    // small models by prompt
        ("<thinking>", "</thinking>"),              // Claude and Llama by prompt
        ("<thought>", "</thought>"),                // EXAONE Deep; Gemini by its compatible layer
        ("<reasoning>", "</reasoning>"),            // by prompt
        ("<reflection>", "</reflection>"),          // Reflection-Llama
        ("<seed:think>", "</seed:think>"),          // Seed-OSS, vLLM seedoss_reasoning_parser
        ("<longcat_think>", "</longcat_think>"),    // LongCat-Flash-Thinking
        ("[THINK]", "[/THINK]"),                    // Magistral, vLLM mistral_reasoning_parser
        ("◁think▷", "◁/think▷"),                    // Kimi-VL-Thinking, SGLang --reasoning-parser kimi
        ("<|START_THINKING|>", "<|END_THINKING|>"), // Cohere Command A Reasoning
        ("<|begin_of_thought|>", "<|end_of_thought|>"), // Sky-T1, OpenThinker
        ("<|channel>thought\n", "<channel|>"),      // Gemma 4, vLLM gemma4_reasoning_parser
        ("<|open|>think<|sep|>", "<|close|>think<|sep|>"), // Kimi K3, vLLM kimi_k3_reasoning_parser
        ("<unused94>thought\n", "<unused95>"),      // MedGemma
        // gpt-oss: the harmony format, as llama.cpp passes it on with --reasoning-format none
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        // The same from a server that removes special tokens
        ("analysis", "assistantfinal"),
    ] {
        let thought = format!("{open}I could {wrong}, or ```json\n{wrong}\n```{close}");
        assert_eq!(parsed(&format!("{thought}{right}")), Ok(logs("a")), "{open}");
        assert_eq!(parsed(&format!("{thought}\n\nI look first.\n```json\n{right}\n```")), Ok(logs("a")), "{open}");
        if open != "analysis" {
            // Another thought, and a thought after the answer.
            let text = format!("{thought}{open}{wrong}{close}{right}{open}{wrong}");
            assert_eq!(parsed(&text), Ok(logs("a")), "{open}");
            assert_eq!(parsed(&format!("{open}{wrong}")), Err(Unreadable::ReasoningOnly), "{open}");
        }
        if !open.starts_with("<|channel|>") && open != "analysis" {
            assert_eq!(parsed(&thought), Err(Unreadable::ReasoningOnly), "{open}");
            // The template wrote the first mark, so the reply begins within the thought.
            let text = format!("I could {wrong}. {close}\n{right}");
            assert_eq!(parsed(&text), Ok(logs("a")), "{close}");
        }
    }
    for text in [
        // vLLM reads the same as a call: Qwen3.5 and Kimi K2 may call a function without ending their thought.
        format!("<think>I could {wrong}. <tool_call>\n{right}\n</tool_call>"),
        format!(
            "<think>{wrong}<|tool_calls_section_begin|><|tool_call_begin|>functions.query_logs:0<|tool_call_argument_begin|>{{\"service\": \"a\"}}<|tool_call_end|>"
        ),
        // Marks within strings are what the model says, and not marks.
        right
            .replace("\"a\"}", "\"a\", \"reasoning\": \"the <think> mark </think> is odd\"}")
            .replace(", \"reasoning\": \"the <think> mark </think> is odd\"", ""),
    ] {
        assert_eq!(parsed(&text), Ok(logs("a")), "{text}");
    }
    let quoted = json!({"action_type": "submit_resolution", "parameters": {"summary": "a </think> b <think> c"}});
    assert_eq!(parsed(&quoted.to_string()), Ok(quoted));
    let hostile = "<think><tool_call>".repeat(60_000);
    assert!(parsed(&hostile).is_err());
}

#[test]
fn calls_in_the_marks_of_templates() {
    for text in [
        // Hermes, Qwen2.5, Qwen3
        "<tool_call>\n{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}}\n</tool_call>",
        // Qwen2.5-Coder
        "<tools>{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}}</tools>",
        // Qwen3-Coder, Qwen3.5, Nemotron 3: vllm/parser/qwen3
        "<tool_call>\n<function=query_logs>\n<parameter=service>\na\n</parameter>\n</function>\n</tool_call>",
        // Llama 3.1 with custom functions
        "<function=query_logs>{\"service\": \"a\"}</function>",
        // Groq's failed_generation: mark not closed (groq-typescript#28), name only (smolagents#1119)
        "<function=query_logs{\"service\": \"a\"}</function>",
        "<function=query_logs,{\"service\": \"a\"}></function>",
        "query_logs{\"service\": \"a\"}</function>",
        "query_logs {\"service\": \"a\"}",
        "query_logs({\"service\": \"a\"})",
        "```\n{\n  \"tool_calls\": [{\"id\": \"pending\", \"type\": \"function\", \"function\": {\"name\": \"query_logs\"}, \"parameters\": {\"service\": \"a\"}}]}```",
        // Llama 3.1 and 4
        "<|python_tag|>{\"name\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}",
        "[query_logs(service=\"a\")]",
        "<|python_start|>[query_logs(service=\"a\"), check_metrics(service=\"b\")]<|python_end|>",
        // LFM2
        "<|tool_call_start|>[query_logs(service='a')]<|tool_call_end|>",
        // Gemma 3 by its guide
        "```tool_code\nquery_logs(service=\"a\")\n```",
        // Gemma 4: vllm/parser/gemma4, and FunctionGemma
        "<|tool_call>call:query_logs{service:<|\"|>a<|\"|>}<tool_call|>",
        // Mistral: tokenizer v3, v11, v13
        "[TOOL_CALLS][{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}, \"id\": \"9Vkmpm2Ft\"}]",
        "[TOOL_CALLS]query_logs[ARGS]{\"service\": \"a\"}",
        "[TOOL_CALLS]query_logs[CALL_ID]9Vkmpm2Ft[ARGS]{\"service\": \"a\"}",
        "[TOOL_CALLS]query_logs{\"service\": \"a\"}",
        // Kimi K2: vllm/parser/kimi_k2
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.query_logs:0<|tool_call_argument_begin|>{\"service\": \"a\"}<|tool_call_end|><|tool_calls_section_end|>",
        // DeepSeek V3 and R1, V3.1, V3.2 and V4
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>query_logs\n```json\n{\"service\": \"a\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>query_logs<｜tool▁sep｜>{\"service\": \"a\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"query_logs\">\n<｜DSML｜parameter name=\"service\" string=\"true\">a</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
        // MiniMax M2
        "<minimax:tool_call>\n<invoke name=\"query_logs\">\n<parameter name=\"service\">a</parameter>\n</invoke>\n</minimax:tool_call>",
        "<invoke name='query_logs'>{\"service\": \"a\"}</invoke>",
        // GLM-4.5 and GLM-4.7
        "<tool_call>query_logs\n<arg_key>service</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        "<tool_call>query_logs<arg_key>service</arg_key><arg_value>a</arg_value></tool_call>",
        // gpt-oss: the harmony format, with the receiver after the channel or before it, and without its marks
        "<|channel|>analysis<|message|>The {\"action_type\": \"x\"}.<|end|><|start|>assistant<|channel|>commentary to=functions.query_logs <|constrain|>json<|message|>{\"service\": \"a\"}<|call|>",
        "<|start|>assistant to=functions.query_logs<|channel|>commentary json<|message|>{\"service\": \"a\"}<|call|>",
        "analysisI look at the logs.assistantcommentary to=functions.query_logs json{\"service\": \"a\"}",
        // Cohere Command R and A
        "<|START_ACTION|>[{\"tool_call_id\": \"0\", \"tool_name\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}]<|END_ACTION|>",
        // Phi-4-mini, Granite 3, Nemotron Nano 2
        "functools[{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}}]",
        "<|tool_call|>[{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}}]",
        "<TOOLCALL>[{\"name\": \"query_logs\", \"arguments\": {\"service\": \"a\"}}]</TOOLCALL>",
        // What models write that were never told a form
        "{\"query_logs\": {\"service\": \"a\"}}",
        "{\"action\": {\"query_logs\": {\"service\": \"a\"}}}",
        "{action_type: \"query_logs\", parameters: {service: \"a\"}}",
        "\"{\\\"action_type\\\": \\\"query_logs\\\", \\\"parameters\\\": {\\\"service\\\": \\\"a\\\"}}\"",
        "{\"action\": \"{\\\"action_type\\\": \\\"query_logs\\\", \\\"service\\\": \\\"a\\\"}\"}",
        "{\"reasoning\": \"first {\\\"action_type\\\": \\\"x\\\"}\", \"action\": {\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}}",
        "{\"reasoning\": \"why\", \"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}",
    ] {
        assert_eq!(parsed(text), Ok(logs("a")), "{text}");
        let thought = format!("I think so.\n\n{text}");
        // Only as a whole answer is a string of JSON an answer, and the bare channel begins its text.
        if !text.starts_with(['"']) && !text.starts_with("analysis") {
            assert!(parsed(&thought).is_ok(), "{thought}");
        }
    }
    let with_two = "<tool_call><function=submit_root_cause><parameter=service>a</parameter>\
        <parameter=failure_mode>it is 5 < 6, {full}\nof \"x\"</parameter></function></tool_call>";
    let parameters = json!({"service": "a", "failure_mode": "it is 5 < 6, {full}\nof \"x\""});
    assert_eq!(parsed(with_two), Ok(json!({"action_type": "submit_root_cause", "parameters": parameters})));
    let pythonic = "[submit_root_cause(service=\"a\", failure_mode='the disk, \"x\", is full (100 %)')]";
    let parameters = json!({"service": "a", "failure_mode": "the disk, \"x\", is full (100 %)"});
    assert_eq!(parsed(pythonic), Ok(json!({"action_type": "submit_root_cause", "parameters": parameters})));
}

#[test]
fn a_call_of_a_function_that_does_not_exist_keeps_its_name() {
    for text in [
        "<function=dance>{\"service\": \"a\"}</function>",
        "<tool_call><function=dance><parameter=service>a</parameter></function></tool_call>",
        "[TOOL_CALLS]dance[ARGS]{\"service\": \"a\"}",
        "<|tool_call>call:dance{service:<|\"|>a<|\"|>}<tool_call|>",
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>dance\n```json\n{\"service\": \"a\"}\n```<｜tool▁call▁end｜>",
    ] {
        assert_eq!(parsed(text), Ok(json!({"action_type": "dance", "parameters": {"service": "a"}})), "{text}");
    }
}

#[test]
fn calls_that_do_not_end_are_none() {
    for text in [
        "<function=query_logs><parameter=service>a</parameter>",
        "<function=query_logs>\n<parameter=service>a</function>",
        "<tool_call>query_logs\n<arg_key>service</arg_key>\n<arg_value>a",
        "[TOOL_CALLS]query_logs[ARGS]{\"service\": \"a\"",
        "query_logs(service=\"a",
        "query_logs(service=\"a\") would be",
        "I call query_logs(service=\"a\")",
    ] {
        assert!(parsed(text).is_err() || text.starts_with("<function=query_logs>\n"), "{text}: {:?}", parsed(text));
    }
}

#[test]
fn tool_calls() {
    let call = |name: &str, arguments: &str| ChatReply {
        tool_calls: vec![ToolCall { id: "1".into(), name: name.into(), arguments: arguments.into() }],
        ..reply(None, FinishReason::ToolCalls)
    };
    let json = |reply: ChatReply| {
        let [first, last] = BOTH.map(|counts| action(&reply, counts));
        assert_eq!(first, last);
        first.map(|action| serde_json::to_value(action).unwrap())
    };
    let twice = json!(json!({"service": "a"}).to_string()).to_string();
    let thrice = json!(twice).to_string();
    for (name, arguments) in [
        ("query_logs", r#"{"service": "a"}"#),
        ("query_logs", r#"{"service": "a",}"#),
        ("act", &logs("a").to_string()),
        // Names with namespaces, numbers and marks: gpt-oss, Gemini, Kimi K2, servers of MCP
        ("functions.query_logs", r#"{"service": "a"}"#),
        ("functions.query_logs:0", r#"{"service": "a"}"#),
        ("default_api.query_logs", r#"{"service": "a"}"#),
        ("default_api:query_logs", r#"{"service": "a"}"#),
        ("mcp__incidents__query_logs", r#"{"service": "a"}"#),
        ("query_logs<|channel|>commentary", r#"{"service": "a"}"#),
        ("query_logs<|channel|>json", r#"{"service": "a"}"#),
        ("functions.query_logs<|constrain|>json", r#"{"service": "a"}"#),
        ("<|channel|>commentary to=functions.query_logs", r#"{"service": "a"}"#),
        (" `query_logs` ", r#"{"service": "a"}"#),
        // Arguments that are written as a string of JSON, in a row, with marks behind them, or with an empty object first
        ("query_logs", &twice),
        ("query_logs", &thrice),
        ("query_logs", r#"{"service": "a"}{"service": "b"}"#),
        ("query_logs", "{\"service\": \"a\"}\n{\"service\": \"b\"}"),
        ("query_logs", r#"{}{"service": "a"}"#),
        ("query_logs", r#"{"service": "a"}<|call|>"#),
        ("query_logs", r#"{"service": "a"}</function>"#),
    ] {
        assert_eq!(json(call(name, arguments)), Ok(logs("a")), "{name} {arguments}");
    }
    let without = Ok(json!({"action_type": "query_logs", "parameters": {}}));
    assert_eq!(json(call("query_logs", "")), without);
    assert_eq!(json(call("query_logs", "{}")), without);
    for broken in [r#"{"service": "#, "[1]", "\"a\"", "5", r#"see {"service": "a"}"#] {
        assert_eq!(json(call("query_logs", broken)), Err(Unreadable::BadArguments), "{broken}");
    }
    assert_eq!(action(&call("server.dance", "{}"), Counts::First).unwrap().kind().as_str(), "server.dance");
    let odd = call("query_logs", r#"{"service": "a", "action": "look"}"#);
    assert_eq!(action(&odd, Counts::First).unwrap().kind().as_str(), "query_logs");
    let beside = ChatReply { content: Some(logs("a").to_string()), ..call("query_logs", "{broken") };
    assert_eq!(json(beside), Ok(logs("a")));
    // Text beside a call is thought, whatever it speaks of.
    let beside = ChatReply { content: Some(logs("b").to_string()), ..call("query_logs", r#"{"service": "a"}"#) };
    assert_eq!(json(beside), Ok(logs("a")));
}

/// Pieces of which replies with odd marks are made.
fn piece() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    const PIECES: [&str; 24] = [
        "<think>",
        "</think>",
        "[THINK]",
        "<|channel|>analysis",
        "<|message|>",
        "<|end|>",
        "<tool_call>",
        "</tool_call>",
        "<function=",
        "query_logs",
        ">",
        "<parameter=",
        "service",
        "</parameter>",
        "</function>",
        "{",
        "}",
        "\"",
        ":",
        "[TOOL_CALLS]",
        "[ARGS]",
        "(",
        ")",
        "<|\"|>",
    ];
    prop_oneof![proptest::sample::select(PIECES.as_slice()).prop_map(str::to_owned), "\\PC{0,3}"]
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        for counts in BOTH {
            let _ = from_text(&text, counts);
        }
    }

    #[test]
    fn any_marks(pieces in proptest::collection::vec(piece(), 0..24)) {
        let cut = reply(Some(&pieces.concat()), FinishReason::Length);
        for counts in BOTH {
            let _ = action(&cut, counts);
        }
    }

    #[test]
    fn any_brackets_and_quotes(text in "[\\{\\}\\[\\]\",:a\\\\ \n]{0,80}") {
        for counts in BOTH {
            let _ = from_text(&text, counts);
        }
    }
}
