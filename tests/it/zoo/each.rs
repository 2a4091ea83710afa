//! One run at each endpoint of the zoo and in each of its protocols, with `--model` and `--base-url` alone.

use super::dialect::Dialect;
use super::endpoint::Endpoint;
use super::kinds;
use super::play::{play, problem_of_cost, problems_of_book, problems_of_row};

/// Plays a dialect in a protocol, and returns what is wrong.
fn problems(dialect: &'static Dialect, protocol: &str) -> Vec<String> {
    let endpoint = Endpoint::of(dialect);
    let played = play(dialect, &endpoint, &["--protocol", protocol]);
    let mut problems = problems_of_book(&endpoint, 1);
    if played.ended.code == Some(0) {
        let summary = serde_json::from_str(&played.ended.stdout).unwrap();
        problems.extend(problems_of_row(&summary, dialect.model));
        problems.extend(problem_of_cost(&summary, dialect.model, endpoint.book(|book| book.bill)));
    } else {
        problems.push(format!("exit {:?}: {}", played.ended.code, played.ended.stderr));
    }
    problems.iter().map(|problem| format!("{} by {protocol}: {problem}", dialect.name)).collect()
}

/// Plays the dialects of these names.
fn plays(names: &[&str]) {
    let problems: Vec<_> = names
        .iter()
        .map(|name| kinds::named(name))
        .flat_map(|dialect| dialect.protocols.iter().map(move |protocol| (dialect, *protocol)))
        .flat_map(|(dialect, protocol)| problems(dialect, protocol))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Makes a test for each dialect, and one that none is forgotten.
macro_rules! zoo {
    ($($test:ident: $name:literal,)*) => {
        $(#[test] fn $test() { plays(&[$name]); })*

        #[test]
        fn each_dialect_is_played() {
            let mut played = vec![$($name),*];
            let mut all: Vec<_> = kinds::all().map(|dialect| dialect.name).collect();
            played.sort_unstable();
            all.sort_unstable();
            assert_eq!(played, all);
        }
    };
}

zoo! {
    openai_chat: "openai-chat",
    openai_gpt_6: "openai-gpt-6",
    openai_responses: "openai-responses",
    anthropic_native: "anthropic-native",
    anthropic_compatible: "anthropic-compatible",
    gemini_3_compatible: "gemini-3-compatible",
    deepseek_v4: "deepseek-v4",
    qwen_thinking: "qwen-thinking",
    xai: "xai",
    mistral_thinking_parts: "mistral-thinking-parts",
    mistral_think_marks: "mistral-think-marks",
    cohere: "cohere",
    moonshot: "moonshot",
    groq: "groq",
    openrouter: "openrouter",
    together: "together",
    fireworks: "fireworks",
    cerebras: "cerebras",
    azure: "azure",
    vllm: "vllm",
    vllm_no_reasoning_parser: "vllm-no-reasoning-parser",
    sglang: "sglang",
    llama_cpp: "llama-cpp",
    ollama: "ollama",
    lm_studio: "lm-studio",
    litellm: "litellm",
    gateway_with_counts_of_messages: "gateway-with-counts-of-messages",
    gateway_that_cuts_emoji: "gateway-that-cuts-emoji",
    harmony_names: "harmony-names",
    harmony_markup: "harmony-markup",
    lm_studio_calls_as_text: "lm-studio-calls-as-text",
}
