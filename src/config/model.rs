//! The names of models, and the routes to them.

use super::providers::{ModelRow, Provider, Providers};
use crate::chat::Api;
use crate::chat::price::Price;

/// The name of the provider of an endpoint that is known by its URL alone.
pub const CUSTOM: &str = "custom";
/// The most aliases that an error names.
const MOST_ALIASES: usize = 5;

/// A model that is to play, by one route: its label, its provider and its name there.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// The label of the model in tables: what the user typed.
    pub label: String,
    /// The name of the model at the endpoint.
    pub name: String,
    /// The name of the provider; `custom` with `--base-url` alone.
    pub provider_name: String,
    /// The endpoint without its ending, such as `/chat/completions`.
    pub base_url: String,
    /// The provider.
    pub provider: Provider,
}

/// The endpoint that the command line, the environment or `bench.toml` gives for all models.
#[derive(Debug, Clone, Copy, Default)]
pub struct Elsewhere<'a> {
    /// The URL of the endpoint.
    pub base_url: Option<&'a str>,
    /// The provider whose dialect, key and prices the endpoint has.
    pub provider: Option<&'a str>,
}

/// The reason for which a model cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No provider is named.
    #[error(
        "model '{model}' names no provider; write provider/name (providers: {providers}), an alias{like} (`bench list models` has all), or give --base-url"
    )]
    NoProvider {
        /// The name as it was given.
        model: String,
        /// The known providers.
        providers: String,
        /// The aliases that resemble it, with a word before them.
        like: String,
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
    /// The provider has no endpoint that all its users share.
    #[error("model '{model}': each user of {provider} has a URL of their own; give it as --base-url")]
    NoAddress {
        /// The name as it was given.
        model: String,
        /// The provider.
        provider: String,
    },
}

impl Providers {
    /// Finds the routes to a model, in the order in which they are to be tried; there is at least one. With a base URL alone
    /// every name is taken unchanged as the name of a model at that endpoint.
    ///
    /// # Errors
    /// Returns an error that explains the form of a model's name and lists the providers.
    pub fn routes(&self, model: &str, elsewhere: Elsewhere<'_>) -> Result<Vec<ModelSpec>, ModelError> {
        let alone = |route: &str| self.route(model, route, elsewhere.base_url).map(|spec| vec![spec]);
        match (elsewhere.provider, elsewhere.base_url) {
            (Some(provider), _) => {
                let name = model.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
                alone(&format!("{provider}/{name}"))
            }
            (None, Some(_)) if self.has_no_address(model) => alone(model),
            (None, Some(base_url)) => Ok(vec![ModelSpec::custom(model, base_url)]),
            (None, None) => match self.aliases.get(model) {
                Some(routes) => routes.0.iter().map(|route| self.route(model, route, None)).collect(),
                None => alone(model),
            },
        }
    }

    /// Finds one route, which is written as `provider/name`.
    ///
    /// # Errors
    /// Returns an error as [`Self::routes`] does.
    pub fn route(&self, model: &str, route: &str, base_url: Option<&str>) -> Result<ModelSpec, ModelError> {
        let Some((provider_name, name)) = route.split_once('/') else {
            let close = self.aliases_like(model, MOST_ALIASES).join(", ");
            let like = if close.is_empty() { close } else { format!(" such as {close}") };
            return Err(ModelError::NoProvider { model: model.to_owned(), providers: self.names(), like });
        };
        let Some(provider) = self.providers.get(provider_name) else {
            let provider = provider_name.to_owned();
            return Err(ModelError::UnknownProvider { model: model.to_owned(), provider, providers: self.names() });
        };
        let Some(base_url) = base_url.or(provider.base_url.as_deref()) else {
            let provider = provider_name.to_owned();
            return Err(ModelError::NoAddress { model: model.to_owned(), provider });
        };
        Ok(ModelSpec {
            label: model.to_owned(),
            name: name.to_owned(),
            provider_name: provider_name.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            provider: provider.clone(),
        })
    }

    /// Whether a model is named with a provider whose users each have a URL of their own.
    fn has_no_address(&self, model: &str) -> bool {
        let provider = model.split_once('/').and_then(|(provider, _)| self.providers.get(provider));
        provider.is_some_and(|provider| provider.base_url.is_none())
    }
}

impl ModelSpec {
    /// A model at an endpoint of which only the URL is known.
    fn custom(model: &str, base_url: &str) -> Self {
        Self {
            label: model.to_owned(),
            name: model.to_owned(),
            provider_name: CUSTOM.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            provider: Provider::default(),
        }
    }

    /// The route to the model, as `provider/name`.
    #[must_use]
    pub fn route(&self) -> String {
        format!("{}/{}", self.provider_name, self.name)
    }

    fn row(&self) -> Option<&ModelRow> {
        self.provider.row(&self.name)
    }

