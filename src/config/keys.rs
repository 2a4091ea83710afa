//! Decides which API key goes to which endpoint.

use secrecy::SecretString;

use super::environment::Environment;
use super::model::ModelSpec;
use super::origin::Origin;

/// A model, with the API key of its endpoint.
#[derive(Debug, Clone)]
pub struct KeyedModel {
    /// The model and its endpoint.
    pub spec: ModelSpec,
    /// The key. `None` if none is needed or given.
    pub key: Option<SecretString>,
    /// The variable that should hold the key and does not. `None` if no key is missing.
    pub missing_key: Option<String>,
}

impl KeyedModel {
    /// Finds the key of a model. `named` is the variable that `--api-key-env` names, and `base_url` is the layer that
    /// set `--base-url`.
    pub(super) fn find(spec: ModelSpec, named: Option<&str>, base_url: Origin, environment: &Environment) -> Self {
        match key(&spec, named, base_url, environment) {
            Ok(key) => Self { spec, key, missing_key: None },
            Err(variable) => Self { spec, key: None, missing_key: Some(variable) },
        }
    }
}

/// Finds the key of a model.
///
/// A provider's key goes to that provider only. A custom endpoint gets `API_KEY`, and `HF_TOKEN` only if the endpoint
/// itself was given by the environment: a token that was set for another service must not be sent to any URL.
///
/// # Errors
/// Returns the name of the variable that should hold the key and does not.
fn key(
    spec: &ModelSpec,
    named: Option<&str>,
    base_url: Origin,
    environment: &Environment,
) -> Result<Option<SecretString>, String> {
    let secret = |name: &str| environment.get(name).map(SecretString::from);
    if let Some(name) = named {
        return secret(name).map(Some).ok_or_else(|| name.to_owned());
    }
    match &spec.provider.key_env {
        Some(name) => secret(name).map(Some).ok_or_else(|| name.clone()),
        None if spec.provider_name != "custom" => Ok(None),
        None if matches!(base_url, Origin::Environment(_)) => Ok(secret("API_KEY").or_else(|| secret("HF_TOKEN"))),
        None => Ok(secret("API_KEY")),
    }
}
