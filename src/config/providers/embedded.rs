//! The providers and aliases that are part of the program.

use super::catalog::Providers;
use super::provider::Provider;

/// Each provider: its name, and the text of its row.
const ROWS: [(&str, &str); 24] = [
    ("anthropic", include_str!("rows/anthropic.toml")),
    ("azure", include_str!("rows/azure.toml")),
    ("cerebras", include_str!("rows/cerebras.toml")),
    ("dashscope", include_str!("rows/dashscope.toml")),
    ("deepinfra", include_str!("rows/deepinfra.toml")),
    ("deepseek", include_str!("rows/deepseek.toml")),
    ("fireworks", include_str!("rows/fireworks.toml")),
    ("gemini", include_str!("rows/gemini.toml")),
    ("github", include_str!("rows/github.toml")),
    ("groq", include_str!("rows/groq.toml")),
    ("hf", include_str!("rows/hf.toml")),
    ("llamacpp", include_str!("rows/llamacpp.toml")),
    ("lmstudio", include_str!("rows/lmstudio.toml")),
    ("mistral", include_str!("rows/mistral.toml")),
    ("moonshot", include_str!("rows/moonshot.toml")),
    ("nvidia", include_str!("rows/nvidia.toml")),
    ("ollama", include_str!("rows/ollama.toml")),
    ("openai", include_str!("rows/openai.toml")),
    ("openrouter", include_str!("rows/openrouter.toml")),
    ("sglang", include_str!("rows/sglang.toml")),
    ("together", include_str!("rows/together.toml")),
    ("vllm", include_str!("rows/vllm.toml")),
    ("xai", include_str!("rows/xai.toml")),
    ("zai", include_str!("rows/zai.toml")),
];

impl Providers {
    /// Returns the embedded providers and aliases. A test reads every row.
    #[must_use]
    pub fn embedded() -> Self {
        let aliases: Self = toml::from_str(include_str!("aliases.toml")).unwrap_or_default();
        let row = |(name, text): &(&str, &str)| Some(((*name).to_owned(), toml::from_str::<Provider>(text).ok()?));
        Self { providers: ROWS.iter().filter_map(row).collect(), ..aliases }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_read() {
        for (name, text) in ROWS {
            let row: Provider = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(row.base_url.is_some() || name == "azure", "{name} has no address");
            assert!(row.prices.is_empty(), "{name}: prices belong to the rows of models");
        }
        let _: Providers = toml::from_str(include_str!("aliases.toml")).unwrap();
        let names: BTreeSet<_> = ROWS.iter().map(|(name, _)| *name).collect();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/providers/rows");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        assert_eq!(files.count(), names.len(), "a row is not embedded");
    }

    #[test]
    fn every_alias_leads_to_providers() {
        let all = Providers::embedded();
        assert!(all.aliases.len() > 40);
        for (alias, routes) in &all.aliases {
            assert!(!alias.contains('/') && !routes.0.is_empty(), "{alias}");
            for route in &routes.0 {
                let (provider, name) = route.split_once('/').unwrap_or_else(|| panic!("{alias}: {route}"));
                let row = all.providers.get(provider).unwrap_or_else(|| panic!("{alias}: no provider {provider}"));
                assert!(!name.is_empty() && row.closes.is_none() && !row.key_env.is_empty(), "{alias}: {route}");
                assert!(row.base_url.is_some(), "{alias}: {route} has no address");
            }
            let is_priced = routes.0.iter().filter_map(|route| route.split_once('/'));
            let priced = is_priced.filter(|(provider, name)| all.providers[*provider].price(name).is_some());
            assert!(priced.count() > 0, "no route of {alias} has a price");
        }
    }

    #[test]
    fn every_price_has_a_day_and_a_source() {
        let today = jiff::civil::date(2026, 11, 30);
        let mut priced = 0;
        for (name, provider) in Providers::embedded().providers {
            for (model, row) in provider.models {
                let Some(price) = row.price else { continue };
                priced += 1;
                price.check().unwrap_or_else(|problem| panic!("{name}/{model}: {problem}"));
                let as_of = price.as_of.unwrap_or_else(|| panic!("{name}/{model} has no day"));
                assert!(as_of.year() >= 2026 && as_of <= today, "{name}/{model}: {as_of}");
                let source = price.source.unwrap_or_else(|| panic!("{name}/{model} has no source"));
                assert!(source.starts_with("https://"), "{name}/{model}: {source}");
                let (cached, output) = (price.cached_input.unwrap_or(price.input), price.output);
                assert!(cached <= price.input && price.input <= output, "{name}/{model}: is this right?");
            }
        }
        assert!(priced > 50, "{priced}");
    }
}