    /// The prices of the model; none if they are not known.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        self.provider.price(&self.name)
    }

    /// Whether the model thinks before it answers; none if that is not known.
    #[must_use]
    pub fn reasoning(&self) -> Option<bool> {
        self.row().and_then(|row| row.reasoning).or(self.provider.reasoning)
    }

    /// The form in which the model is asked; none if it has to be found out.
    #[must_use]
    pub fn api(&self) -> Option<Api> {
        self.row().and_then(|row| row.api).or(self.provider.api)
    }

    /// The day on which the model or its provider closes, or closed; none if no such day is known.
    #[must_use]
    pub fn closes(&self) -> Option<jiff::civil::Date> {
        [self.row().and_then(|row| row.closes), self.provider.closes].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Elsewhere<'static> = Elsewhere { base_url: None, provider: None };

    fn at(base_url: &str) -> Elsewhere<'_> {
        Elsewhere { base_url: Some(base_url), provider: None }
    }

    #[test]
    fn models_are_found() {
        let providers = Providers::embedded();
        let one = |model: &str, elsewhere| {
            let routes = providers.routes(model, elsewhere).unwrap();
            assert_eq!(routes.len(), 1, "{model}");
            let spec = routes.into_iter().next().unwrap();
            assert_eq!(spec.label, model);
            (spec.route(), spec.base_url)
        };
        let found = |route: &str, base_url: &str| (route.to_owned(), base_url.to_owned());
        let openrouter = "https://openrouter.ai/api/v1";
        assert_eq!(one("openrouter/meta/llama", NOWHERE), found("openrouter/meta/llama", openrouter));
        assert_eq!(one("openai/gpt-oss", at("http://h/v1/")), found("custom/openai/gpt-oss", "http://h/v1"));
        // The dialect of a provider at another URL, however the model is written.
        let there = Elsewhere { provider: Some("openai"), ..at("http://h/v1") };
        for model in ["gpt-6-luna", "openai/gpt-6-luna"] {
            assert_eq!(one(model, there), found("openai/gpt-6-luna", "http://h/v1"));
        }
        let named = Elsewhere { provider: Some("openai"), ..NOWHERE };
        assert_eq!(one("gpt-6-luna", named), found("openai/gpt-6-luna", "https://api.openai.com/v1"));
        // A provider that has no address of its own is one only with --base-url.
        let azure = "https://me.openai.azure.com/openai/v1";
        assert_eq!(one("azure/gpt-6", at(azure)), found("azure/gpt-6", azure));
        let query = "https://h/openai/deployments/x?api-version=2025-04-01";
        assert_eq!(one("azure/x", at(query)), found("azure/x", query));
    }

    #[test]
    fn an_alias_is_a_list_of_routes_and_keeps_its_name() {
        let providers = Providers::embedded();
        let routes = providers.routes("gpt-oss-120b", NOWHERE).unwrap();
        let names: Vec<_> = routes.iter().map(ModelSpec::route).collect();
        assert_eq!(names[..2], ["groq/openai/gpt-oss-120b", "cerebras/gpt-oss-120b"]);
        assert!(routes.iter().all(|spec| spec.label == "gpt-oss-120b"));
        let own: Providers = toml::from_str("[aliases]\nmine = 'ollama/x'\n'gpt-oss-120b' = ['hf/a', 'hf/b']").unwrap();
        let mut providers = providers;
        providers.overlay(own);
        assert_eq!(providers.routes("mine", NOWHERE).unwrap()[0].route(), "ollama/x");
        assert_eq!(providers.routes("gpt-oss-120b", NOWHERE).unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_found_is_explained() {
        let providers = Providers::embedded();
        let failed = |model: &str, elsewhere| providers.routes(model, elsewhere).unwrap_err();
        let text = failed("gpt-oss", NOWHERE).to_string();
        assert!(text.contains("an alias such as gpt-oss-20b, gpt-oss-120b (`bench list models`"), "{text}");
        assert!(failed("nothing-like-it", NOWHERE).to_string().contains("an alias (`bench list models`"));
        assert!(matches!(failed("x/gpt", NOWHERE), ModelError::UnknownProvider { .. }));
        assert!(matches!(failed("azure/gpt", NOWHERE), ModelError::NoAddress { .. }));
        let unknown = Elsewhere { provider: Some("x"), ..at("http://h/v1") };
        assert!(matches!(failed("gpt", unknown), ModelError::UnknownProvider { .. }));
    }

    #[test]
    fn rows_of_models_say_what_is_known() {
        let providers = Providers::embedded();
        let spec = |model: &str| providers.routes(model, NOWHERE).unwrap().remove(0);
        let known = |model: &str| (spec(model).api(), spec(model).reasoning(), spec(model).price().is_some());
        assert_eq!(known("openai/gpt-6.2-sol"), (Some(Api::Responses), Some(true), true));
        assert_eq!(known("openai/gpt-4o"), (Some(Api::Responses), Some(false), true));
        assert_eq!(known("openai/gpt-9"), (Some(Api::Responses), None, false));
        assert_eq!(known("anthropic/claude-haiku-4-5-20251001"), (Some(Api::Messages), Some(true), true));
        assert_eq!(known("ollama/qwen3"), (Some(Api::Chat), None, false));
        assert_eq!(spec("openai/gpt-4o").closes(), Some(jiff::civil::date(2027, 1, 14)));
        assert_eq!(spec("github/x").closes(), Some(jiff::civil::date(2026, 7, 30)));
    }

    #[test]
    fn a_row_of_the_user_replaces_or_changes_one_of_ours() {
        let mut providers = Providers::embedded();
        let more = "[providers.openai]\nextra_body = { service_tier = 'flex' }\n\
                    [providers.openai.prices]\n'gpt-4o' = { input = 1.0, output = 2.0 }\n\
                    [providers.groq]\nbase_url = 'http://mine/v1'\n";
        providers.overlay(toml::from_str(more).unwrap());
        let openai = providers.routes("openai/gpt-4o", NOWHERE).unwrap().remove(0);
        assert_eq!((openai.price().unwrap().input, openai.reasoning()), (1.0, Some(false)));
        assert_eq!(openai.provider.key_env, ["OPENAI_API_KEY"]);
        let groq = providers.routes("groq/openai/gpt-oss-120b", NOWHERE).unwrap().remove(0);
        assert_eq!((groq.base_url.as_str(), groq.price(), groq.provider.key_env.len()), ("http://mine/v1", None, 0));
    }
}
