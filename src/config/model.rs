//! Models and the providers that serve them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chat::price::Price;
use crate::chat::wire::TokenParam;

/// A provider of an OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The endpoint, up to and without `/chat/completions`.
    pub base_url: String,
    /// The environment variable that holds the key. `None` if no key is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The request parameter that limits the length of an answer.
    #[serde(default)]
    pub token_param: TokenParam,
    /// Additional headers of every request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Additional top-level fields of every request.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
    /// The prices, by model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, Price>,
}

/// All providers and the short names of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// The providers, by name.
    #[serde(default)]
    pub providers: BTreeMap<String, Provider>,
    /// The aliases: short name → `provider/name`.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
}

/// A model that is to play: its name, its label and its provider.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// The label of the model in tables.
    pub label: String,
    /// The name of the model at the endpoint.
    pub name: String,
    /// The name of the provider; `custom` with `--base-url`.
    pub provider_name: String,
    /// The provider.
    pub provider: Provider,
}

/// The reason for which a model cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No provider is named.
    #[error(
        "model '{model}' names no provider; write provider/name (providers: {providers}), an alias ({aliases}), or give --base-url"
    )]
    NoProvider {
        /// The name as it was given.
        model: String,
        /// The known providers.
        providers: String,
        /// The known aliases.
        aliases: String,
    },
    /// The provider is not known.
    #[error(
        "model '{model}': unknown provider '{provider}'; providers: {providers}; or give --base-url, or add [providers.{provider}] to bench.toml"
    )]
    UnknownProvider {
        /// The name as it was given.
        model: String,
        /// The provider in that name.
        provider: String,
        /// The known providers.
        providers: String,
    },
}

impl Providers {
    /// Returns the embedded providers. A test reads the file.
    #[must_use]
    pub fn embedded() -> Self {
        toml::from_str(include_str!("providers.toml"))
            .unwrap_or_else(|_| Self { providers: BTreeMap::new(), aliases: BTreeMap::new() })
    }

    /// Lays other providers and aliases over these.
    pub fn overlay(&mut self, other: Self) {
        self.providers.extend(other.providers);
        self.aliases.extend(other.aliases);
    }

    /// Finds a model. With a base URL every name is taken unchanged as the name of a model at that endpoint.
    ///
    /// # Errors
    /// Returns an error that explains the form of a model's name and lists the providers.
    pub fn resolve(&self, model: &str, base_url: Option<&str>) -> Result<ModelSpec, ModelError> {
        if let Some(base_url) = base_url {
            let provider = Provider {
                base_url: base_url.trim_end_matches('/').to_owned(),
                key_env: None,
                token_param: TokenParam::default(),
                headers: BTreeMap::new(),
                extra_body: Map::new(),
                prices: BTreeMap::new(),
            };
            let name = model.to_owned();
            return Ok(ModelSpec { label: name.clone(), name, provider_name: "custom".to_owned(), provider });
        }
        let full = self.aliases.get(model).map_or(model, String::as_str);
        let list = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let providers = || list(self.providers.keys().collect());
        let Some((provider_name, name)) = full.split_once('/') else {
            let aliases = list(self.aliases.keys().collect());
            return Err(ModelError::NoProvider { model: model.to_owned(), providers: providers(), aliases });
        };
        let Some(provider) = self.providers.get(provider_name) else {
            let provider = provider_name.to_owned();
            return Err(ModelError::UnknownProvider { model: model.to_owned(), provider, providers: providers() });
        };
        Ok(ModelSpec {
            label: full.to_owned(),
            name: name.to_owned(),
            provider_name: provider_name.to_owned(),
            provider: provider.clone(),
        })
    }
}

impl ModelSpec {
    /// Returns the price of the model, or `None` if it is not known.
    #[must_use]
    pub fn price(&self) -> Option<&Price> {
        self.provider.prices.get(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_read() {
        let file: Providers = toml::from_str(include_str!("providers.toml")).unwrap();
        assert!(file.providers.len() >= 13);
        for alias in file.aliases.keys() {
            file.resolve(alias, None).unwrap();
        }
    }

    #[test]
    fn models_are_found() {
        let providers = Providers::embedded();
        let spec = providers.resolve("llama-3.3-70b", None).unwrap();
        assert_eq!(
            (spec.label.as_str(), spec.name.as_str()),
            ("groq/llama-3.3-70b-versatile", "llama-3.3-70b-versatile")
        );
        assert!(spec.price().is_some());
        let spec = providers.resolve("openrouter/meta/llama", None).unwrap();
        assert_eq!((spec.provider_name.as_str(), spec.name.as_str()), ("openrouter", "meta/llama"));
        let spec = providers.resolve("openai/gpt-oss", Some("http://h/v1/")).unwrap();
        assert_eq!((spec.name.as_str(), spec.provider.base_url.as_str()), ("openai/gpt-oss", "http://h/v1"));
        assert_eq!(spec.provider.key_env, None, "the key of another provider must not travel to a custom URL");
        assert!(matches!(providers.resolve("gpt", None), Err(ModelError::NoProvider { .. })));
        assert!(matches!(providers.resolve("x/gpt", None), Err(ModelError::UnknownProvider { .. })));
    }
}
